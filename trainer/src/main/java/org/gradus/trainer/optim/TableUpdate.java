// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.TableParameter;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceException;
import org.gradus.tensor.ElementwiseKernels.Binary;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Kind;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Table;
import org.gradus.tensor.Tensor;
import org.gradus.tensor.UpdateKernels;
import org.gradus.trainer.store.Stored;
import org.jspecify.annotations.Nullable;

/// The step of a table: the rows of the batch, and the others where rule or penalty reach them.
final class TableUpdate implements Update {
  /// Absent rows moved at once.
  private static final int CHUNK = 1 << 14;

  private final TableParameter parameter;
  private final Group group;
  private final Device device;
  private final AdamNumbers adamNumbers;
  private final Table table;
  private final List<Table> state = new ArrayList<>();
  private final RowCounts counts;
  private final Taken taken = new Taken();

  /// The gradient of one step. Where nothing but the update wants the sums of the rows, they are never made.
  private final class Taken {
    private @Nullable Scope scope;
    private Gradient.@Nullable Rows given;
    private @Nullable Tensor own; // the sums, ours to write into
    private double decay; // λ₂ of rows that the batch does not hold

    void take(@Nullable Scope scope, Gradient.@Nullable Rows given, double decay) {
      this.scope = scope;
      this.given = given;
      this.own = null;
      this.decay = decay;
    }

    Scope scope() {
      return taken(scope);
    }

    private Gradient.Rows given() {
      return taken(given);
    }

    private <T> T taken(@Nullable T part) {
      if (part == null) {
        throw new IllegalStateException("optimiser: no gradient was taken for " + parameter.path());
      }
      return part;
    }

    /// `[≥ count]`, distinct, rising
    Tensor rows() {
      return given().rows();
    }

    int count() {
      return given().count();
    }

    /// `[≥ count, D]`
    Tensor values() {
      Tensor known = own;
      if (known == null) {
        known = writable(given().values(), scope());
        own = known;
      }
      return known;
    }

    RowGradient source() {
      return own == null
          ? given().source()
          : new RowGradient.Summed(rows().buffer(), own.buffer(), count());
    }
  }

  TableUpdate(TableParameter parameter, Group group, Device device, AdamNumbers adamNumbers) {
    this.parameter = parameter;
    this.group = group;
    this.device = device;
    this.adamNumbers = adamNumbers;
    this.table = parameter.table();
    if (group.penalty().l1() > 0 && group.penalty().tables() != Penalty.Tables.ROWS) {
      throw new IllegalArgumentException(
          "penalty: l1 on table "
              + parameter.path()
              + " with "
              + group.penalty().tables()
              + ". Expected ROWS; for zeros over a whole table use FTRL.");
    }
    this.counts = new RowCounts(parameter, group.penalty(), device);
    boolean rowWise = group.rule() instanceof Rule.RowWiseAdagrad;
    for (int i = 0; i < group.rule().state().size(); i++) {
      state.add(moment(rowWise ? 1 : table.width()));
    }
    switch (group.rule()) {
      case Rule.Adagrad r -> fill(state.getFirst(), r.initial());
      case Rule.RowWiseAdagrad r -> fill(state.getFirst(), r.initial());
      case Rule.Ftrl ftrl -> startFtrl(ftrl);
      case Rule.Sgd _, Rule.Adam _, Rule.Proximal _ -> {}
    }
  }

  private Table moment(int width) {
    try {
      return device.table(table.rows(), width);
    } catch (DeviceException e) {
      throw e.during("what the optimiser keeps of " + parameter.path());
    }
  }

  private static void fill(Table t, double value) {
    for (int first = 0; value != 0 && first < t.rows(); first += CHUNK) {
      double[] values = new double[Math.min(CHUNK, t.rows() - first) * t.width()];
      Arrays.fill(values, value);
      t.write(first, values);
    }
  }

  private void startFtrl(Rule.Ftrl ftrl) {
    for (int first = 0; first < table.rows(); first += CHUNK) {
      double[] z = new double[Math.min(CHUNK, table.rows() - first) * table.width()];
      table.read(first, z);
      for (int i = 0; i < z.length; i++) {
        z[i] = Update.ftrlStart(z[i], group.rate(), ftrl);
      }
      state.getFirst().write(first, z);
    }
  }

  /// How often each row occurs in the training rows, for [Penalty.Tables#DIN].
  void frequencies(float[] given) {
    counts.give(given);
  }

