// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PackingTest {
  private static final float UNTOUCHED = -7;

  /// Lines, steps, and the width of a row: of strips (4, 6, 12) and of panels (a multiple of 16).
  private static Stream<int[]> sizes() {
    return Stream.of(4, 6, 12, 16, 32)
        .flatMap(
            row ->
                Stream.of(1, row / 2, row - 1, row)
                    .flatMap(
                        lines ->
                            Stream.of(1, 15, 16, 17, 32, 40, 128, 131)
                                .map(steps -> new int[] {lines, steps, row})));
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void linesBecomeColumns(int[] size) {
    int lines = size[0];
    int steps = size[1];
    int row = size[2];
    int source = 3;
    int stride = steps + 5;
    int at = 11;
    float[] in = new float[source + (lines - 1) * stride + steps]; // nothing behind the last number
    for (int i = 0; i < in.length; i++) {
      in[i] = i;
    }
    float[] out = new float[at + steps * row + 2 * Transposing.SIDE];
    Arrays.fill(out, UNTOUCHED);

    float[] buffer = new float[Transposing.BUFFER];
    Packing.transpose(in, source, stride, lines, steps, buffer, out, at, row);

    for (int k = 0; k < steps; k++) {
      for (int j = 0; j < lines; j++) {
        assertThat(out[at + k * row + j])
            .as("line %d, step %d", j, k)
            .isEqualTo(in[source + j * stride + k]);
      }
    }
    boolean panel = row % Transposing.SIDE == 0; // a whole number of tiles
    int end = at + steps * row + (panel ? 0 : Transposing.SIDE);
    assertThat(Arrays.copyOf(out, at)).containsOnly(UNTOUCHED);
    assertThat(Arrays.copyOfRange(out, end, out.length)).containsOnly(UNTOUCHED);
  }
}
