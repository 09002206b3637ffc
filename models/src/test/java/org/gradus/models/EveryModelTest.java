// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds for every model, whatever its paper says.
class EveryModelTest {

  static Stream<ModelSpec> models() {
    return Models.all().stream();
  }

  /// Those that read any features and predict a label.
  static Stream<ModelSpec> plainModels() {
    return models().filter(Schemas::fit);
  }

  /// Those that do not.
  static Stream<ModelSpec> otherModels() {
    return models().filter(spec -> !Schemas.fit(spec));
  }

  /// All but those whose objective is a loss of their own.
  static Stream<Arguments> modelsWithHeadsAndSchemas() {
    return pairs(models().filter(spec -> !spec.labelKinds().isEmpty()));
  }

  static Stream<Arguments> plainModelsAndSchemas() {
    return pairs(plainModels());
  }

  /// Models of one label that read any features.
  static Stream<ModelSpec> singleTask() {
    return plainModels().filter(spec -> !Schemas.multiTask(spec));
  }

  /// Every model on every schema.
  static Stream<Arguments> modelsAndSchemas() {
    return pairs(models());
  }

  private static Stream<Arguments> pairs(Stream<ModelSpec> specs) {
    return specs.flatMap(spec -> Schemas.of(spec).stream().map(s -> Arguments.of(spec, s)));
  }

  /// The first sample of every option: small sizes, nothing left out.
  private static Map<String, String> small(ModelSpec spec) {
    Map<String, String> given = new HashMap<>();
    for (Option o : spec.options()) {
      boolean sized = o.type() != Option.Type.FLAG && o.type() != Option.Type.CHOICE;
      if (sized && !o.samples().isEmpty()) {
        given.put(o.name(), o.samples().getFirst());
      }
    }
    return given;
  }

  // Gradients

  /// Checks one combination. Training-mode batch norm of two rows is a constant sign and of one row an error, so it gets
  /// five rows, or evaluation mode; by scenario, twice as many.
  private static void check(
      ModelSpec spec, Map<String, String> given, Schema schema, int size, long seed) {
    Settings settings = spec.settings(given);
    Batch batch = SampleBatches.draw(schema, size, seed);
    Map<String, String> set = settings.toMap();
    boolean apart = "true".equals(set.get("usePn")) || "true".equals(set.get("auxPn"));
    boolean whole = ("true".equals(set.get("batchNorm")) && size < 4) || (apart && size < 6);
    GradCheck check =
        whole ? GradCheck.of(seed).evaluation() : ModelCheck.check(spec, settings, seed);
    try (Device reference = Device.open("reference")) {
      var report = check.check(reference, ModelCheck.objective(spec, settings, batch));
      assertThat(report.passed())
          .as(
              "%s %s, %s, %d rows, seed %d%n%s",
              spec.name(), settings, schema, size, seed, report.report())
          .isTrue();
    }
  }

  /// Every pair of option values; schema and batch size change from one combination to the next.
  @ParameterizedTest
  @MethodSource("models")
  void gradientsAreRight(ModelSpec spec) {
    int[] sizes = {5, 2, 1};
    int n = 0;
    for (Map<String, String> given : CoveringArray.pairwise(spec, 1)) {
      List<Schema> schemas = Schemas.of(spec);
      check(
          spec, given, schemas.get(n % schemas.size()), size(spec, sizes[n % sizes.length]), 1 + n);
      n++;
    }
  }

  /// A loss over a batch may be nothing for a few rows; a model that has only such is checked on nine. Parameters of a scenario show
  /// in its own rows only, so that there is one of each of two.
  private static int size(ModelSpec spec, int size) {
    if (Schemas.multiScenario(spec)) {
      return size == 5 ? 8 : 2;
    }
    return spec.labelKinds().isEmpty() ? 9 : size;
  }

  /// As above with every schema, every batch size and several seeds.
  @ParameterizedTest
  @MethodSource("modelsAndSchemas")
  @Tag("slow")
  void gradientsAreRightEverywhere(ModelSpec spec, Schema schema) {
    for (long seed = 1; seed <= 3; seed++) {
      for (Map<String, String> given : CoveringArray.pairwise(spec, seed)) {
        for (int size : new int[] {1, 2, 5}) {
          check(spec, given, schema, size(spec, size), Counter.key(seed, size));
        }
      }
    }
  }

