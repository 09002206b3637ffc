// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.util.ArrayList;
import java.util.List;
import org.gradus.cuda.CudaMatMul.Matrix;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;
import org.gradus.tensor.RecurrentKernels;
import org.jspecify.annotations.Nullable;

/// GRU and LSTM, step by step: the products of a step with [CudaMatMul], the rest with `recurrent.cu`. The gradient of U is one
/// product over all steps at the end.
final class CudaRecurrent implements RecurrentKernels {
  private final CudaDevice device;
  private final Launch launch;
  private final CudaMatMul products;
  private final Kernel before;
  private final Kernel gruGates;
  private final Kernel gruState;
  private final Kernel gruBack;
  private final Kernel attentionBack;
  private final Kernel gruBackReset;
  private final Kernel lstm;
  private final Kernel lstmBack;
  private final Kernel copy;

  CudaRecurrent(CudaDevice device, CudaMatMul products) {
    this.device = device;
    this.products = products;
    launch = device.launch();
    Module module = device.module("recurrent");
    before = module.kernel("before");
    gruGates = module.kernel("gru_gates");
    gruState = module.kernel("gru_state");
    gruBack = module.kernel("gru_back");
    attentionBack = module.kernel("attention_back");
    gruBackReset = module.kernel("gru_back_reset");
    lstm = module.kernel("lstm");
    lstmBack = module.kernel("lstm_back");
    copy = module.kernel("copy");
  }

  /// Memory of one call.
  private final class Work implements AutoCloseable {
    private final List<Buffer> buffers = new ArrayList<>();

    Buffer of(int elements) {
      Buffer b = device.allocate(Kind.REAL, elements);
      buffers.add(b);
      return b;
    }

    Buffer zeros(int elements) {
      Buffer b = of(elements);
      device.kernels().elementwise().fill(b, 0, elements);
      return b;
    }

    @Override
    public void close() {
      buffers.forEach(device::release);
    }
  }

  /// The state before a step, as a matrix `[B, H]`: in y, initial, or zeros.
  private static Matrix state(Buffer y, Buffer first, int step, int stride, int width) {
    return step == 0
        ? new Matrix(first, 0, width, false)
        : new Matrix(y, (long) (step - 1) * width, stride * width, false);
  }

  /// `struct Mixing`
  private static double[] struct(Mixing mixing) {
    return new double[] {
      mixing.offset(0), mixing.offsetByAttention(), mixing.slope(0), mixing.slopeByAttention()
    };
  }

  @Override
  public int gruKept(Size size) {
    return 4 * size.states(); // u, r, n, q of every step
  }

  @Override
  public void gru(Buffer y, Buffer kept, Sequences x, Gru gru) {
    int batch = x.size().batch();
    int time = x.size().time();
    int width = x.size().width();
    int n = batch * width;
    boolean after = gru.reset() == Reset.AFTER;
    try (Work work = new Work()) {
      Buffer first = x.initial() == null ? work.zeros(n) : x.initial();
      Buffer hu = work.of(3 * n);
      Buffer qu = work.of(n);
      for (int t = 0; t < time; t++) {
        Matrix h = state(y, first, t, time, width);
        int columns = after ? 3 * width : 2 * width;
        Matrix u = new Matrix(x.u(), 0, 3 * width, false);
        products.multiply(new Matrix(hu, 0, 3 * width, false), h, u, batch, columns, width, false);
        launch
            .of(gruGates)
            .buffer(y)
            .buffer(kept)
            .buffer(x.projected())
            .buffer(hu)
            .buffer(first)
            .buffer(gru.candidateBias())
            .buffer(gru.attention())
            .buffer(x.lengths())
            .struct(struct(gru.mixing()))
            .flag(after)
            .number(t)
            .number(time)
            .number(width)
            .big(n)
            .each(n);
        if (!after) {
          products.multiply(
              new Matrix(qu, 0, width, false),
              new Matrix(kept, (4L * t + 3) * width, 4 * time * width, false), // q
              new Matrix(x.u(), 2L * width, 3 * width, false),
              batch,
              width,
              width,
              false);
          launch
              .of(gruState)
              .buffer(y)
              .buffer(kept)
              .buffer(x.projected())
              .buffer(qu)
              .buffer(first)
              .buffer(gru.attention())
              .buffer(x.lengths())
              .struct(struct(gru.mixing()))
              .number(t)
              .number(time)
              .number(width)
              .big(n)
              .each(n);
        }
      }
    }
  }

