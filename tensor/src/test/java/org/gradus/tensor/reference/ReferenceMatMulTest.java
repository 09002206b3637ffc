// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.tensor.reference.Workbench.assertClose;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.MatMulKernels;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.MatMulKernels.Product;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReferenceMatMulTest {
  private final Workbench bench = new Workbench();
  private final MatMulKernels kernels = bench.kernels().matMul();

  // A [2, 3] and B [3, 2], and both stored the other way round.
  private final double[] a = {1, 2, 3, 4, 5, 6};
  private final double[] b = {7, 8, 9, 10, 11, 12};
  private final double[] aTransposed = {1, 4, 2, 5, 3, 6};
  private final double[] bTransposed = {7, 9, 11, 8, 10, 12};

  private double[] multiply(Product shape, double[] a, double[] b) {
    Buffer c = bench.blank(shape.batch() * shape.m() * shape.n());
    kernels.multiply(c, bench.real(a), bench.real(b), shape);
    return bench.doubles(c);
  }

  @Test
  void multipliesInAllFourLayouts() {
    Product shape = Product.of(2, 2, 3);
    double[] c = {58, 64, 139, 154};
    assertThat(multiply(shape, a, b)).containsExactly(c);
    assertThat(multiply(shape.transposedA(), aTransposed, b)).containsExactly(c);
    assertThat(multiply(shape.transposedB(), a, bTransposed)).containsExactly(c);
    assertThat(multiply(shape.transposedA().transposedB(), aTransposed, bTransposed))
        .containsExactly(c);
  }

  @Test
  void batchesStepOrShareTheirOperands() {
    // Two A [1, 2], one B [2, 1].
    Product sharedB = new Product(2, 1, 1, 2, false, false, 2, 0, false);
    assertThat(multiply(sharedB, new double[] {1, 2, 3, 4}, new double[] {10, 1}))
        .containsExactly(12, 34);
    Product sharedA = new Product(2, 1, 1, 2, false, false, 0, 2, false);
    assertThat(multiply(sharedA, new double[] {1, 2}, new double[] {10, 1, 5, 5}))
        .containsExactly(12, 15);
  }

  @Test
  void accumulatesOnRequest() {
    Buffer c = bench.real(100, 100, 100, 100);
    kernels.multiply(c, bench.real(a), bench.real(b), Product.of(2, 2, 3).accumulating());
    assertThat(bench.doubles(c)).containsExactly(158, 164, 239, 254);
  }

  @Test
  void anEmptyInnerAxisGivesZeros() {
    assertThat(multiply(Product.of(1, 2, 0), new double[0], new double[0])).containsExactly(0, 0);
  }

  private double[] linear(Activation act, double[] x, double[] w, double[] bias) {
    Buffer y = bench.blank(4);
    kernels.linear(y, bench.real(x), bench.real(w), bench.real(bias), act, 2, 2, 3);
    return bench.doubles(y);
  }

  @Test
  void theFullyConnectedLayerAddsItsBiasAndActivates() {
    double[] bias = {-58, -152};
    // x W = [58, 64], [139, 154], so z = [0, −88], [81, 2].
    assertThat(linear(Activation.IDENTITY, a, b, bias)).containsExactly(0, -88, 81, 2);
    assertThat(linear(Activation.RELU, a, b, bias)).containsExactly(0, 0, 81, 2);
    assertClose(linear(Activation.TANH, a, b, bias), 1e-15, 0, -1, 1, 0.964027580075817);
    assertClose(linear(Activation.SIGMOID, a, b, bias), 1e-15, 0.5, 0, 1, 0.880797077977882);
  }

  @ParameterizedTest
  @EnumSource(Activation.class)
  void theLayersBackwardGivesTheSlopesOfPreactivationAndBias(Activation act) {
    double[] x = Workbench.normal(1, 6);
    double[] w = Workbench.normal(2, 6);
    double[] bias = Workbench.normal(3, 2);
    double[] dy = Workbench.normal(4, 4);
    Buffer dz = bench.blank(4);
    Buffer db = bench.blank(2);
    Buffer y = bench.real(linear(act, x, w, bias));
    kernels.linearBackward(dz, db, bench.real(dy), y, act, 2, 2);
    assertClose(
        bench.doubles(db), 1e-9, Workbench.differences(v -> linear(act, x, w, v), bias, dy));
    // ∂L/∂W = xᵀ dz
    Buffer dw = bench.blank(6);
    kernels.multiply(dw, bench.real(x), dz, Product.of(3, 2, 2).transposedA());
    assertClose(
        bench.doubles(dw), 1e-9, Workbench.differences(v -> linear(act, x, v, bias), w, dy));
    // in place
    Buffer both = bench.real(dy);
    kernels.linearBackward(both, db, both, y, act, 2, 2);
    assertThat(bench.doubles(both)).containsExactly(bench.doubles(dz));
  }
}