  /// At the presets of switches and choices; what others change is tested with the paper.
  @ParameterizedTest
  @MethodSource("models")
  void mutantsFail(ModelSpec spec) {
    Mutants.allFail(spec, small(spec));
  }

  // Rows

  /// Models with other labels than clicks, and other rows than the usual, are among them.
  @Test
  void modelsOfNumbersAndOfNodesAreHere() {
    assertThat(modelsWithHeadsAndSchemas().map(a -> ((ModelSpec) a.get()[0]).name()))
        .contains("easing", "source-attention", "lstm-forecast");
  }

  /// Every head of every model: what it says of a row is what it says of it alone, and rows that change places take it along.
  @ParameterizedTest
  @MethodSource("modelsWithHeadsAndSchemas")
  void inEvaluationARowDoesNotDependOnItsNeighbours(ModelSpec spec, Schema schema) {
    int[] order = {3, 0, 4, 1, 2};
    for (Map<String, String> given : some(spec)) {
      try (ModelBench bench = ModelBench.drawn(spec, given, schema, 1)) {
        Batch batch = SampleBatches.draw(schema, 5, 1);
        Map<String, double[]> all = bench.scoresByLabel(batch);
        assertThat(all.keySet()).containsExactlyInAnyOrderElementsOf(labels(schema));
        for (int b = 0; b < 5; b++) {
          assertRows(bench.scoresByLabel(ModelBench.rows(batch, b)), all, b);
        }
        assertRows(bench.scoresByLabel(ModelBench.rows(batch, order)), all, order);
      }
    }
  }

  private static List<String> labels(Schema schema) {
    return schema.labels().stream().map(Field.Label::name).toList();
  }

  /// The scores are those of these rows among five.
  private static void assertRows(
      Map<String, double[]> found, Map<String, double[]> all, int... rows) {
    all.forEach(
        (label, z) -> {
          int each = z.length / 5; // several numbers of a row, where the head has them
          double[] expected = new double[rows.length * each];
          for (int b = 0; b < rows.length; b++) {
            System.arraycopy(z, rows[b] * each, expected, b * each, each);
          }
          assertThat(Naive.get(found, label)).as(label).containsExactly(expected);
        });
  }

  /// Options that drop a share of something.
  static Stream<Arguments> dropouts() {
    return models()
        .flatMap(
            spec ->
                spec.options().stream()
                    .map(Option::name)
                    .filter(name -> name.toLowerCase(Locale.ROOT).endsWith("dropout"))
                    .map(name -> Arguments.of(spec, name)));
  }

  /// In some combination of the other options, for a part that is not there drops nothing. Whatever else a step of training draws is the
  /// same with it and without; in evaluation nothing is dropped.
  @ParameterizedTest
  @MethodSource("dropouts")
  void whatIsDroppedIsDroppedInTrainingOnly(ModelSpec spec, String option) {
    Schema schema = Schemas.richest(spec);
    Batch batch = SampleBatches.draw(schema, Schemas.multiScenario(spec) ? 8 : 6, 4);
    boolean dropped = false;
    for (Map<String, String> combination : CoveringArray.pairwise(spec, 3)) {
      Map<String, String> given = new HashMap<>(combination);
      dropouts().map(Arguments::get).forEach(a -> given.replace((String) a[1], "0"));
      Map<String, String> dropping = new HashMap<>(given);
      dropping.put(option, "0.5");
      try (ModelBench none = ModelBench.drawn(spec, given, schema, 4);
          ModelBench some = ModelBench.drawn(spec, dropping, schema, 4)) {
        assertThat(some.evaluate(batch, EveryModelTest::said))
            .isEqualTo(none.evaluate(batch, EveryModelTest::said));
        for (long step = 1; step <= 4 && !dropped; step++) {
          dropped =
              !some.train(batch, step, EveryModelTest::said)
                  .equals(none.train(batch, step, EveryModelTest::said));
        }
      }
      if (dropped) {
        return;
      }
    }
    throw new AssertionError(spec.name() + ": " + option + " drops nothing.");
  }

  private static List<Double> numbers(Var v) {
    return Arrays.stream(v.value().toDoubles()).boxed().toList();
  }

  private static List<Double> said(Outputs out) {
    List<Double> all = new ArrayList<>();
    out.heads().values().forEach(h -> all.addAll(numbers(h.score())));
    out.losses().values().forEach(loss -> all.addAll(numbers(loss)));
    return all;
  }

