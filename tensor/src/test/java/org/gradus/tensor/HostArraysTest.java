// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class HostArraysTest {
  private final HostArrays arrays = new HostArrays(1000, false);

  @Test
  void anArrayComesBackToTheNextWhoAsksForItsLengthAndHoldsZerosAgain() {
    int[] ints = arrays.ints(3);
    float[] floats = arrays.floats(3);
    double[] doubles = arrays.doubles(3);
    boolean[] booleans = arrays.booleans(3);
    byte[] bytes = arrays.bytes(3);
    ints[1] = 5;
    floats[1] = 5;
    doubles[1] = 5;
    booleans[1] = true;
    bytes[1] = 5;
    for (Object array : new Object[] {ints, floats, doubles, booleans, bytes}) {
      arrays.give(array);
    }
    assertThat(arrays.kept()).isEqualTo(3 * (4 + 4 + 8 + 1 + 1));
    assertThat(arrays.ints(2)).as("another length").isNotSameAs(ints).hasSize(2);
    assertThat(arrays.ints(3)).isSameAs(ints).containsExactly(0, 0, 0);
    assertThat(arrays.floats(3)).isSameAs(floats).containsExactly(0, 0, 0);
    assertThat(arrays.doubles(3)).isSameAs(doubles).containsExactly(0, 0, 0);
    assertThat(arrays.booleans(3)).isSameAs(booleans).containsExactly(false, false, false);
    assertThat(arrays.bytes(3)).isSameAs(bytes).containsExactly(0, 0, 0);
    assertThat(arrays.ints(3)).as("a second one").isNotSameAs(ints);
    assertThat(arrays.kept()).isZero();
  }

  @Test
  void aListComesBackEmptyAndToOneAskerOnly() {
    List<String> first = arrays.list();
    first.add("left over");
    arrays.give(first);
    List<String> second = arrays.list();
    assertThat(second).isSameAs(first).isEmpty();
    assertThat(arrays.<String>list()).isNotSameAs(second);
    assertThat(arrays.kept()).isZero();
  }

  /// Lists of another length in every batch would fill the memory, each length kept for a batch that never comes.
  @Test
  void whatFindsNoRoomTakesThePlaceOfAllOthers() {
    int[] first = arrays.ints(100);
    arrays.give(first);
    assertThat(arrays.kept()).isEqualTo(400);
    double[] second = arrays.doubles(100);
    arrays.give(second);
    assertThat(arrays.kept()).isEqualTo(800);
    assertThat(arrays.doubles(100)).isSameAs(second);
    assertThat(arrays.ints(100)).as("made room").isNotSameAs(first);
    arrays.give(new double[200]);
    assertThat(arrays.kept()).as("larger than all that is kept").isZero();
  }

  @Test
  void poisonMakesALookIntoAReturnedArraySeen() {
    HostArrays poisoned = new HostArrays(1000, true);
    int[] ints = poisoned.ints(1);
    float[] floats = poisoned.floats(1);
    double[] doubles = poisoned.doubles(1);
    boolean[] booleans = poisoned.booleans(1);
    byte[] bytes = poisoned.bytes(1);
    for (Object array : new Object[] {ints, floats, doubles, booleans, bytes}) {
      poisoned.give(array);
    }
    assertThat(ints[0]).isEqualTo(Integer.MIN_VALUE);
    assertThat(floats[0]).isNaN();
    assertThat(doubles[0]).isNaN();
    assertThat(booleans[0]).isTrue();
    assertThat(bytes[0]).isEqualTo((byte) -1);
    assertThat(poisoned.ints(1)).containsExactly(0);
  }

  @Test
  void refusesWhatItNeverGave() {
    assertThatThrownBy(() -> arrays.give("no array"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("host arrays: String. Expected an array that was borrowed here, or a list.");
  }
}