  @Override
  public void gruBackward(GruGradients to, Buffer dy, Buffer y, Buffer kept, Sequences x, Gru gru) {
    int batch = x.size().batch();
    int time = x.size().time();
    int width = x.size().width();
    int n = batch * width;
    boolean after = gru.reset() == Reset.AFTER;
    try (Work work = new Work()) {
      Buffer h = states(work, y, x.initial(), x.size(), time);
      Buffer d = work.zeros(n);
      Buffer dq = work.of(n * time); // ∂L/∂q of every step, where the reset comes after
      Buffer dqOfProduct = work.of(n);
      for (int t = time - 1; t >= 0; t--) {
        if (to.attention() != null) {
          launch
              .of(attentionBack)
              .buffer(to.attention())
              .buffer(d)
              .buffer(dy)
              .buffer(kept)
              .buffer(h)
              .buffer(x.lengths())
              .struct(struct(gru.mixing()))
              .number(t)
              .number(time)
              .number(width)
              .number(batch)
              .warps(batch);
        }
        launch
            .of(gruBack)
            .buffer(d)
            .buffer(to.projected())
            .buffer(dq)
            .buffer(dy)
            .buffer(kept)
            .buffer(h)
            .buffer(gru.attention())
            .buffer(x.lengths())
            .struct(struct(gru.mixing()))
            .flag(after)
            .number(t)
            .number(time)
            .number(width)
            .big(n)
            .each(n);
        Matrix candidateWeights = new Matrix(x.u(), 2L * width, 3 * width, true);
        long at = (long) t * width;
        if (after) {
          products.multiply(
              new Matrix(d, 0, width, false),
              new Matrix(dq, at, time * width, false),
              candidateWeights,
              batch,
              width,
              width,
              true);
        } else {
          products.multiply(
              new Matrix(dqOfProduct, 0, width, false),
              new Matrix(to.projected(), 3 * at + 2L * width, 3 * time * width, false),
              candidateWeights,
              batch,
              width,
              width,
              false);
          launch
              .of(gruBackReset)
              .buffer(d)
              .buffer(to.projected())
              .buffer(dqOfProduct)
              .buffer(kept)
              .buffer(h)
              .buffer(x.lengths())
              .number(t)
              .number(time)
              .number(width)
              .big(n)
              .each(n);
        }
        products.multiply(
            new Matrix(d, 0, width, false),
            new Matrix(to.projected(), 3 * at, 3 * time * width, false),
            new Matrix(x.u(), 0, 3 * width, true),
            batch,
            width,
            2 * width,
            true);
      }
      gruWeights(to, h, dq, kept, x.size(), after);
      copy(to.initial(), d, x.size());
    }
  }

  /// dU from the states before every step, and what the products got.
  private void gruWeights(
      GruGradients to, Buffer h, Buffer dq, Buffer kept, Size size, boolean after) {
    int rows = size.batch() * size.time();
    int width = size.width();
    products.multiply(
        new Matrix(to.u(), 0, 3 * width, false),
        new Matrix(h, 0, width, true),
        new Matrix(to.projected(), 0, 3 * width, false),
        width,
        2 * width,
        rows,
        false);
    products.multiply(
        new Matrix(to.u(), 2L * width, 3 * width, false),
        after ? new Matrix(h, 0, width, true) : new Matrix(kept, 3L * width, 4 * width, true),
        after
            ? new Matrix(dq, 0, width, false)
            : new Matrix(to.projected(), 2L * width, 3 * width, false),
        width,
        width,
        rows,
        false);
    if (to.candidateBias() != null) {
      device.kernels().reduce().sum(to.candidateBias(), dq, 1, rows, width, 1);
    }
  }