  @Override
  public Parameter parameter() {
    return parameter;
  }

  @Override
  public Group group() {
    return group;
  }

  private Penalty penalty() {
    return group.penalty();
  }

  @Override
  public double take(@Nullable Gradient given, Scope step) {
    Gradient.Rows rows =
        switch (given) {
          case Gradient.Rows g -> g;
          case null ->
              new Gradient.Rows(
                  step.allocate("gradient", Kind.INT, Shape.of(0)),
                  step.real("gradient", Shape.of(0, table.width())),
                  0);
          case Gradient.Dense _ ->
              throw new IllegalArgumentException(
                  "optimiser: " + parameter.path() + " is a table, its gradient is dense.");
        };
    boolean all = penalty().tables() == Penalty.Tables.ALL;
    taken.take(step, rows, all ? penalty().l2OfTables() : 0);
    return penalty().none() ? 0 : penalise(taken);
  }

  private Tensor writable(Tensor values, Scope step) {
    if (values.sole()) {
      return values;
    }
    Tensor copy = step.real("gradient", values.shape());
    device
        .kernels()
        .elementwise()
        .unary(Unary.AFFINE, copy.buffer(), values.buffer(), values.elements(), 1, 0);
    return copy;
  }

  private double penalise(Taken t) {
    double l2 = penalty().l2OfTables();
    double l1 = penalty().l1();
    if (l2 == 0 && l1 == 0) {
      return 0;
    }
    UpdateKernels update = device.kernels().update();
    Buffer rows = t.rows().buffer();
    Buffer g = t.values().buffer();
    double value = 0;
    if (l2 > 0) {
      Tensor scale = inverseFrequencies(t);
      update.addRowPenalty(g, table, rows, scale == null ? null : scale.buffer(), t.count(), l2);
      double squares =
          switch (penalty().tables()) {
            case ROWS -> update.sumOfSquaresRows(table, rows, t.count());
            case ALL -> update.sumOfSquaresAll(table, parameter.firstTrainedRow());
            case DIN, DIN_RUNNING -> scale == null ? 0 : weightedSquares(t, scale);
          };
      value += 0.5 * l2 * squares;
    }
    if (l1 > 0) {
      Tensor w = gather(t);
      int n = t.count() * table.width();
      DenseUpdate.addMagnitudePenalty(device, t.scope(), g, w.buffer(), l1, n);
      value += l1 * device.kernels().reduce().sumOfMagnitudes(w.buffer(), n);
      t.scope().release(w);
    }
    return value;
  }

  private Tensor gather(Taken t) {
    Tensor w = t.scope().real("penalty", Shape.of(t.count(), table.width()));
    device.kernels().gather().rows(w.buffer(), table, t.rows().buffer(), t.count());
    return w;
  }

  /// 1/n of each row of the batch, where the penalty weighs with it.
  private @Nullable Tensor inverseFrequencies(Taken t) {
    return switch (penalty().tables()) {
      case ROWS, ALL -> null;
      case DIN, DIN_RUNNING ->
          t.scope().upload(Shape.of(t.count()), counts.inverse(t.rows().toInts(), t.count()));
    };
  }

  /// Σ over rows of scale · ‖row‖²
  private double weightedSquares(Taken t, Tensor scale) {
    Tensor w = gather(t);
    Tensor norms = t.scope().real("penalty", Shape.of(t.count()));
    Tensor sum = t.scope().real("penalty", Shape.scalar());
    var elementwise = device.kernels().elementwise();
    var reduce = device.kernels().reduce();
    elementwise.unary(Unary.SQUARE, w.buffer(), w.buffer(), w.elements(), 0, 0);
    reduce.sum(norms.buffer(), w.buffer(), t.count(), table.width(), 1, 1);
    elementwise.binary(Binary.MULTIPLY, norms.buffer(), norms.buffer(), scale.buffer(), t.count());
    reduce.sum(sum.buffer(), norms.buffer(), 1, t.count(), 1, 1);
    double value = sum.item();
    t.scope().release(sum);
    t.scope().release(norms);
    t.scope().release(w);
    return value;
  }

  @Override
  public double squaredNorm() {
    Taken t = taken;
    double present =
        device.kernels().reduce().sumOfSquares(t.values().buffer(), t.count() * table.width());
    if (t.decay == 0) {
      return present;
    }
    UpdateKernels update = device.kernels().update();
    double absent =
        update.sumOfSquaresAll(table, parameter.firstTrainedRow())
            - update.sumOfSquaresRows(table, t.rows().buffer(), t.count());
    return present + t.decay * t.decay * Math.max(0, absent);
  }

