// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntConsumer;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.MatMulKernels.Product;
import org.gradus.tensor.host.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// How many parts there are and where the cuts lie: by the documented rule, and by no number of threads.
class ChunksTest {
  private static final int GRAIN = 100;

  /// Two threads that count how often they were given work to share.
  private static final class Counting extends Workers {
    private int runs;

    Counting() {
      super(2);
    }

    @Override
    void run(int chunks, IntConsumer body) {
      runs += chunks > 1 ? 1 : 0;
      super.run(chunks, body);
    }
  }

  private record Piece(int part, int from, int to) {}

  private static List<Piece> parts(int threads, int rows, long cost) {
    List<Piece> pieces = Collections.synchronizedList(new ArrayList<>());
    try (Workers workers = new Workers(threads)) {
      new Chunks(workers, GRAIN)
          .parts(rows, cost, (part, from, to) -> pieces.add(new Piece(part, from, to)));
    }
    return pieces.stream().sorted(Comparator.comparingInt(Piece::part)).toList();
  }

  /// Up to twice the grain in one piece, above that in pieces of one grain, and never less than an item.
  @ParameterizedTest
  @CsvSource({
    "0, 1, 0",
    "1, 1, 1",
    "200, 1, 1",
    "201, 1, 3",
    "1000, 1, 10",
    "1001, 1, 11",
    "20, 10, 1",
    "21, 10, 3",
    "3, 30, 1",
    "7, 30, 3", // three items of 30 are the most in a grain
    "2, 100, 1",
    "3, 100, 3",
    "3, 5000000000, 3",
    "1, 5000000000, 1", // cannot be cut
    "5, 0, 1"
  })
  void countsParts(int rows, long cost, int expected) {
    try (Workers workers = new Workers(1)) {
      assertThat(new Chunks(workers, GRAIN).count(rows, cost)).isEqualTo(expected);
    }
    assertThat(parts(1, rows, cost)).hasSize(expected);
  }

  @Test
  void cutsAfterWholeGrains() {
    assertThat(parts(1, 250, 1))
        .containsExactly(new Piece(0, 0, 100), new Piece(1, 100, 200), new Piece(2, 200, 250));
    assertThat(parts(1, 7, 30))
        .containsExactly(new Piece(0, 0, 3), new Piece(1, 3, 6), new Piece(2, 6, 7));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5})
  void threadsDoNotMoveTheCuts(int threads) {
    for (int rows : new int[] {1, 200, 201, 777}) {
      assertThat(parts(threads, rows, 7)).isEqualTo(parts(1, rows, 7));
    }
  }

  @Test
  void blocksEndAtSixteens() {
    List<Piece> pieces = Collections.synchronizedList(new ArrayList<>());
    try (Workers workers = new Workers(2)) {
      new Chunks(workers, GRAIN).blocks(250, 1, (from, to) -> pieces.add(new Piece(0, from, to)));
    }
    // 16 blocks, of which six are the most in a grain
    assertThat(pieces)
        .containsExactlyInAnyOrder(
            new Piece(0, 0, 96), new Piece(0, 96, 192), new Piece(0, 192, 256));
  }

  /// A fork and a join cost more than such work.
  @Test
  void smallWorkStaysOnItsThread() {
    try (Counting workers = new Counting()) {
      Chunks chunks = new Chunks(workers, Chunks.GRAIN);
      int n = 1 << 14;
      Floats a = new Floats(new float[n], n);
      Floats b = new Floats(new float[n], n);
      Floats c = new Floats(new float[n], n);
      Gemm gemm = new Gemm(workers);
      ColumnSum columnSum = new ColumnSum(workers);
      CpuMatMul matMul = new CpuMatMul(chunks, gemm, columnSum);
      matMul.multiply(c, a, b, Product.of(60, 60, 60));
      matMul.multiply(c, a, b, Product.of(64, 1, 200));
      CpuReduce reduce = new CpuReduce(chunks, columnSum);
      reduce.sum(c, a, 128, 128, 1, 1);
      reduce.sum(c, a, 1, 128, 128, 1);
      CpuElementwise elementwise = new CpuElementwise(chunks);
      elementwise.unary(Unary.AFFINE, c, a, n, 2, 1);
      CpuUpdate update = new CpuUpdate(chunks);
      update.sgd(a, b, 0.1, n / 2);
      assertThat(workers.runs).isZero();
      matMul.multiply(c, a, b, Product.of(100, 100, 100));
      assertThat(workers.runs).isPositive(); // so that the count counts
    }
  }
}
