// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lstmforecast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.Head;
import org.gradus.models.ModelBench;
import org.gradus.models.ModelCheck;
import org.gradus.models.Naive;
import org.gradus.models.Outputs;
import org.gradus.models.Settings;
import org.gradus.models.lstmforecast.LstmForecast.Decoding;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// The forecaster: its equations as loops, and what must not matter.
class LstmForecastTest {
  private static final LstmForecastSpec SPEC = new LstmForecastSpec();

  /// The example, and where the window need not move a variable that is not known ahead.
  private static Schema schema(Decoding decoding) {
    List<Field> fields = new ArrayList<>(SPEC.exampleSchema(SPEC.settings(Map.of())).fields());
    if (decoding != Decoding.RECURSIVE) {
      fields.add(2, new Field.Series("temperature", 4));
    }
    return new Schema(fields);
  }

  // The equations as loops

  /// State and cell of a layer after one step: blocks in the order i, f, g, o.
  private static double[][] cell(
      Map<String, double[]> params, String path, double[] x, double[] h, double[] c) {
    int n = h.length;
    double[] a =
        Naive.linear(x, Naive.get(params, path + "weight"), Naive.get(params, path + "bias"));
    double[] b = Naive.linear(h, Naive.get(params, path + "recurrent"), new double[4 * n]);
    double[] nextH = new double[n];
    double[] nextC = new double[n];
    for (int i = 0; i < n; i++) {
      double in = ModelBench.sigmoid(a[i] + b[i]);
      double forget = ModelBench.sigmoid(a[n + i] + b[n + i]);
      double candidate = Math.tanh(a[2 * n + i] + b[2 * n + i]);
      double out = ModelBench.sigmoid(a[3 * n + i] + b[3 * n + i]);
      nextC[i] = forget * c[i] + in * candidate;
      nextH[i] = out * Math.tanh(nextC[i]);
    }
    return new double[][] {nextH, nextC};
  }

  /// (LF-1)
  private static double[][] encode(
      Map<String, double[]> params, Settings s, List<double[]> window) {
    List<double[]> in = window;
    double[][] memory = {};
    for (int l = 0; l < s.integer("layers"); l++) {
      int n = s.integer("hidden");
      memory = new double[][] {new double[n], new double[n]};
      List<double[]> states = new ArrayList<>();
      for (double[] x : in) {
        memory = cell(params, "encoder/" + l + "/", x, memory[0], memory[1]);
        states.add(memory[0]);
      }
      in = states;
    }
    return memory;
  }

  /// (LF-6), in evaluation
  private static double phi(Positivity head, double z) {
    return switch (head) {
      case LINEAR -> z;
      case RELU, CLAMP -> Math.max(0, z);
      case SOFTPLUS -> Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
      case EXP -> Math.exp(Math.min(z, 20));
    };
  }

  private static double[] head(Map<String, double[]> params, Settings s, double[] h, double[] e) {
    double[] y =
        Naive.linear(
            Naive.flat(h, e), Naive.get(params, "head/weight"), Naive.get(params, "head/bias"));
    return Arrays.stream(y).map(z -> phi(s.choice("head", Positivity.class), z)).toArray();
  }

  private static double value(Batch batch, Field.Series f, int b, int at) {
    return batch.series(f.name())[b * f.length() + at];
  }

