// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Lengths, offsets and lists of an example worked by hand, and invariants.
class KeyedJaggedTensorTest {
  private static final List<String> KEYS = List.of("f0", "f1");

  private final KeyedJaggedTensor example =
      KeyedJaggedTensor.fromLengths(
          KEYS, new int[] {10, 11, 12, 13, 14, 15, 16, 17}, new int[] {2, 0, 1, 1, 1, 3});

  @Test
  void derivesEverythingFromLengths() {
    assertThat(example.offsets()).containsExactly(0, 2, 2, 3, 4, 5, 8);
    assertThat(example.stride()).isEqualTo(3);
    assertThat(example.lengthPerKey()).containsExactly(3, 5);
    assertThat(example.offsetPerKey()).containsExactly(0, 3, 8);
    assertThat(example.lengths()).containsExactly(2, 0, 1, 1, 1, 3);
    assertThat(example.index("f1")).isEqualTo(1);
    assertThat(example.weights()).isNull();
  }

  @Test
  void derivesEverythingFromOffsets() {
    KeyedJaggedTensor same =
        KeyedJaggedTensor.fromOffsets(KEYS, example.values(), new int[] {0, 2, 2, 3, 4, 5, 8});
    assertThat(same.stride()).isEqualTo(3);
    assertThat(same.lengths()).containsExactly(example.lengths());
  }

  @Test
  void listsOfAKeyStartAtZero() {
    JaggedIds f1 = Objects.requireNonNull(example.toDict().get("f1"));
    assertThat(f1.values()).containsExactly(13, 14, 15, 16, 17);
    assertThat(f1.lengths()).containsExactly(1, 1, 3);
    assertThat(f1.offsets()).containsExactly(0, 1, 2, 5);
    assertThat(f1.bags()).isEqualTo(3);
  }

  @Test
  void dictionaryAndBackIsTheIdentity() {
    KeyedJaggedTensor weighted =
        KeyedJaggedTensor.fromOffsets(
            KEYS,
            example.values(),
            new float[] {1, 2, 3, 4, 5, 6, 7, 8},
            new int[] {0, 2, 2, 3, 4, 5, 8});
    for (KeyedJaggedTensor ids : List.of(example, weighted)) {
      assertSame(KeyedJaggedTensor.fromDict(ids.toDict()), ids);
    }
  }

  @Test
  void aMissingWeightBesideOthersIsOne() {
    Map<String, JaggedIds> dict = new LinkedHashMap<>();
    dict.put("a", new JaggedIds(new int[] {5}, null, new int[] {0, 1}));
    dict.put("b", new JaggedIds(new int[] {6}, new float[] {0.5f}, new int[] {0, 1}));
    assertThat(KeyedJaggedTensor.fromDict(dict).weights()).containsExactly(1, 0.5f);
  }

  @Test
  void permutingKeysPermutesDictionaryEntriesOnly() {
    KeyedJaggedTensor swapped = example.select(List.of("f1", "f0"));
    assertThat(swapped.values()).containsExactly(13, 14, 15, 16, 17, 10, 11, 12);
    assertThat(swapped.offsets()).containsExactly(0, 1, 2, 5, 7, 7, 8);
    for (String key : KEYS) {
      assertThat(swapped.of(key).values()).containsExactly(example.of(key).values());
      assertThat(swapped.of(key).offsets()).containsExactly(example.of(key).offsets());
    }
  }

  @Test
  void selectsSomeKeysWithTheirWeights() {
    KeyedJaggedTensor weighted =
        KeyedJaggedTensor.fromOffsets(
            KEYS, new int[] {7, 8, 9}, new float[] {0.1f, 0.2f, 0.3f}, new int[] {0, 1, 1, 3, 3});
    KeyedJaggedTensor chosen = weighted.select(List.of("f1"));
    assertThat(chosen.keys()).containsExactly("f1");
    assertThat(chosen.values()).containsExactly(8, 9);
    assertThat(chosen.weights()).containsExactly(0.2f, 0.3f);
    assertThat(chosen.offsets()).containsExactly(0, 2, 2);
    assertThat(example.select(List.of()).stride()).isEqualTo(3);
  }

