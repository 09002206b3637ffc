// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.MatMulKernels;
import org.gradus.tensor.host.Floats;

/// Matrix products by [Gemm], and the fully connected layer: bias and ReLU are applied while a block of the product is
/// still in the cache, and the backward pass masks and adds up columns in one sweep.
final class CpuMatMul implements MatMulKernels {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  private final Chunks chunks;
  private final Gemm gemm;
  private final Scratch scratch = new Scratch();

  CpuMatMul(Chunks chunks, Gemm gemm) {
    this.chunks = chunks;
    this.gemm = gemm;
  }

  @Override
  public void multiply(Buffer c, Buffer a, Buffer b, Product shape) {
    int m = shape.m();
    int n = shape.n();
    int k = shape.k();
    gemm.batched(
        shape.batch(),
        new org.gradus.tensor.cpu.Product(
            new org.gradus.tensor.cpu.Product.Size(m, n, k),
            matrix(Floats.of(a), m, k, shape.transposeA(), shape.strideA()),
            matrix(Floats.of(b), k, n, shape.transposeB(), shape.strideB()),
            new Matrix(Floats.of(c), 0, n, false, m * n),
            shape.accumulate() ? Epilogue.ACCUMULATE : Epilogue.STORE));
  }

  private static Matrix matrix(float[] data, int rows, int columns, boolean transposed, int step) {
    return new Matrix(data, 0, transposed ? rows : columns, transposed, step);
  }

  @Override
  public void linear(Buffer y, Buffer x, Buffer w, Buffer b, Activation act, int m, int n, int k) {
    float[] to = Floats.of(y);
    float[] bias = Floats.of(b);
    gemm.multiply(
        new org.gradus.tensor.cpu.Product(
            new org.gradus.tensor.cpu.Product.Size(m, n, k),
            Matrix.of(Floats.of(x), k),
            Matrix.of(Floats.of(w), n),
            Matrix.of(to, n),
            act == Activation.RELU ? Epilogue.biasRelu(bias, 0) : Epilogue.bias(bias, 0)));
    switch (act) {
      case IDENTITY, RELU -> {}
      case SIGMOID -> activate(Unary.SIGMOID, to, m * n);
      case TANH -> activate(Unary.TANH, to, m * n);
    }
  }

  private void activate(Unary op, float[] y, int n) {
    chunks.blocks(n, Unaries.cost(op), (lo, hi) -> Unaries.run(op, y, y, lo, hi, 0, 0));
  }

  @Override
  public void linearBackward(
      Buffer dz, Buffer db, Buffer dy, Buffer y, Activation act, int m, int n) {
    float[] to = Floats.of(dz);
    float[] from = Floats.of(dy);
    float[] value = Floats.of(y);
    int parts = chunks.count(m, 3L * n);
    float[] sums = scratch.floats(parts * n);
    chunks.parts(
        m,
        3L * n,
        (part, lo, hi) -> {
          Rows.zero(sums, part * n, n);
          for (int r = lo; r < hi; r++) {
            switch (act) {
              case IDENTITY -> identity(to, from, r * n, sums, part * n, n);
              case RELU -> relu(to, from, value, r * n, sums, part * n, n);
              case SIGMOID -> sigmoid(to, from, value, r * n, sums, part * n, n);
              case TANH -> tanh(to, from, value, r * n, sums, part * n, n);
            }
          }
        });
    Columns.sum(Floats.of(db), 0, sums, 0, parts, n);
  }

  private static FloatVector load(float[] x, int i) {
    return FloatVector.fromArray(S, x, i);
  }

  private static FloatVector load(float[] x, int i, VectorMask<Float> rest) {
    return FloatVector.fromArray(S, x, i, rest);
  }

  // One row of dz, and what it adds to the column sums.

  @SuppressWarnings("ReferenceEquality") // whether it is the same memory
  private static void identity(float[] dz, float[] dy, int at, float[] sums, int sumsAt, int n) {
    if (dz != dy) {
      System.arraycopy(dy, at, dz, at, n);
    }
    Rows.add(sums, sumsAt, dy, at, n);
  }

  private static void relu(
      float[] dz, float[] dy, float[] y, int at, float[] sums, int sumsAt, int n) {
    int whole = S.loopBound(n);
    FloatVector zero = FloatVector.zero(S);
    for (int i = 0; i < whole; i += W) {
      FloatVector d = zero.blend(load(dy, at + i), load(y, at + i).compare(VectorOperators.GT, 0f));
      d.intoArray(dz, at + i);
      load(sums, sumsAt + i).add(d).intoArray(sums, sumsAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector d =
          zero.blend(
              load(dy, at + whole, rest),
              load(y, at + whole, rest).compare(VectorOperators.GT, 0f));
      d.intoArray(dz, at + whole, rest);
      load(sums, sumsAt + whole, rest).add(d).intoArray(sums, sumsAt + whole, rest);
    }
  }

  private static void sigmoid(
      float[] dz, float[] dy, float[] y, int at, float[] sums, int sumsAt, int n) {
    for (int i = 0; i < n; i += W) {
      VectorMask<Float> rest = Lanes.upTo(i, n);
      FloatVector s = load(y, at + i, rest);
      FloatVector d = load(dy, at + i, rest).mul(s).mul(s.neg().add(1f));
      d.intoArray(dz, at + i, rest);
      load(sums, sumsAt + i, rest).add(d).intoArray(sums, sumsAt + i, rest);
    }
  }

  private static void tanh(
      float[] dz, float[] dy, float[] y, int at, float[] sums, int sumsAt, int n) {
    for (int i = 0; i < n; i += W) {
      VectorMask<Float> rest = Lanes.upTo(i, n);
      FloatVector t = load(y, at + i, rest);
      FloatVector d = load(dy, at + i, rest).mul(t.mul(t).neg().add(1f));
      d.intoArray(dz, at + i, rest);
      load(sums, sumsAt + i, rest).add(d).intoArray(sums, sumsAt + i, rest);
    }
  }
}
