// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Table;
import org.junit.jupiter.api.Test;

class ParamsTest {
  private static final Initializer ONES = (values, _, _, _) -> values[0] = 1; // of each chunk

  private final Device device = Device.open("reference", DeviceOptions.defaults().withPoison());
  private final Device huge = new AlteredDevice(device, device.kernels(), Empty::new);
  private int open;
  private long written;

  @Test
  void aDotInANameIsFoundByItsOwnPath() {
    try (Params params = Params.create(device, 1)) {
      DenseParameter w = params.at("field.C1").weight("w.0", Shape.of(1), Initializers.zeros());
      DenseParameter other = params.weight("other", Shape.of(1), Initializers.zeros());
      assertThat(params.matching(w.path())).containsExactly(w);
      assertThat(params.matching("field.C1.*")).containsExactly(w);
      params.freeze("field.C1/w.0");
      assertThat(w.frozen()).isTrue();
      assertThat(other.frozen()).isFalse();
    }
  }

  @Test
  void aTableMayHaveMoreElementsThanATensor() {
    int rows = 1 << 20;
    int width = 1 << 12; // 2^32 elements
    Initializer stops =
        (values, first, fans, _) -> {
          assertThat(fans).isEqualTo(new Initializer.Fans(rows, width));
          throw new UnsupportedOperationException("reached the initialiser");
        };
    try (Params params = Params.create(huge, 1)) {
      assertThatThrownBy(() -> params.table("t", rows, width, 0, stops))
          .hasMessage("reached the initialiser");
    }
  }

  @Test
  void aTableWhoseInitialiserFailsIsFreedAllTheSame() {
    Initializer fails =
        (_, _, _, _) -> {
          throw new UnsupportedOperationException("no");
        };
    try (Params params = Params.create(huge, 1)) {
      assertThatThrownBy(() -> params.table("t", 2, 2, 0, fails)).hasMessage("no");
    }
    assertThat(open).isZero();
  }

  @Test
  void aTableWithTheMostRowsIsWrittenOnce() {
    try (Params params = Params.create(huge, 1)) {
      params.table("t", Integer.MAX_VALUE, 1, TableParameter.NO_PADDING, ONES);
    }
    assertThat(written).isEqualTo(Integer.MAX_VALUE);
  }

  /// Some threads draw, chunk by chunk: each number must be that of its position, wherever the chunks are cut.
  @Test
  void aTableOfManyChunksHoldsTheNumbersOfItsPositions() {
    int rows = 100 * 1024 + 5;
    int width = 65; // no chunk ends where a power of two does
    Initializer places =
        (values, first, _, _) -> {
          for (int i = 0; i < values.length; i++) {
            values[i] = first + i;
          }
        };
    try (Params params = Params.create(device, 1)) {
      Table table = params.table("t", rows, width, 3, places).table();
      double[] row = new double[width];
      for (int r = 0; r < rows; r++) {
        table.read(r, row);
        for (int i = 0; i < width; i++) {
          if (row[i] != (r == 3 ? 0 : r * width + i)) {
            throw new AssertionError("row " + r + ", column " + i + " is " + row[i]);
          }
        }
      }
    }
  }

  /// A table that holds nothing, and counts the rows written.
  private final class Empty implements Table {
    private final int rows;
    private final int width;

    Empty(int rows, int width) {
      this.rows = rows;
      this.width = width;
      open++;
    }

    @Override
    public int rows() {
      return rows;
    }

    @Override
    public int width() {
      return width;
    }

    @Override
    public void write(int first, float[] values) {
      assertThat(first).isEqualTo((int) written);
      written += values.length / width;
    }

    @Override
    public void read(int first, float[] values) {}

    @Override
    public void write(int first, double[] values) {}

    @Override
    public void read(int first, double[] values) {}

    @Override
    public void close() {
      open--;
    }
  }
}