  /// The states before every step, `[B, T, H]`.
  private Buffer states(Work work, Buffer y, @Nullable Buffer initial, Size size, int stride) {
    int all = size.states();
    Buffer h = work.of(all);
    launch
        .of(before)
        .buffer(h)
        .buffer(y)
        .buffer(initial)
        .number(size.time())
        .number(stride)
        .number(size.width())
        .big(all)
        .each(all);
    return h;
  }

  /// A state `[B, H]`, where somebody asks for it.
  private void copy(@Nullable Buffer to, Buffer from, Size size) {
    if (to != null) {
      int width = size.width();
      copy(new Rows(to, 0, width), new Rows(from, 0, width), size);
    }
  }

  /// A state of each row of the batch, from places in `from`, zeros where there is none, to places in `to`.
  private void copy(Rows to, @Nullable Rows from, Size size) {
    long n = (long) size.batch() * size.width();
    launch.of(copy).buffer(to.buffer(), to.at());
    if (from == null) {
      launch.address(0).big(to.apart()).big(0);
    } else {
      launch.buffer(from.buffer(), from.at()).big(to.apart()).big(from.apart());
    }
    launch.number(size.width()).big(n).each(n);
  }

  /// Where the states of a batch lie: the first, and from one row to the next.
  private record Rows(Buffer buffer, long at, long apart) {}

  @Override
  public int lstmKept(Size size) {
    return 6 * size.states(); // i, f, g, o, tanh(c′), c of every step
  }

  @Override
  public void lstm(Buffer y, Buffer kept, Sequences x, @Nullable Buffer cell) {
    int batch = x.size().batch();
    int time = x.size().time();
    int width = x.size().width();
    int n = batch * width;
    try (Work work = new Work()) {
      Buffer first = x.initial() == null ? work.zeros(n) : x.initial();
      Buffer c = work.of(n);
      Buffer hu = work.of(4 * n);
      copy(new Rows(c, 0, width), cell == null ? null : new Rows(cell, 0, width), x.size());
      for (int t = 0; t < time; t++) {
        products.multiply(
            new Matrix(hu, 0, 4 * width, false),
            state(y, first, t, time + 1, width),
            new Matrix(x.u(), 0, 4 * width, false),
            batch,
            4 * width,
            width,
            false);
        launch
            .of(lstm)
            .buffer(y)
            .buffer(kept)
            .buffer(c)
            .buffer(x.projected())
            .buffer(hu)
            .buffer(first)
            .buffer(x.lengths())
            .number(t)
            .number(time)
            .number(width)
            .big(n)
            .each(n);
      }
      long last = (long) time * width;
      copy(new Rows(y, last, last + width), new Rows(c, 0, width), x.size());
    }
  }

  @Override
  public void lstmBackward(LstmGradients to, Buffer dy, Buffer y, Buffer kept, Sequences x) {
    int batch = x.size().batch();
    int time = x.size().time();
    int width = x.size().width();
    int n = batch * width;
    try (Work work = new Work()) {
      Buffer h = states(work, y, x.initial(), x.size(), time + 1);
      Buffer d = work.zeros(n);
      Buffer dc = work.of(n);
      long last = (long) time * width;
      copy(new Rows(dc, 0, width), new Rows(dy, last, last + width), x.size());
      for (int t = time - 1; t >= 0; t--) {
        launch
            .of(lstmBack)
            .buffer(d)
            .buffer(dc)
            .buffer(to.projected())
            .buffer(dy)
            .buffer(kept)
            .buffer(x.lengths())
            .number(t)
            .number(time)
            .number(width)
            .big(n)
            .each(n);
        products.multiply(
            new Matrix(d, 0, width, false),
            new Matrix(to.projected(), 4L * t * width, 4 * time * width, false),
            new Matrix(x.u(), 0, 4 * width, true),
            batch,
            width,
            4 * width,
            true);
      }
      products.multiply(
          new Matrix(to.u(), 0, 4 * width, false),
          new Matrix(h, 0, width, true),
          new Matrix(to.projected(), 0, 4 * width, false),
          width,
          4 * width,
          batch * time,
          false);
      copy(to.initial(), d, x.size());
      copy(to.cell(), dc, x.size());
    }
  }
}