  @Override
  public void scale(double factor) {
    Taken t = taken;
    Buffer g = t.values().buffer();
    device.kernels().elementwise().unary(Unary.AFFINE, g, g, t.count() * table.width(), factor, 0);
    t.decay *= factor;
  }

  @Override
  public int firstNonFinite() {
    Taken t = taken;
    return device.kernels().reduce().firstNonFinite(t.values().buffer(), t.count() * table.width());
  }

  @Override
  public void move(double rate, long step) {
    Taken t = taken;
    UpdateKernels update = device.kernels().update();
    RowGradient g = t.source();
    boolean moves = group.movesAbsentRows() || t.decay > 0;
    if (moves && group.rule() instanceof Rule.Adam adam) {
      update.adamAllRows(
          table,
          state.get(0),
          state.get(1),
          g,
          adamNumbers.of(adam, rate, step),
          t.decay,
          parameter.firstTrainedRow());
    } else {
      moveRows(g, rate, step);
      if (moves && group.rule().equals(Rule.Sgd.PLAIN)) {
        update.decayAbsentRows(
            table, t.rows().buffer(), t.count(), rate * t.decay, parameter.firstTrainedRow());
      } else if (moves) {
        moveAbsentRows(t, rate, step);
      }
    }
    t.take(null, null, 0);
  }

  private void moveRows(RowGradient g, double rate, long step) {
    UpdateKernels update = device.kernels().update();
    switch (group.rule()) {
      case Rule.Sgd sgd -> {
        if (sgd.momentum() == 0) {
          update.sgdRows(table, g, rate);
        } else {
          update.momentumRows(table, state.get(0), g, rate, sgd.momentum(), sgd.nesterov());
        }
      }
      case Rule.Adagrad r -> update.adagradRows(table, state.get(0), g, rate, r.epsilon());
      case Rule.RowWiseAdagrad r ->
          update.rowWiseAdagradRows(table, state.get(0), g, rate, r.epsilon());
      case Rule.Adam adam ->
          update.adamRows(table, state.get(0), state.get(1), g, adamNumbers.of(adam, rate, step));
      case Rule.Ftrl r ->
          update.ftrlRows(
              table,
              state.get(0),
              state.get(1),
              g,
              new UpdateKernels.Ftrl(rate, r.beta(), r.l1(), r.l2()));
      case Rule.Proximal(var l1, var l21) -> {
        update.sgdRows(table, g, rate);
        update.proximalRows(table, g.rows(), g.count(), rate * l1, rate * l21);
      }
    }
  }

  /// Rows that the batch does not hold, with gradient λ₂w, some at a time.
  private void moveAbsentRows(Taken t, double rate, long step) {
    int[] present = t.rows().toInts();
    int[] absent = new int[Math.min(CHUNK, table.rows())];
    int next = 0; // the first row of the batch that was not passed yet
    int n = 0;
    for (int row = parameter.firstTrainedRow(); row < table.rows(); row++) {
      while (next < t.count() && present[next] < row) {
        next++;
      }
      if (next == t.count() || present[next] != row) {
        absent[n++] = row;
      }
      if (n == absent.length || (n > 0 && row == table.rows() - 1)) {
        moveAbsentRows(t, Arrays.copyOf(absent, n), rate, step);
        n = 0;
      }
    }
  }

  private void moveAbsentRows(Taken t, int[] absent, double rate, long step) {
    Tensor rows = t.scope().upload(Shape.of(absent.length), absent);
    Tensor g = t.scope().real("penalty", Shape.of(absent.length, table.width()));
    device.kernels().elementwise().fill(g.buffer(), 0, g.elements());
    if (t.decay > 0) {
      device
          .kernels()
          .update()
          .addRowPenalty(g.buffer(), table, rows.buffer(), null, absent.length, t.decay);
    }
    moveRows(new RowGradient.Summed(rows.buffer(), g.buffer(), absent.length), rate, step);
    t.scope().release(g);
    t.scope().release(rows);
  }

  @Override
  public void collect(SortedMap<String, Stored> into) {
    List<String> names = group.rule().state();
    for (int i = 0; i < names.size(); i++) {
      into.put(parameter.path() + "@" + names.get(i), new Stored.Rows(state.get(i)));
    }
    counts.collect(into);
  }

  @Override
  public void close() {
    state.forEach(Table::close);
    counts.close();
  }
}
