// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.JaggedKernels.Bags;
import org.gradus.tensor.Kernels;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.SortKernels.Merged;
import org.gradus.tensor.Table;
import org.gradus.tensor.UpdateKernels;
import org.gradus.tensor.UpdateKernels.Adam;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Random rows of a table of 2.6 million, as many as a batch of 2048 examples of 26 fields looks up: copied, pooled by the bag of
/// 20, and moved by an optimiser; each in one pass, beside the same with what lies between in memory. Copies in plain Java run on one
/// thread and are to be compared with `threads` = 1; the heap lies in large pages, as tables do. Before anything is measured, both
/// ways must give the same numbers.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms1500m", "-Xmx1500m", "-XX:+UseTransparentHugePages"})
public class RowsBenchmark {
  private static final int ROWS = 2_600_000;
  private static final int ROWS_AT_ONCE = 10_000;

  /// Of the tables on which two ways of an update are compared: a row comes up several times.
  private static final int FEW_ROWS = 10_000;

  private static final int PLACES = 2048 * 26;

  /// Batches of ids, taken in turn: together they are larger than the last cache, and the rows of a batch lie in memory, as in training.
  private static final int BATCHES = 16;

  private static final int BAG = 20;
  private static final int BAGS = PLACES / BAG;
  private static final double RATE = 1e-3;
  private static final double EPSILON = 1e-8;

  /// The tenth step, with the usual numbers.
  private static final Adam TENTH_STEP =
      new Adam(
          RATE, 0.9, 0.999, EPSILON, 1 / (1 - Math.pow(0.9, 10)), 1 / (1 - Math.pow(0.999, 10)));

  @Param({"1", "2"})
  private int threads = 2;

  @Param({"16", "64"})
  private int width = 1;

  private Device device = Device.open("reference");
  private Tables tables = new Tables(device, 1, 1, 1);
  private float[] heap = {}; // the rows again
  private int[][] ids = {};
  private float[] copies = {};
  private Buffer[] idsThere = {};
  private Buffer offsets = buffer(0);
  private Buffer ones = buffer(0); // offsets of bags of one
  private int batch;
  private Buffer rows = buffer(0);
  private Buffer bags = buffer(0);

  private Buffer buffer(int n) {
    return device.allocate(Kind.REAL, n);
  }

  /// Fills the table, and compares the ways.
  @Setup(Level.Trial)
  public void setUp() {
    tearDown();
    device = Device.open("cpu", DeviceOptions.defaults().withThreads(threads));
    tables = new Tables(device, ROWS, width, PLACES);
    fill();
    ids = new int[BATCHES][];
    Arrays.setAll(ids, b -> ids(b, PLACES, ROWS));
    copies = new float[PLACES * width];
    idsThere = Stream.of(ids).map(each -> upload(device, each)).toArray(Buffer[]::new);
    ones = upload(device, multiples(PLACES + 1, 1));
    offsets = upload(device, multiples(BAGS + 1, BAG));
    rows = buffer(PLACES * width);
    bags = buffer(BAGS * width);
    check();
  }

  private void fill() {
    heap = new float[ROWS * width];
    float[] some = new float[ROWS_AT_ONCE * width];
    for (int first = 0; first < ROWS; first += ROWS_AT_ONCE) {
      int at = first * width;
      for (int i = 0; i < some.length; i++) {
        some[i] = Counter.uniform(1, at + i) - 0.5f;
      }
      tables.weights.write(first, some);
      System.arraycopy(some, 0, heap, at, some.length);
    }
  }

  private static int[] ids(int batch, int n, int bound) {
    int[] ids = new int[n];
    for (int i = 0; i < n; i++) {
      ids[i] = (int) Counter.below(2, (long) batch * n + i, bound);
    }
    return ids;
  }

  private static int[] multiples(int n, int step) {
    int[] values = new int[n];
    for (int i = 0; i < n; i++) {
      values[i] = i * step;
    }
    return values;
  }

