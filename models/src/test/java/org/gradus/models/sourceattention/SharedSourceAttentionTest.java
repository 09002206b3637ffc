// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.sourceattention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.models.sourceattention.SharedSourceAttention.Activation;
import org.gradus.models.sourceattention.SharedSourceAttention.Aggregate;
import org.gradus.models.sourceattention.SharedSourceAttention.Config;
import org.gradus.models.sourceattention.SharedSourceAttention.Level;
import org.gradus.models.sourceattention.SharedSourceAttention.Normalise;
import org.gradus.models.sourceattention.SharedSourceAttention.Projection;
import org.gradus.models.sourceattention.SharedSourceAttention.Score;
import org.gradus.models.sourceattention.SharedSourceAttention.Source;
import org.gradus.models.sourceattention.SharedSourceAttention.Sum;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SharedSourceAttentionTest {
  private static final double[][] FIRST = {{1, 0, 2}, {0.5, -1, 0}, {0, 3, 1}};
  private static final double[][] SECOND = {{0, 1, 0}, {1, 1, 1}, {2, 0, -1}};
  private static final double[] W = {0.5, 0.1, -0.2, 0.3, 0.1, 0.2};
  private static final double[] B = {0, 0.1};
  private static final double[] Q = {0.8, -0.4};

  private final Device device = Device.open("reference");
  private final List<Params> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(Params::close);
    device.close();
  }

  /// The worked example: no adapters, no hidden layer of the score.
  private static Config config(Aggregate aggregate, Level level) {
    return new Config(
        new Projection(2, Activation.IDENTITY, false, Normalise.NONE),
        new Score(1, false, 0, 1),
        new Sum(aggregate, false),
        level,
        0);
  }

  private static final Config PLAIN = config(Aggregate.PROJECTED, Level.NODE);

  /// A layer and its parameters.
  private record Layer(SharedSourceAttention attention, Params params) {
    Layer set(String path, double... values) {
      ((DenseParameter) params.get(path)).write(values);
      return this;
    }
  }

  private Layer layer(Config config, int sources) {
    Params params = Params.create(device, 1);
    opened.add(params);
    List<Source> all = new ArrayList<>();
    for (int r = 0; r < sources; r++) {
      all.add(new Source("s" + r, 3));
    }
    return new Layer(new SharedSourceAttention(all, 3, config, params), params);
  }

  private Layer worked(Config config) {
    return layer(config, 3).set("project/weight", W).set("project/bias", B).set("score/query", Q);
  }

  /// h and α of nodes.
  private record Found(double[] h, double[] alpha) {}

  private Found found(Layer layer, boolean training, boolean[] present, double[][]... nodes) {
    try (Tape tape = Tape.recording(device)) {
      List<double[]> seen = new ArrayList<>();
      Mode mode = training ? Mode.training(tape, 1, 1) : Mode.evaluation(tape);
      Var h =
          layer.attention.forward(
              sources(tape, nodes), present, mode.watching(w -> seen.add(w.values().toDoubles())));
      return new Found(h.value().toDoubles(), seen.getFirst());
    }
  }

  private static List<Var> sources(Tape tape, double[][]... nodes) {
    List<Var> sources = new ArrayList<>();
    for (int r = 0; r < nodes[0].length; r++) {
      int source = r;
      double[] rows = Arrays.stream(nodes).flatMapToDouble(k -> Arrays.stream(k[source])).toArray();
      sources.add(tape.constant(Shape.of(nodes.length, nodes[0][r].length), rows));
    }
    return sources;
  }

  private static boolean[] all(int n) {
    boolean[] present = new boolean[n];
    Arrays.fill(present, true);
    return present;
  }

  private Found plain(Layer layer, double[][] node) {
    return found(layer, false, all(node.length), node);
  }

  // The worked numbers

  @Test
  void theWorkedExample() {
    Found f = plain(worked(PLAIN), FIRST);
    assertClose(f.alpha, new double[] {0.397552, 0.452019, 0.150430}, SIX_DECIMALS);
    assertClose(f.h, new double[] {0.406480, 0.351244}, SIX_DECIMALS);
    Found raw = plain(worked(config(Aggregate.RAW, Level.NODE)), FIRST);
    assertClose(raw.h, new double[] {0.623561, -0.000730, 0.945533}, SIX_DECIMALS);
  }

  @Test
  void theWorkedExampleWithoutTheSecondSource() {
    Found f = found(worked(PLAIN), false, new boolean[] {true, false, true}, FIRST);
    assertClose(f.alpha, new double[] {0.725484, 0, 0.274516}, SIX_DECIMALS);
  }

  /// Mean scores −0.020603, 0.229643, −0.084992 over two nodes: the same weights for both, which evaluation takes from moving means.
  @Test
  void theWorkedExampleOfAPopulation() {
    double[] weights = {0.310368, 0.398618, 0.291013};
    double[] means = {-0.020603, 0.229643, -0.084992};
    Layer layer = worked(config(Aggregate.PROJECTED, Level.POPULATION));
    Found f = found(layer, true, all(6), FIRST, SECOND);
    assertClose(Arrays.copyOf(f.alpha, 3), weights, SIX_DECIMALS);
    assertClose(Arrays.copyOfRange(f.alpha, 3, 6), weights, SIX_DECIMALS);
    for (int r = 0; r < 3; r++) { // one step of a tenth from 0
      double moving = ((DenseParameter) layer.params.get("mean/s" + r)).value().item();
      assertThat(moving).isCloseTo(0.1 * means[r], within(SIX_DECIMALS));
      layer.set("mean/s" + r, means[r]);
    }
    assertClose(plain(layer, SECOND).alpha, weights, SIX_DECIMALS);
  }

  /// A source that some nodes lack: the mean is over those that have it, and one that none has keeps its moving mean.
  @Test
  void aPopulationIsThatOfNodesThatHaveTheSource() {
    Layer layer = worked(config(Aggregate.PROJECTED, Level.POPULATION)).set("mean/s2", 5);
    Found f =
        found(layer, true, new boolean[] {true, true, false, true, false, false}, FIRST, SECOND);
    double first = Math.exp((0.268674 - 0.309880) / 2);
    double second = Math.exp(0.397073);
    assertClose(
        f.alpha,
        new double[] {first / (first + second), second / (first + second), 0, 1, 0, 0},
        SIX_DECIMALS);
    assertThat(((DenseParameter) layer.params.get("mean/s2")).value().item()).isEqualTo(5);
  }

  // What always holds

  @Test
  void nodesWithoutASourceAreZero() {
    Found f = found(worked(PLAIN), false, new boolean[3], FIRST);
    assertThat(f.h).containsOnly(0);
    assertThat(f.alpha).containsOnly(0);
    Config residual =
        new Config(
            PLAIN.projection(), PLAIN.score(), new Sum(Aggregate.PROJECTED, true), Level.NODE, 0);
    assertThat(found(worked(residual), false, new boolean[3], FIRST).h).containsOnly(0);
  }

  @Test
  void permutingSourcesPermutesWeightsAndLeavesTheSum() {
    double[][] turned = {FIRST[2], FIRST[0], FIRST[1]};
    Found a = found(worked(PLAIN), false, new boolean[] {true, true, false}, FIRST);
    Found b = found(worked(PLAIN), false, new boolean[] {false, true, true}, turned);
    assertClose(b.alpha, new double[] {a.alpha[2], a.alpha[0], a.alpha[1]}, EXACT);
    assertClose(b.h, a.h, EXACT);
  }

  /// With maps of their own, which go along.
  @Test
  void permutingSourcesAndTheirMapsLeavesTheSum() {
    Config own =
        new Config(
            new Projection(2, Activation.ELU, true, Normalise.LAYER_NORM),
            PLAIN.score(),
            PLAIN.sum(),
            Level.NODE,
            0);
    Layer layer = worked(own);
    Layer other = worked(own);
    int[] order = {2, 0, 1};
    for (int r = 0; r < 3; r++) {
      double[] map = drawn(9, r);
      layer.set("adapter/s" + r, map);
      other.set("adapter/s" + place(order, r), map);
    }
    Found a = plain(layer, FIRST);
    Found b = plain(other, new double[][] {FIRST[2], FIRST[0], FIRST[1]});
    assertClose(b.h, a.h, EXACT);
    assertClose(b.alpha, new double[] {a.alpha[2], a.alpha[0], a.alpha[1]}, EXACT);
  }

  private static int place(int[] order, int source) {
    for (int i = 0; i < order.length; i++) {
      if (order[i] == source) {
        return i;
      }
    }
    throw new AssertionError(source);
  }

  private static double[] drawn(int n, long key) {
    double[] x = new double[n];
    Arrays.setAll(x, i -> 2 * Counter.uniform53(key, i) - 1);
    return x;
  }

  /// q = 0: equal weights over the sources that are there, and the mean projection.
  @Test
  void withoutAQueryWeightsAreEqual() {
    Layer layer = worked(PLAIN).set("score/query", 0, 0);
    Found f = found(layer, false, new boolean[] {true, false, true}, FIRST);
    assertClose(f.alpha, new double[] {0.5, 0, 0.5}, EXACT);
    assertClose(f.h, new double[] {(0.7 - 0.5) / 2, (0.6 + 1.2) / 2}, EXACT); // of the table of Z
  }

  @Test
  void identicalSourcesAreOne() {
    Found f = plain(worked(PLAIN), new double[][] {FIRST[0], FIRST[0], FIRST[0]});
    assertClose(f.h, new double[] {0.7, 0.6}, EXACT);
  }

  /// Twice the same source: the copies together weigh 2eᵉ / (… + 2eᵉ), and halves each.
  @Test
  void aCopySharesTheWeight() {
    double[] e = {Math.exp(0.268674), Math.exp(0.397073), Math.exp(-0.703156)};
    Layer four =
        layer(PLAIN, 4).set("project/weight", W).set("project/bias", B).set("score/query", Q);
    Found f = plain(four, new double[][] {FIRST[0], FIRST[1], FIRST[2], FIRST[1]});
    double all = e[0] + 2 * e[1] + e[2];
    assertThat(f.alpha[1] + f.alpha[3]).isCloseTo(2 * e[1] / all, within(SIX_DECIMALS));
    assertThat(f.alpha[1]).isEqualTo(f.alpha[3]);
  }

  /// Rotated sources and a map that rotates back: K O and Oᵀ W₁.
  @Test
  void rotationsChangeNothing() {
    double c = Math.cos(0.7);
    double s = Math.sin(0.7);
    double[][] o = {{c, -s, 0}, {s, c, 0}, {0, 0, 1}};
    double[][] turned = new double[3][3];
    double[] back = new double[6];
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) {
        for (int k = 0; k < 3; k++) {
          turned[i][j] += FIRST[i][k] * o[k][j];
        }
        for (int d = 0; d < 2; d++) {
          back[i * 2 + d] += o[j][i] * W[j * 2 + d];
        }
      }
    }
    Found f = plain(worked(PLAIN).set("project/weight", back), turned);
    Found expected = plain(worked(PLAIN), FIRST);
    assertClose(f.h, expected.h, EXACT);
    assertClose(f.alpha, expected.alpha, EXACT);
  }

  /// A constant on all scores: with a hidden layer whose first number is tanh(b) for every source, q reads it as a constant.
  @Test
  void aConstantOnAllScoresChangesNothing() {
    Config config =
        new Config(PLAIN.projection(), new Score(1, true, 3, 1), PLAIN.sum(), Level.NODE, 0);
    Layer layer =
        layer(config, 3)
            .set("project/weight", W)
            .set("project/bias", B)
            .set("score/weight", 0, 1, 0, 0, 0, 1)
            .set("score/bias", 2, 0, 0);
    double[] without = plain(layer.set("score/query", 0, 0.8, -0.4), FIRST).alpha;
    double[] with = plain(layer.set("score/query", 9, 0.8, -0.4), FIRST).alpha;
    assertClose(with, without, EXACT);
    assertClose(without, new double[] {0.397552, 0.452019, 0.150430}, SIX_DECIMALS); // W₂ = I
  }

  /// Maps that are not shared can be anything; tied, they are the shared one.
  @Test
  void tiedMapsAreTheSharedOne() {
    Config own =
        new Config(
            new Projection(2, Activation.IDENTITY, true, Normalise.NONE),
            PLAIN.score(),
            PLAIN.sum(),
            Level.NODE,
            0);
    double[] identity = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    Layer tied = worked(own);
    for (int r = 0; r < 3; r++) {
      tied.set("adapter/s" + r, identity);
    }
    assertClose(plain(tied, FIRST).h, plain(worked(PLAIN), FIRST).h, EXACT);
    tied.set("adapter/s1", 2, 0, 0, 0, 2, 0, 0, 0, 2);
    assertThat(plain(tied, FIRST).h).isNotEqualTo(plain(worked(PLAIN), FIRST).h);
  }

  /// A source of zeros that is not masked has a weight: its projection is b₁. One of large numbers takes over; normalised it does not.
  @Test
  void scaleMattersUnlessSourcesAreNormalised() {
    double[][] zero = {FIRST[0], {0, 0, 0}, FIRST[2]};
    assertThat(plain(worked(PLAIN), zero).alpha[1]).isGreaterThan(0.1);
    double[][] large = {FIRST[0], FIRST[1], {0, 3000, 1000}};
    Config normal =
        new Config(
            new Projection(2, Activation.IDENTITY, false, Normalise.LAYER_NORM),
            PLAIN.score(),
            PLAIN.sum(),
            Level.NODE,
            0);
    Found dominated = plain(worked(PLAIN), large);
    assertThat(Math.abs(dominated.h[1])).isGreaterThan(50);
    Found kept = plain(worked(normal), large);
    // ε = 1e-6 beside variances of 1.6 and of 1.6 million
    assertClose(kept.h, plain(worked(normal), FIRST).h, 1e-5);
  }

  /// τ → 0: the best source alone; residual: the mean projection on top; two heads: side by side.
  @Test
  void temperatureResidualAndHeads() {
    Config cold =
        new Config(PLAIN.projection(), new Score(1, false, 0, 1e-3), PLAIN.sum(), Level.NODE, 0);
    assertClose(plain(worked(cold), FIRST).alpha, new double[] {0, 1, 0}, 1e-10); // e^{−128}
    Config residual =
        new Config(
            PLAIN.projection(), PLAIN.score(), new Sum(Aggregate.PROJECTED, true), Level.NODE, 0);
    double[] h = plain(worked(PLAIN), FIRST).h;
    assertClose(
        plain(worked(residual), FIRST).h,
        new double[] {h[0] + (0.7 + 0.45 - 0.5) / 3, h[1] + (0.6 - 0.15 + 1.2) / 3},
        EXACT);
    Config two =
        new Config(PLAIN.projection(), new Score(2, false, 0, 1), PLAIN.sum(), Level.NODE, 0);
    Layer layer =
        layer(two, 3)
            .set("project/weight", W)
            .set("project/bias", B)
            .set("score/query", Q[0], 0, Q[1], 0); // [d, H]: the second head has q = 0
    double mean = (0.7 + 0.45 - 0.5) / 3;
    assertClose(
        plain(layer, FIRST).h, new double[] {h[0], h[1], mean, (0.6 - 0.15 + 1.2) / 3}, EXACT);
  }

  /// One source: nothing to score, and no parameter for it.
  @Test
  void oneSourceIsItsProjection() {
    Layer one = layer(PLAIN, 1).set("project/weight", W).set("project/bias", B);
    assertThat(one.params.all().stream().map(p -> p.path()))
        .containsExactlyInAnyOrder("project/weight", "project/bias");
    assertClose(plain(one, new double[][] {FIRST[0]}).h, new double[] {0.7, 0.6}, EXACT);
    Layer raw = layer(config(Aggregate.RAW, Level.NODE), 1);
    assertThat(raw.params.all()).isEmpty();
    assertThat(plain(raw, new double[][] {FIRST[0]}).h).containsExactly(1, 0, 2);
  }

  /// A source that a node lacks gets no gradient from it, whatever stands there.
  @Test
  void absentSourcesHaveNoGradient() {
    Config own =
        new Config(
            new Projection(2, Activation.IDENTITY, true, Normalise.NONE),
            PLAIN.score(),
            PLAIN.sum(),
            Level.NODE,
            0);
    Layer layer = worked(own);
    try (Tape tape = Tape.recording(device)) {
      Var h =
          layer.attention.forward(
              sources(tape, new double[][][] {FIRST}),
              new boolean[] {true, false, true},
              Mode.training(tape, 1, 1));
      Gradients g = tape.backward(h.square().sum());
      assertThat(slope(g, layer, "adapter/s1")).containsOnly(0);
      assertThat(Arrays.stream(slope(g, layer, "adapter/s0")).anyMatch(v -> v != 0)).isTrue();
    }
  }

  private static double[] slope(Gradients g, Layer layer, String path) {
    DenseParameter p = (DenseParameter) layer.params.get(path);
    return g.of(p) instanceof Gradient.Dense d
        ? d.values().toDoubles()
        : new double[p.shape().elements()];
  }

  // Sources left out

  @Test
  void neverAllSourcesAreLeftOut() {
    SourceDropout most = new SourceDropout(0.9, "stage");
    boolean[] present = {true, true, false, false, true, false, false, false, false};
    int[] kept = new int[9];
    int trials = 2000;
    try (Tape tape = Tape.evaluating(device)) {
      assertThat(most.of(present, 3, Mode.evaluation(tape))).isSameAs(present);
      for (long step = 0; step < trials; step++) {
        boolean[] left = most.of(present, 3, Mode.training(tape, 1, step));
        assertThat(left[0] || left[1]).isTrue();
        assertThat(left[4]).isTrue(); // the only one
        for (int i = 0; i < 9; i++) {
          assertThat(left[i] && !present[i]).isFalse();
          kept[i] += left[i] ? 1 : 0;
        }
      }
    }
    // 0.1, and half of the cases in which both were lost: 0.1 + 0.9² / 2, five standard deviations
    double p = 0.1 + 0.81 / 2;
    double deviation = Math.sqrt(trials * p * (1 - p));
    assertThat((double) kept[0]).isCloseTo(trials * p, within(5 * deviation));
    assertThat((double) kept[1]).isCloseTo(trials * p, within(5 * deviation));
  }

  /// What is left out in training has no weight, though the node has it; it is neither heard nor taught.
  @Test
  void sourcesThatAreLeftOutHaveNoWeight() {
    Config dropping =
        new Config(
            PLAIN.projection(),
            PLAIN.score(),
            PLAIN.sum(),
            Level.NODE,
            0.5); // one in eight keeps all
    double[][][] nodes = new double[40][][];
    Arrays.fill(nodes, FIRST);
    Layer layer = worked(dropping);
    Found f = found(layer, true, all(120), nodes);
    SourceDropout same = new SourceDropout(0.5, "");
    boolean[] kept = kept(same, 40);
    Layer plain = worked(PLAIN);
    for (int b = 0; b < 40; b++) {
      boolean[] own = Arrays.copyOfRange(kept, 3 * b, 3 * b + 3);
      Found alone = found(plain, false, own, FIRST);
      assertClose(Arrays.copyOfRange(f.alpha, 3 * b, 3 * b + 3), alone.alpha, EXACT);
      assertClose(Arrays.copyOfRange(f.h, 2 * b, 2 * b + 2), alone.h, EXACT);
    }
    assertThat(kept).contains(true, false);
    assertThat(
            IntStream.range(0, 40)
                .mapToObj(b -> Arrays.toString(Arrays.copyOfRange(kept, 3 * b, 3 * b + 3)))
                .distinct())
        .as("every node loses its own")
        .hasSizeGreaterThan(2);
  }

  private boolean[] kept(SourceDropout dropout, int nodes) {
    try (Tape tape = Tape.evaluating(device)) {
      return dropout.of(all(3 * nodes), nodes, Mode.training(tape, 1, 1));
    }
  }

  /// A pass without side effects, as of a gradient check, leaves the moving means of a population.
  @Test
  void passesWithoutSideEffectsLeaveTheMeans() {
    Layer layer = worked(config(Aggregate.PROJECTED, Level.POPULATION));
    try (Tape tape = Tape.recording(device)) {
      Mode mode = Mode.training(tape, 1, 1).withoutSideEffects();
      assertThat(layer.attention.forward(sources(tape, FIRST, SECOND), all(6), mode)).isNotNull();
    }
    for (int r = 0; r < 3; r++) {
      assertThat(((DenseParameter) layer.params.get("mean/s" + r)).value().item()).isZero();
    }
  }

  /// Of several heads each has its own moving means, and watchers are told the mean of their weights.
  @Test
  void headsOfAPopulationHaveMeansOfTheirOwn() {
    Config two =
        new Config(PLAIN.projection(), new Score(2, false, 0, 1), PLAIN.sum(), Level.POPULATION, 0);
    double[] other = {-0.5, 1.5};
    double[] both = {Q[0], other[0], Q[1], other[1]}; // [d, H]
    Layer layer =
        layer(two, 3).set("project/weight", W).set("project/bias", B).set("score/query", both);
    double[][] alpha = new double[2][];
    double[][] moving = new double[2][3];
    for (int h = 0; h < 2; h++) {
      Layer one = worked(config(Aggregate.PROJECTED, Level.POPULATION));
      one.set("score/query", h == 0 ? Q : other);
      alpha[h] = found(one, true, all(6), FIRST, SECOND).alpha;
      for (int r = 0; r < 3; r++) {
        moving[h][r] = ((DenseParameter) one.params.get("mean/s" + r)).value().item();
      }
    }
    Found f = found(layer, true, all(6), FIRST, SECOND);
    for (int i = 0; i < 6; i++) {
      assertThat(f.alpha[i]).isCloseTo((alpha[0][i] + alpha[1][i]) / 2, within(EXACT));
    }
    for (int r = 0; r < 3; r++) {
      double[] found = ((DenseParameter) layer.params.get("mean/s" + r)).value().toDoubles();
      assertClose(found, new double[] {moving[0][r], moving[1][r]}, EXACT);
    }
  }

  /// q is N(0, 1/d_a): of so many numbers the mean of squares is within five of its deviations.
  @Test
  void queriesBeginSmall() {
    Config wide =
        new Config(PLAIN.projection(), new Score(40, true, 50, 1), PLAIN.sum(), Level.NODE, 0);
    double[] q = ((DenseParameter) layer(wide, 2).params.get("score/query")).value().toDoubles();
    double square = 50 * Arrays.stream(q).map(x -> x * x).sum() / q.length;
    double deviation = Math.sqrt(2.0 / q.length);
    assertThat(q).hasSize(2000);
    assertThat(square).isCloseTo(1, within(5 * deviation));
  }

  @Test
  void settingsThatFitNothingAreRefused() {
    assertThatThrownBy(() -> new Sum(Aggregate.RAW, true))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("aggregate RAW with residual=true");
    assertThatThrownBy(() -> new Score(0, false, 0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 heads");
    assertThatThrownBy(() -> new SourceDropout(1, "stage"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("source dropout 1.0");
  }
}
