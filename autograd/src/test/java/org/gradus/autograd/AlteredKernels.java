// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.GatherKernels;
import org.gradus.tensor.InteractionKernels;
import org.gradus.tensor.InteractionKernels.Vectors;
import org.gradus.tensor.JaggedKernels;
import org.gradus.tensor.Kernels;
import org.gradus.tensor.LayoutKernels;
import org.gradus.tensor.LossKernels;
import org.gradus.tensor.MatMulKernels;
import org.gradus.tensor.NormKernels;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.RecurrentKernels;
import org.gradus.tensor.SoftmaxKernels;
import org.gradus.tensor.SortKernels;
import org.gradus.tensor.Table;
import org.jspecify.annotations.Nullable;

/// Kernel families that pass everything on; a test overrides the one method it wants wrong.
final class AlteredKernels {
  private AlteredKernels() {}

  static Kernels with(Kernels k, SoftmaxKernels softmax) {
    return all(
        k,
        k.layout(),
        k.matMul(),
        softmax,
        k.norm(),
        k.gather(),
        k.jagged(),
        k.interaction(),
        k.recurrent(),
        k.loss());
  }

  static Kernels with(Kernels k, NormKernels norm) {
    return all(
        k,
        k.layout(),
        k.matMul(),
        k.softmax(),
        norm,
        k.gather(),
        k.jagged(),
        k.interaction(),
        k.recurrent(),
        k.loss());
  }

  static Kernels with(Kernels k, InteractionKernels interaction) {
    return all(
        k,
        k.layout(),
        k.matMul(),
        k.softmax(),
        k.norm(),
        k.gather(),
        k.jagged(),
        interaction,
        k.recurrent(),
        k.loss());
  }

  static Kernels with(Kernels k, RecurrentKernels recurrent) {
    return all(
        k,
        k.layout(),
        k.matMul(),
        k.softmax(),
        k.norm(),
        k.gather(),
        k.jagged(),
        k.interaction(),
        recurrent,
        k.loss());
  }

  static Kernels with(Kernels k, JaggedKernels jagged) {
    return all(
        k,
        k.layout(),
        k.matMul(),
        k.softmax(),
        k.norm(),
        k.gather(),
        jagged,
        k.interaction(),
        k.recurrent(),
        k.loss());
  }

  static Kernels with(Kernels k, GatherKernels gather) {
    return all(
        k,
        k.layout(),
        k.matMul(),
        k.softmax(),
        k.norm(),
        gather,
        k.jagged(),
        k.interaction(),
        k.recurrent(),
        k.loss());
  }

  static Kernels with(Kernels k, LayoutKernels layout) {
    return all(
        k,
        layout,
        k.matMul(),
        k.softmax(),
        k.norm(),
        k.gather(),
        k.jagged(),
        k.interaction(),
        k.recurrent(),
        k.loss());
  }

  static Kernels with(Kernels k, MatMulKernels matMul) {
    return all(
        k,
        k.layout(),
        matMul,
        k.softmax(),
        k.norm(),
        k.gather(),
        k.jagged(),
        k.interaction(),
        k.recurrent(),
        k.loss());
  }

  static Kernels with(Kernels k, LossKernels loss) {
    return all(
        k,
        k.layout(),
        k.matMul(),
        k.softmax(),
        k.norm(),
        k.gather(),
        k.jagged(),
        k.interaction(),
        k.recurrent(),
        loss);
  }

  private static Kernels all(
      Kernels k,
      LayoutKernels layout,
      MatMulKernels matMul,
      SoftmaxKernels softmax,
      NormKernels norm,
      GatherKernels gather,
      JaggedKernels jagged,
      InteractionKernels interaction,
      RecurrentKernels recurrent,
      LossKernels loss) {
    return new Kernels(
        k.elementwise(),
        layout,
        k.reduce(),
        matMul,
        softmax,
        norm,
        gather,
        jagged,
        k.sort(),
        interaction,
        recurrent,
        loss,
        k.random(),
        k.update());
  }

  static class Softmax implements SoftmaxKernels {
    private final SoftmaxKernels k;

    Softmax(Kernels k) {
      this.k = k.softmax();
    }

    @Override
    public void softmax(Buffer y, Buffer x, @Nullable Buffer mask, int rows, int n) {
      k.softmax(y, x, mask, rows, n);
    }

    @Override
    public void softmaxBackward(Buffer dx, Buffer dy, Buffer y, int rows, int n) {
      k.softmaxBackward(dx, dy, y, rows, n);
    }

    @Override
    public void logSoftmax(Buffer y, Buffer x, @Nullable Buffer mask, int rows, int n) {
      k.logSoftmax(y, x, mask, rows, n);
    }

    @Override
    public void logSoftmaxBackward(
        Buffer dx, Buffer dy, Buffer y, @Nullable Buffer mask, int rows, int n) {
      k.logSoftmaxBackward(dx, dy, y, mask, rows, n);
    }

