// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MixturePictureTest {
  private static Mixture mixture(String name, String... parts) {
    return new Mixture(name, "part", List.of(), List.of(parts), new double[parts.length]);
  }

  @Test
  void onlyThoseOfOnePathAndOfTheSamePartsShareAPicture() {
    Mixture a = mixture("layer/0/0/user", "user", "item");
    Mixture b = mixture("layer/0/0/item", "user", "item");
    Mixture otherHead = mixture("layer/0/1/user", "user", "item");
    Mixture otherParts = mixture("layer/0/1/item", "user", "age");
    Mixture empty = mixture("layer/0/1/age");
    Mixture whole = mixture("pi", "1", "2");
    Mixture whole2 = mixture("attention", "1", "2");
    assertThat(MixturePicture.together(List.of(a, b, otherHead, otherParts, empty, whole, whole2)))
        .containsExactly(
            List.of(a, b),
            List.of(otherHead),
            List.of(otherParts),
            List.of(whole),
            List.of(whole2));
  }
}
