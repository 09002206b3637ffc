// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.ElementwiseKernels.Binary;
import org.gradus.tensor.ElementwiseKernels.Broadcast;
import org.gradus.tensor.ElementwiseKernels.Compare;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.InteractionKernels.Vectors;
import org.gradus.tensor.JaggedKernels.Bags;
import org.gradus.tensor.JaggedKernels.Slice;
import org.gradus.tensor.Kind;
import org.gradus.tensor.LayoutKernels.View;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.MatMulKernels.Product;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.RecurrentKernels.Gru;
import org.gradus.tensor.RecurrentKernels.GruGradients;
import org.gradus.tensor.RecurrentKernels.LstmGradients;
import org.gradus.tensor.RecurrentKernels.Mixing;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.RecurrentKernels.Sequences;
import org.gradus.tensor.RecurrentKernels.Size;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.Shape;
import org.gradus.tensor.SortKernels.Merged;
import org.gradus.tensor.Table;
import org.gradus.tensor.UpdateKernels.Adam;
import org.gradus.tensor.UpdateKernels.Ftrl;
import org.jspecify.annotations.Nullable;

/// Runs every kernel of a device once on seeded inputs and collects what it wrote, by name.
///
/// Two runs agree when two settings of a device do, and nearly agree when two devices do.
final class EveryKernel {
  private final Device device;
  private final Map<String, double[]> results = new LinkedHashMap<>();
  private long draws;

  private EveryKernel(Device device) {
    this.device = device;
  }

  /// The results of one run, in the order of the kernel families.
  static Map<String, double[]> run(Device device) {
    EveryKernel run = new EveryKernel(device);
    run.elementwise();
    run.layout();
    run.reduce();
    run.matMul();
    run.softmax();
    run.norm();
    run.gather();
    run.jagged();
    run.interaction();
    run.recurrent();
    run.loss();
    run.random();
    run.denseUpdates();
    run.rowUpdates();
    return run.results;
  }

  // Inputs: uniform in [−2, 2), float32.

