// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.vocabulary;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// The worked example of the DLRM preprocessing: hexadecimal tokens 7, a, (empty), 7, b, a, c, (empty).
class VocabularyTest {
  private static final int[] TOKENS = {0x7, 0xa, 0, 0x7, 0xb, 0xa, 0xc, 0};

  private static int[] ids(IntVocabulary v) {
    return Arrays.stream(TOKENS).map(v::id).toArray();
  }

  private static IntVocabulary fitted(int minCount) {
    IntVocabulary.Builder b = new IntVocabulary.Builder(minCount);
    for (int t : TOKENS) {
      b.add(t);
    }
    return b.build();
  }

  @Test
  void idsFollowTheOrderInWhichValuesAreSeen() {
    IntVocabulary v = fitted(0);
    assertThat(ids(v)).containsExactly(2, 3, 4, 2, 5, 3, 6, 4);
    assertThat(v.size()).isEqualTo(7);
    assertThat(v.id(0xdead)).isEqualTo(1);
    assertThat(v.token(5)).isEqualTo(0xb);
  }

  @Test
  void rareValuesAreOutOfVocabularyAndTakeNoId() {
    IntVocabulary v = fitted(2);
    assertThat(ids(v)).containsExactly(2, 3, 4, 2, 1, 3, 1, 4);
    assertThat(v.size()).isEqualTo(5);
  }

  @Test
  void aVocabularyGrowsByAppending() {
    IntVocabulary.Builder b = new IntVocabulary.Builder(2, fitted(0));
    for (int t : new int[] {0xf, 0xc, 0xf, 0xe}) {
      b.add(t);
    }
    IntVocabulary v = b.build();
    assertThat(ids(v)).containsExactly(2, 3, 4, 2, 5, 3, 6, 4);
    assertThat(v.id(0xf)).isEqualTo(7);
    assertThat(v.id(0xe)).as("seen once").isEqualTo(1);
  }

  @Test
  void textsFollowTheSameRules() throws IOException {
    TextVocabulary.Builder b = new TextVocabulary.Builder(2, MissingPolicy.OOV);
    for (String s : "7 a  7 b a c ".split(" ", -1)) {
      b.add(s);
    }
    TextVocabulary v = b.build();
    assertThat(v.id("7")).isEqualTo(2);
    assertThat(v.id("a")).isEqualTo(3);
    assertThat(v.id("b")).isEqualTo(1);
    assertThat(v.id("")).isEqualTo(1);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    v.write(new DataOutputStream(bytes));
    TextVocabulary read =
        TextVocabulary.read(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
    TextVocabulary.Builder more = new TextVocabulary.Builder(0, read);
    more.add("zürich");
    assertThat(more.build().id("a")).isEqualTo(3);
    assertThat(more.build().value(4)).isEqualTo("zürich");
  }

  @Test
  void aMissingValueDoesWhatItsPolicySays() {
    for (MissingPolicy policy : MissingPolicy.values()) {
      TextVocabulary.Builder b = new TextVocabulary.Builder(0, policy);
      b.add("x");
      b.add("");
      int expected =
          switch (policy) {
            case OOV -> 1;
            case OWN_VALUE -> 3;
            case PADDING -> 0;
          };
      assertThat(b.build().id("")).as(policy.name()).isEqualTo(expected);
    }
  }
}