  /// Every fourth combination of options.
  static List<Map<String, String>> some(ModelSpec spec) {
    List<Map<String, String>> all = CoveringArray.pairwise(spec, 2);
    return IntStream.range(0, all.size()).filter(i -> i % 4 == 0).mapToObj(all::get).toList();
  }

  @ParameterizedTest
  @MethodSource("plainModels")
  void oneFieldIsEnough(ModelSpec spec) {
    Schema schema =
        Schemas.labelled(spec, Schema.of(new Field.Categorical("user", 5), Schemas.CLICK));
    if (spec.name().equals("neural-cf")) { // a pair is all that it reads
      assertThatThrownBy(() -> ModelBench.of(spec, small(spec), schema, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageEndingWith("Expected the setting item to name one of: user.");
      return;
    }
    try (ModelBench bench = ModelBench.drawn(spec, small(spec), schema, 1)) {
      double[] z = bench.scores(ModelBench.batch(schema, 2, new float[0], ModelBench.single(2, 3)));
      assertThat(z).hasSize(2).doesNotContain(Double.NaN);
      // FFM is its pairs and nothing else, and one id has none
      assertThat(z[0] != z[1]).isEqualTo(!spec.name().equals("ffm"));
    }
    Schema bag =
        Schemas.labelled(
            spec,
            Schema.of(new Field.MultiValued("tags", 5, "tags", Pooling.SUM, 3), Schemas.CLICK));
    try (ModelBench bench = ModelBench.drawn(spec, small(spec), bag, 1)) {
      int[][] tags = {{2, 3}, {4}, {}};
      double[] z = bench.scores(ModelBench.batch(bag, 3, new float[0], tags));
      assertThat(z).hasSize(3).doesNotContain(Double.NaN);
      assertThat(z[0]).isNotEqualTo(z[2]);
    }
  }

  /// Unknown values share row 1, missing ones leave bags empty and ids 0.
  @ParameterizedTest
  @MethodSource("plainModels")
  void unknownAndMissingValuesHaveAScore(ModelSpec spec) {
    int[] none = {};
    int[] unknown = {1};
    int[] missing = {0};
    Schema bags = Schemas.labelled(spec, Schemas.BAGS);
    Batch batch =
        ModelBench.batch(
            bags,
            3,
            new float[] {0, 0, 0},
            new int[][] {
              unknown, none, missing, unknown, missing, missing, unknown, none, missing
            });
    try (ModelBench bench = ModelBench.drawn(spec, small(spec), bags, 1)) {
      double[] z = bench.scores(batch);
      assertThat(z).hasSize(3).doesNotContain(Double.NaN);
      assertThat(z[0]).isNotEqualTo(z[1]);
      if (pads(bench)) {
        assertThat(z[2]).as("padding is as good as nothing").isEqualTo(z[1]);
      }
    }
  }

  /// Batches of rows of which nothing is known, or no value: they have a score, alone and beside each other, and a step on
  /// them leaves numbers.
  @ParameterizedTest
  @MethodSource("plainModelsAndSchemas")
  void batchesWithoutAnyKnownValueAreScoredAndTrainedOn(ModelSpec spec, Schema schema) {
    for (Map<String, String> given : some(spec)) {
      for (boolean missing : new boolean[] {true, false}) {
        try (ModelBench bench = ModelBench.drawn(spec, given, schema, 2)) {
          Batch batch = alike(schema, 4, missing);
          double[] z = bench.scores(batch);
          assertThat(z).hasSize(4).doesNotContain(Double.NaN).containsOnly(z[0]);
          assertThat(bench.scores(alike(schema, 1, missing))).containsExactly(z[0]);
          assertThat(bench.descend(batch, .1, 1)).isFinite();
          bench.all().forEach((path, w) -> assertThat(w).as(path).doesNotContain(Double.NaN));
        }
      }
    }
  }

  /// Rows without a value, or with unknown ones only; zeros in every column of numbers.
  private static Batch alike(Schema schema, int size, boolean missing) {
    Batch.Builder builder = Batch.builder(schema, size);
    builder.dense(new float[size * schema.dense().size()]);
    List<int[]> bags = new ArrayList<>();
    for (Field field : schema.fields()) {
      switch (field) {
        case Field.Ids f -> {
          int[] absent = f instanceof Field.Categorical ? new int[] {0} : new int[0];
          bags.addAll(Collections.nCopies(size, missing ? absent : new int[] {1}));
          if (f instanceof Field.Sessions) {
            builder.sessions(f.name(), sizes(size, missing ? 0 : 1));
          }
        }
        case Field.Label _, Field.LabelMask _, Field.SampleWeight _ -> {
          float[] ones = new float[size];
          Arrays.fill(ones, 1);
          builder.real(field.name(), ones);
        }
        case Field.Group _, Field.Domain _, Field.Timestamp _ ->
            builder.integer(field.name(), new long[size]);
        case Field.Series f -> builder.series(f.name(), new float[size * f.length()]);
        case Field.Dense _ -> {} // above, all at once
      }
    }
    return bags.isEmpty() ? builder.build() : builder.sparse(ModelBench.ids(schema, bags)).build();
  }

  /// As many sessions of one step for each row.
  private static KeyedJaggedTensor.JaggedIds sizes(int rows, int each) {
    int[] sizes = new int[rows * each];
    Arrays.fill(sizes, 1);
    int[] offsets = IntStream.rangeClosed(0, rows).map(b -> b * each).toArray();
    return new KeyedJaggedTensor.JaggedIds(sizes, null, offsets);
  }

  private static boolean pads(ModelBench bench) {
    return bench.params().all().stream()
        .allMatch(p -> !(p instanceof TableParameter t) || t.paddingId() == 0);
  }

  /// Where a table has padding: more of it changes nothing, its row stays zero and so does its gradient.
  @ParameterizedTest
  @MethodSource("plainModels")
  void paddingChangesNothing(ModelSpec spec) {
    Schema bags = Schemas.labelled(spec, Schemas.BAGS);
    try (ModelBench bench = ModelBench.drawn(spec, small(spec), bags, 1)) {
      if (!pads(bench)) {
        return; // DLRM trains row 0, and its test says so
      }
      float[] price = {.5f};
      int[] user = {3};
      Batch batch = ModelBench.batch(bags, 1, price, new int[] {2, 4}, user, new int[] {3});
      Batch padded =
          ModelBench.batch(bags, 1, price, new int[] {0, 2, 0, 4}, user, new int[] {3, 0, 0});
      assertThat(bench.scores(padded)).isEqualTo(bench.scores(batch));
      Map<String, double[]> expected = bench.gradients(batch, 1);
      Map<String, double[]> found = bench.gradients(padded, 1);
      found.forEach((path, g) -> assertClose(g, Naive.get(expected, path), EXACT));
      for (long step = 1; step <= 3; step++) {
        bench.descend(SampleBatches.draw(bags, 5, step), .1, step);
      }
      for (Parameter p : bench.params().all()) {
        if (p instanceof TableParameter t) {
          float[] row = new float[t.table().width()];
          t.table().read(0, row);
          assertThat(row).as(p.path()).containsOnly(0);
        }
      }
    }
  }

  // Parameters

  /// The order in which fields, and with them parameters, come does not matter.
  @ParameterizedTest
  @MethodSource("modelsAndSchemas")
  void initialValuesDependOnSeedAndPathOnly(ModelSpec spec, Schema schema) {
    Schema reversed = new Schema(schema.fields().reversed());
    try (ModelBench bench = ModelBench.of(spec, small(spec), schema, 1);
        ModelBench same = ModelBench.of(spec, small(spec), reversed, 1);
        ModelBench other = ModelBench.of(spec, small(spec), schema, 2)) {
      assertThat(same.paths()).isEqualTo(bench.paths());
      boolean random = false;
      for (String path : bench.paths()) {
        assertThat(same.get(path)).as(path).isEqualTo(bench.get(path));
        random |= !Arrays.equals(other.get(path), bench.get(path));
      }
      // LR starts at 0, whatever the seed, with trees below it and without
      assertThat(random).isEqualTo(!List.of("lr", "gbdt-lr").contains(spec.name()));
    }
  }

  // Labels

  @ParameterizedTest
  @MethodSource("singleTask")
  void theKindOfTheLabelIsTheKindOfTheHead(ModelSpec spec) {
    Schema clicks = Schemas.labelled(spec, Schemas.CATEGORICAL);
    Schema amounts = Schemas.labelled(spec, Schemas.DENSE);
    try (ModelBench binary = ModelBench.of(spec, small(spec), clicks, 1)) {
      assertThat(binary.kind(SampleBatches.draw(clicks, 2, 1)))
          .isIn(Head.Logit.class, Head.LogProbability.class);
    }
    if (!spec.labelKinds().contains(Field.LabelKind.REGRESSION)) {
      assertThatThrownBy(() -> ModelBench.of(spec, small(spec), amounts, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(spec.name() + ": label click is REGRESSION")
          .hasMessageEndingWith("Expected a label of kind BINARY.");
      return;
    }
    try (ModelBench real = ModelBench.of(spec, small(spec), amounts, 1)) {
      assertThat(real.kind(SampleBatches.draw(amounts, 2, 1))).isEqualTo(Head.Value.class);
    }
  }

  @ParameterizedTest
  @MethodSource("singleTask")
  void oneLabelIsExpected(ModelSpec spec) {
    Field.Categorical user = new Field.Categorical("user", 5);
    Field.Label buy = new Field.Label("buy", Field.LabelKind.BINARY);
    for (Schema schema : List.of(Schema.of(user), Schema.of(user, Schemas.CLICK, buy))) {
      assertThatThrownBy(() -> ModelBench.of(spec, small(spec), schema, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the schema has " + schema.labels().size() + " labels");
    }
  }

  @ParameterizedTest
  @MethodSource("plainModels")
  void seriesAreRefused(ModelSpec spec) {
    List<Field> fields = new ArrayList<>(Schemas.CATEGORICAL.fields());
    fields.add(new Field.Series("power", 3));
    assertThatThrownBy(() -> ModelBench.of(spec, small(spec), new Schema(fields), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("field power is a series, which this model does not read");
  }

  @ParameterizedTest
  @MethodSource("otherModels")
  void otherSchemasAreRefused(ModelSpec spec) {
    for (Schema schema : Schemas.all()) {
      assertThatThrownBy(() -> ModelBench.of(spec, small(spec), schema, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(spec.name() + ": ")
          .hasMessageContaining("Expected");
    }
  }

  // Learning

  /// Clicks of even users, amounts that grow with the user: gradient descent must find out.
  @ParameterizedTest
  @MethodSource("plainModelsAndSchemas")
  void lossFalls(ModelSpec spec, Schema schema) {
    Batch drawn = SampleBatches.draw(schema, 16, 3);
    String key = schema.categorical().getFirst().name();
    float[] labels = new float[16];
    for (int b = 0; b < 16; b++) {
      labels[b] = ModelBench.bag(drawn, key, b)[0];
    }
    Batch.Builder builder = Batch.builder(schema, 16).dense(drawn.dense()).sparse(drawn.sparse());
    for (Field.Sessions f : schema.all(Field.Sessions.class)) {
      builder.sessions(f.name(), drawn.sessions(f.name()));
    }
    ModelBench.scenarios(builder, drawn);
    float[] weights = drawn.sampleWeights();
    if (weights != null) {
      builder.real(schema.one(Field.SampleWeight.class).orElseThrow().name(), weights);
    }
    Batch batch = ModelBench.labelled(builder, schema, labels).build();
    Map<String, String> given = small(spec);
    boolean towers = has(spec, "towerUnits");
    if (towers) {
      given.put("towerUnits", "8"); // of three units all may be off, and stay so
    }
    boolean generated = has(spec, "coreInit") || has(spec, "metaInit");
    if (has(spec, "coreInit")) { // near 0, a core lets nothing pass
      given.putAll(Map.of("coreInit", "IDENTITY", "overParam", "false"));
    }
    try (ModelBench bench = ModelBench.of(spec, given, schema, 1)) {
      bench.fit(batch);
      // weights that are products, on standardised numbers: long steps leap out of the valley of
      // large amounts
      boolean steep =
          has(spec, "usePn") && schema.labels().getFirst().kind() == Field.LabelKind.REGRESSION;
      double rate = steep ? .03 : .3;
      double first = bench.descend(batch, rate, 1);
      double last = first;
      // what towers share lies deeper: from small embeddings it takes plain descent longer
      boolean deep = towers || generated;
      int steps = deep ? 1000 : 300;
      for (int step = 2; step <= steps; step++) {
        last = bench.descend(batch, rate, step);
      }
      assertThat(last).as("loss after %s steps, %s at first", steps, first).isLessThan(.6 * first);
    }
  }

  private static boolean has(ModelSpec spec, String option) {
    return spec.options().stream().anyMatch(o -> o.name().equals(option));
  }
}