  private double[] draw(int n) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = 4 * Counter.uniform(7, draws++) - 2;
    }
    return values;
  }

  private Buffer real(int n) {
    Buffer b = device.allocate(Kind.REAL, n);
    device.upload(b, draw(n));
    return b;
  }

  private Buffer positive(int n) {
    double[] values = draw(n);
    for (int i = 0; i < n; i++) {
      values[i] = (float) (Math.abs(values[i]) + 0.01);
    }
    Buffer b = device.allocate(Kind.REAL, n);
    device.upload(b, values);
    return b;
  }

  private Buffer ints(int... values) {
    Buffer b = device.allocate(Kind.INT, values.length);
    device.upload(b, values);
    return b;
  }

  private Buffer ids(int n, int bound) {
    int[] values = new int[n];
    for (int i = 0; i < n; i++) {
      values[i] = (int) Counter.below(8, draws++, bound);
    }
    return ints(values);
  }

  private Buffer mask(int n) {
    byte[] values = new byte[n];
    for (int i = 0; i < n; i++) {
      values[i] = (byte) Counter.below(9, draws++, 2);
    }
    Buffer b = device.allocate(Kind.MASK, n);
    device.upload(b, values);
    return b;
  }

  private Buffer empty(Kind kind, int n) {
    return device.allocate(kind, n);
  }

  private Buffer empty(int n) {
    return empty(Kind.REAL, n);
  }

  private Table table(int rows, int width) {
    Table t = device.table(rows, width);
    t.write(0, draw(rows * width));
    return t;
  }

  private Table positiveTable(int rows, int width) {
    double[] values = draw(rows * width);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.abs(values[i]);
    }
    Table t = device.table(rows, width);
    t.write(0, values);
    return t;
  }

  // Results.

  private void keep(String name, Buffer b, int n) {
    double[] values = new double[n];
    switch (b.kind()) {
      case REAL -> device.download(values, b);
      case INT -> {
        int[] host = new int[n];
        device.download(host, b);
        Arrays.setAll(values, i -> host[i]);
      }
      case MASK -> {
        byte[] host = new byte[n];
        device.download(host, b);
        Arrays.setAll(values, i -> host[i]);
      }
    }
    results.put(name, values);
  }

  private void keep(String name, Buffer b) {
    keep(name, b, b.length());
  }

  private void keep(String name, Table t) {
    double[] values = new double[t.rows() * t.width()];
    t.read(0, values);
    results.put(name, values);
  }

  private void keep(String name, double value) {
    results.put(name, new double[] {value});
  }

  private void elementwise() {
    var k = device.kernels().elementwise();
    int n = 531;
    for (Unary op : Unary.values()) {
      boolean positive =
          switch (op) {
            case SQRT, RSQRT, RECIPROCAL, LOG, LOG1P -> true;
            default -> false;
          };
      Buffer x = positive ? positive(n) : real(n);
      Buffer y = empty(n);
      k.unary(op, y, x, n, -0.25, 0.75);
      keep("unary " + op, y);
      Buffer dx = empty(n);
      k.unaryBackward(op, dx, real(n), x, y, n, -0.25, 0.75);
      keep("unaryBackward " + op, dx);
    }
    Shape[][] broadcasts = {
      {Shape.of(7, 5, 16), Shape.of(7, 5, 1)},
      {Shape.of(5, 1, 3), Shape.of(4, 3)},
      {Shape.of(61, 37), Shape.of(37)},
      {Shape.of(700, 3), Shape.of(700, 1)},
      {Shape.of(1), Shape.of(2500)},
      {Shape.of(9, 1), Shape.of(1, 33)},
      {Shape.scalar(), Shape.scalar()},
    };
    for (Shape[] pair : broadcasts) {
      Shape to = Shape.broadcast("test", pair[0], pair[1]);
      Broadcast plan = Broadcast.of(to, pair[0], pair[1]);
      Buffer a = real(pair[0].elements());
      Buffer b = positive(pair[1].elements());
      for (Binary op : Binary.values()) {
        Buffer y = empty(to.elements());
        k.binary(op, y, a, b, plan);
        keep("binary " + op + pair[0] + pair[1], y);
      }
      for (Compare op : Compare.values()) {
        Buffer y = empty(Kind.MASK, to.elements());
        k.compare(op, y, a, b, plan);
        keep("compare " + op + pair[0] + pair[1], y);
      }
    }
    Buffer a = real(n);
    Buffer b = positive(n);
    for (Binary op : Binary.values()) {
      Buffer y = empty(n);
      k.binary(op, y, a, b, n);
      keep("binary " + op, y);
    }
    k.addScaled(a, b, -0.3, n);
    keep("addScaled", a);
    Buffer m = mask(n);
    Buffer y = empty(n);
    k.where(y, m, a, b, n);
    keep("where", y);
    k.keepWhere(y, m, a, n);
    keep("keepWhere", y);
    k.toReal(y, m, n);
    keep("toReal", y);
    Buffer other = mask(n);
    k.and(other, other, m, n);
    keep("and", other);
    k.not(other, other, n);
    keep("not", other);
    k.fill(y, 0.1, n);
    keep("fill", y);
  }

  private void layout() {
    var k = device.kernels().layout();
    int n = 6 * 17 * 20;
    View[] views = {
      new View(0, new int[] {17, 6, 20}, new int[] {20, 340, 1}), // swaps the first two axes
      new View(0, new int[] {6, 20, 17}, new int[] {340, 1, 20}), // swaps the last two
      new View(0, new int[] {20, 17, 6}, new int[] {1, 20, 340}), // reverses them
      new View(3, new int[] {6, 17, 5}, new int[] {340, 20, 1}), // a slice
      new View(40, new int[] {3, 4, 20}, new int[] {680, 40, 1}),
    };
    Kind[] kinds = Kind.values();
    for (View view : views) {
      for (Kind kind : kinds) {
        Buffer x =
            switch (kind) {
              case REAL -> real(n);
              case INT -> ids(n, 1000);
              case MASK -> mask(n);
            };
        Buffer y = empty(kind, view.elements());
        k.read(y, x, view);
        keep("read " + kind + Arrays.toString(view.sizes()), y);
        Buffer back =
            switch (kind) {
              case REAL -> real(n);
              case INT -> ids(n, 1000);
              case MASK -> mask(n);
            };
        k.write(back, y, view);
        keep("write " + kind + Arrays.toString(view.sizes()), back);
      }
      Buffer y = real(n);
      k.add(y, real(view.elements()), view);
      keep("add " + Arrays.toString(view.sizes()), y);
    }
    Buffer starts = empty(Kind.INT, n);
    k.multiples(starts, 5, n);
    keep("multiples", starts);
    View[] repeating = {
      new View(2, new int[] {31, 9, 5}, new int[] {9, 1, 0}),
      new View(0, new int[] {40, 33}, new int[] {0, 1}),
      new View(0, new int[] {50, 8}, new int[] {3, 1}), // overlapping windows
      new View(1, new int[] {4, 3, 200}, new int[] {250, 0, 1}),
    };
    for (View view : repeating) {
      Buffer y = empty(view.elements());
      k.read(y, real(n), view);
      keep("read repeating " + Arrays.toString(view.sizes()), y);
      Buffer sum = real(n);
      k.add(sum, real(view.elements()), view);
      keep("add repeating " + Arrays.toString(view.sizes()), sum);
    }
  }

  private void reduce() {
    var k = device.kernels().reduce();
    int[][] sizes = {
      {67, 37, 1},
      {67, 700, 1},
      {7, 700, 1},
      {9, 26, 10},
      {1, 300, 70},
      {2, 90, 5},
      {3, 0, 4},
      {5, 1, 33}
    };
    for (int[] s : sizes) {
      Buffer x = real(s[0] * s[1] * s[2]);
      Buffer y = empty(s[0] * s[2]);
      k.sum(y, x, s[0], s[1], s[2], 0.7);
      keep("sum " + Arrays.toString(s), y);
      if (s[1] > 0) {
        Buffer argmax = empty(Kind.INT, s[0] * s[2]);
        k.max(y, argmax, x, s[0], s[1], s[2]);
        keep("max " + Arrays.toString(s), y);
        keep("argmax " + Arrays.toString(s), argmax);
        Buffer dx = empty(s[0] * s[1] * s[2]);
        k.maxBackward(dx, real(s[0] * s[2]), argmax, s[0], s[1], s[2]);
        keep("maxBackward " + Arrays.toString(s), dx);
      }
    }
    Buffer x = real(5003);
    keep("sumOfSquares", k.sumOfSquares(x, 5003));
    keep("sumOfMagnitudes", k.sumOfMagnitudes(x, 5003));
    keep("firstNonFinite", k.firstNonFinite(x, 5003));
    double[] holed = draw(5003);
    holed[3210] = Double.NaN;
    holed[4000] = Double.POSITIVE_INFINITY;
    device.upload(x, holed);
    keep("firstNonFinite of NaN", k.firstNonFinite(x, 5003));
  }

  private void matMul() {
    var k = device.kernels().matMul();
    Product base = new Product(3, 13, 35, 40, false, false, 13 * 40, 40 * 35, false);
    for (boolean ta : new boolean[] {false, true}) {
      for (boolean tb : new boolean[] {false, true}) {
        Product p = new Product(3, 13, 35, 40, ta, tb, base.strideA(), ta ? 0 : base.strideB(), tb);
        Buffer c = real(3 * 13 * 35);
        k.multiply(c, real(3 * 13 * 40), real(3 * 40 * 35), p);
        keep("multiply " + ta + tb, c);
      }
    }
    for (Activation act : Activation.values()) {
      for (int n : new int[] {1, 21, 64}) {
        int m = 70;
        Buffer y = empty(m * n);
        k.linear(y, real(m * 19), real(19 * n), real(n), act, m, n, 19);
        keep("linear " + act + n, y);
        Buffer dz = empty(m * n);
        Buffer db = empty(n);
        k.linearBackward(dz, db, real(m * n), y, act, m, n);
        keep("linearBackward dz " + act + n, dz);
        keep("linearBackward db " + act + n, db);
      }
    }
  }

  private void softmax() {
    var k = device.kernels().softmax();
    for (int n : new int[] {1, 5, 37, 64}) {
      for (boolean masked : new boolean[] {false, true}) {
        int rows = 40;
        int all = rows * n;
        @Nullable Buffer m = masked ? mask(all) : null;
        Buffer x = real(all);
        Buffer dy = real(all);
        Buffer y = empty(all);
        Buffer dx = empty(all);
        String name = " " + n + masked;
        k.softmax(y, x, m, rows, n);
        keep("softmax" + name, y);
        k.softmaxBackward(dx, dy, y, rows, n);
        keep("softmaxBackward" + name, dx);
        k.logSoftmax(y, x, m, rows, n);
        keep("logSoftmax" + name, y);
        k.logSoftmaxBackward(dx, dy, y, m, rows, n);
        keep("logSoftmaxBackward" + name, dx);
        Buffer z = empty(rows);
        k.logSumExp(z, x, m, rows, n);
        keep("logSumExp" + name, z);
        k.logSumExpBackward(dx, real(rows), x, z, m, rows, n);
        keep("logSumExpBackward" + name, dx);
      }
    }
  }

  private void norm() {
    var k = device.kernels().norm();
    int rows = 90;
    for (int n : new int[] {3, 35}) {
      for (boolean masked : new boolean[] {false, true}) {
        @Nullable Buffer m = masked ? mask(rows) : null;
        String name = " " + n + masked;
        Buffer x = real(rows * n);
        Buffer dy = real(rows * n);
        Buffer mean = empty(n);
        Buffer variance = empty(n);
        Buffer y = empty(rows * n);
        Buffer dx = empty(rows * n);
        k.columnMoments(mean, variance, x, m, rows, n);
        keep("mean" + name, mean);
        keep("variance" + name, variance);
        k.normalizeColumns(y, x, mean, variance, m, rows, n, 1e-3);
        keep("normalizeColumns" + name, y);
        k.normalizeColumnsBackward(dx, dy, y, variance, m, rows, n, 1e-3);
        keep("normalizeColumnsBackward" + name, dx);
      }
      Buffer y = empty(rows * n);
      Buffer invStd = empty(rows);
      k.normalizeRows(y, invStd, real(rows * n), rows, n, 1e-3);
      keep("normalizeRows " + n, y);
      keep("invStd " + n, invStd);
      Buffer dx = empty(rows * n);
      k.normalizeRowsBackward(dx, real(rows * n), y, invStd, rows, n);
      keep("normalizeRowsBackward " + n, dx);
    }
  }

  private void gather() {
    var k = device.kernels().gather();
    int[][] sizes = {{1, 50, 1500, 20}, {5, 11, 30, 3}, {4, 20, 7, 1}};
    for (int[] s : sizes) {
      Buffer id = ids(s[2], s[1]);
      Buffer y = empty(s[0] * s[2] * s[3]);
      k.gather(y, real(s[0] * s[1] * s[3]), id, s[0], s[1], s[2], s[3]);
      keep("gather " + Arrays.toString(s), y);
      Buffer x = real(s[0] * s[1] * s[3]);
      k.scatterAdd(x, y, id, s[0], s[1], s[2], s[3]);
      keep("scatterAdd " + Arrays.toString(s), x);
    }
    Buffer id = ids(40, 7);
    Buffer y = empty(40);
    Buffer x = real(40 * 7);
    k.pick(y, x, id, 40, 7);
    keep("pick", y);
    k.pickBackward(x, y, id, 40, 7);
    keep("pickBackward", x);
    try (Table t = table(90, 21)) {
      Buffer rows = empty(300 * 21);
      k.rows(rows, t, ids(300, 90), 300);
      keep("rows", rows);
    }
  }

  /// S+1 offsets; every fifth bag is empty, every third holds one.
  private int[] offsets(int bags) {
    int[] offsets = new int[bags + 1];
    for (int s = 0; s < bags; s++) {
      int size = s % 5 == 0 ? 0 : s % 3 == 0 ? 1 : (int) Counter.below(10, draws++, 6);
      offsets[s + 1] = offsets[s] + size;
    }
    return offsets;
  }

  private void jagged() {
    int batch = 41;
    Pooling[] poolings = Pooling.values();
    int[] start = offsets(poolings.length * batch);
    int n = start[start.length - 1];
    Buffer values = ids(n, 30);
    Buffer offsets = ints(start);
    try (Table narrow = table(30, 5);
        Table wide = table(30, 73); // four vectors and some
        Table other = table(30, 18);
        Table numbers = table(30, 1)) {
      Table[] tables = {narrow, wide, other, wide, narrow};
      for (boolean weighted : new boolean[] {false, true}) {
        List<Bags> features =
            IntStream.range(0, poolings.length)
                .mapToObj(f -> new Bags(tables[f], poolings[f], f % 2 == 0 ? 3 : -1))
                .toList();
        int width = 5 + 73 + 18 + 73 + 5;
        Buffer y = empty(batch * width);
        Buffer argmax = empty(Kind.INT, batch * width);
        device.upload(argmax, new int[batch * width]);
        bagsOf(y, argmax, features, values, offsets, weighted ? positive(n) : null, batch);
        keep("bags " + weighted, y);
        keep("bags argmax " + weighted, argmax);
      }
      Buffer ones = ints(IntStream.rangeClosed(0, n).toArray());
      for (Table table : List.of(wide, numbers)) {
        Buffer each = empty(n * table.width());
        bagsOf(each, null, List.of(new Bags(table, Pooling.SUM, 3)), values, ones, null, n);
        keep("bags of one, width " + table.width(), each);
      }
      rowGradients(values, n);
      Buffer dw = empty(n);
      device
          .kernels()
          .jagged()
          .weightGradients(dw, real(5000), other, values, ids(n, 5000 - 18), 0, n);
      keep("weightGradients", dw);
      Buffer id = ints(new int[n]);
      Buffer source = ints(new int[n]);
      device
          .kernels()
          .jagged()
          .places(id, source, 0, values, offsets, new Slice(batch, batch, 2, 7, 92));
      keep("places ids", id);
      keep("places source", source);
    }
    pooled();
  }

  private void bagsOf(
      Buffer y,
      @Nullable Buffer argmax,
      List<Bags> features,
      Buffer values,
      Buffer offsets,
      @Nullable Buffer weights,
      int batch) {
    device.kernels().jagged().bags(y, argmax, features, values, offsets, weights, batch);
  }

  private void rowGradients(Buffer values, int n) {
    var k = device.kernels().jagged();
    Buffer rows = empty(Kind.INT, n);
    Buffer segments = empty(Kind.INT, n + 1);
    Buffer order = empty(Kind.INT, n);
    int count = device.kernels().sort().merge(rows, segments, order, values, n, 30);
    keep("merge", count);
    keep("merge rows", rows, count);
    keep("merge segments", segments, count + 1);
    keep("merge order", order);
    Merged merged = new Merged(rows, segments, order, count);
    Buffer dy = real(4000);
    Buffer winners = ids(4000, 50);
    for (int width : new int[] {1, 18, 32}) {
      Buffer source = ids(n, 4000 - width);
      Buffer y = empty(count * width);
      k.sumRows(y, dy, merged, source, null, width);
      keep("sumRows " + width, y);
      k.sumRows(y, dy, merged, source, real(n), width);
      keep("sumRows weighted " + width, y);
      k.sumRowsMax(y, dy, merged, source, ids(n, 50), winners, width);
      keep("sumRowsMax " + width, y);
    }
    int many = 70_000; // longer than one part of the sort
    int bound = 1 << 20;
    Buffer ids = ids(many, bound);
    Buffer r = empty(Kind.INT, many);
    Buffer s = empty(Kind.INT, many + 1);
    Buffer o = empty(Kind.INT, many);
    int distinct = device.kernels().sort().merge(r, s, o, ids, many, bound);
    keep("long merge rows", r, distinct);
    keep("long merge segments", s, distinct + 1);
    keep("long merge order", o);
  }

  private void pooled() {
    var k = device.kernels().jagged();
    int bags = 60;
    int[] start = offsets(bags);
    int n = start[bags];
    Buffer offsets = ints(start);
    for (int width : new int[] {3, 16, 37}) {
      Buffer values = real(n * width);
      for (Pooling pooling : Pooling.values()) {
        Buffer y = empty(bags * width);
        @Nullable Buffer argmax = pooling == Pooling.MAX ? empty(Kind.INT, bags * width) : null;
        k.pool(y, argmax, values, offsets, pooling, bags, width);
        keep("pool " + pooling + width, y);
        Buffer dx = empty(n * width);
        k.poolBackward(dx, real(bags * width), argmax, offsets, pooling, bags, width);
        keep("poolBackward " + pooling + width, dx);
      }
      Buffer y = empty(bags * 4 * width);
      k.pad(y, values, offsets, bags, 4, width);
      keep("pad " + width, y);
      Buffer dx = empty(n * width);
      k.padBackward(dx, y, offsets, bags, 4, width);
      keep("padBackward " + width, dx);
    }
  }

  private void interaction() {
    var k = device.kernels().interaction();
    int[][] sizes = {{11, 27, 64}, {30, 5, 10}, {7, 1, 3}, {5, 17, 33}, {3, 40, 16}};
    for (int[] s : sizes) {
      int batch = s[0];
      int fields = s[1];
      int width = s[2];
      String name = " " + Arrays.toString(s);
      Buffer e = real(batch * fields * width);
      Buffer y = empty(batch);
      Buffer sums = empty(batch * width);
      k.pairwise(y, sums, e, batch, fields, width);
      keep("pairwise" + name, y);
      Buffer de = empty(batch * fields * width);
      k.pairwiseBackward(de, real(batch), sums, e, batch, fields, width);
      keep("pairwiseBackward" + name, de);
      for (boolean lower : new boolean[] {false, true}) {
        for (boolean self : new boolean[] {false, true}) {
          int pairs = fields * (fields - 1) / 2 + (self ? fields : 0);
          Buffer dots = empty(batch * pairs);
          k.dots(dots, Vectors.of(e), batch, fields, width, lower, self);
          keep("dots" + name + lower + self, dots);
          k.dotsBackward(
              Vectors.of(de),
              real(batch * pairs),
              Vectors.of(e),
              batch,
              fields,
              width,
              lower,
              self);
          keep("dotsBackward" + name + lower + self, de);
        }
      }
      Buffer q = real(batch * width);
      Buffer z = empty(batch * fields * 4 * width);
      k.facing(z, q, e, batch, fields, width);
      keep("facing" + name, z);
      Buffer dq = empty(batch * width);
      k.facingBackward(dq, de, real(z.length()), q, e, batch, fields, width);
      keep("facingBackward dq" + name, dq);
      keep("facingBackward dk" + name, de);
      Buffer w = real(batch * fields);
      k.weightedSum(dq, w, e, batch, fields, width);
      keep("weightedSum" + name, dq);
      Buffer dw = empty(batch * fields);
      k.weightedSumBackward(dw, de, q, w, e, batch, fields, width);
      keep("weightedSumBackward dw" + name, dw);
      keep("weightedSumBackward dx" + name, de);
      Buffer other = real(e.length());
      Buffer third = real(e.length());
      Buffer crossed = empty(e.length());
      k.cross(crossed, e, other, third, batch * fields, width, false);
      keep("cross" + name, crossed);
      k.crossBackward(de, crossed, third, e, other, batch * fields, width, false);
      keep("crossBackward dx0" + name, de);
      keep("crossBackward dz" + name, crossed);
      k.cross(crossed, e, w, third, batch * fields, width, true);
      keep("cross per row" + name, crossed);
      k.crossBackward(de, dw, third, e, w, batch * fields, width, true);
      keep("crossBackward per row dx0" + name, de);
      keep("crossBackward per row dz" + name, dw);
    }
  }

  private void recurrent() {
    var k = device.kernels().recurrent();
    int[][] sizes = {{26, 25, 10}, {40, 4, 32}, {1, 3, 1}};
    for (int[] s : sizes) {
      Size size = new Size(s[0], s[1], s[2]);
      int batch = s[0];
      int width = s[2];
      String name = " " + Arrays.toString(s);
      Buffer lengths = ids(batch, s[1] + 1);
      for (Reset reset : Reset.values()) {
        for (Mixing mixing : Mixing.values()) {
          boolean after = reset == Reset.AFTER;
          Sequences x =
              new Sequences(
                  real(3 * size.states()),
                  real(3 * width * width),
                  real(batch * width),
                  lengths,
                  size);
          Gru gru =
              new Gru(
                  reset,
                  mixing,
                  after ? real(width) : null,
                  mixing.attends() ? positive(batch * s[1]) : null);
          Buffer y = empty(size.states());
          Buffer kept = empty(k.gruKept(size));
          k.gru(y, kept, x, gru);
          keep("gru " + reset + mixing + name, y);
          Buffer projected = empty(3 * size.states());
          Buffer u = empty(3 * width * width);
          Buffer initial = empty(batch * width);
          Buffer bias = empty(width);
          Buffer attention = empty(batch * s[1]);
          GruGradients to =
              new GruGradients(
                  projected, u, initial, after ? bias : null, mixing.attends() ? attention : null);
          k.gruBackward(to, real(size.states()), y, kept, x, gru);
          keep("gruBackward projected " + reset + mixing + name, projected);
          keep("gruBackward u " + reset + mixing + name, u);
          keep("gruBackward initial " + reset + mixing + name, initial);
          if (after) {
            keep("gruBackward bias " + mixing + name, bias);
          }
          if (mixing.attends()) {
            keep("gruBackward attention " + reset + mixing + name, attention);
          }
        }
      }
      lstm(size, lengths);
    }
  }

  private void lstm(Size size, Buffer lengths) {
    var k = device.kernels().recurrent();
    int state = size.batch() * size.width();
    int weights = 4 * size.width() * size.width();
    Sequences x = new Sequences(real(4 * size.states()), real(weights), real(state), lengths, size);
    Buffer y = empty(size.states() + state);
    Buffer kept = empty(k.lstmKept(size));
    k.lstm(y, kept, x, real(state));
    keep("lstm " + size, y);
    Buffer projected = empty(4 * size.states());
    Buffer u = empty(weights);
    Buffer initial = empty(state);
    Buffer cell = empty(state);
    k.lstmBackward(
        new LstmGradients(projected, u, initial, cell), real(size.states() + state), y, kept, x);
    keep("lstmBackward projected " + size, projected);
    keep("lstmBackward u " + size, u);
    keep("lstmBackward initial " + size, initial);
    keep("lstmBackward cell " + size, cell);
  }

  private void loss() {
    var k = device.kernels().loss();
    int n = 301;
    Buffer z = real(n);
    device.kernels().elementwise().unary(Unary.AFFINE, z, z, n, 20, 0);
    Buffer t = real(n);
    device.kernels().elementwise().unary(Unary.CLIP, t, t, n, 0, 1);
    Buffer y = empty(n);
    k.crossEntropy(y, z, t, n);
    keep("crossEntropy", y);
    k.crossEntropyBackward(y, real(n), z, t, n);
    keep("crossEntropyBackward", y);
  }

  private void random() {
    var k = device.kernels().random();
    Buffer y = empty(777);
    k.uniform(y, 5, 777);
    keep("uniform", y);
    k.dropout(y, 6, 0.75, 777);
    keep("dropout", y);
  }

  private static final Adam ADAM = new Adam(0.01, 0.9, 0.999, 1e-8, 1 / 0.19, 1 / 0.001999);
  private static final Ftrl FTRL = new Ftrl(0.1, 1, 0.5, 0.2);

  private void denseUpdates() {
    var k = device.kernels().update();
    int n = 331;
    Buffer w = real(n);
    Buffer v = real(n);
    Buffer s = positive(n);
    k.sgd(w, real(n), 0.1, n);
    keep("sgd", w);
    k.momentum(w, v, real(n), 0.1, 0.9, false, n);
    k.momentum(w, v, real(n), 0.1, 0.9, true, n);
    keep("momentum w", w);
    keep("momentum v", v);
    k.adagrad(w, s, real(n), 0.1, 1e-10, n);
    keep("adagrad w", w);
    keep("adagrad s", s);
    k.adam(w, v, s, real(n), ADAM, n);
    keep("adam w", w);
    keep("adam m", v);
    keep("adam v", s);
    k.ftrl(w, v, s, real(n), FTRL, n);
    keep("ftrl w", w);
    keep("ftrl z", v);
    keep("ftrl n", s);
    k.proximal(w, 5, 66, 0.01, 0.3);
    keep("proximal", w);
  }

  private RowGradient rows(Buffer ids, int n, int count) {
    return new RowGradient.Summed(ids, real(n), count);
  }

  /// A gradient in terms, some of the same row, and one with coefficients.
  private List<RowGradient> terms(int rows, int width) {
    int n = 300;
    Buffer distinct = empty(Kind.INT, n);
    Buffer segments = empty(Kind.INT, n + 1);
    Buffer order = empty(Kind.INT, n);
    int count = device.kernels().sort().merge(distinct, segments, order, ids(n, rows), n, rows);
    Merged merged = new Merged(distinct, segments, order, count);
    Buffer dy = real(4000);
    Buffer source = ids(n, 4000 - width);
    return List.of(
        new RowGradient.Places(merged, dy, source, null),
        new RowGradient.Places(merged, dy, source, real(n)));
  }

  private void rowUpdates() {
    var k = device.kernels().update();
    // Rows of 4, 8 and 24 are whole vectors on some machines and not on others.
    for (int width : new int[] {1, 3, 4, 8, 10, 16, 24, 30, 64}) {
      int rows = 200;
      int[] some = IntStream.range(0, rows).filter(r -> r % 3 != 1).toArray();
      int count = some.length;
      Buffer ids = ints(some);
      int n = count * width;
      String name = " " + width;
      try (Table w = table(rows, width);
          Table v = table(rows, width);
          Table s = positiveTable(rows, width);
          Table one = positiveTable(rows, 1)) {
        k.sgdRows(w, rows(ids, n, count), 0.1);
        keep("sgdRows" + name, w);
        k.momentumRows(w, v, rows(ids, n, count), 0.1, 0.9, false);
        k.momentumRows(w, v, rows(ids, n, count), 0.1, 0.9, true);
        keep("momentumRows w" + name, w);
        keep("momentumRows v" + name, v);
        k.adagradRows(w, s, rows(ids, n, count), 0.1, 1e-10);
        keep("adagradRows w" + name, w);
        keep("adagradRows s" + name, s);
        k.rowWiseAdagradRows(w, one, rows(ids, n, count), 0.1, 1e-10);
        keep("rowWiseAdagradRows w" + name, w);
        keep("rowWiseAdagradRows s" + name, one);
        k.adamRows(w, v, s, rows(ids, n, count), ADAM);
        keep("adamRows w" + name, w);
        for (RowGradient terms : terms(rows, width)) {
          k.adamRows(w, v, s, terms, ADAM);
          k.adagradRows(w, s, terms, 0.1, 1e-10);
          k.sgdRows(w, terms, 0.1);
          keep("updates of terms" + name, w);
        }
        k.adamAllRows(w, v, s, rows(ids, n, count), ADAM, 0.1, 1);
        keep("adamAllRows w" + name, w);
        keep("adamAllRows m" + name, v);
        keep("adamAllRows v" + name, s);
        k.ftrlRows(w, v, s, rows(ids, n, count), FTRL);
        keep("ftrlRows w" + name, w);
        keep("ftrlRows z" + name, v);
        keep("ftrlRows n" + name, s);
        k.proximalRows(w, ids, count, 0.01, 0.3);
        keep("proximalRows" + name, w);
        Buffer g = real(n);
        k.addRowPenalty(g, w, ids, null, count, 0.3);
        k.addRowPenalty(g, w, ids, positive(count), count, 0.3);
        keep("addRowPenalty" + name, g);
        keep("sumOfSquaresRows" + name, k.sumOfSquaresRows(w, ids, count));
        keep("sumOfSquaresAll" + name, k.sumOfSquaresAll(w, 2));
        k.decayAbsentRows(w, ids, count, 0.25, 1);
        keep("decayAbsentRows" + name, w);
      }
    }
  }
}
