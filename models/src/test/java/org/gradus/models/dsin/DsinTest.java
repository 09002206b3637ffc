// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dsin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.layers.MultiHeadAttention.Projection;
import org.gradus.layers.MultiHeadAttention.Scale;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelBench;
import org.gradus.models.ModelCheck;
import org.gradus.models.Naive;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// DSIN: its equations as loops, the specification's numbers, and what must not matter.
class DsinTest {
  private static final DsinSpec SPEC = new DsinSpec();

  /// Small, with every part.
  private static final Map<String, String> SMALL =
      Map.of("embeddingDim", "3", "heads", "3", "lstmDropout", "0", "hidden", "4");

  private static final Schema PLAIN =
      Schema.of(
          new Field.Categorical("item", 9),
          new Field.Sessions("visits", 9, "item", 4, 4),
          Schemas.CLICK);

  /// Sessions of two columns.
  private static final Schema COLUMNS =
      Schema.of(
          new Field.Dense("price"),
          new Field.Categorical("category", 5),
          new Field.Categorical("user", 4),
          new Field.Categorical("item", 9),
          new Field.Sessions("visits", 9, "item", 3, 2),
          new Field.Sessions("visitedCategories", 5, "category", 3, 2),
          Schemas.CLICK);

  private static Map<String, String> with(String... settings) {
    Map<String, String> all = new HashMap<>(SMALL);
    for (int i = 0; i < settings.length; i += 2) {
      all.put(settings[i], settings[i + 1]);
    }
    return all;
  }

  // The equations