    @Override
    public void logSumExp(Buffer y, Buffer x, @Nullable Buffer mask, int rows, int n) {
      k.logSumExp(y, x, mask, rows, n);
    }

    @Override
    public void logSumExpBackward(
        Buffer dx, Buffer dy, Buffer x, Buffer y, @Nullable Buffer mask, int rows, int n) {
      k.logSumExpBackward(dx, dy, x, y, mask, rows, n);
    }
  }

  static class Norm implements NormKernels {
    private final NormKernels k;

    Norm(Kernels k) {
      this.k = k.norm();
    }

    @Override
    public void columnMoments(
        Buffer mean, Buffer variance, Buffer x, @Nullable Buffer rowMask, int rows, int n) {
      k.columnMoments(mean, variance, x, rowMask, rows, n);
    }

    @Override
    public void normalizeColumns(
        Buffer y,
        Buffer x,
        Buffer mean,
        Buffer variance,
        @Nullable Buffer rowMask,
        int rows,
        int n,
        double epsilon) {
      k.normalizeColumns(y, x, mean, variance, rowMask, rows, n, epsilon);
    }

    @Override
    public void normalizeColumnsBackward(
        Buffer dx,
        Buffer dy,
        Buffer y,
        Buffer variance,
        @Nullable Buffer rowMask,
        int rows,
        int n,
        double epsilon) {
      k.normalizeColumnsBackward(dx, dy, y, variance, rowMask, rows, n, epsilon);
    }

    @Override
    public void normalizeRows(Buffer y, Buffer invStd, Buffer x, int rows, int n, double epsilon) {
      k.normalizeRows(y, invStd, x, rows, n, epsilon);
    }

    @Override
    public void normalizeRowsBackward(
        Buffer dx, Buffer dy, Buffer y, Buffer invStd, int rows, int n) {
      k.normalizeRowsBackward(dx, dy, y, invStd, rows, n);
    }
  }

  static class Interaction implements InteractionKernels {
    private final InteractionKernels k;

    Interaction(Kernels k) {
      this.k = k.interaction();
    }

    @Override
    public void pairwise(Buffer y, Buffer sums, Buffer e, int batch, int fields, int width) {
      k.pairwise(y, sums, e, batch, fields, width);
    }

    @Override
    public void pairwiseBackward(
        Buffer de, Buffer dy, Buffer sums, Buffer e, int batch, int fields, int width) {
      k.pairwiseBackward(de, dy, sums, e, batch, fields, width);
    }

    @Override
    public void dots(
        Buffer y, Vectors e, int batch, int fields, int width, boolean lower, boolean self) {
      k.dots(y, e, batch, fields, width, lower, self);
    }

    @Override
    public void dotsBackward(
        Vectors de,
        Buffer dy,
        Vectors e,
        int batch,
        int fields,
        int width,
        boolean lower,
        boolean self) {
      k.dotsBackward(de, dy, e, batch, fields, width, lower, self);
    }

    @Override
    public void facing(Buffer z, Buffer q, Buffer keys, int batch, int steps, int width) {
      k.facing(z, q, keys, batch, steps, width);
    }

    @Override
    public void facingBackward(
        Buffer dq, Buffer dk, Buffer dz, Buffer q, Buffer keys, int batch, int steps, int width) {
      k.facingBackward(dq, dk, dz, q, keys, batch, steps, width);
    }

    @Override
    public void weightedSum(Buffer y, Buffer w, Buffer x, int batch, int steps, int width) {
      k.weightedSum(y, w, x, batch, steps, width);
    }

    @Override
    public void weightedSumBackward(
        Buffer dw, Buffer dx, Buffer dy, Buffer w, Buffer x, int batch, int steps, int width) {
      k.weightedSumBackward(dw, dx, dy, w, x, batch, steps, width);
    }

    @Override
    public void cross(
        Buffer y, Buffer x0, Buffer z, Buffer x, int rows, int width, boolean perRow) {
      k.cross(y, x0, z, x, rows, width, perRow);
    }

    @Override
    public void crossBackward(
        Buffer dx0,
        Buffer dz,
        Buffer dy,
        Buffer x0,
        Buffer z,
        int rows,
        int width,
        boolean perRow) {
      k.crossBackward(dx0, dz, dy, x0, z, rows, width, perRow);
    }
  }

  static class Recurrent implements RecurrentKernels {
    private final RecurrentKernels k;

    Recurrent(Kernels k) {
      this.k = k.recurrent();
    }

    @Override
    public int gruKept(Size size) {
      return k.gruKept(size);
    }

    @Override
    public void gru(Buffer y, Buffer kept, Sequences x, Gru gru) {
      k.gru(y, kept, x, gru);
    }

    @Override
    public void gruBackward(
        GruGradients to, Buffer dy, Buffer y, Buffer kept, Sequences x, Gru gru) {
      k.gruBackward(to, dy, y, kept, x, gru);
    }

    @Override
    public int lstmKept(Size size) {
      return k.lstmKept(size);
    }