  private static Buffer upload(Device device, int... values) {
    Buffer there = device.allocate(Kind.INT, values.length);
    device.upload(there, values);
    return there;
  }

  private static float[] download(Device device, Buffer from, int n) {
    float[] values = new float[n];
    device.download(values, from);
    return values;
  }

  private void check() {
    float[] copied = onFirst(this::lookupByArraycopy);
    Agreement.check("rows", values(this::lookup, PLACES), copied);
    Agreement.check("bags of one", values(this::bagOfOne, PLACES), copied);
    Agreement.check("bags", values(this::bag, BAGS), values(this::bagOfRows, BAGS));
    for (Rule rule : Rule.values()) {
      try (Tables one = new Tables(device, FEW_ROWS, width, PLACES);
          Tables other = new Tables(device, FEW_ROWS, width, PLACES)) {
        rule.update(one, one.places(0));
        rule.update(other, other.summed(0));
        Agreement.check(rule + ", weights", read(one.weights), read(other.weights));
        for (int i = 0; i < rule.states(one).size(); i++) {
          float[] state = read(rule.states(one).get(i));
          Agreement.check(rule + ", state " + i, state, read(rule.states(other).get(i)));
        }
      }
    }
  }

  private float[] values(Supplier<Buffer> way, int vectors) {
    return download(device, onFirst(way), vectors * width);
  }

  private <T> T onFirst(Supplier<T> way) {
    batch = BATCHES - 1;
    return way.get();
  }

  /// How rows learn, and what is kept beside them.
  private enum Rule {
    SGD,
    ADAGRAD,
    ROW_WISE_ADAGRAD,
    ADAM;

    private List<Table> states(Tables t) {
      return switch (this) {
        case SGD -> List.of();
        case ADAGRAD -> List.of(t.first);
        case ROW_WISE_ADAGRAD -> List.of(t.squares);
        case ADAM -> List.of(t.first, t.second);
      };
    }

    Table update(Tables t, RowGradient gradient) {
      UpdateKernels update = t.kernels.update();
      switch (this) {
        case SGD -> update.sgdRows(t.weights, gradient, RATE);
        case ADAGRAD -> update.adagradRows(t.weights, t.first, gradient, RATE, EPSILON);
        case ROW_WISE_ADAGRAD ->
            update.rowWiseAdagradRows(t.weights, t.squares, gradient, RATE, EPSILON);
        case ADAM -> update.adamRows(t.weights, t.first, t.second, gradient, TENTH_STEP);
      }
      return t.weights;
    }
  }

  private static float[] read(Table table) {
    float[] values = new float[table.rows() * table.width()];
    table.read(0, values);
    return values;
  }

  /// Frees the tables.
  @TearDown(Level.Trial)
  public void tearDown() {
    tables.close();
    device.close();
  }

  /// A table of zeros with what optimisers keep beside it, and the gradient of the rows that a batch looked up.
  private static final class Tables implements AutoCloseable {
    private final Kernels kernels;
    private final int width;
    private final Table weights;
    private final Table squares; // of row-wise Adagrad, one number a row
    private final Table first; //   Adam's m, Adagrad's squares
    private final Table second; //  Adam's v
    private final Merged[] merged = new Merged[BATCHES];
    private final Buffer dy; //     `[places, width]`
    private final Buffer source; // where in it the slice of each place starts
    private final Buffer sums; //   of each distinct row