  /// The horizon of an example, step by step.
  ///
  /// @param truth what is fed back; null for the forecasts themselves
  private static List<double[]> forecast(
      Map<String, double[]> params, Settings s, Batch batch, int b, double @Nullable [] truth) {
    List<Field.Series> series = batch.schema().series();
    int steps = series.getFirst().steps();
    int horizon = batch.schema().labels().size();
    List<double[]> window = new ArrayList<>();
    for (int t = 0; t < steps; t++) {
      int at = t;
      window.add(series.stream().mapToDouble(f -> value(batch, f, b, at)).toArray());
    }
    int dim = s.integer("stationDim");
    int id = ModelBench.bag(batch, "station", b)[0];
    double[] e =
        dim == 0
            ? new double[0]
            : Arrays.copyOfRange(Naive.get(params, "station/station"), id * dim, (id + 1) * dim);
    int columns = Math.max(1, s.wordList("quantiles").size());
    int middle = columns / 2; // of 0.1, 0.5, 0.9 the second
    Decoding decoding = s.choice("decoding", Decoding.class);
    double[][] memory = encode(params, s, window);
    List<double[]> out = new ArrayList<>();
    if (decoding == Decoding.DIRECT) {
      double[] all = head(params, s, memory[0], e);
      for (int j = 0; j < horizon; j++) {
        out.add(Arrays.copyOfRange(all, j * columns, (j + 1) * columns));
      }
      return out;
    }
    double before = window.getLast()[0];
    for (int j = 0; j < horizon; j++) {
      int at = steps + j;
      double[] known =
          series.stream()
              .filter(f -> f.ahead() > 0)
              .mapToDouble(f -> value(batch, f, b, at))
              .toArray();
      if (decoding == Decoding.SEQ2SEQ) {
        memory =
            cell(
                params, "decoder/", Naive.flat(new double[] {before}, known), memory[0], memory[1]);
      }
      double[] y = head(params, s, memory[0], e);
      out.add(y);
      before = truth == null ? y[middle] : truth[j];
      if (decoding == Decoding.RECURSIVE) {
        window.removeFirst();
        window.add(Naive.flat(new double[] {before}, known));
        memory = encode(params, s, window);
      }
    }
    return out;
  }

  private static Var values(Head head) {
    return head instanceof Head.Quantiles q ? q.values() : head.score();
  }

  private static void assertForecasts(
      Outputs outputs, Map<String, double[]> params, Settings s, Batch batch, boolean forced) {
    List<Field.Label> labels = batch.schema().labels();
    assertThat(outputs.heads().keySet())
        .containsExactlyElementsOf(labels.stream().map(Field.Label::name).toList());
    double[][] found = new double[labels.size()][];
    for (int j = 0; j < found.length; j++) {
      found[j] = values(outputs.head(labels.get(j).name())).value().toDoubles();
    }
    for (int b = 0; b < batch.size(); b++) {
      int row = b;
      double[] truth = labels.stream().mapToDouble(l -> batch.label(l.name())[row]).toArray();
      List<double[]> expected = forecast(params, s, batch, b, forced ? truth : null);
      for (int j = 0; j < found.length; j++) {
        int columns = expected.get(j).length;
        assertClose(
            Arrays.copyOfRange(found[j], b * columns, (b + 1) * columns), expected.get(j), EXACT);
      }
    }
  }