    @Override
    public void lstm(Buffer y, Buffer kept, Sequences x, @Nullable Buffer cell) {
      k.lstm(y, kept, x, cell);
    }

    @Override
    public void lstmBackward(LstmGradients to, Buffer dy, Buffer y, Buffer kept, Sequences x) {
      k.lstmBackward(to, dy, y, kept, x);
    }
  }

  static class Jagged implements JaggedKernels {
    private final JaggedKernels k;

    Jagged(Kernels k) {
      this.k = k.jagged();
    }

    @Override
    public void bags(
        Buffer y,
        @Nullable Buffer argmax,
        List<Bags> features,
        Buffer values,
        Buffer offsets,
        @Nullable Buffer weights,
        int batch) {
      k.bags(y, argmax, features, values, offsets, weights, batch);
    }

    @Override
    public void places(
        Buffer ids, Buffer source, int at, Buffer values, Buffer offsets, Slice slice) {
      k.places(ids, source, at, values, offsets, slice);
    }

    @Override
    public void sumRows(
        Buffer rowGradients,
        Buffer dy,
        SortKernels.Merged merged,
        Buffer source,
        @Nullable Buffer coefficient,
        int width) {
      k.sumRows(rowGradients, dy, merged, source, coefficient, width);
    }

    @Override
    public void sumRowsMax(
        Buffer rowGradients,
        Buffer dy,
        SortKernels.Merged merged,
        Buffer source,
        Buffer place,
        Buffer argmax,
        int width) {
      k.sumRowsMax(rowGradients, dy, merged, source, place, argmax, width);
    }

    @Override
    public void weightGradients(
        Buffer dw, Buffer dy, Table table, Buffer ids, Buffer source, int from, int to) {
      k.weightGradients(dw, dy, table, ids, source, from, to);
    }

    @Override
    public void pool(
        Buffer y,
        @Nullable Buffer argmax,
        Buffer values,
        Buffer offsets,
        Pooling pooling,
        int bags,
        int width) {
      k.pool(y, argmax, values, offsets, pooling, bags, width);
    }

    @Override
    public void poolBackward(
        Buffer dx,
        Buffer dy,
        @Nullable Buffer argmax,
        Buffer offsets,
        Pooling pooling,
        int bags,
        int width) {
      k.poolBackward(dx, dy, argmax, offsets, pooling, bags, width);
    }

    @Override
    public void pad(Buffer y, Buffer values, Buffer offsets, int bags, int length, int width) {
      k.pad(y, values, offsets, bags, length, width);
    }

    @Override
    public void padBackward(Buffer dx, Buffer dy, Buffer offsets, int bags, int length, int width) {
      k.padBackward(dx, dy, offsets, bags, length, width);
    }
  }

  static class Gather implements GatherKernels {
    private final GatherKernels k;

    Gather(Kernels k) {
      this.k = k.gather();
    }

    @Override
    public void gather(Buffer y, Buffer x, Buffer ids, int outer, int n, int count, int inner) {
      k.gather(y, x, ids, outer, n, count, inner);
    }

    @Override
    public void scatterAdd(Buffer x, Buffer y, Buffer ids, int outer, int n, int count, int inner) {
      k.scatterAdd(x, y, ids, outer, n, count, inner);
    }

    @Override
    public void pick(Buffer y, Buffer x, Buffer ids, int rows, int n) {
      k.pick(y, x, ids, rows, n);
    }

    @Override
    public void pickBackward(Buffer x, Buffer y, Buffer ids, int rows, int n) {
      k.pickBackward(x, y, ids, rows, n);
    }

    @Override
    public void rows(Buffer y, Table table, Buffer ids, int count) {
      k.rows(y, table, ids, count);
    }
  }

  static class Layout implements LayoutKernels {
    private final LayoutKernels k;

    Layout(Kernels k) {
      this.k = k.layout();
    }

    @Override
    public void read(Buffer y, Buffer x, View view) {
      k.read(y, x, view);
    }

    @Override
    public void write(Buffer y, Buffer x, View view) {
      k.write(y, x, view);
    }

    @Override
    public void add(Buffer y, Buffer x, View view) {
      k.add(y, x, view);
    }

    @Override
    public void multiples(Buffer y, int step, int n) {
      k.multiples(y, step, n);
    }
  }

  static class MatMul implements MatMulKernels {
    private final MatMulKernels k;

    MatMul(Kernels k) {
      this.k = k.matMul();
    }

    @Override
    public void multiply(Buffer c, Buffer a, Buffer b, Product shape) {
      k.multiply(c, a, b, shape);
    }

    @Override
    public void linear(
        Buffer y, Buffer x, Buffer w, Buffer b, Activation act, int m, int n, int inner) {
      k.linear(y, x, w, b, act, m, n, inner);
    }

    @Override
    public void linearBackward(
        Buffer dz, Buffer db, Buffer dy, Buffer y, Activation act, int m, int n) {
      k.linearBackward(dz, db, dy, y, act, m, n);
    }
  }
}
