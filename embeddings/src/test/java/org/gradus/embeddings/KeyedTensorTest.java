// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KeyedTensorTest {
  private final Device device = Device.open("reference");
  private final Tape tape = Tape.evaluating(device);
  private final Var values = tape.constant(Shape.of(2, 5), 1d, 2, 3, 4, 5, 6, 7, 8, 9, 10);

  @AfterEach
  void close() {
    tape.close();
    device.close();
  }

  @Test
  void slicesColumnsByKey() {
    KeyedTensor kt = new KeyedTensor(List.of("a", "b", "c"), values, new int[] {2, 1, 2});
    assertThat(kt.offsetPerKey()).containsExactly(0, 2, 3, 5);
    assertThat(kt.lengthPerKey()).containsExactly(2, 1, 2);
    assertThat(kt.toDict().keySet()).containsExactly("a", "b", "c");
    assertThat(kt.of("a").value().toDoubles()).containsExactly(1, 2, 6, 7);
    assertThat(kt.of("b").value().toDoubles()).containsExactly(3, 8);
    assertThat(kt.of("c").shape()).isEqualTo(Shape.of(2, 2));
    assertThat(kt.of("c").value().toDoubles()).containsExactly(4, 5, 9, 10);
  }

  @Test
  void saysWhatIsWrong() {
    refuses(() -> keyed(List.of("a", "a"), 2, 3), "key a appears twice");
    refuses(() -> keyed(List.of("a", "b"), 2, 2), "Expected values [B, 4]");
    refuses(() -> keyed(List.of("a"), 2, 3), "1 keys and 2 widths");
    refuses(() -> keyed(List.of("a", "b"), 5), "2 keys and 1 widths");
    refuses(() -> keyed(List.of("a"), 5).of("b"), "no key b. Expected one of: a");
  }

  private KeyedTensor keyed(List<String> keys, int... widths) {
    return new KeyedTensor(keys, values, widths);
  }

  private static void refuses(Runnable wrong, String message) {
    assertThatThrownBy(wrong::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
