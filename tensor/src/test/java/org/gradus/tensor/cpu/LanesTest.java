// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Bit for bit against the 16 lanes and their tree written out in scalar loops.
class LanesTest {
  @ParameterizedTest
  @ValueSource(
      ints = {
        0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 207, 1023, 4098
      })
  void reducesInSixteenLanesAndAFixedTree(int n) {
    Random random = new Random(n);
    for (int offset : new int[] {0, 1, 5}) {
      // No padding behind the range: reading on would fail.
      float[] x = randoms(offset + n, random);
      float[] y = randoms(offset + n, random);
      float[] sum = new float[16];
      float[] dot = new float[16];
      float[] squares = new float[16];
      float[] around = new float[16];
      float max = Float.NEGATIVE_INFINITY;
      for (int i = 0; i < n; i++) {
        float v = x[offset + i];
        sum[i % 16] += v;
        dot[i % 16] = Math.fma(v, y[offset + i], dot[i % 16]);
        squares[i % 16] = Math.fma(v, v, squares[i % 16]);
        around[i % 16] = Math.fma(v - 0.3f, v - 0.3f, around[i % 16]);
        max = Math.max(max, v);
      }
      assertThat(Lanes.sum(x, offset, n)).isEqualTo(tree(sum));
      assertThat(Lanes.tree(sum, 0)).isEqualTo(tree(sum));
      assertThat(Lanes.dot(x, offset, y, offset, n)).isEqualTo(tree(dot));
      assertThat(Lanes.sumOfSquares(x, offset, n)).isEqualTo(tree(squares));
      assertThat(Lanes.sumOfSquaresAround(0.3f, x, offset, n)).isEqualTo(tree(around));
      assertThat(Lanes.max(x, offset, n)).isEqualTo(max);
    }
  }

  @Test
  void ignoresWhatLiesBehindTheRange() {
    float[] x = {1, 2, 3, Float.NaN, Float.POSITIVE_INFINITY, 7};
    assertThat(Lanes.sum(x, 0, 3)).isEqualTo(6);
    assertThat(Lanes.sumOfSquares(x, 0, 3)).isEqualTo(14);
    assertThat(Lanes.sumOfSquaresAround(2, x, 0, 3)).isEqualTo(2);
    assertThat(Lanes.max(x, 0, 3)).isEqualTo(3);
    assertThat(Lanes.max(new float[] {-5, -3, 9}, 0, 2)).isEqualTo(-3);
  }

  @Test
  void carriesNotANumber() {
    float[] x = new float[37];
    x[20] = Float.NaN;
    assertThat(Lanes.sum(x, 0, 37)).isNaN();
    assertThat(Lanes.max(x, 0, 37)).isNaN();
    x[20] = 0;
    x[35] = Float.NaN;
    assertThat(Lanes.max(x, 0, 37)).isNaN();
  }

  private static float tree(float[] lanes) {
    float[] level = lanes.clone();
    for (int half = 8; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        level[i] += level[i + half];
      }
    }
    return level[0];
  }

  private static float[] randoms(int size, Random random) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian() * (float) Math.scalb(1.0, random.nextInt(8));
    }
    return values;
  }
}
