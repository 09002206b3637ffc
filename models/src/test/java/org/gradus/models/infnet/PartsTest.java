// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.assertj.core.data.Offset;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.models.Naive;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The parts of INFNet one by one, with the numbers of the worked examples.
class PartsTest {
  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 1);
  private final Tape tape = Tape.evaluating(device);
  private final Mode mode = Mode.evaluation(tape);

  @AfterEach
  void close() {
    tape.close();
    params.close();
    device.close();
  }

  private void set(String path, double... values) {
    ((DenseParameter) params.get(path)).write(values);
  }

  private void all(String pattern, double... values) {
    assertThat(params.matching(pattern)).as(pattern).isNotEmpty();
    params.matching(pattern).forEach(p -> set(p.path(), values));
  }

  private void zero(String pattern) {
    params.matching(pattern).forEach(p -> set(p.path(), new double[(int) p.elements()]));
  }

  private Var constant(Shape shape, double... values) {
    return tape.constant(shape, values);
  }

  private static double[] numbers(Var x) {
    return x.value().toDoubles();
  }

  private static void near(Var found, double... expected) {
    assertClose(numbers(found), expected, SIX_DECIMALS);
  }

  // The worked example, block by block

  private static final Set<Part> EVERYTHING = EnumSet.allOf(Part.class);

  /// Level 0 of the worked example; behind the mask stands (9, 9).
  private Map<Part, Var> level() {
    Map<Part, Var> level = new EnumMap<>(Part.class);
    level.put(Part.C, constant(Shape.of(1, 2, 2), 1, 0, .5, -1));
    level.put(Part.S, constant(Shape.of(1, 4, 2), .2, .4, 1, 1, -.5, .3, 9, 9));
    level.put(Part.T, constant(Shape.of(1, 2, 2), .1, .2, -.3, .5));
    level.put(Part.T_PROXIES, constant(Shape.of(1, 1, 2), .4, -.4));
    level.put(Part.C_PROXIES, constant(Shape.of(1, 1, 2), 1.225, -.975));
    level.put(Part.S_PROXIES, constant(Shape.of(1, 2, 2), 1.3, 2, -.45, .05));
    return level;
  }

  private Behaviours.Looked looked(Var s) {
    Scope scope = tape.scope();
    Tensor first = scope.upload(Shape.of(1, 2), true, true);
    Tensor second = scope.upload(Shape.of(1, 2), true, false);
    return new Behaviours.Looked(
        s,
        scope.upload(Shape.of(1, 4), true, true, true, false),
        scope.upload(Shape.of(4), 0, 0, 1, 1),
        List.of(
            new Behaviours.Steps(first, new int[] {2}, 2),
            new Behaviours.Steps(second, new int[] {1}, 2)),
        List.of());
  }

  private Map<Part, Var> moved(Block.Gating gating, boolean coarse, Map<Part, Var> level) {
    return moved(gating, coarse, 0, level);
  }

  private Map<Part, Var> moved(
      Block.Gating gating, boolean coarse, int strongest, Map<Part, Var> level) {
    Flow.Config flow =
        new Flow.Config(
            CrossAttention.Config.PAPER, new Flow.Coarse(coarse, strongest), false, false);
    ProxyGate.Config gate =
        new ProxyGate.Config(
            ProxyGate.Kind.GATE, false, 1, Activation.RELU, new Projection.Hidden(List.of(), 0));
    Block block =
        new Block(
            new Block.Config(flow, gate, false),
            new Wiring(EVERYTHING, true, true, gating),
            new Block.Sizes(2, Map.of(Part.C_PROXIES, 1, Part.S_PROXIES, 2, Part.T_PROXIES, 1)),
            EVERYTHING,
            params);
    all("attention/*", 1, 0, 0, 1);
    set("gate/C/out/weight", .5, -.5, .2, .3);
    set("gate/C/out/bias", 0, .1);
    set("gate/S/out/weight", .1, .2, -.1, .3, .2, 0, 0, -.2);
    set("gate/T/out/weight", .3, -.3, .6, .1);
    if (coarse) {
      set("coarse/C/w", .4, -.2);
    }
    Block.Context context = new Block.Context(1, looked(Block.present(level, Part.S)));
    return block.forward(level, EVERYTHING, context, mode, _ -> {});
  }

  @Test
  void aBlockIsTheWorkedExample() {
    Map<Part, Var> next = moved(Block.Gating.UPDATED, false, level());
    near(Block.present(next, Part.C_PROXIES), .377182, .962378);
    near(Block.present(next, Part.S_PROXIES), .827795, .221143, .620785, -.170571);
    near(Block.present(next, Part.T_PROXIES), 1.020501, .054403);
    near(Block.present(next, Part.C), .594130, 0, .297065, -.549864);
    near(
        Block.present(next, Part.S).slice(1, 0, 3),
        .109215,
        .226446,
        .546074,
        .566115,
        -.273037,
        .169834);
    near(Block.present(next, Part.T), .617583, .058434, .582055, .052775);
  }

  /// C is gated by what its proxies were before they asked.
  @Test
  void theEquationsAsPrintedGateByOlderProxies() {
    Map<Part, Var> next = moved(Block.Gating.INPUT, false, level());
    near(Block.present(next, Part.C), .602885, 0, .5 * .602885, -.308957);
  }

  @Test
  void groupsAreWeighedAsWholes() {
    Map<Part, Var> next = moved(Block.Gating.UPDATED, true, level());
    near(Block.present(next, Part.C_PROXIES), .513883, 1.062392);
  }

  /// C̃ asks S alone, with the weight that S had beside T; the others weigh both alike, and ask both.
  @Test
  void onlyTheStrongestGroupsAreAskedOutsideOfTraining() {
    Map<Part, Var> next = moved(Block.Gating.UPDATED, true, 1, level());
    double[][] steps = {{.2, .4}, {1, 1}, {-.5, .3}};
    double sum = 0;
    double[] heard = new double[2];
    for (double[] s : steps) {
      double e = Math.exp((1.225 * s[0] - .975 * s[1]) / Math.sqrt(2));
      sum += e;
      heard[0] += e * s[0];
      heard[1] += e * s[1];
    }
    double factor = 2 / (1 + Math.exp(-.2 - .4)) / sum;
    near(Block.present(next, Part.C_PROXIES), factor * heard[0], factor * heard[1]);
    near(Block.present(next, Part.S_PROXIES), .827795, .221143, .620785, -.170571);
    near(Block.present(next, Part.T_PROXIES), 1.020501, .054403);
    assertThatThrownBy(() -> new Flow.Coarse(true, -1)).hasMessageContaining("Expected 1 or more");
  }

  /// Whatever stands at padding, nobody else hears of it.
  @Test
  void paddingIsAskedByNobody() {
    Map<Part, Var> next = moved(Block.Gating.UPDATED, false, level());
    Map<Part, double[]> expected = new EnumMap<>(Part.class);
    next.forEach((part, x) -> expected.put(part, numbers(x)));
    PartsTest other = new PartsTest();
    Map<Part, Var> copied = other.level();
    double[] behind = {.2, .4, 1, 1, -.5, .3, -7, 1e6};
    copied.put(Part.S, other.constant(Shape.of(1, 4, 2), behind));
    Map<Part, Var> found = other.moved(Block.Gating.UPDATED, false, copied);
    for (Part part : EVERYTHING) {
      double[] x = numbers(Block.present(found, part));
      double[] y = Block.present(expected, part);
      for (int i = 0; i < (part == Part.S ? 6 : y.length); i++) {
        assertThat(x[i]).as("%s %d", part, i).isEqualTo(y[i]);
      }
    }
    other.close();
  }

  /// 6: with a proxy for each field, which φ_cat hands on as they are, C̃′ is full cross attention of the fields: each of them asks
  /// every real step and every task, and proxies save nothing.
  @Test
  void aProxyPerFieldIsFullCrossAttention() {
    double[][] fields = {{1, 0}, {.5, -1}};
    double[][] steps = {{.2, .4}, {1, 1}, {-.5, .3}};
    double[][] tasks = {{.1, .2}, {-.3, .5}};
    Map<Part, Var> level = level();
    FieldProxies.Config each =
        new FieldProxies.Config(
            2, FieldProxies.Source.GENERATED, new Projection.Hidden(List.of(), 0));
    FieldProxies proxies = new FieldProxies(2, 2, each, params.at("phi"));
    set("phi/out/weight", 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
    level.put(Part.C_PROXIES, proxies.of(Block.present(level, Part.C), mode));
    Set<Part> wanted = EnumSet.of(Part.C_PROXIES);
    Block block =
        new Block(
            Block.Config.PAPER,
            new Wiring(EVERYTHING, true, true, Block.Gating.UPDATED),
            new Block.Sizes(2, Map.of(Part.C_PROXIES, 2)),
            wanted,
            params);
    Map<String, double[]> weights = new HashMap<>();
    Block.Context context = new Block.Context(1, looked(Block.present(level, Part.S)));
    Map<Part, Var> next =
        block.forward(
            level,
            wanted,
            context,
            mode.watching(w -> weights.put(w.name(), w.values().toDoubles())),
            _ -> {});
    double[] expected = new double[4];
    for (int j = 0; j < 2; j++) {
      double[] ofSteps = heard(fields[j], steps, "attention/CS/");
      double[] ofTasks = heard(fields[j], tasks, "attention/CT/");
      for (int c = 0; c < 2; c++) {
        expected[2 * j + c] = ofSteps[c] + ofTasks[c];
      }
    }
    assertClose(numbers(Block.present(next, Part.C_PROXIES)), expected, EXACT);
    int pairs = weights.values().stream().mapToInt(w -> w.length).sum();
    assertThat(pairs).as("M (L + N_t)").isEqualTo(2 * (4 + 2));
    assertThat(weights.get("attention/CS")).hasSize(8).as("padding").matches(w -> w[3] == 0);
  }

  /// Σ_k softmax_k(⟨x W_Q, t_k W_K⟩ / √2) t_k W_V
  private double[] heard(double[] x, double[][] tokens, String attention) {
    double[] q = times(x, attention + "query");
    double[] heard = new double[2];
    double sum = 0;
    for (double[] t : tokens) {
      double e = Math.exp(Naive.dot(q, times(t, attention + "key")) / Math.sqrt(2));
      double[] v = times(t, attention + "value");
      sum += e;
      heard[0] += e * v[0];
      heard[1] += e * v[1];
    }
    return new double[] {heard[0] / sum, heard[1] / sum};
  }

  private double[] times(double[] x, String matrix) {
    double[] w = ((DenseParameter) params.get(matrix)).value().toDoubles();
    return Naive.linear(x, w, new double[2]);
  }

  /// Gates are below 1, and ½ where they say nothing.
  @ParameterizedTest
  @CsvSource({"1, 0.5", "2, 1"})
  void gatesOfZerosAreNeutral(double scale, double share) {
    ProxyGate gate =
        new ProxyGate(
            2,
            2,
            new ProxyGate.Config(
                ProxyGate.Kind.GATE,
                false,
                scale,
                Activation.RELU,
                new Projection.Hidden(List.of(3), 0)),
            params);
    Var x = constant(Shape.of(1, 3, 2), 1, -2, .5, 3, -.25, 0);
    Var proxies = constant(Shape.of(1, 2, 2), .3, -1, 2, 4);
    double[] found = numbers(gate.forward(x, proxies, null, mode));
    for (int i = 0; i < found.length; i++) {
      assertThat(Math.abs(found[i])).isLessThanOrEqualTo(scale * Math.abs(numbers(x)[i]));
    }
    zero("*");
    assertThat(numbers(gate.forward(x, proxies, null, mode)))
        .containsExactly(numbers(x.multiply(share)));
  }

  // The other gates

  private ProxyGate gate(ProxyGate.Kind kind) {
    return new ProxyGate(
        1,
        2,
        new ProxyGate.Config(kind, false, 1, Activation.RELU, new Projection.Hidden(List.of(), 0)),
        params);
  }

  @Test
  void interpolationIsTheWorkedExample() {
    ProxyGate gate = gate(ProxyGate.Kind.INTERPOLATE);
    set("share/weight", .1, .2, .3, -.1, 0, .4, .5, 0);
    set("share/bias", 0, .1);
    set("other/weight", .2, -.3, .1, .1, .4, 0, 0, .6);
    set("other/bias", .1, 0);
    Var x = constant(Shape.of(1, 1, 2), 1, -2);
    Var p = constant(Shape.of(1, 1, 2), .5, .5);
    near(gate.forward(x, p, null, mode), .693524, -.663624);
    set("share/bias", -1e3, -1e3);
    assertThat(numbers(gate.forward(x, p, null, mode))).containsExactly(1, -2);
    set("share/bias", 1e3, 1e3);
    near(gate.forward(x, p, null, mode), .3, 0);
    zero("*");
    assertThat(numbers(gate.forward(x, p, null, mode))).containsExactly(.5, -1);
  }

  @Test
  void scaleAndShiftOfZerosAreNothing() {
    ProxyGate gate = gate(ProxyGate.Kind.AFFINE);
    zero("*");
    Var x = constant(Shape.of(1, 1, 2), 1, -2);
    assertThat(numbers(gate.forward(x, x, null, mode))).containsExactly(1, -2);
  }

  // Attention

  /// Without queries every real value counts alike; where there is none the answer is 0.
  @Test
  void attentionWithoutQueriesIsTheMean() {
    CrossAttention attention = new CrossAttention(2, CrossAttention.Config.PAPER, params);
    set("query", 0, 0, 0, 0);
    set("value", 1, 0, 0, 1);
    Var q = constant(Shape.of(3, 1, 2), .3, .4, -1, 2, 5, 6);
    Var k = constant(Shape.of(3, 2, 2), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    Tensor mask = tape.scope().upload(Shape.of(3, 2), true, true, false, true, false, false);
    var keys = new CrossAttention.Keys(k, mask, List.of());
    assertClose(
        numbers(attention.forward(q, keys, mode, _ -> {})), new double[] {2, 3, 7, 8, 0, 0}, EXACT);
  }

  private Sparsity.Weights weights(Sparsity.Kind kind, double... scores) {
    return new Sparsity(kind, 2).weights(constant(Shape.of(1, 1, scores.length), scores), null);
  }

  @Test
  void sparsemaxIsTheNearestPointOfTheSimplex() {
    near(weights(Sparsity.Kind.NONE, 1, .8, -.5).alpha(), .489749, .400973, .109278);
    near(weights(Sparsity.Kind.SPARSEMAX, 1, .8, -.5).alpha(), .6, .4, 0);
    for (double[] s : new double[][] {{3}, {0, 0}, {1, 1, 1}, {5, -5, 4.5, 4.4}, {-2, -1.5}}) {
      assertClose(
          numbers(weights(Sparsity.Kind.SPARSEMAX, s).alpha()), NaiveInfnet.sparsemax(s), EXACT);
    }
  }

  /// Entropy tells peaked weights from flat ones, as Σ|α| does not.
  @Test
  void entropyIsTheWorkedExample() {
    double[] alpha = {.7, .2, .1};
    double[] scores = {Math.log(.7), Math.log(.2), Math.log(.1), -1e4};
    Sparsity.Weights plain = weights(Sparsity.Kind.ENTROPY, scores);
    near(plain.alpha().slice(2, 0, 3), alpha);
    near(Objects.requireNonNull(plain.entropy()), .801819);
    Sparsity.Weights normalized = weights(Sparsity.Kind.NORMALIZED_ENTROPY, scores);
    near(Objects.requireNonNull(normalized.entropy()), .578390);
  }

  @Test
  void theLargestScoresCount() {
    assertClose(
        numbers(weights(Sparsity.Kind.TOP_K, 1, 2, 0, 2).alpha()),
        new double[] {0, .5, 0, .5},
        EXACT);
    double third = 1 / 3.0; // nobody is the second of three that are equal
    assertClose(
        numbers(weights(Sparsity.Kind.TOP_K, 1, 1, 0, 1).alpha()),
        new double[] {third, third, 0, third},
        EXACT);
  }

  private Var strongest(double... scores) {
    Var row = constant(Shape.of(1, 1, scores.length), scores);
    return new Sparsity(Sparsity.Kind.TOP_K, 1).weights(row, null).alpha();
  }

  /// Scores that a rounding of float32 keeps apart are equal, as those of equal steps are; scores that differ by more are not.
  @Test
  void scoresThatDifferByRoundingsCountAlike() {
    double apart = 1 + 0x1p-23;
    for (double[] s : new double[][] {{1, apart, -2}, {apart, 1, -2}, {-1, -apart, -3}}) {
      // half of what the rounding makes of a weight of a half
      assertClose(numbers(strongest(s)), new double[] {.5, .5, 0}, 0x1p-24);
    }
    assertClose(numbers(strongest(1, 1.001, -2)), new double[] {0, 1, 0}, EXACT);
  }

  /// Rows of padding alone, of one key, and of some, under every kind.
  @ParameterizedTest
  @EnumSource(Sparsity.Kind.class)
  void paddingHasNoWeight(Sparsity.Kind kind) {
    Tensor mask =
        tape.scope()
            .upload(Shape.of(3, 3), false, false, false, false, true, false, true, true, false);
    Var scores = constant(Shape.of(3, 2, 3), 9, 8, 7, 6, 5, 4, 3, 2, 9, 8, 7, 6, 0, 0, 9, 1, 1, 5);
    Sparsity.Weights found = new Sparsity(kind, 2).weights(scores, mask);
    assertClose(
        numbers(found.alpha()),
        new double[] {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, .5, .5, 0, .5, .5, 0},
        EXACT);
    Var entropy = found.entropy();
    if (entropy != null) {
      double each = kind == Sparsity.Kind.ENTROPY ? Math.log(2) : 1;
      assertClose(numbers(entropy), new double[] {each / 3}, EXACT); // a third of the queries
    }
  }

  /// The Jacobian of a projection on its support.
  @Test
  void sparsemaxHasARightGradient() {
    GradCheck.of(1)
        .input("scores", Shape.of(2, 3, 4))
        .check(
            device,
            _ ->
                (_, in) -> {
                  Var s = in.get("scores").multiply(2);
                  boolean[] real = {true, true, true, true, true, false, true, true};
                  Tensor mask = s.tape().scope().upload(Shape.of(2, 4), real);
                  return Map.of("alpha", Sparsity.sparsemax(s, mask));
                })
        .orFail();
  }

  // Sequences

  @Test
  void theEncoderMixesAsTheWorkedExample() {
    Var x = constant(Shape.of(1, 1, 3, 1), 1, .5, -1);
    Var beta = constant(Shape.of(1, 3), 0, -.3, -.6);
    boolean[] causal = {true, false, false, true, true, false, true, true, true};
    Tensor mask = tape.scope().upload(Shape.of(1, 1, 3, 3), causal);
    near(SequenceEncoder.mix(x, x, x, beta, mask), 1, .743751, -.680135);
    // and the weights themselves, through values that pick one
    double[][] rows = {{1, .487503, .059919}, {0, .512497, .133352}, {0, 0, .806730}};
    for (int j = 0; j < 3; j++) {
      double[] one = new double[3];
      one[j] = 1;
      Var v = constant(Shape.of(1, 1, 3, 1), one);
      near(SequenceEncoder.mix(x, x, v, beta, mask), rows[j]);
    }
  }

  /// Causal layers do not look ahead; without distances and with all steps in sight they do not know an order.
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void stepsSeeWhatTheyMay(boolean causal) {
    SequenceEncoder encoder =
        new SequenceEncoder(4, new SequenceEncoder.Config(2, 2, 3, causal, 5), params);
    double[] x = {1, 0, 2, -1, .5, .5, -1, 3, 2, -2, .1, .7};
    double[] moved = x.clone();
    moved[8] = -3; // the last step
    Tensor real = tape.scope().upload(Shape.of(1, 3), true, true, true);
    double[] y = numbers(encoder.forward(constant(Shape.of(1, 3, 4), x), real, mode));
    double[] z = numbers(encoder.forward(constant(Shape.of(1, 3, 4), moved), real, mode));
    for (int i = 0; i < 8; i++) {
      assertThat(y[i] == z[i]).isEqualTo(causal);
    }
    double[] turned = new double[12]; // the first two change places
    System.arraycopy(x, 4, turned, 0, 4);
    System.arraycopy(x, 0, turned, 4, 4);
    System.arraycopy(x, 8, turned, 8, 4);
    double[] t = numbers(encoder.forward(constant(Shape.of(1, 3, 4), turned), real, mode));
    for (int i = 0; i < 4; i++) {
      assertThat(Math.abs(t[4 + i] - y[i]) < EXACT).isEqualTo(!causal); // β begins as 0
    }
    Tensor two = tape.scope().upload(Shape.of(1, 3), true, true, false);
    double[] padded = numbers(encoder.forward(constant(Shape.of(1, 3, 4), x), two, mode));
    Tensor both = tape.scope().upload(Shape.of(1, 2), true, true);
    Var alone = constant(Shape.of(1, 2, 4), Arrays.copyOf(x, 8));
    assertClose(Arrays.copyOf(padded, 8), numbers(encoder.forward(alone, both, mode)), EXACT);
    assertThat(Arrays.copyOfRange(padded, 8, 12)).containsOnly(0);
  }

  // Tables

  @ParameterizedTest
  @CsvSource({"10, 8", "1000, 32", "100000, 64", "5000000, 64", "1, 8"})
  void tablesAreAsWideAsTheirVocabularyAsks(long values, int width) {
    TokenTables.Config config =
        new TokenTables.Config(
            32, TokenTables.Width.ADAPTIVE, 64, TokenTables.Hashing.NONE, FrequentRows.Config.NONE);
    assertThat(config.widthOf(values)).isEqualTo(width);
  }

  // Principal axes

  private static final double[] TOKENS = {2, 0, 0, 1, -2, 0, 0, -1, 1, 1, -1, -1};

  @Test
  void learnedProxiesBeginAsTheWorkedExample() {
    PrincipalAxes axes = new PrincipalAxes(1);
    axes.add(constant(Shape.of(2, 3, 2), TOKENS), null);
    double[] given = {7, 7, 7, 7, 8, 9};
    assertClose(
        axes.over(given, 2, new PrincipalAxes.Start(false, false)),
        new double[] {1.272462, .385270, -.217963, .719884, 8, 9},
        SIX_DECIMALS);
    assertClose(
        axes.over(given, 2, new PrincipalAxes.Start(true, false)),
        new double[] {.957092, .289784, -.289784, .957092, 8, 9},
        SIX_DECIMALS);
    // moved by (3, 5), which is the mean then, with a padded token far away
    double[] moved = new double[14];
    Arrays.fill(moved, 1e6);
    for (int i = 0; i < 12; i++) {
      moved[i] = TOKENS[i] + (i % 2 == 0 ? 3 : 5);
    }
    boolean[] real = {true, true, true, true, true, true, false};
    PrincipalAxes others = new PrincipalAxes(1);
    others.add(constant(Shape.of(1, 7, 2), moved), tape.scope().upload(Shape.of(1, 7), real));
    assertThat(others.seen()).isEqualTo(6);
    assertClose(
        others.over(given, 2, new PrincipalAxes.Start(false, true)),
        new double[] {4.272462, 5.385270, 2.782037, 5.719884, 8, 9},
        SIX_DECIMALS);
  }

  /// Tokens on a line have one axis; what is left stays as it was. Of no tokens everything does.
  @Test
  void whatTokensSayNothingAboutStays() {
    double[] given = {7, 6, 5, 4};
    PrincipalAxes.Start unit = new PrincipalAxes.Start(true, false);
    PrincipalAxes line = new PrincipalAxes(1);
    assertThat(line.over(given, 2, unit)).containsExactly(given);
    line.add(constant(Shape.of(1, 3, 2), 0, 0, -3, -4, 3, 4), null);
    assertClose(line.over(given, 2, unit), new double[] {.6, .8, 5, 4}, EXACT);
  }

  /// Of many tokens so many are kept, each as likely as the next: a quarter of them lie along the first axis, and so does a quarter of the
  /// variance, within five deviations of a share of 4,096.
  @Test
  void ofManyTokensASampleSpeaks() {
    PrincipalAxes axes = new PrincipalAxes(3);
    for (int part = 0; part < 4; part++) {
      double[] tokens = new double[2 * 4096];
      for (int i = 0; i < 4096; i++) {
        tokens[2 * i + (part == 0 ? 0 : 1)] = i % 2 == 0 ? 1 : -1;
      }
      axes.add(constant(Shape.of(1, 4096, 2), tokens), null);
    }
    assertThat(axes.seen()).isEqualTo(4 * 4096);
    double[] found = axes.over(new double[4], 2, new PrincipalAxes.Start(false, false));
    Offset<Double> five = Offset.offset(5 * Math.sqrt(.25 * .75 / 4096));
    assertThat(found[1] * found[1])
        .isCloseTo(.75, five); // the first proxy, √λ along the second axis
    assertThat(found[2] * found[2]).isCloseTo(.25, five);
  }

  // Eight bits

  @Test
  void eightBitsAreTheWorkedExample() {
    Int8.Row row = Int8.Row.of(.8, -1.27, .0061, .4);
    assertThat(row.scale()).isCloseTo(.01, Offset.offset(1e-15));
    assertThat(row.q()).containsExactly(80, -127, 1, 40);
    assertThat(Int8.Row.of(0, 0).scale()).isEqualTo(1);
    assertThat(Int8.Row.of(2.5, -2.5, 127).q()).containsExactly(3, -3, 127); // away from 0
    assertClose(
        Int8.shares(.71, .19, .06, .04), new double[] {.712598, .188976, .059055, .039370}, 1e-6);
    double dot =
        new Int8.Row(.01, new byte[] {102, -51}).dot(new Int8.Row(.02, new byte[] {64, 127}));
    assertThat(dot).isCloseTo(.0102, Offset.offset(1e-15));
  }

  // Mutual information

  @Test
  void mutualInformationIsTheWorkedExample() {
    Var u = constant(Shape.of(2, 2), 1, 0, 0, 1);
    near(MutualInformation.loss(u, constant(Shape.of(2, 2), 1, .2, .1, .9)), .173159);
    Var same = constant(Shape.of(2, 2), 3, 4, 3, 4);
    near(MutualInformation.loss(u, same), Math.log(2));
    Var nothing = constant(Shape.of(1, 2), 0, 0);
    near(MutualInformation.loss(nothing, nothing), 0);
  }
}