  private static void compare(
      Map<String, String> given, Schema schema, List<String> columns, List<String> candidates) {
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 1)) {
      Batch batch = SampleBatches.draw(schema, 5, 1);
      NaiveDsin naive = new NaiveDsin(bench.all(), SPEC.settings(given));
      double[] expected = new double[5];
      Arrays.setAll(expected, b -> naive.score(batch, b, columns, candidates));
      assertClose(bench.scores(batch), expected, EXACT);
    }
  }

  @Test
  void scoreIsItsEquations() {
    Schema schema = SPEC.exampleSchema(SPEC.settings(Map.of()));
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 1)) {
      compare(given, schema, List.of("visits"), List.of("item"));
    }
  }

  @Test
  void stepsOfSeveralColumnsStandSideBySide() {
    for (String positions : List.of("BIAS_ENCODING", "SINUSOIDAL")) {
      Map<String, String> given = with("positions", positions, "embeddingDim", "2", "heads", "2");
      List<String> columns = List.of("visits", "visitedCategories");
      compare(given, COLUMNS, columns, List.of("item", "category"));
      Map<String, String> turned = new HashMap<>(given);
      turned.put("sessions", "visitedCategories,visits");
      compare(turned, COLUMNS, columns.reversed(), List.of("category", "item"));
    }
  }

  /// Every pair of options on rows with all sessions, with none, and with some.
  @Test
  void gradientsOfSessionsAreRight() {
    Schema schema = SPEC.exampleSchema(SPEC.settings(Map.of()));
    try (Device reference = Device.open("reference")) {
      for (Map<String, String> given : CoveringArray.pairwise(SPEC, 3)) {
        Settings settings = SPEC.settings(given);
        Batch batch = SampleBatches.draw(schema, 4, 3);
        ModelCheck.check(SPEC, settings, 3)
            .extent(24, 12)
            .check(reference, ModelCheck.objective(SPEC, settings, batch))
            .orFail();
      }
      Settings settings = SPEC.settings(with("embeddingDim", "2", "heads", "2"));
      Batch batch = SampleBatches.draw(COLUMNS, 3, 3);
      GradCheck.of(3)
          .extent(24, 12)
          .check(reference, ModelCheck.objective(SPEC, settings, batch))
          .orFail();
    }
  }

  /// The weights of both activations, 0 where a row has no session.
  @Test
  void attentionToSessionsIsReported() {
    for (Map<String, String> given : modes()) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 5)) {
        NaiveDsin naive = new NaiveDsin(bench.all(), SPEC.settings(given));
        Map<String, double[]> found = bench.weights(BARE);
        String[] paths = {"activation/interests", "activation/states"};
        assertThat(found).containsOnlyKeys(paths);
        for (int part = 0; part < 2; part++) {
          double[] expected = new double[9]; // two sessions, none, three
          for (int b = 0; b < 3; b++) {
            double[] own = naive.weights(BARE, b)[part];
            System.arraycopy(own, 0, expected, 3 * b, own.length);
          }
          assertClose(Naive.get(found, paths[part]), expected, EXACT);
        }
      }
    }
  }

  // The specification's numbers

  /// A part of the model with parameters to set.
  private static final class Bench implements AutoCloseable {
    final Device device = Device.open("reference");
    final Params params = Params.create(device, 1);
    final Tape tape = Tape.recording(device);
    final Mode mode = Mode.training(tape, 1, 1);

    @Override
    public void close() {
      tape.close();
      params.close();
      device.close();
    }

    void set(String path, double... values) {
      ((DenseParameter) params.get(path)).write(values);
    }
  }

  private static double fill(int n) {
    return ((7 * n + 3) % 11 - 5) / 10.0;
  }

  private static final double[] WORKED_STEPS = {0.1, 0.2, 0.3, -0.1, -0.2, 0.4, 0, 0, 0, 0, 0, 0};

  private static InterestExtractor extractor(
      Bench bench, InterestExtractor.Sublayers sublayers, SessionPositions.Kind positions) {
    InterestExtractor extractor =
        new InterestExtractor(
            2,
            3,
            2,
            new InterestExtractor.Config(
                positions, 1, Scale.D_HEAD, Projection.FULL_THEN_SPLIT, sublayers),
            bench.params);
    if (positions == SessionPositions.Kind.BIAS_ENCODING) {
      bench.set("positions/session", 0.01, -0.02, 0.03);
      bench.set("positions/step", 0.05, -0.05);
      bench.set("positions/feature", 0.1, -0.1);
    }
    String[] names = {"query", "key", "value", "out"};
    for (int i = 0; i < 4; i++) {
      bench.set(
          "attention/" + names[i] + "/weight",
          fill(4 * i),
          fill(4 * i + 1),
          fill(4 * i + 2),
          fill(4 * i + 3));
    }
    return extractor;
  }

  private static InterestExtractor worked(Bench bench) {
    return extractor(
        bench,
        new InterestExtractor.Sublayers(true, false, false, false),
        SessionPositions.Kind.BIAS_ENCODING);
  }

  @Test
  void theWorkedExample() {
    try (Bench bench = new Bench()) {
      InterestExtractor extractor = worked(bench);
      Tape tape = bench.tape;
      Var q = tape.constant(Shape.of(1, 3, 2, 2), WORKED_STEPS);
      Var i = extractor.forward(q, new int[] {2, 1, 0}, bench.mode);
      assertClose(
          i.value().toDoubles(),
          new double[] {0.334917, -0.102718, -0.024200, 0.324900, 0, 0},
          SIX_DECIMALS);
      InterestActivation activation =
          new InterestActivation(
              2,
              2,
              new InterestActivation.Config(InterestActivation.Score.BILINEAR, List.of()),
              bench.params.at("activation"));
      bench.set("activation/weight", 1, 0.2, -0.3, 0.8);
      Var candidate = tape.constant(Shape.of(1, 2), 0.5, -0.5);
      Tensor mask = tape.scope().upload(Shape.of(1, 3), true, true, false);
      assertClose(
          activation.weights(candidate, i, mask, bench.mode).value().toDoubles(),
          new double[] {0.593592, 0.406408, 0},
          SIX_DECIMALS);
      assertClose(
          activation.weights(candidate, i, mask, bench.mode).weightedSum(i).value().toDoubles(),
          new double[] {0.188969, 0.071069},
          SIX_DECIMALS);
      // What comes of a lost mask; the specification calls it wrong.
      Tensor lost = tape.scope().upload(Shape.of(1, 3), true, true, true);
      assertClose(
          activation.weights(candidate, i, lost, bench.mode).value().toDoubles(),
          new double[] {0.398210, 0.272638, 0.329152},
          SIX_DECIMALS);
    }
  }

  @Test
  void theWorkedExampleOfPositions() {
    try (Bench bench = new Bench()) {
      SessionPositions positions =
          new SessionPositions(
              SessionPositions.Kind.BIAS_ENCODING, 3, 2, 2, bench.params.at("own"));
      bench.set("own/session", 0.01, -0.02, 0.03);
      bench.set("own/step", 0.05, -0.05);
      bench.set("own/feature", 0.1, -0.1);
      Var q = bench.tape.constant(Shape.of(1, 3, 2, 2), WORKED_STEPS);
      double[] biased = positions.forward(q).value().toDoubles();
      assertClose(
          Arrays.copyOf(biased, 6),
          new double[] {0.26, 0.16, 0.36, -0.24, -0.07, 0.33},
          SIX_DECIMALS);
    }
  }

  @Test
  void positionsStartSmall() {
    try (Bench bench = new Bench()) {
      SessionPositions unused =
          new SessionPositions(SessionPositions.Kind.BIAS_ENCODING, 500, 500, 500, bench.params);
      assertThat(unused).isNotNull();
      for (String name : List.of("session", "step", "feature")) {
        double[] w = ((DenseParameter) bench.params.get(name)).value().toDoubles();
        assertThat(Arrays.stream(w)).allMatch(x -> Math.abs(x) <= 2.0000001e-4);
        // 500 draws: the mean of squares of a normal cut at 2σ is 0.774 σ², its deviation 0.05 σ².
        double squares = Arrays.stream(w).map(x -> x * x).average().orElseThrow();
        assertThat(squares).isBetween(0.5e-8, 1.05e-8);
      }
    }
  }

  // What must not matter

  /// Without a bias encoding the order of the steps of a session says nothing.
  @Test
  void withoutPositionsTheOrderInASessionDoesNotMatter() {
    double[] turned = WORKED_STEPS.clone();
    System.arraycopy(WORKED_STEPS, 0, turned, 2, 2);
    System.arraycopy(WORKED_STEPS, 2, turned, 0, 2);
    double[][] found = new double[4][];
    int n = 0;
    for (SessionPositions.Kind kind :
        List.of(SessionPositions.Kind.NONE, SessionPositions.Kind.BIAS_ENCODING)) {
      for (double[] steps : List.of(WORKED_STEPS, turned)) {
        try (Bench bench = new Bench()) {
          InterestExtractor e =
              extractor(bench, new InterestExtractor.Sublayers(true, false, true, false), kind);
          Var q = bench.tape.constant(Shape.of(1, 3, 2, 2), steps);
          found[n++] = e.forward(q, new int[] {2, 1, 0}, bench.mode).value().toDoubles();
        }
      }
    }
    assertClose(found[1], found[0], EXACT);
    assertThat(Math.abs(found[3][0] - found[2][0])).isGreaterThan(1e-6);
  }

  /// One real step, and it may not attend to itself: no attention, and what the residual hands on.
  @Test
  void blindToItselfALoneStepKeepsItsResidual() {
    try (Bench bench = new Bench()) {
      InterestExtractor e =
          extractor(
              bench,
              new InterestExtractor.Sublayers(true, false, false, true),
              SessionPositions.Kind.BIAS_ENCODING);
      Var q = bench.tape.variable(bench.tape.scope().upload(Shape.of(1, 3, 2, 2), WORKED_STEPS));
      Var i = e.forward(q, new int[] {2, 1, 0}, bench.mode);
      double[] lone = Arrays.copyOfRange(i.value().toDoubles(), 2, 4);
      assertClose(lone, new double[] {-0.07, 0.33}, EXACT);
      Tensor dq = Objects.requireNonNull(bench.tape.backward(i.sum()).of(q));
      assertThat(Arrays.stream(dq.toDoubles())).allMatch(Double::isFinite);
    }
  }

  /// With w^K = 0 the same session twice is the same interest twice, and U^I what it is with one.
  @Test
  void identicalSessionsHaveOneInterest() {
    try (Bench bench = new Bench()) {
      InterestExtractor e = worked(bench);
      bench.set("positions/session", 0, 0, 0);
      double[] twice = {0.1, 0.2, 0.3, -0.1, 0.1, 0.2, 0.3, -0.1};
      Var q = bench.tape.constant(Shape.of(1, 2, 2, 2), twice);
      double[] i = e.forward(q, new int[] {2, 2}, bench.mode).value().toDoubles();
      assertThat(Arrays.copyOfRange(i, 2, 4)).isEqualTo(Arrays.copyOf(i, 2));
    }
  }

  /// One session has all the weight: the weights' parameters do not matter.
  @Test
  void ofOneSessionTheWeightIsOne() {
    try (ModelBench bench = ModelBench.drawn(SPEC, SMALL, PLAIN, 2)) {
      Batch one = batch(2, new int[] {3, 5});
      Batch two = batch(2, new int[] {3, 5}, new int[] {4});
      double[] ofOne = bench.scores(one);
      double[] ofTwo = bench.scores(two);
      for (String part : List.of("interests", "states")) {
        String path = "activation/" + part + "/weight";
        bench.set(path, new double[bench.get(path).length]);
      }
      assertThat(bench.scores(one)).isEqualTo(ofOne);
      assertThat(bench.scores(two)[0]).isNotEqualTo(ofTwo[0]);
    }
  }

  /// Without a bias encoding, and deaf to H, the order of the sessions says nothing.
  @Test
  void withoutPositionsAndStatesTheOrderOfSessionsDoesNotMatter() {
    try (ModelBench bench = ModelBench.drawn(SPEC, with("positions", "NONE"), PLAIN, 2)) {
      Batch one = batch(2, new int[] {3, 5}, new int[] {4}, new int[] {6, 2});
      Batch other = batch(2, new int[] {6, 2}, new int[] {3, 5}, new int[] {4});
      assertThat(Math.abs(bench.scores(one)[0] - bench.scores(other)[0])).isGreaterThan(1e-6);
      double[] weight = bench.get("deep/0/weight"); // rows: item, U^I, U^H, three each
      Arrays.fill(weight, 6 * 4, 9 * 4, 0);
      bench.set("deep/0/weight", weight);
      assertClose(bench.scores(other), bench.scores(one), EXACT);
    }
  }

  /// A batch of one row: a candidate and its sessions.
  private static Batch batch(int item, int[]... sessions) {
    return batch(new int[] {item}, new int[][][] {sessions});
  }

  /// Candidates, and their sessions.
  private static Batch batch(int[] items, int[][][] sessions) {
    int[][] bags = new int[2 * items.length][];
    int[] offsets = new int[items.length + 1];
    List<int[]> sizes = new ArrayList<>();
    for (int b = 0; b < items.length; b++) {
      bags[b] = new int[] {items[b]};
      bags[items.length + b] = Arrays.stream(sessions[b]).flatMapToInt(Arrays::stream).toArray();
      sizes.add(Arrays.stream(sessions[b]).mapToInt(s -> s.length).toArray());
      offsets[b + 1] = offsets[b] + sessions[b].length;
    }
    return Batch.builder(PLAIN, items.length)
        .sparse(ModelBench.ids(PLAIN, List.of(bags)))
        .sessions(
            "visits",
            new JaggedIds(sizes.stream().flatMapToInt(Arrays::stream).toArray(), null, offsets))
        .real("click", new float[items.length])
        .build();
  }

  private static List<Map<String, String>> modes() {
    return List.of(
        SMALL,
        with("activation", "DIN_MLP", "activationHidden", "3"),
        with("blindDiagonal", "true", "lstmPeephole", "true"),
        with("positions", "SINUSOIDAL", "lstmMerge", "CONCAT", "lstmResidual", "2"));
  }

  private static final Batch BARE =
      batch(new int[] {2, 3, 4}, new int[][][] {{{5, 2, 7}, {3}}, {}, {{8, 3}, {6, 6}, {2}}});

  /// Padded steps, padded sessions, rows around: id 0 is nothing, wherever it stands, in scores, gradients and training.
  @Test
  void paddingInASessionAndEmptySessionsChangeNothing() {
    Batch padded =
        batch(
            new int[] {2, 3, 4},
            new int[][][] {
              {{5, 2, 7, 0}, {3, 0, 0}, {0}}, {{0, 0}, {0}}, {{0, 8, 3}, {}, {6, 0, 6}, {2}}
            });
    for (Map<String, String> given : modes()) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 1);
          ModelBench other = ModelBench.drawn(SPEC, given, PLAIN, 1)) {
        assertThat(bench.scores(padded)).isEqualTo(bench.scores(BARE));
        Map<String, double[]> expected = bench.gradients(BARE, 1, -2, 3);
        bench
            .gradients(padded, 1, -2, 3)
            .forEach((path, g) -> assertClose(g, Naive.get(expected, path), EXACT));
        assertThat(other.descend(padded, .1, 1)).isEqualTo(bench.descend(BARE, .1, 1));
      }
    }
  }

  /// A row by itself has only its own sessions: the widest ones of the batch do not matter.
  @Test
  void theRowsAroundDoNotMatter() {
    for (Map<String, String> given : modes()) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 1)) {
        double[] all = bench.scores(BARE);
        Map<String, double[]> sum = new TreeMap<>();
        for (int b = 0; b < 3; b++) {
          Batch alone = ModelBench.rows(BARE, b);
          assertThat(bench.scores(alone)[0]).isEqualTo(all[b]);
          bench.gradients(alone, 1 + b).forEach((path, g) -> sum.merge(path, g, DsinTest::plus));
        }
        bench
            .gradients(BARE, 1, 2, 3)
            .forEach((path, g) -> assertClose(g, Naive.get(sum, path), EXACT));
      }
    }
  }

  private static double[] plus(double[] a, double[] b) {
    double[] y = a.clone();
    Arrays.setAll(y, i -> a[i] + b[i]);
    return y;
  }

  /// A softmax over nothing but −∞ has NaN for a gradient, whatever is patched in the forward pass: a batch of users without
  /// any session has finite gradients, and 0 wherever sessions are read.
  @Test
  void usersWithoutSessionsHaveFiniteScoresAndGradients() {
    Batch none = batch(new int[] {2, 3}, new int[][][] {{}, {{0, 0}}});
    for (Map<String, String> given : modes()) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 3)) {
        double[] z = bench.scores(none);
        assertThat(z[0]).isFinite().isNotEqualTo(z[1]);
        bench
            .gradients(none, 1, 1)
            .forEach(
                (path, g) -> {
                  assertThat(Arrays.stream(g)).as(path).allMatch(Double::isFinite);
                  if (!path.matches("(v|deep|out)/.*")) {
                    assertThat(Arrays.stream(g)).as(path).allMatch(x -> x == 0);
                  }
                });
        assertThat(bench.descend(none, .1, 1)).isFinite();
      }
    }
  }

  /// The mask that reaches the attention also reaches the LSTM: if it were lost there, an empty session would be a step.
  @Test
  void emptySessionsAreNoStepsOfTheLstm() {
    for (Map<String, String> given : modes()) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 4)) {
        // Together with a longer row the short one has two sessions of padding.
        Batch both = batch(new int[] {2, 2}, new int[][][] {{{5, 3}}, {{1}, {2}, {3}}});
        assertThat(bench.scores(both)[0]).isEqualTo(bench.scores(batch(2, new int[] {5, 3}))[0]);
      }
    }
  }

  @Test
  void whatIsLearnedOfPositionsIsAllThatGrowsWithTheSessions() {
    Map<String, Integer> few = sizes(3, 5);
    Map<String, Integer> many = sizes(40, 5);
    assertThat(many.keySet()).isEqualTo(few.keySet());
    few.forEach(
        (path, size) ->
            assertThat(many.get(path))
                .as(path)
                .isEqualTo(path.equals("positions/session") ? Integer.valueOf(40) : size));
    assertThat(sizes(3, 7).get("positions/step")).isEqualTo(7);
  }

  private static Map<String, Integer> sizes(int sessions, int length) {
    Schema schema =
        Schema.of(
            new Field.Categorical("item", 9),
            new Field.Sessions("visits", 9, "item", sessions, length),
            Schemas.CLICK);
    Map<String, Integer> sizes = new TreeMap<>();
    try (ModelBench bench = ModelBench.of(SPEC, SMALL, schema, 1)) {
      bench.paths().forEach(path -> sizes.put(path, bench.get(path).length));
    }
    return sizes;
  }

  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("heads")).isEqualTo(8);
    assertThat(s.list("hidden")).containsExactly(200, 80);
    assertThat(s.choice("activation", InterestActivation.Score.class))
        .isEqualTo(InterestActivation.Score.BILINEAR);
    assertThat(s.choice("attScale", Scale.class)).isEqualTo(Scale.D_HEAD);
    assertThat(s.flag("useResidual") && s.flag("useLayerNorm") && s.flag("useFfn")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"item", "clicks"})
  void fieldsWithoutSessionsAreRefused(String name) {
    assertThatThrownBy(() -> ModelBench.of(SPEC, with("sessions", name), PLAIN, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name.equals("item") ? "holds no sessions" : "no field clicks");
  }

  @Test
  void whatDoesNotFitIsRefused() {
    assertThatThrownBy(
            () ->
                ModelBench.of(SPEC, with("activation", "DIN_MLP", "lstmMerge", "CONCAT"), PLAIN, 1))
        .hasMessageContaining("Expected lstmMerge SUM or AVERAGE, or activation BILINEAR");
    Schema alone =
        Schema.of(
            new Field.Categorical("user", 4),
            new Field.Sessions("visits", 9, "item", 4, 4),
            Schemas.CLICK);
    assertThatThrownBy(() -> ModelBench.of(SPEC, SMALL, alone, 1))
        .isInstanceOf(IllegalArgumentException.class);
    Batch uneven =
        Batch.builder(COLUMNS, 1)
            .dense(new float[1])
            .sparse(ModelBench.ids(COLUMNS, List.of(new int[][] {{2}, {3}, {4}, {5, 6}, {2, 3}})))
            .sessions("visits", new JaggedIds(new int[] {2}, null, new int[] {0, 1}))
            .sessions("visitedCategories", new JaggedIds(new int[] {1, 1}, null, new int[] {0, 2}))
            .real("click", new float[1])
            .build();
    try (ModelBench bench =
        ModelBench.of(SPEC, with("embeddingDim", "2", "heads", "2"), COLUMNS, 1)) {
      assertThatThrownBy(() -> bench.scores(uneven))
          .hasMessage(
              "dsin: sessions visits and visitedCategories have different sizes. Expected columns"
                  + " of the same steps.");
    }
  }
}
