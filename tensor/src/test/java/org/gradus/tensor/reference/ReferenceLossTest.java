// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.tensor.reference.Workbench.assertClose;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Counter;
import org.gradus.tensor.LossKernels;
import org.gradus.tensor.RandomKernels;
import org.junit.jupiter.api.Test;

/// Losses and random factors.
class ReferenceLossTest {
  private final Workbench bench = new Workbench();
  private final LossKernels kernels = bench.kernels().loss();
  private final RandomKernels random = bench.kernels().random();

  private double[] crossEntropy(double[] z, double[] t) {
    Buffer loss = bench.blank(z.length);
    kernels.crossEntropy(loss, bench.real(z), bench.real(t), z.length);
    return bench.doubles(loss);
  }

  @Test
  void crossEntropyOfKnownProbabilities() {
    double ln2 = 0.6931471805599453;
    double ln3 = 1.0986122886681098; // σ(ln 3) = 3/4
    double[] z = {0, ln3, ln3, 1000, -1000, 1000};
    double[] t = {1, 1, 0, 1, 1, 0.25};
    assertClose(crossEntropy(z, t), 1e-12, ln2, 2 * ln2 - ln3, 2 * ln2, 0, 1000, 750);
    // The FM example: z = 0.675, label 1.
    assertClose(crossEntropy(new double[] {0.675}, new double[] {1}), 5e-7, 0.411551);
  }

  @Test
  void itsBackwardGivesItsSlopes() {
    double[] z = {-2, -0.3, 0.4, 3};
    double[] t = {1, 0, 0.7, 1};
    double[] dy = {1, -2, 0.5, 3};
    Buffer dz = bench.blank(4);
    kernels.crossEntropyBackward(dz, bench.real(dy), bench.real(z), bench.real(t), 4);
    assertClose(bench.doubles(dz), 1e-10, Workbench.differences(v -> crossEntropy(v, t), z, dy));
  }

  @Test
  void uniformNumbersAreTheCounters() {
    Buffer y = bench.blank(100);
    random.uniform(y, 7, 100);
    double[] u = bench.doubles(y);
    for (int i = 0; i < 100; i++) {
      assertThat(u[i]).isEqualTo(Counter.uniform(7, i));
    }
  }

  @Test
  void dropoutKeepsItsShareAndItsMean() {
    int n = 10_000;
    Buffer y = bench.blank(n);
    random.dropout(y, 11, 0.8, n);
    int kept = 0;
    for (double factor : bench.doubles(y)) {
      assertThat(factor == 0 || factor == 1.25).isTrue();
      kept += factor != 0 ? 1 : 0;
    }
    assertThat(kept).isBetween(8000 - 200, 8000 + 200); // binomial, deviation 40
    random.dropout(y, 11, 1, n);
    assertThat(bench.doubles(y)).containsOnly(1);
  }
}
