// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.numbers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Recurrent.LstmInputs;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.BiLstm.Merge;
import org.gradus.layers.BiLstm.Stacking;
import org.gradus.layers.Rnn.Activation;
import org.gradus.tensor.RecurrentKernels.Mixing;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The rules of padding, for every recurrent layer: what stands at padding, how much of it there is, and which rows stand
/// around, changes no output, no loss and no gradient; padding gives 0, and a row of nothing but padding is finite.
class RecurrentPaddingTest {
  private static final int D = 3; // numbers in a step and in a state
  private static final int T = 4;

  /// What a layer says: after every step `[B, T, C]`, and at the end `[B, C]`.
  ///
  /// @param carried the states that go on at padding `[B, T, C]`; null for a layer that has none
  record Said(Var emitted, Var last, @Nullable Var carried) {}

  interface Built {
    /// What it says of a batch.
    ///
    /// @param initial h₀ `[B, D]`, and of an LSTM c₀; null for zeros
    Said run(Bench bench, Var x, @Nullable Var initial, int[] lengths);
  }

  /// A layer under test.
  ///
  /// @param drops whether training drops numbers, which are drawn row by row of a batch
  /// @param takesInitial whether rows may begin elsewhere than at zero
  record Layer(String name, boolean drops, boolean takesInitial, Function<Params, Built> builder) {
    Layer(String name, Function<Params, Built> builder) {
      this(name, false, true, builder);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Layer> layers() {
    List<Layer> all = new ArrayList<>();
    for (Activation activation : Activation.values()) {
      for (int window : new int[] {Rnn.Config.WHOLE, 2}) {
        Rnn.Config config = new Rnn.Config(activation, window);
        all.add(new Layer("rnn " + config, params -> rnn(config, params)));
      }
    }
    for (Lstm.Config cell : cells()) {
      for (Lstm.Order order : Lstm.Order.values()) {
        Lstm.Config config = cell.withOrder(order);
        all.add(new Layer("lstm " + config, drops(config), true, params -> lstm(config, params)));
      }
      for (Lstm.Order order : List.of(Lstm.Order.FORWARD, Lstm.Order.BACKWARD)) {
        LstmStack.Config config = new LstmStack.Config(3, 0, cell.withOrder(order));
        all.add(new Layer("three " + config, drops(cell), true, params -> stack(config, params)));
      }
    }
    for (Mixing mixing : Mixing.values()) {
      for (Gru.Form form :
          List.of(
              new Gru.Form(Reset.BEFORE, mixing, false),
              new Gru.Form(Reset.AFTER, mixing, false),
              new Gru.Form(Reset.AFTER, mixing, true))) {
        all.add(new Layer("gru " + form, params -> gru(form, params)));
      }
    }
    for (Lstm.Config cell : cells()) {
      for (Stacking stacking : Stacking.values()) {
        for (int residual = 0; residual <= 2; residual++) {
          for (Merge merge : Merge.values()) {
            BiLstm.Config config = new BiLstm.Config(2, residual, merge, stacking, cell);
            all.add(
                new Layer(
                    "bilstm " + config, drops(cell), false, params -> bilstm(config, params)));
          }
        }
      }
    }
    return all.stream();
  }

  /// Layers in which rows of a batch are treated alike.
  static Stream<Layer> layersThatDropNothing() {
    return layers().filter(l -> !l.drops);
  }

  /// Layers whose rows may begin elsewhere than at zero.
  static Stream<Layer> layersWithAnInitialState() {
    return layers().filter(Layer::takesInitial);
  }

  /// In one kernel, and unrolled: with peepholes, with dropout of input and state, with both.
  private static List<Lstm.Config> cells() {
    Lstm.Config peephole = Lstm.Config.PLAIN.withPeephole(true);
    return List.of(
        Lstm.Config.PLAIN,
        peephole,
        Lstm.Config.PLAIN.withDropout(0.3, 0.2),
        peephole.withDropout(0.3, 0.2));
  }

  private static boolean drops(Lstm.Config cell) {
    return cell.inputDropout() > 0;
  }

  private static Built rnn(Rnn.Config config, Params params) {
    Rnn rnn = new Rnn(D, D, config, params);
    return (_, x, initial, lengths) -> {
      Tensor mask = Masks.sequenceMask(x.tape().scope(), lengths, x.size(1));
      return said(rnn.forward(x, initial, mask));
    };
  }

  private static Built lstm(Lstm.Config config, Params params) {
    Lstm lstm = new Lstm(D, D, config, params);
    return (bench, x, initial, lengths) -> {
      LstmInputs more = new LstmInputs(initial, initial, bench.lengths(lengths));
      return said(lstm.forward(x, more, training(x)).states());
    };
  }

  private static Built stack(LstmStack.Config config, Params params) {
    LstmStack stack = new LstmStack(D, D, config, params);
    return (bench, x, initial, lengths) -> {
      List<Lstm.Memory> memories =
          initial == null ? null : Collections.nCopies(3, new Lstm.Memory(initial, initial));
      return said(stack.forward(x, memories, bench.lengths(lengths), training(x)).states());
    };
  }

  /// Where the form takes attention, it comes from the steps, and at padding from what stands there.
  private static Built gru(Gru.Form form, Params params) {
    Gru gru = new Gru(D, D, form, params);
    boolean attends = form.mixing() != Mixing.UPDATE && form.mixing() != Mixing.KEEP;
    return (bench, x, initial, lengths) -> {
      Var attention = attends ? x.index(2, 0).sigmoid() : null;
      return said(gru.forward(x, initial, attention, bench.lengths(lengths)));
    };
  }

  private static Built bilstm(BiLstm.Config config, Params params) {
    BiLstm layer = new BiLstm(D, D, config, params);
    return (bench, x, _, lengths) -> {
      BiStates states = layer.forward(x, bench.lengths(lengths), training(x));
      if (config.merge() == Merge.NONE) {
        Var last = Var.concat(1, states.last().stream().map(Lstm.Memory::h).toList());
        return new Said(Var.concat(2, List.of(states.forward(), states.backward())), last, null);
      }
      return new Said(states.merged(), states.mergedLast(), null);
    };
  }

  /// A new one for every run, so that every run drops the same numbers.
  private static Mode training(Var x) {
    return Mode.training(x.tape(), 1, 1);
  }

  private static Said said(States states) {
    return new Said(states.emitted(), states.last(), states.carried());
  }

  /// Rows of a batch: each with a name, so that the same row is the same wherever it stands, and a length.
  private record Rows(int[] names, int[] lengths) {
    static Rows of(int... lengths) {
      int[] names = new int[lengths.length];
      Arrays.setAll(names, b -> b);
      return new Rows(names, lengths);
    }
  }

  /// What was found: by row the outputs and the gradient of its steps, and the gradients of the parameters.
  private record Found(
      double loss, double[][] emitted, double[][] last, double[][] dx, Map<String, double[]> g) {}

  /// A number that belongs to a row, a step and a column.
  private static double at(long key, int row, int t, int column) {
    return Initializers.normalAt(key, (row * 1000L + t) * 1000 + column);
  }

  /// The objective is a random sum of every output, real or not: nothing that arrives at padding may matter.
  private static Found run(Bench bench, Built layer, Rows rows, int time, double padding) {
    int batch = rows.names.length;
    double[] x = new double[batch * time * D];
    for (int b = 0; b < batch; b++) {
      for (int t = 0; t < time; t++) {
        for (int d = 0; d < D; d++) {
          boolean real = t < rows.lengths[b];
          x[(b * time + t) * D + d] = real ? at(1, rows.names[b], t, d) : padding * (1 + b + t - d);
        }
      }
    }
    Var in = bench.variable(Shape.of(batch, time, D), x);
    Said said = layer.run(bench, in, null, rows.lengths);
    carriesOn(said, rows);
    int width = said.last.size(1);
    double[] r = new double[batch * time * width];
    double[] q = new double[batch * width];
    for (int b = 0; b < batch; b++) {
      for (int c = 0; c < width; c++) {
        q[b * width + c] = at(2, rows.names[b], 0, c);
        for (int t = 0; t < time; t++) {
          r[(b * time + t) * width + c] = at(3, rows.names[b], t, c);
        }
      }
    }
    Tape tape = bench.tape;
    Var loss =
        said.emitted
            .multiply(tape.constant(said.emitted.shape(), r))
            .sum()
            .add(said.last.multiply(tape.constant(said.last.shape(), q)).sum());
    Gradients gradients = tape.backward(loss);
    Map<String, double[]> g = new TreeMap<>();
    for (Parameter p : bench.params.all()) {
      g.put(p.path(), bench.gradient(gradients, p.path()));
    }
    return new Found(
        loss.value().item(),
        steps(numbers(said.emitted), rows, time, width),
        steps(numbers(said.last), Rows.of(ones(batch)), 1, width),
        steps(Bench.gradient(gradients, in), rows, time, D),
        g);
  }

  /// Behind the end of a row stands its last state.
  private static void carriesOn(Said said, Rows rows) {
    Var states = said.carried;
    if (states == null) {
      return;
    }
    double[] carried = numbers(states);
    double[] last = numbers(said.last);
    int time = states.size(1);
    for (int b = 0; b < rows.lengths.length; b++) {
      for (int t = rows.lengths[b]; t < time; t++) {
        assertThat(Arrays.copyOfRange(carried, (b * time + t) * D, (b * time + t + 1) * D))
            .as("row %d, step %d", b, t)
            .isEqualTo(Arrays.copyOfRange(last, b * D, (b + 1) * D));
      }
    }
  }

  private static int[] ones(int n) {
    int[] ones = new int[n];
    Arrays.fill(ones, 1);
    return ones;
  }

  /// The real steps of each row; the others must be exactly 0.
  private static double[][] steps(double[] values, Rows rows, int time, int width) {
    double[][] real = new double[rows.lengths.length][];
    for (int b = 0; b < real.length; b++) {
      int end = (b * time + rows.lengths[b]) * width;
      real[b] = Arrays.copyOfRange(values, b * time * width, end);
      double[] behind = Arrays.copyOfRange(values, end, (b + 1) * time * width);
      assertThat(Arrays.stream(behind)).as("padding of row %d", b).allMatch(v -> v == 0);
    }
    return real;
  }

  private static void same(Found found, Found expected) {
    assertThat(found.loss).isEqualTo(expected.loss);
    assertThat(found.emitted).isDeepEqualTo(expected.emitted);
    assertThat(found.last).isDeepEqualTo(expected.last);
    assertThat(found.dx).isDeepEqualTo(expected.dx);
    // Sums over the steps of a batch may be cut elsewhere when there are more of them.
    found.g.forEach((path, g) -> assertClose(g, expected.g.getOrDefault(path, g), EXACT));
    assertThat(found.g.keySet()).isEqualTo(expected.g.keySet());
  }

  private static final List<Rows> BATCHES =
      List.of(
          Rows.of(2, 0, T, 1), Rows.of(T, T), Rows.of(1), Rows.of(0, 0), Rows.of(0), Rows.of(3, T));

  private static Bench bench(Layer layer, List<Built> to) {
    Bench bench = new Bench();
    to.add(layer.builder.apply(bench.params));
    for (Parameter p : bench.params.all()) {
      double[] values = new double[(int) p.elements()];
      Arrays.setAll(values, i -> 0.5 * Initializers.normalAt(p.path().hashCode(), i));
      bench.set(p.path(), values);
    }
    return bench;
  }

  /// P1 and P2.
  @ParameterizedTest
  @MethodSource("layers")
  void whatPaddingHoldsAndHowMuchOfItThereIsChangesNothing(Layer layer) {
    List<Built> built = new ArrayList<>();
    try (Bench bench = bench(layer, built)) {
      for (Rows rows : BATCHES) {
        Found bare = run(bench, built.getFirst(), rows, T, 0);
        same(run(bench, built.getFirst(), rows, T, 7.5), bare);
        same(run(bench, built.getFirst(), rows, T + 3, 0), bare);
        same(run(bench, built.getFirst(), rows, T + 1, -3), bare);
      }
    }
  }

  /// Every row by itself, with only its own steps, and the gradients of parameters as their sum.
  @ParameterizedTest
  @MethodSource("layersThatDropNothing")
  void rowsDoNotKnowEachOther(Layer layer) {
    List<Built> built = new ArrayList<>();
    try (Bench bench = bench(layer, built)) {
      Rows all = Rows.of(2, 0, T, 1);
      Found together = run(bench, built.getFirst(), all, T, 5);
      Map<String, double[]> sum = new TreeMap<>();
      for (int b = 0; b < all.lengths.length; b++) {
        Rows one = new Rows(new int[] {b}, new int[] {all.lengths[b]});
        Found alone = run(bench, built.getFirst(), one, Math.max(1, all.lengths[b]), 5);
        assertThat(alone.emitted[0]).isEqualTo(together.emitted[b]);
        assertThat(alone.last[0]).isEqualTo(together.last[b]);
        assertThat(alone.dx[0]).isEqualTo(together.dx[b]);
        alone.g.forEach((path, g) -> sum.merge(path, g, NaiveCells::plus));
      }
      together.g.forEach((path, g) -> assertClose(g, sum.getOrDefault(path, g), EXACT));
      assertThat(sum.keySet()).isEqualTo(together.g.keySet());
    }
  }

  /// P4: no step at all in the whole batch. Outputs and gradients are numbers, and 0.
  @ParameterizedTest
  @MethodSource("layers")
  void rowsOfPaddingAreFiniteForwardAndBackward(Layer layer) {
    List<Built> built = new ArrayList<>();
    try (Bench bench = bench(layer, built)) {
      Found found = run(bench, built.getFirst(), Rows.of(0, 0, 0), T, 1e30);
      assertThat(found.loss).isZero();
      for (double[] last : found.last) {
        assertThat(Arrays.stream(last)).allMatch(v -> v == 0);
      }
      found.g.forEach((path, g) -> assertThat(Arrays.stream(g)).as(path).allMatch(v -> v == 0));
    }
  }

  /// What a row without steps began with it ends with, and the gradient of the one is that of the other.
  @ParameterizedTest
  @MethodSource("layersWithAnInitialState")
  void aRowWithoutStepsEndsInItsInitialState(Layer layer) {
    List<Built> built = new ArrayList<>();
    try (Bench bench = bench(layer, built)) {
      int[] lengths = {0, 3, 0};
      Var x = bench.variable(Shape.of(3, T, D), Bench.normal(4, 3 * T * D));
      Var initial = bench.variable(Shape.of(3, D), Bench.normal(5, 3 * D));
      Said said = built.getFirst().run(bench, x, initial, lengths);
      double[] g = Bench.normal(6, 3 * D);
      Gradients gradients =
          bench.tape.backward(said.last.multiply(bench.tape.constant(said.last.shape(), g)).sum());
      double[] dx = Bench.gradient(gradients, x);
      for (int b : new int[] {0, 2}) {
        assertThat(Bench.row(numbers(said.last), b, D))
            .isEqualTo(Bench.row(numbers(initial), b, D));
        assertThat(Bench.row(Bench.gradient(gradients, initial), b, D))
            .isEqualTo(Bench.row(g, b, D));
        assertThat(Arrays.stream(Bench.row(dx, b, T * D))).allMatch(v -> v == 0);
      }
      assertThat(Bench.row(numbers(said.last), 1, D))
          .isNotEqualTo(Bench.row(numbers(initial), 1, D));
    }
  }
}