  @Test
  void oneHotIsTheMatrixColumnByColumn() {
    int[] matrix = {2, 5, 3, 6, 4, 0}; // [F = 3, B = 2]
    KeyedJaggedTensor ids = KeyedJaggedTensor.oneHot(List.of("a", "b", "c"), matrix, 2);
    assertThat(ids.offsets()).containsExactly(0, 1, 2, 3, 4, 5, 6);
    assertThat(ids.lengthPerKey()).containsExactly(2, 2, 2);
    int f = 0;
    for (JaggedIds column : ids.toDict().values()) {
      assertThat(column.values()).containsExactly(matrix[2 * f], matrix[2 * f + 1]);
      assertThat(column.lengths()).containsExactly(1, 1);
      assertThat(column.offsets()).containsExactly(0, 1, 2);
      f++;
    }
  }

  /// lengths = diff(offsets), and the dictionary's values joined are the values, for random shapes.
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void invariantsHoldForRandomBatches(long seed) {
    Schema schema =
        Schema.of(
            new Field.Sequence("s", 9, "s", 3),
            new Field.Categorical("c", 5),
            new Field.Sequence("t", 7, "t", 6));
    KeyedJaggedTensor ids = SampleBatches.draw(schema, 7, seed).sparse();
    int at = 0;
    for (int s = 0; s < ids.lengths().length; s++) {
      assertThat(ids.lengths()[s]).isEqualTo(ids.offsets()[s + 1] - ids.offsets()[s]);
    }
    for (JaggedIds lists : ids.toDict().values()) {
      for (int id : lists.values()) {
        assertThat(id).isEqualTo(ids.values()[at++]);
      }
    }
    assertThat(at).isEqualTo(ids.values().length);
    assertSame(KeyedJaggedTensor.fromDict(ids.toDict()), ids);
  }

  @Test
  void otherValuesKeepPlacesAndWeights() {
    KeyedJaggedTensor other = example.withValues(new int[8]);
    assertThat(other.offsets()).containsExactly(example.offsets());
    assertThat(other.values()).containsOnly(0);
    assertThatThrownBy(() -> example.withValues(new int[7]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("7 values instead of 8");
  }

  @Test
  void saysWhatIsWrong() {
    int[] two = {1, 2};
    refuses(() -> fromOffsets(two, 1, 1, 2), "offsets run from 1 to 2");
    refuses(() -> fromOffsets(two, 0, 1, 3), "Expected 0 to 2");
    refuses(() -> fromOffsets(two, 0, 3, 2), "offsets fall from 3 to 2 at bag 1");
    refuses(() -> fromOffsets(two, 0, 1, 1, 2), "4 offsets for 2 keys");
    refuses(() -> fromOffsets(two), "0 offsets for 2 keys");
    refuses(
        () -> KeyedJaggedTensor.fromLengths(KEYS, two, new int[] {3, -1}), "length -1 of bag 1");
    refuses(() -> KeyedJaggedTensor.fromLengths(KEYS, two, new int[] {1, 1, 0}), "4 offsets for 2");
    refuses(
        () -> KeyedJaggedTensor.fromLengths(List.of("a", "a"), two, new int[] {1, 1}),
        "key a appears twice");
    refuses(
        () -> KeyedJaggedTensor.fromOffsets(KEYS, two, new float[1], new int[] {0, 1, 2}),
        "1 weights for 2 values");
    refuses(() -> KeyedJaggedTensor.oneHot(KEYS, two, 2), "2 values for 2 keys and 2 examples");
    refuses(() -> example.of("f2"), "no key f2. Expected one of: f0, f1");
    Map<String, JaggedIds> uneven = new LinkedHashMap<>();
    uneven.put("a", new JaggedIds(new int[] {5}, null, new int[] {0, 1}));
    uneven.put("b", new JaggedIds(new int[] {6}, null, new int[] {0, 1, 1}));
    refuses(() -> KeyedJaggedTensor.fromDict(uneven), "key b has 2 lists. Expected 1");
  }

  private static KeyedJaggedTensor fromOffsets(int[] values, int... offsets) {
    return KeyedJaggedTensor.fromOffsets(KEYS, values, offsets);
  }

  private static void refuses(Runnable wrong, String message) {
    assertThatThrownBy(wrong::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("keyed jagged tensor: ")
        .hasMessageContaining(message);
  }

  private static void assertSame(KeyedJaggedTensor actual, KeyedJaggedTensor expected) {
    assertThat(actual.keys()).isEqualTo(expected.keys());
    assertThat(actual.values()).containsExactly(expected.values());
    assertThat(actual.weights()).isEqualTo(expected.weights());
    assertThat(actual.offsets()).containsExactly(expected.offsets());
    assertThat(actual.stride()).isEqualTo(expected.stride());
  }
}
