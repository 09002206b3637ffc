// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.gradus.tensor.Counter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Against a stable sort of places by their ids.
class MergeTest {
  @ParameterizedTest
  @CsvSource({
    "0, 5, 1",
    "1, 1, 1",
    "100, 3, 2",
    "1000, 2049, 1",
    "65535, 5000, 2",
    "65536, 5000, 2", // the shortest list that is cut
    "70001, 1048576, 1",
    "70001, 1048576, 3",
    "70001, 7, 2",
    "200003, 2147483647, 2"
  })
  void groupsPlacesByIdInTheirOrder(int n, int bound, int threads) {
    int before = 3; // of another list
    int[] ids = new int[before + n];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) Counter.below(n, i, bound);
    }
    if (n > 1) {
      ids[before + 1] = bound - 1;
    }
    int[] places =
        IntStream.range(before, before + n)
            .boxed()
            .sorted(Comparator.comparingInt(i -> ids[i])) // keeps the order of equal ones
            .mapToInt(Integer::intValue)
            .toArray();
    int[] distinct = Arrays.stream(ids, before, before + n).distinct().sorted().toArray();
    int[] rows = new int[n];
    int[] segments = new int[before + n + 1];
    int[] order = new int[before + n];
    try (Workers workers = new Workers(threads)) {
      Merge merge = new Merge(new Chunks(workers, Chunks.GRAIN));
      merge.read(ids, before, before + n, bound);
      assertThat(merge.group(rows, segments, before, order, before)).isEqualTo(distinct.length);
    }
    assertThat(Arrays.copyOf(rows, distinct.length)).isEqualTo(distinct);
    assertThat(Arrays.copyOfRange(order, before, before + n)).isEqualTo(places);
    int at = 0;
    for (int g = 0; g < distinct.length; g++) {
      assertThat(segments[before + g]).isEqualTo(before + at);
      while (at < n && ids[places[at]] == distinct[g]) {
        at++;
      }
    }
    assertThat(segments[before + distinct.length]).isEqualTo(before + n);
  }
}