  @Test
  void forecastsAreTheirEquations() {
    long seed = 1;
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 1)) {
      Settings s = SPEC.settings(given);
      Schema schema = schema(s.choice("decoding", Decoding.class));
      Batch batch = SampleBatches.draw(schema, 5, seed);
      try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, seed++)) {
        Map<String, double[]> params = bench.all();
        bench.evaluate(
            batch,
            outputs -> {
              assertForecasts(outputs, params, s, batch, false);
              return outputs;
            });
      }
    }
  }

  /// With a variable that is not known ahead too.
  @ParameterizedTest
  @EnumSource(Decoding.class)
  void gradientsAreRight(Decoding decoding) {
    Settings s =
        SPEC.settings(Map.of("decoding", decoding.name(), "hidden", "3", "teacherForcing", "0.5"));
    Batch batch = SampleBatches.draw(schema(decoding), 5, 4);
    try (Device reference = Device.open("reference")) {
      ModelCheck.check(SPEC, s, 4).check(reference, ModelCheck.objective(SPEC, s, batch)).orFail();
    }
  }

  /// In training every step is given the true value before it; a rolling forecast of one step does so in evaluation.
  @ParameterizedTest
  @EnumSource(
      value = Decoding.class,
      names = {"SEQ2SEQ", "RECURSIVE"})
  void theTeacherSpeaksInTraining(Decoding decoding) {
    Map<String, String> given = Map.of("decoding", decoding.name(), "hidden", "3", "dropout", "0");
    Settings s = SPEC.settings(given);
    Schema schema = schema(decoding);
    Batch batch = SampleBatches.draw(schema, 5, 2);
    try (Device reference = Device.open("reference");
        Params params = Params.create(reference, 3)) {
      LstmForecast model = (LstmForecast) SPEC.create(s, schema, params);
      Map<String, double[]> all = new HashMap<>();
      params.all().forEach(p -> all.put(p.path(), values(params, p.path())));
      try (Tape tape = Tape.recording(reference)) {
        assertForecasts(model.forward(batch, Mode.training(tape, 1, 1)), all, s, batch, true);
        assertForecasts(model.forward(batch, Mode.evaluation(tape)), all, s, batch, false);
        if (decoding == Decoding.RECURSIVE) {
          assertForecasts(model.rollingOneStep(batch, Mode.evaluation(tape)), all, s, batch, true);
        } else {
          assertThatThrownBy(() -> model.rollingOneStep(batch, Mode.evaluation(tape)))
              .hasMessageContaining("Expected RECURSIVE");
        }
      }
    }
  }

  private static double[] values(Params params, String path) {
    return switch (params.get(path)) {
      case DenseParameter d -> d.value().toDoubles();
      case org.gradus.autograd.TableParameter t -> {
        double[] rows = new double[(int) t.elements()];
        t.table().read(0, rows);
        yield rows;
      }
    };
  }

  /// At one half some examples of a batch are given the truth and some are not, others at another step.
  @Test
  void halfOfTheTimeMeansSomeExamples() {
    Map<String, String> given =
        Map.of("decoding", "SEQ2SEQ", "hidden", "3", "teacherForcing", "0.5", "dropout", "0");
    Settings s = SPEC.settings(given);
    Schema schema = schema(Decoding.SEQ2SEQ);
    Batch batch = SampleBatches.draw(schema, 40, 2);
    try (Device reference = Device.open("reference");
        Params params = Params.create(reference, 3)) {
      LstmForecast model = (LstmForecast) SPEC.create(s, schema, params);
      Map<String, double[]> all = new HashMap<>();
      params.all().forEach(p -> all.put(p.path(), values(params, p.path())));
      int forced = 0;
      double[][] byStep = new double[2][];
      for (int step = 0; step < 2; step++) {
        try (Tape tape = Tape.recording(reference)) {
          Outputs out = model.forward(batch, Mode.training(tape, 1, step));
          byStep[step] = out.head("power+2").score().value().toDoubles();
        }
      }
      for (int b = 0; b < 40; b++) {
        double truth = batch.label("power+1")[b];
        double told = forecast(all, s, batch, b, new double[] {truth, truth}).get(1)[0];
        double own = forecast(all, s, batch, b, null).get(1)[0];
        double found = byStep[0][b];
        boolean isForced = Math.abs(found - told) < EXACT;
        assertThat(isForced || Math.abs(found - own) < EXACT).as("example %d", b).isTrue();
        forced += isForced ? 1 : 0;
      }
      assertThat(forced).as("of 40, at one half").isBetween(5, 35); // 5 deviations
      assertThat(byStep[1]).isNotEqualTo(byStep[0]);
    }
  }

  /// Between two layers, and nowhere else: one layer drops nothing, and evaluation does not.
  @Test
  void dropoutLiesBetweenLayers() {
    Schema schema = schema(Decoding.DIRECT);
    Batch batch = SampleBatches.draw(schema, 5, 2);
    for (String layers : List.of("1", "2")) {
      Map<String, String> given = Map.of("layers", layers, "dropout", "0.5", "hidden", "3");
      try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 1)) {
        double[] kept = bench.evaluate(batch, o -> o.head("power+1").score().value().toDoubles());
        double[] first = bench.train(batch, 1, o -> o.head("power+1").score().value().toDoubles());
        double[] second = bench.train(batch, 2, o -> o.head("power+1").score().value().toDoubles());
        assertThat(Arrays.equals(first, kept))
            .as("%s layers", layers)
            .isEqualTo(layers.equals("1"));
        assertThat(Arrays.equals(first, second)).isEqualTo(layers.equals("1"));
      }
    }
  }

  // What a forecast may depend on

  @ParameterizedTest
  @EnumSource(Decoding.class)
  void labelsAreNotReadInEvaluation(Decoding decoding) {
    Schema schema = schema(decoding);
    Batch drawn = SampleBatches.draw(schema, 3, 1);
    Batch.Builder bare = Batch.builder(schema, 3).sparse(drawn.sparse());
    schema.series().forEach(f -> bare.series(f.name(), drawn.series(f.name())));
    Map<String, String> given = Map.of("decoding", decoding.name(), "hidden", "3");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 1)) {
      assertThat(bench.scores(bare.build())).containsExactly(bench.scores(drawn));
    }
  }

  /// Order lives inside the window.
  @ParameterizedTest
  @EnumSource(Decoding.class)
  void theOrderOfTimeMatters(Decoding decoding) {
    Schema schema = schema(decoding);
    Batch drawn = SampleBatches.draw(schema, 1, 1);
    Batch.Builder turned = Batch.builder(schema, 1).sparse(drawn.sparse());
    for (Field.Series f : schema.series()) {
      float[] values = drawn.series(f.name()).clone();
      float first = values[0];
      values[0] = values[1];
      values[1] = first;
      turned.series(f.name(), values);
    }
    Map<String, String> given = Map.of("decoding", decoding.name(), "hidden", "3");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 1)) {
      assertThat(bench.scores(turned.build())[0]).isNotEqualTo(bench.scores(drawn)[0]);
    }
  }

  private static Schema plain(int steps, int horizon, int series) {
    List<Field> fields = new ArrayList<>();
    for (int f = 0; f < series; f++) {
      fields.add(new Field.Series("x" + f, steps));
    }
    for (int j = 1; j <= horizon; j++) {
      fields.add(new Field.Label("x0+" + j, Field.LabelKind.REGRESSION));
    }
    return new Schema(fields);
  }

  @Test
  void aConstantSeriesIsLearnedToTheConstant() {
    Schema schema = plain(5, 1, 1);
    float[] past = new float[4 * 5];
    Arrays.fill(past, 0.7f);
    float[] next = {0.7f, 0.7f, 0.7f, 0.7f};
    Batch batch = Batch.builder(schema, 4).series("x0", past).real("x0+1", next).build();
    for (Positivity head : Positivity.values()) {
      Map<String, String> given = Map.of("hidden", "4", "head", head.name());
      try (ModelBench bench = ModelBench.of(SPEC, given, schema, 1)) {
        for (int step = 1; step <= 200; step++) {
          bench.descend(batch, .2, step);
        }
        // least squares with one target: descent at this rate leaves less than a thousandth
        assertThat(bench.scores(batch)[0]).as("%s", head).isCloseTo(0.7, within(1e-3));
      }
    }
  }

  // Sizes

  @Test
  void parametersOfTheSpecification() {
    try (ModelBench bench = ModelBench.of(SPEC, Map.of(), plain(168, 24, 8), 1)) {
      long lstm = 0;
      long head = 0;
      for (var p : bench.params().all()) {
        if (p.path().startsWith("encoder/")) {
          lstm += p.elements();
        } else {
          head += p.elements();
        }
      }
      assertThat(lstm).isEqualTo(18_688);
      assertThat(head).isEqualTo(1_560);
    }
  }

  @Test
  void presetsAreThoseOfThePage() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("hidden")).isEqualTo(64);
    assertThat(s.integer("layers")).isEqualTo(1);
    assertThat(s.real("dropout")).isEqualTo(0.1);
    assertThat(s.choice("decoding", Decoding.class)).isEqualTo(Decoding.DIRECT);
  }

  // Heads

  private record Point(double value, double slope) {}

  private static Point at(Positivity head, double z, boolean training) {
    try (Device reference = Device.open("reference");
        Params params = Params.create(reference, 1);
        Tape tape = Tape.recording(reference)) {
      DenseParameter p = params.weight("z", Shape.of(1), Initializers.zeros());
      p.write(new double[] {z});
      Mode mode = training ? Mode.training(tape, 1, 1) : Mode.evaluation(tape);
      Var y = head.of(tape.use(p), mode);
      var gradient = tape.backward(y.sum()).of(p);
      double slope = gradient instanceof Gradient.Dense g ? g.values().toDoubles()[0] : 0;
      return new Point(y.value().toDoubles()[0], slope);
    }
  }

  /// The table of the specification.
  @ParameterizedTest
  @CsvSource({
    "-2, RELU, 0, 0",
    "-2, SOFTPLUS, 0.126928, 0.119203",
    "-2, EXP, 0.135335, 0.135335",
    "0, SOFTPLUS, 0.693147, 0.5",
    "0, EXP, 1, 1",
    "0, RELU, 0, 0",
    "1.5, RELU, 1.5, 1",
    "1.5, SOFTPLUS, 1.701413, 0.817574",
    "1.5, EXP, 4.481689, 4.481689",
    "-2, LINEAR, -2, 1",
    "-2, CLAMP, -2, 1",
    "1.5, CLAMP, 1.5, 1",
    "25, EXP, 485165195.409790, 0"
  })
  void headsAreTheirFormulas(double z, Positivity head, double value, double slope) {
    Point found = at(head, z, true);
    assertThat(found.value).isCloseTo(value, within(SIX_DECIMALS * Math.max(1, value)));
    assertThat(found.slope).isCloseTo(slope, within(SIX_DECIMALS * Math.max(1, value)));
  }

  @Test
  void clampedInEvaluationOnly() {
    assertThat(at(Positivity.CLAMP, -2, false).value).isZero();
    assertThat(at(Positivity.CLAMP, -2, true).value).isEqualTo(-2);
    assertThat(at(Positivity.CLAMP, 2, false).value).isEqualTo(2);
  }

  /// φ of the first bias is the mean of the targets.
  @Test
  void biasesBeginAtTheMean() {
    assertThat(Positivity.SOFTPLUS.bias(0.5)).isCloseTo(-0.432752, within(SIX_DECIMALS));
    for (double mean : new double[] {0.01, 0.5, 3, 40}) {
      for (Positivity head : List.of(Positivity.RELU, Positivity.SOFTPLUS, Positivity.EXP)) {
        if (head != Positivity.EXP || mean < 20) {
          assertThat(at(head, head.bias(mean), true).value).isCloseTo(mean, within(1e-9 * mean));
        }
      }
    }
    assertThat(Positivity.LINEAR.bias(3)).isZero();
    assertThatThrownBy(() -> Positivity.SOFTPLUS.bias(0)).hasMessageContaining("Expected a mean");
    Map<String, String> given = Map.of("head", "SOFTPLUS", "targetMean", "0.5");
    try (ModelBench bench = ModelBench.of(SPEC, given, plain(4, 2, 1), 1)) {
      for (double b : bench.get("head/bias")) {
        assertThat(b).isCloseTo(-0.432752, within(SIX_DECIMALS));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Positivity.class,
      names = {"RELU", "SOFTPLUS", "EXP", "CLAMP"})
  void noForecastIsNegative(Positivity head) {
    Schema schema = schema(Decoding.DIRECT);
    for (long seed = 1; seed <= 5; seed++) {
      try (ModelBench bench =
          ModelBench.drawn(SPEC, Map.of("head", head.name(), "hidden", "3"), schema, seed)) {
        double[] y = bench.scores(SampleBatches.draw(schema, 20, seed));
        assertThat(Arrays.stream(y).min().orElseThrow()).isNotNegative();
      }
    }
  }

  @Test
  void quantilesStandSideBySide() {
    Schema schema = schema(Decoding.DIRECT);
    Map<String, String> given = Map.of("quantiles", "0.1,0.6,0.9", "hidden", "3");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 1)) {
      Batch batch = SampleBatches.draw(schema, 4, 1);
      bench.evaluate(
          batch,
          outputs -> {
            Head.Quantiles head = (Head.Quantiles) outputs.head("power+2");
            assertThat(head.levels()).containsExactly(0.1, 0.6, 0.9);
            assertThat(head.values().shape()).isEqualTo(Shape.of(4, 3));
            double[] all = head.values().value().toDoubles();
            double[] middle = head.score().value().toDoubles();
            for (int b = 0; b < 4; b++) {
              assertThat(middle[b]).isEqualTo(all[3 * b + 1]);
            }
            return outputs;
          });
    }
    refused(Map.of("quantiles", "0.5,0.1"), schema, "Expected rising numbers");
    refused(Map.of("quantiles", "half"), schema, "quantile half");
  }

  // What it refuses

  private static void refused(Map<String, String> given, Schema schema, String message) {
    assertThatThrownBy(() -> ModelBench.of(SPEC, given, schema, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void schemasThatAreNoForecastAreRefused() {
    Field.Label y = new Field.Label("x+1", Field.LabelKind.REGRESSION);
    Field.Series x = new Field.Series("x", 4);
    String expected = "Expected the target's past as a series, and its next steps as labels";
    refused(Map.of(), Schema.of(y), expected);
    refused(Map.of(), Schema.of(x), expected);
    refused(Map.of(), Schema.of(new Field.Series("z", 4), y), expected);
    refused(Map.of(), Schema.of(x, new Field.Label("x+0", Field.LabelKind.REGRESSION)), expected);
    refused(
        Map.of(), Schema.of(x, new Field.Label("c", Field.LabelKind.BINARY)), "Expected series");
    refused(Map.of(), Schema.of(x, y, new Field.Dense("d")), "Expected series");
    refused(Map.of(), Schema.of(x, y, new Field.Series("z", 5)), "5 steps and 0 ahead");
    refused(Map.of(), Schema.of(x, y, new Field.Series("z", 4, 2)), "ahead none or 1");
    refused(Map.of(), Schema.of(new Field.Series("x", 4, 1), y), "it is the target");
    refused(
        Map.of("decoding", "RECURSIVE"),
        Schema.of(x, y, new Field.Series("z", 4)),
        "where series z is not known");
    refused(Map.of("teacherForcing", "1.5"), plain(4, 2, 1), "Expected 0 to 1");
    refused(Map.of("layers", "0"), plain(4, 2, 1), "0 layers");
    refused(Map.of("head", "EXP", "targetMean", "0"), plain(4, 2, 1), "Expected a mean");
  }

  /// Steps and target are told by name, wherever the fields stand.
  @Test
  void theOrderOfFieldsDoesNotMatter() {
    Schema schema = schema(Decoding.DIRECT);
    List<Field> moved = new ArrayList<>(schema.fields());
    Field target = moved.removeFirst();
    moved.add(2, target);
    moved.add(0, moved.removeLast()); // power+2 before power+1
    Batch batch = SampleBatches.draw(schema, 4, 1); // a column depends on its own name only
    Batch other = SampleBatches.draw(new Schema(moved), 4, 1);
    Map<String, String> given = Map.of("hidden", "3");
    try (ModelBench one = ModelBench.drawn(SPEC, given, schema, 1);
        ModelBench two = ModelBench.drawn(SPEC, given, new Schema(moved), 1)) {
      for (String step : List.of("power+1", "power+2")) {
        double[] expected = one.evaluate(batch, o -> o.head(step).score().value().toDoubles());
        double[] found = two.evaluate(other, o -> o.head(step).score().value().toDoubles());
        assertThat(found).containsExactly(expected);
      }
    }
  }

  /// A station says which series it is, and nothing else of the batch does.
  @Test
  void aStationHasItsOwnForecast() {
    Schema schema = schema(Decoding.DIRECT);
    Batch drawn = SampleBatches.draw(schema, 1, 1);
    Map<String, String> given = Map.of("hidden", "3", "stationDim", "2");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 1);
        ModelBench none =
            ModelBench.drawn(SPEC, Map.of("hidden", "3", "stationDim", "0"), schema, 1)) {
      double[] first = new double[2];
      double[] without = new double[2];
      for (int id = 2; id <= 3; id++) {
        Batch.Builder batch =
            Batch.builder(schema, 1)
                .sparse(KeyedJaggedTensor.oneHot(List.of("station"), new int[] {id}, 1));
        schema.series().forEach(f -> batch.series(f.name(), drawn.series(f.name())));
        first[id - 2] = bench.scores(batch.build())[0];
        without[id - 2] = none.scores(batch.build())[0];
      }
      assertThat(first[0]).isNotEqualTo(first[1]);
      assertThat(without[0]).isEqualTo(without[1]);
      assertThat(none.paths()).noneMatch(p -> p.startsWith("station/"));
    }
  }

  /// A gap stands in the labels: power+3 is two steps behind the next. RECURSIVE would take it for the next.
  @Test
  void aGapIsReadFromTheLabelsAndRefusedByRecursion() {
    Schema late =
        Schema.of(
            new Field.Series("power", 4),
            new Field.Series("hour", 4, 2),
            new Field.Label("power+3", Field.LabelKind.REGRESSION),
            new Field.Label("power+4", Field.LabelKind.REGRESSION));
    assertThat(Horizon.of(late, false).labels()).containsExactly("power+3", "power+4");
    assertThatThrownBy(() -> Horizon.of(late, true))
        .hasMessageContaining("RECURSIVE with a gap of 2 steps");
    Schema torn =
        Schema.of(
            new Field.Series("power", 4),
            new Field.Label("power+1", Field.LabelKind.REGRESSION),
            new Field.Label("power+3", Field.LabelKind.REGRESSION));
    assertThatThrownBy(() -> Horizon.of(torn, false)).hasMessageContaining("its next steps");
  }

  @Test
  void widthsAndMeansBelowZeroAreRefused() {
    assertThatThrownBy(() -> new LstmForecast.Encoder(4, 1, 0, -1))
        .hasMessageContaining("stationDim -1");
    assertThatThrownBy(() -> new LstmForecast.Output(Positivity.RELU, -1, List.of()))
        .hasMessageContaining("targetMean -1");
  }
}
