// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.JaggedKernels.Bags;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.Table;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class CpuTableTest {
  @Test
  void holdsRowsThatWereWrittenAndZerosElsewhere() {
    try (CpuTable table = CpuTable.zeros(5, 3)) {
      table.write(1, new float[] {1, 2, 3, 4, 5, 6});
      table.write(4, new double[] {0.1, 0, -1});
      float[] all = new float[15];
      table.read(0, all);
      assertThat(all).containsExactly(0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0.1f, 0, -1);
      double[] last = new double[3];
      table.read(4, last);
      assertThat(last).containsExactly(0.1f, 0, -1);
      assertThat(table.elements()).isEqualTo(15);
    }
  }

  @Test
  void refusesRowsThatItDoesNotHave() {
    try (CpuTable table = CpuTable.zeros(5, 3)) {
      assertThatThrownBy(() -> table.read(4, new float[6]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("table read: 6 values from row 4 of [5, 3]");
      assertThatThrownBy(() -> table.write(0, new float[4]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("Expected whole rows");
    }
  }

  @Test
  void mayBeClosedTwice() {
    CpuTable table = CpuTable.zeros(2, 2);
    table.close();
    table.close();
    assertThat(table.memory().scope().isAlive()).isFalse();
  }

  /// 2³¹ + 96 numbers in a sparse file, of which only the pages that are touched take memory: rows beyond the range of
  /// an int are looked up and updated where they lie.
  @Test
  @EnabledOnOs(OS.LINUX) // elsewhere the file would be written out whole
  void reachesBeyondTwoToThe31Elements(@TempDir Path folder) {
    int width = 32;
    int rows = (1 << 26) + 3;
    int last = rows - 1;
    DeviceOptions options = DeviceOptions.defaults().withThreads(1).withTables(folder);
    try (CpuDevice device = new CpuDevice(options)) {
      try (Table table = device.table(rows, width);
          Table squares = device.table(rows, 1)) {
        assertThat(table.elements()).isGreaterThan(1L << 31);
        float[] ones = new float[width];
        java.util.Arrays.fill(ones, 1);
        table.write(last, ones);

        Buffer ids = device.allocate(Kind.INT, 2);
        device.upload(ids, new int[] {5, last});
        Buffer gradients = device.allocate(Kind.REAL, 2 * width);
        device.upload(gradients, new float[2 * width]);
        device.kernels().elementwise().fill(gradients, 2, 2 * width);
        RowGradient twos = new RowGradient.Summed(ids, gradients, 2);
        device.kernels().update().sgdRows(table, twos, 0.25);
        // s = mean of 2² = 4, so a step is 0.75 · 2 / √4
        device.kernels().update().rowWiseAdagradRows(table, squares, twos, 0.75, 1e-30);
        float[] s = new float[1];
        squares.read(last, s);
        assertThat(s[0]).isEqualTo(4);

        Buffer offsets = device.allocate(Kind.INT, 3);
        device.upload(offsets, new int[] {0, 1, 2});
        Buffer y = device.allocate(Kind.REAL, 2 * width);
        List<Bags> features = List.of(new Bags(table, Pooling.SUM, -1));
        device.kernels().jagged().bags(y, null, features, ids, offsets, null, 2);
        float[] values = new float[2 * width];
        device.download(values, y);
        for (int d = 0; d < width; d++) {
          assertThat(values[d]).as("row 5, d = %s", d).isEqualTo(-1.25f);
          assertThat(values[width + d]).as("last row, d = %s", d).isEqualTo(-0.25f);
        }
      }
    }
  }

  @Test
  void aMappedTableIsLikeAnyOtherAndLeavesNoFile(@TempDir Path folder) {
    Path made = folder.resolve("a/b");
    try (CpuTable table = CpuTable.mapped(made, 5, 3)) {
      assertThat(made).isEmptyDirectory();
      table.write(1, new float[] {1, 2, 3, 4, 5, 6});
      float[] all = new float[15];
      table.read(0, all);
      assertThat(all).containsExactly(0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0);
    }
    assertThat(made).isEmptyDirectory();
  }

  @Test
  void aMappedTableNeedsAFolder(@TempDir Path folder) throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    assertThatThrownBy(() -> CpuTable.mapped(file, 5, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("table: no file of 0 MiB in " + file + ": it is a file. ")
        .hasMessageContaining("Expected a folder that may be written to");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aMappedTableNeedsAFolderThatCanBeMade() {
    assertThatThrownBy(() -> CpuTable.mapped(Path.of("/proc/nowhere"), 5, 3))
        .hasMessageContaining("in /proc/nowhere: it is not there, and cannot be made. Expected");
  }

  /// Large enough for memory that asks for large pages.
  @Test
  void aLargeTableIsZeroAndHoldsItsFirstAndLastRow() {
    int rows = 300_001;
    try (CpuTable table = CpuTable.zeros(rows, 7)) {
      float[] all = new float[rows * 7];
      table.read(0, all);
      assertThat(all).containsOnly(0);
      assertThat(table.memory().address() % 64).isZero();
      table.write(0, new float[] {1, 2, 3, 4, 5, 6, 7});
      table.write(rows - 1, new float[] {8, 9, 10, 11, 12, 13, 14});
      float[] row = new float[7];
      table.read(0, row);
      assertThat(row).containsExactly(1, 2, 3, 4, 5, 6, 7);
      table.read(rows - 1, row);
      assertThat(row).containsExactly(8, 9, 10, 11, 12, 13, 14);
    }
  }
}