    Tables(Device device, int rows, int width, int places) {
      this.kernels = device.kernels();
      this.width = width;
      weights = device.table(rows, width);
      squares = device.table(rows, 1);
      first = device.table(rows, width);
      second = device.table(rows, width);
      Arrays.setAll(merged, b -> merged(device, ids(b, places, rows), rows));
      source = upload(device, multiples(places, width));
      sums = device.allocate(Kind.REAL, places * width);
      dy = device.allocate(Kind.REAL, places * width);
      float[] gradient = new float[places * width];
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] = Counter.uniform(3, i) - 0.5f;
      }
      device.upload(dy, gradient);
    }

    private static Merged merged(Device device, int[] ids, int rows) {
      int n = ids.length;
      Buffer distinct = device.allocate(Kind.INT, n);
      Buffer segments = device.allocate(Kind.INT, n + 1);
      Buffer order = device.allocate(Kind.INT, n);
      int count =
          device.kernels().sort().merge(distinct, segments, order, upload(device, ids), n, rows);
      return new Merged(distinct, segments, order, count);
    }

    /// The gradient where the backward pass left it.
    RowGradient places(int batch) {
      return new RowGradient.Places(merged[batch], dy, source, null);
    }

    /// The gradient summed by row, all of it.
    RowGradient summed(int batch) {
      Merged of = merged[batch];
      kernels.jagged().sumRows(sums, dy, of, source, null, width);
      return new RowGradient.Summed(of.rows(), sums, of.count());
    }

    @Override
    public void close() {
      weights.close();
      squares.close();
      first.close();
      second.close();
    }
  }

  private int next() {
    batch = (batch + 1) % BATCHES;
    return batch;
  }

  /// 53,248 random rows, one after the other.
  @Benchmark
  public Buffer lookup() {
    device.kernels().gather().rows(rows, tables.weights, idsThere[next()], PLACES);
    return rows;
  }

  /// The same as bags of one row each, as models look up their fields.
  @Benchmark
  public Buffer bagOfOne() {
    List<Bags> features = List.of(new Bags(tables.weights, Pooling.SUM, -1));
    device.kernels().jagged().bags(rows, null, features, idsThere[next()], ones, null, PLACES);
    return rows;
  }

  /// The same from an array on the heap, a [System#arraycopy] each, on one thread.
  @Benchmark
  public float[] lookupByArraycopy() {
    int[] some = ids[next()];
    for (int i = 0; i < some.length; i++) {
      System.arraycopy(heap, some[i] * width, copies, i * width, width);
    }
    return copies;
  }

  /// 2,662 bags of 20 random rows, each row added to its bag as it is read.
  @Benchmark
  public Buffer bag() {
    List<Bags> features = List.of(new Bags(tables.weights, Pooling.SUM, -1));
    device.kernels().jagged().bags(bags, null, features, idsThere[next()], offsets, null, BAGS);
    return bags;
  }

  /// The same as a lookup, and sums over 20 rows each of what it wrote.
  @Benchmark
  public Buffer bagOfRows() {
    device.kernels().gather().rows(rows, tables.weights, idsThere[next()], BAGS * BAG);
    device.kernels().reduce().sum(bags, rows, BAGS, BAG, width, 1);
    return bags;
  }

  private Table places(Rule rule) {
    return rule.update(tables, tables.places(next()));
  }

  private Table summed(Rule rule) {
    return rule.update(tables, tables.summed(next()));
  }

  /// SGD, a row's gradient summed as the row is moved.
  @Benchmark
  public Table sgd() {
    return places(Rule.SGD);
  }

  /// The same after the gradients of all rows were summed and written out.
  @Benchmark
  public Table sgdOfSums() {
    return summed(Rule.SGD);
  }

  /// Adagrad with a square for every number, as [#sgd()].
  @Benchmark
  public Table adagrad() {
    return places(Rule.ADAGRAD);
  }

  /// As [#sgdOfSums()].
  @Benchmark
  public Table adagradOfSums() {
    return summed(Rule.ADAGRAD);
  }

  /// Adagrad with one number a row, as [#sgd()].
  @Benchmark
  public Table rowWiseAdagrad() {
    return places(Rule.ROW_WISE_ADAGRAD);
  }

  /// As [#sgdOfSums()].
  @Benchmark
  public Table rowWiseAdagradOfSums() {
    return summed(Rule.ROW_WISE_ADAGRAD);
  }

  /// Adam on the rows looked up, as [#sgd()].
  @Benchmark
  public Table adam() {
    return places(Rule.ADAM);
  }

  /// As [#sgdOfSums()].
  @Benchmark
  public Table adamOfSums() {
    return summed(Rule.ADAM);
  }
}
