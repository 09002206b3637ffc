// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.MatMulKernels;
import org.gradus.tensor.host.Floats;

/// Matrix products by [Gemm], and the fully connected layer: bias and ReLU are applied while a block of the product is
/// still in the cache, and the backward pass masks and adds up columns in one sweep.
final class CpuMatMul implements MatMulKernels {

  private final Chunks chunks;
  private final Gemm gemm;
  private final ColumnSum columnSum;

  // One per object, and objects live as long as their device.
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<org.gradus.tensor.cpu.Product> products =
      ThreadLocal.withInitial(org.gradus.tensor.cpu.Product::empty);

  CpuMatMul(Chunks chunks, Gemm gemm, ColumnSum columnSum) {
    this.chunks = chunks;
    this.gemm = gemm;
    this.columnSum = columnSum;
  }

  @Override
  public void multiply(Buffer c, Buffer a, Buffer b, Product shape) {
    int m = shape.m();
    int n = shape.n();
    int k = shape.k();
    org.gradus.tensor.cpu.Product p = products.get();
    p.set(m, n, k, shape.accumulate() ? Epilogue.ACCUMULATE : Epilogue.STORE);
    p.a().set(Floats.of(a), shape.transposeA() ? m : k, shape.transposeA(), shape.strideA());
    p.b().set(Floats.of(b), shape.transposeB() ? k : n, shape.transposeB(), shape.strideB());
    p.c().set(Floats.of(c), n, false, m * n);
    gemm.batched(shape.batch(), p);
    p.clear();
  }

  @Override
  public void linear(Buffer y, Buffer x, Buffer w, Buffer b, Activation act, int m, int n, int k) {
    float[] to = Floats.of(y);
    float[] bias = Floats.of(b);
    org.gradus.tensor.cpu.Product p = products.get();
    p.set(m, n, k, act == Activation.RELU ? Epilogue.biasRelu(bias, 0) : Epilogue.bias(bias, 0));
    p.a().set(Floats.of(x), k, false, 0);
    p.b().set(Floats.of(w), n, false, 0);
    p.c().set(to, n, false, 0);
    gemm.multiply(p);
    p.clear();
    if (act == Activation.SIGMOID || act == Activation.TANH) {
      Unaries.Loop loop = Unaries.of(op(act));
      chunks.blocks(m * n, Unaries.cost(op(act)), (lo, hi) -> loop.run(to, to, lo, hi, 0, 0));
    }
  }

  private static Unary op(Activation act) {
    return act == Activation.SIGMOID ? Unary.SIGMOID : Unary.TANH;
  }

  @Override
  public void linearBackward(
      Buffer dz, Buffer db, Buffer dy, Buffer y, Activation act, int m, int n) {
    float[] to = Floats.of(dz);
    float[] from = Floats.of(dy);
    float[] value = Floats.of(y);
    float[] bias = Floats.of(db);
    switch (act) {
      case IDENTITY -> copy(to, from, m * n);
      case RELU -> {
        columnSum.reluBackward(to, from, value, new ColumnSum.Bias(bias, 0, false), m, n);
        return;
      }
      case SIGMOID, TANH -> {
        UnaryGradients.Loop loop = UnaryGradients.of(op(act));
        if (columnSum.evenParts(m, n)) {
          columnSum.backward(loop, to, from, value, new ColumnSum.Bias(bias, 0, false), m, n);
          return;
        }
        chunks.blocks(m * n, 1, (lo, hi) -> loop.run(to, from, value, value, lo, hi, 0, 0));
      }
    }
    columnSum.sum(Matrix.of(to, n), m, n, bias, 0, false);
  }

  @SuppressWarnings("ReferenceEquality") // whether it is the same memory
  private void copy(float[] to, float[] from, int n) {
    if (to != from) {
      chunks.rows(n, 1, (lo, hi) -> System.arraycopy(from, lo, to, lo, hi - lo));
    }
  }
}
