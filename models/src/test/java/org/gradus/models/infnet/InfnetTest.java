// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.logLoss;
import static org.gradus.models.ModelBench.sigmoid;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.assertj.core.data.Offset;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.autograd.WeightsWatcher;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.Model;
import org.gradus.models.ModelBench;
import org.gradus.models.ModelCheck;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.Option;
import org.gradus.models.Outputs;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.models.TaskBench;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InfnetTest {
  private static final InfnetSpec SPEC = new InfnetSpec();
  private static final Schema SCHEMA = SPEC.exampleSchema(SPEC.settings(Map.of()));

  /// Small sizes, and these besides.
  private static Map<String, String> given(String... more) {
    Map<String, String> given = new HashMap<>();
    for (Option o : SPEC.options()) {
      boolean sized = o.type() != Option.Type.FLAG && o.type() != Option.Type.CHOICE;
      if (sized && !o.samples().isEmpty()) {
        given.put(o.name(), o.samples().getFirst());
      }
    }
    for (int i = 0; i < more.length; i += 2) {
      given.put(more[i], more[i + 1]);
    }
    return given;
  }

  // Equations

  /// Every pair of option values, on every schema in turn, heads and losses.
  @Test
  void headsAndLossesAreTheirEquations() {
    List<Schema> schemas = Schemas.of(SPEC);
    int n = 0;
    int losses = 0;
    for (Map<String, String> row : CoveringArray.pairwise(SPEC, 1)) {
      Map<String, String> given = new HashMap<>(row);
      given.put("dropout", "0"); // in training too, where the losses are
      losses += assertEquations(given, schemas.get(n % schemas.size()), ++n);
    }
    assertThat(losses).isGreaterThan(n / 2);
  }

  private static int assertEquations(Map<String, String> given, Schema schema, long seed) {
    Settings settings = SPEC.settings(given);
    Map<String, String> trained = new HashMap<>(given);
    trained.put("coarseTopK", "0"); // all groups are asked in training, where the losses are
    Batch batch = SampleBatches.draw(schema, 4, seed);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, seed)) {
      Map<String, double[]> params = bench.all();
      List<NaiveInfnet> rows = new ArrayList<>();
      Map<String, double[]> expected = new TreeMap<>();
      for (int b = 0; b < 4; b++) {
        NaiveInfnet naive = new NaiveInfnet(params, settings, batch, b);
        int at = b;
        naive
            .scores()
            .forEach((label, z) -> expected.computeIfAbsent(label, _ -> new double[4])[at] = z);
        if (settings.integer("coarseTopK") > 0) {
          naive = new NaiveInfnet(params, SPEC.settings(trained), batch, b);
          naive.scores();
        }
        rows.add(naive);
      }
      TaskBench.assertScores(bench.scoresByLabel(batch), expected);
      Map<String, Double> losses = losses(settings, schema, rows);
      Map<String, Double> found = bench.train(batch, 1, InfnetTest::named);
      assertThat(found.keySet()).as("%s", settings).isEqualTo(losses.keySet());
      losses.forEach(
          (name, loss) ->
              assertThat(Naive.present(found, name)).as(name).isCloseTo(loss, Offset.offset(1e-9)));
      return losses.size();
    }
  }

  private static Map<String, Double> named(Outputs out) {
    Map<String, Double> found = new TreeMap<>();
    out.losses().forEach((name, loss) -> found.put(name, loss.value().toDoubles()[0]));
    return found;
  }

  private static Map<String, Double> losses(
      Settings settings, Schema schema, List<NaiveInfnet> rows) {
    Map<String, Double> losses = new TreeMap<>();
    Map<String, List<Double>> entropies = new TreeMap<>();
    for (NaiveInfnet row : rows) {
      row.entropies.forEach(
          (who, h) -> entropies.computeIfAbsent(who, _ -> new ArrayList<>()).addAll(h));
    }
    if (Naive.present(settings.toMap(), "sparsity").contains("ENTROPY") && !entropies.isEmpty()) {
      double sum = 0;
      for (List<Double> h : entropies.values()) {
        sum += h.stream().mapToDouble(x -> x).average().orElseThrow();
      }
      losses.put("entropy", settings.real("sparsityWeight") * sum / entropies.size());
    }
    if (settings.real("miWeight") == 0 && settings.real("proxyL2") == 0) {
      return losses;
    }
    double information = 0;
    double squares = 0;
    boolean informs = false;
    for (Part part : List.of(Part.C, Part.S)) {
      String source = settings.toMap().get(part == Part.C ? "catProxySource" : "seqProxySource");
      if (part == Part.S && schema.all(Field.Sequence.class).isEmpty()) {
        continue;
      }
      if ("LEARNED".equals(source) && settings.real("proxyL2") == 0) {
        continue; // nobody reads them
      }
      double[][] u = new double[rows.size()][];
      double[][] v = new double[rows.size()][];
      for (int b = 0; b < u.length; b++) {
        double[][] proxies = rows.get(b).value(part.proxies(), 0);
        u[b] = NaiveInfnet.mean(proxies);
        double[][] tokens = rows.get(b).value(part, 0);
        v[b] = tokens.length == 0 ? new double[u[b].length] : NaiveInfnet.mean(tokens);
        for (double[] proxy : proxies) {
          squares += Naive.dot(proxy, proxy) / u.length;
        }
      }
      if (!"LEARNED".equals(source)) {
        informs = true;
        information += information(u, v);
      }
    }
    if (settings.real("miWeight") > 0 && informs) {
      losses.put("mutualInformation", settings.real("miWeight") * information);
    }
    if (settings.real("proxyL2") > 0) {
      losses.put("proxyL2", settings.real("proxyL2") * squares);
    }
    return losses;
  }

  /// (IN-22) by its definition.
  private static double information(double[][] u, double[][] v) {
    double sum = 0;
    for (int i = 0; i < u.length; i++) {
      double all = 0;
      for (double[] other : v) {
        all += Math.exp(cosine(u[i], other) / .5);
      }
      sum -= cosine(u[i], v[i]) / .5 - Math.log(all);
    }
    return sum / u.length;
  }

  private static double cosine(double[] a, double[] b) {
    double norms = Math.sqrt((Naive.dot(a, a) + 1e-12) * (Naive.dot(b, b) + 1e-12));
    return Naive.dot(a, b) / norms;
  }

  /// Item and category of a step, added or side by side.
  @ParameterizedTest
  @ValueSource(strings = {"SUM", "CONCAT"})
  void aStepOfTwoColumnsIsOneToken(String sideFeatures) {
    Map<String, String> given =
        given("histories", "viewed+viewedCategory,bought", "sideFeatures", sideFeatures);
    List<Field> fields = new ArrayList<>(Schemas.COLUMNS.fields());
    fields.addAll(SCHEMA.labels().subList(1, 2));
    assertEquations(given, new Schema(fields), 3);
  }

  /// Scores of the strongest groups alone, losses of all.
  @ParameterizedTest
  @ValueSource(strings = {"NONE", "ENTROPY"})
  void theStrongestGroupsAlone(String sparsity) {
    Map<String, String> given =
        given("coarseAttention", "true", "coarseTopK", "1", "sparsity", sparsity);
    assertThat(assertEquations(given, SCHEMA, 7)).isEqualTo(sparsity.equals("NONE") ? 0 : 1);
  }

  /// A step is gated by the mean of its own behaviour's proxies, of which there are two here.
  @Test
  void stepsAreGatedByTheirOwnBehaviour() {
    assertEquations(
        given("pguMode", "INTERPOLATE", "seqProxiesPerBehaviour", "2", "blocks", "2"), SCHEMA, 5);
  }

  /// Windows of three, one and one of at most three steps: none is shorter than a step.
  @Test
  void theNewestStepIsTheShortestWindow() {
    assertEquations(
        given("seqProxySource", "MULTI_SCALE", "seqProxiesPerBehaviour", "3", "blocks", "2"),
        SCHEMA,
        6);
  }

  /// What attention says is dropped, where nothing else is: no layer lies in front of a gate or a head.
  @Test
  void whatAttentionSaysIsDropped() {
    Map<String, String> bare = given("towerUnits", "", "pguHidden", "", "phiHidden", "");
    Map<String, String> dropping = new HashMap<>(bare);
    dropping.put("dropout", "0.5");
    Batch batch = SampleBatches.draw(SCHEMA, 4, 8);
    try (ModelBench none = ModelBench.drawn(SPEC, bare, SCHEMA, 8);
        ModelBench some = ModelBench.drawn(SPEC, dropping, SCHEMA, 8)) {
      assertThat(some.scores(batch)).containsExactly(none.scores(batch));
      Function<Outputs, double[]> click = out -> out.head("click").score().value().toDoubles();
      assertThat(none.train(batch, 1, click)).containsExactly(none.scores(batch));
      assertThat(some.train(batch, 1, click)).isNotEqualTo(none.scores(batch));
      assertThat(some.train(batch, 2, click)).isNotEqualTo(some.train(batch, 1, click));
    }
  }

  /// Two values of a table have rows of their own, the more frequent ones; the others share a narrow table.
  @Test
  void frequentValuesHaveRowsOfTheirOwn() {
    Map<String, String> given = given("frequentRows", "2", "tailWidth", "2", "hashes", "1");
    assertEquations(given, SCHEMA, 3);
    Batch batch = SampleBatches.draw(SCHEMA, 12, 4);
    try (Device reference = Device.open("reference");
        ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 3)) {
      Settings settings = SPEC.settings(given);
      GradCheck.of(9).check(reference, ModelCheck.objective(SPEC, settings, batch)).orFail();
      long[] counts = new long[5]; // of items, in the field and in a history
      for (String field : List.of("item", "viewed")) {
        for (int b = 0; b < 12; b++) {
          for (int id : ModelBench.bag(batch, field, b)) {
            counts[id] += id > 1 ? 1 : 0;
          }
        }
      }
      bench.set("v/tail/item/counted", 0);
      bench.fit(batch);
      double[] places = bench.get("v/tail/item/places");
      for (int id = 2; id < 5; id++) {
        int more = 0;
        for (int other = 2; other < 5; other++) {
          boolean before = counts[other] == counts[id] ? other < id : counts[other] > counts[id];
          more += before ? 1 : 0;
        }
        assertThat(places[id])
            .as("item %d of %s", id, Arrays.toString(counts))
            .isEqualTo(more < 2 ? 2 + more : 0);
      }
      assertThat(bench.get("v/item")).hasSize(4 * 3);
      assertThat(bench.paths()).doesNotContain("v/tail/bought/places"); // two values, two rows
    }
  }

  /// Steps that are equal by their law, such as those of one item seen twice, have scores that differ by roundings, on each device by others:
  /// the same keys count on all of them.
  @Test
  void equalStepsCountAlikeOnEveryDevice() {
    Settings settings =
        SPEC.settings(
            given(
                "embeddingDim",
                "3",
                "heads",
                "3",
                "sparsity",
                "TOP_K",
                "sparsityTopK",
                "2",
                "encoderLayers",
                "1",
                "causal",
                "false"));
    for (long seed = 1; seed <= 8; seed++) {
      Map<String, String> expected = heard("reference", settings, seed);
      assertThat(expected.toString()).contains("true", "false");
      assertThat(heard("cpu", settings, seed)).as("seed %d", seed).isEqualTo(expected);
    }
  }

  /// Which keys have weight, attention by attention.
  private static Map<String, String> heard(String name, Settings settings, long seed) {
    Map<String, String> heard = new TreeMap<>();
    try (Device device = Device.open(name);
        Params params = Params.create(device, seed);
        Tape tape = Tape.evaluating(device)) {
      Model model = SPEC.createExample(settings, SCHEMA, params);
      for (Parameter p : params.all()) {
        double[] values = new double[(int) p.elements()];
        Arrays.setAll(
            values, i -> (float) (.5 * Initializers.normalAt(Counter.key(seed, p.path()), i)));
        switch (p) {
          case DenseParameter d -> d.write(values);
          case TableParameter t -> {
            Arrays.fill(values, 0, t.table().width(), 0); // padding
            t.table().write(0, values);
          }
        }
      }
      Mode mode = Mode.evaluation(tape);
      Outputs out =
          model.forward(
              SampleBatches.draw(SCHEMA, 5, seed),
              mode.watching(
                  w ->
                      heard.put(
                          w.name(),
                          Arrays.toString(
                              Arrays.stream(w.values().toDoubles())
                                  .mapToObj(a -> a > 0)
                                  .toArray()))));
      assertThat(out.heads()).isNotEmpty();
    }
    return heard;
  }

  /// Whoever watches is told whose steps are heard, and which of them are real; of two behaviours nobody's, for they stand side by side.
  @Test
  void whoeverWatchesKnowsTheSteps() {
    Schema one =
        Schema.of(
            new Field.Categorical("item", 5),
            new Field.Sequence("viewed", 5, "item", 3),
            SCHEMA.labels().getFirst());
    Batch batch =
        ModelBench.batch(
            one, 2, new float[0], new int[] {3}, new int[] {4}, new int[] {2, 4}, new int[] {3});
    List<WeightsWatcher.Weights> seen = new ArrayList<>();
    try (ModelBench bench = ModelBench.drawn(SPEC, given(), one, 3);
        Tape tape = Tape.evaluating(bench.params().device())) {
      assertThat(bench.model().forward(batch, Mode.evaluation(tape).watching(seen::add)))
          .isNotNull();
      for (WeightsWatcher.Weights w : seen) {
        boolean steps = w.name().matches(".*/attention/[CtT]S");
        assertThat(w.over()).as(w.name()).isEqualTo(steps ? List.of("viewed") : List.of());
        if (steps) {
          assertThat(requireNonNull(w.mask()).toBooleans())
              .containsExactly(true, true, true, false);
        } else {
          assertThat(w.mask()).as(w.name()).isNull();
        }
      }
      assertThat(seen).anyMatch(w -> !w.over().isEmpty()).anyMatch(w -> w.over().isEmpty());
    }
    List<WeightsWatcher.Weights> two = new ArrayList<>();
    try (ModelBench bench = ModelBench.drawn(SPEC, given(), SCHEMA, 3);
        Tape tape = Tape.evaluating(bench.params().device())) {
      Batch both = SampleBatches.draw(SCHEMA, 2, 3);
      assertThat(bench.model().forward(both, Mode.evaluation(tape).watching(two::add))).isNotNull();
    }
    assertThat(two).isNotEmpty().allMatch(w -> w.over().isEmpty() && w.mask() == null);
  }

  /// A value that no training row holds has no row of its own, though there would be room.
  @Test
  void valuesThatNobodyHoldsAreNotFrequent() {
    Schema schema = Schema.of(new Field.Categorical("item", 9), SCHEMA.labels().getFirst());
    Map<String, String> given = given("frequentRows", "4", "tailWidth", "2", "hashes", "1");
    try (ModelBench bench = ModelBench.of(SPEC, given, schema, 1)) {
      bench.set("v/tail/item/counted", 0);
      bench.fit(ModelBench.batch(schema, 4, new float[0], ModelBench.single(7, 3, 7, 1)));
      assertThat(bench.get("v/tail/item/places")).containsExactly(0, 0, 0, 3, 0, 0, 0, 2, 0);
    }
  }

  /// Tables of fields of several values stay as they are, however many values there are, and their ids may have weights.
  @Test
  void bagsStayAsTheyAre() {
    Schema schema =
        Schema.of(
            new Field.MultiValued("tags", 20, "tags", Pooling.SUM, 3),
            new Field.Categorical("item", 14),
            SCHEMA.labels().getFirst());
    Map<String, String> frequent = given("frequentRows", "4", "tailWidth", "2", "hashRows", "0");
    try (ModelBench bench = ModelBench.of(SPEC, frequent, schema, 2)) {
      assertThat(bench.paths()).contains("v/tail/item/rows").doesNotContain("v/tail/tags/rows");
      assertThat(bench.tableWidth("v/tags")).isEqualTo(bench.tableWidth("v/item"));
    }
    Map<String, String> wide =
        given("tableWidth", "ADAPTIVE", "maxTableWidth", "64", "hashRows", "0");
    try (ModelBench bench = ModelBench.drawn(SPEC, wide, schema, 2)) {
      assertThat(bench.tableWidth("v/item"))
          .isEqualTo(8); // 12 values: padding and unknown are none
      List<String> keys = List.of("tags", "item");
      Batch.Builder twice = Batch.builder(schema, 1).real("click", new float[1]);
      Batch.Builder weighed = Batch.builder(schema, 1).real("click", new float[1]);
      int[] three = {5, 5, 9, 3};
      twice.sparse(KeyedJaggedTensor.fromOffsets(keys, three, new int[] {0, 3, 4}));
      float[] weights = {2, 1, 1};
      int[] two = {5, 9, 3};
      weighed.sparse(KeyedJaggedTensor.fromOffsets(keys, two, weights, new int[] {0, 2, 3}));
      assertClose(bench.scores(weighed.build()), bench.scores(twice.build()), EXACT);
    }
  }

  @Test
  void mutantsOfOtherOptionsFail() {
    Mutants.allFail(
        SPEC,
        given(
            "coarseAttention", "true",
            "pguMode", "INTERPOLATE",
            "heads", "3",
            "sparsity", "SPARSEMAX",
            "blocks", "1"));
  }

  @Test
  @Tag("slow")
  void mutantsOfStillOthersFail() {
    Mutants.allFail(
        SPEC, given("norm", "LAYER_NORM", "encoderLayers", "1", "outputProjection", "true"));
    Mutants.allFail(
        SPEC,
        given(
            "pguMode", "AFFINE",
            "tableWidth", "ADAPTIVE",
            "hashRows", "4",
            "hashes", "2",
            "learnedHashWeights", "true",
            "seqProxySource", "MULTI_SCALE",
            "miWeight", "0.7",
            "proxyL2", "0.3",
            "sparsity", "NORMALIZED_ENTROPY",
            "blocks", "1"));
  }

  // The worked example

  private static final Schema WORKED =
      Schema.of(
          new Field.Categorical("a", 3),
          new Field.Categorical("b", 3),
          new Field.Sequence("first", 4, "first", 2),
          new Field.Sequence("second", 4, "second", 2),
          new Field.Label("one", Field.LabelKind.BINARY),
          new Field.Label("two", Field.LabelKind.BINARY));

  private static ModelBench worked(String... more) {
    Map<String, String> given =
        given(
            "embeddingDim", "2",
            "catProxies", "1",
            "sharedTaskTokens", "1",
            "blocks", "1",
            "pguHidden", "",
            "towerUnits", "",
            "skipUnused", "false");
    for (int i = 0; i < more.length; i += 2) {
      given.put(more[i], more[i + 1]);
    }
    ModelBench bench = ModelBench.of(SPEC, given, WORKED, 1);
    bench.set("v/a", 0, 0, 0, 0, 1, 0);
    bench.set("v/b", 0, 0, 0, 0, .5, -1);
    bench.set("v/first", 0, 0, 0, 0, .2, .4, 1, 1);
    bench.set("v/second", 0, 0, 0, 0, -.5, .3, 9, 9);
    bench.set("token/one", .1, .2);
    bench.set("token/two", -.3, .5);
    bench.set("shared", .4, -.4);
    bench.set("proxies/fields/out/weight", .5, 0, 0, .5, .25, .25, -.5, 1);
    bench.set("proxies/fields/out/bias", .1, -.1);
    bench.set("proxies/sequences/out/weight", 1, .5, 0, 1);
    bench.set("proxies/sequences/out/bias", .05, 0);
    for (String path : bench.paths()) {
      if (path.contains("/attention/")) {
        bench.set(path, 1, 0, 0, 1);
      }
    }
    bench.set("block/0/gate/C/out/weight", .5, -.5, .2, .3);
    bench.set("block/0/gate/C/out/bias", 0, .1);
    bench.set("block/0/gate/S/out/weight", .1, .2, -.1, .3, .2, 0, 0, -.2);
    bench.set("block/0/gate/T/out/weight", .3, -.3, .6, .1);
    bench.set("head/one/out/weight", .5, -.25);
    bench.set("head/two/out/weight", 1, .5);
    return bench;
  }

  private static Batch workedRow() {
    return ModelBench.batch(
        WORKED, 1, new float[0], new int[] {2}, new int[] {2}, new int[] {2, 3}, new int[] {2, 0});
  }

  @Test
  void workedExample() {
    try (ModelBench bench = worked()) {
      Map<String, double[]> z = bench.scoresByLabel(workedRow());
      double one = Naive.get(z, "one")[0];
      double two = Naive.get(z, "two")[0];
      assertClose(new double[] {one, two}, new double[] {.294183, .608443}, SIX_DECIMALS);
      assertClose(
          new double[] {sigmoid(one), sigmoid(two)}, new double[] {.573020, .647585}, SIX_DECIMALS);
      assertClose(
          new double[] {logLoss(one, 1), logLoss(two, 0), logLoss(one, 1) + logLoss(two, 0)},
          new double[] {.556835, 1.042947, 1.599782},
          SIX_DECIMALS);
      Map<String, double[]> alpha = bench.weights(workedRow());
      assertClose(
          Naive.get(alpha, "block/0/attention/CS"),
          new double[] {.344059, .454919, .201022},
          SIX_DECIMALS);
      assertClose(
          Naive.get(alpha, "block/0/attention/CT"), new double[] {.634903, .365097}, SIX_DECIMALS);
    }
  }

  /// Which of the tokens of the last level are nobody's business, and which are.
  @Test
  void whatIsLeftOutWouldHaveNoGradient() {
    for (String pguProxy : List.of("UPDATED", "INPUT")) {
      Map<String, String> all = given("pguProxy", pguProxy, "skipUnused", "false");
      Map<String, String> some = given("pguProxy", pguProxy);
      Batch batch = SampleBatches.draw(SCHEMA, 5, 1);
      try (ModelBench whole = ModelBench.drawn(SPEC, all, SCHEMA, 1);
          ModelBench bench = ModelBench.drawn(SPEC, some, SCHEMA, 1)) {
        whole
            .scoresByLabel(batch)
            .forEach(
                (label, z) ->
                    assertThat(z).isEqualTo(Naive.get(bench.scoresByLabel(batch), label)));
        Map<String, double[]> g = whole.gradients(batch, InfnetTest::sumOfSquares);
        Map<String, double[]> kept = bench.gradients(batch, InfnetTest::sumOfSquares);
        String unread =
            pguProxy.equals("UPDATED")
                ? "block/1/(attention/(CS|CT|SC|ST)|gate/[CS])/.*"
                : "block/1/(attention/(CS|CT|SC|ST|tC|tS)|gate/[CS])/.*"
                    + "|block/0/attention/(CS|CT|SC|ST)/.*";
        g.forEach(
            (path, d) -> {
              boolean zero = Arrays.stream(d).allMatch(x -> x == 0);
              assertThat(zero).as(path).isEqualTo(path.matches(unread));
              assertThat(kept.containsKey(path)).as(path).isEqualTo(!zero);
              if (!zero) {
                assertThat(Naive.get(kept, path)).as(path).containsExactly(d);
              }
            });
      }
    }
  }

  private static Var sumOfSquares(Outputs out) {
    return out.heads().values().stream()
        .map(head -> head.score().square().sum())
        .reduce(Var::add)
        .orElseThrow();
  }

  // Invariants

  /// Padding at either end of a sequence, in the middle, and nothing else.
  @Test
  void paddingOfASequenceChangesNothing() {
    Map<String, String> given = given("encoderLayers", "1", "pguMode", "AFFINE");
    float[] price = {.5f};
    int[] id = {3};
    int[] none = {};
    int[][][] pairs = {
      {{2, 3}, {2, 0, 3}}, {{2, 3}, {2, 3, 0}}, {{4}, {0, 0, 4}}, {{}, {0, 0, 0}}, {{}, {0}}
    };
    try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 1)) {
      for (int[][] pair : pairs) {
        Batch plain = ModelBench.batch(SCHEMA, 1, price, id, id, pair[0], none);
        Batch padded = ModelBench.batch(SCHEMA, 1, price, id, id, pair[1], new int[] {0});
        TaskBench.assertScores(bench.scoresByLabel(padded), bench.scoresByLabel(plain));
        Map<String, double[]> expected = bench.gradients(plain, InfnetTest::sumOfSquares);
        bench
            .gradients(padded, InfnetTest::sumOfSquares)
            .forEach((path, g) -> assertClose(g, Naive.get(expected, path), EXACT));
      }
    }
  }

  /// Lengths 0, 1 and T beside each other: a row is what it is alone.
  @ParameterizedTest
  @ValueSource(strings = {"GATE", "INTERPOLATE", "AFFINE"})
  void rowsOfOtherLengthsDoNotMatter(String pguMode) {
    Map<String, String> given = given("pguMode", pguMode, "encoderLayers", "1");
    int[][] viewed = {{2, 3, 4}, {}, {4}, {2, 2, 1}};
    int[][] bought = {{}, {}, {3, 2}, {1}};
    float[] price = {.5f, .1f, -.3f, .9f};
    int[][] bags = new int[16][];
    for (int b = 0; b < 4; b++) {
      bags[b] = new int[] {2 + b};
      bags[4 + b] = new int[] {1 + b};
      bags[8 + b] = viewed[b];
      bags[12 + b] = bought[b];
    }
    Batch batch = ModelBench.batch(SCHEMA, 4, price, bags);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 2)) {
      Map<String, double[]> all = bench.scoresByLabel(batch);
      for (int b = 0; b < 4; b++) {
        Map<String, double[]> alone = bench.scoresByLabel(ModelBench.rows(batch, b));
        int at = b;
        all.forEach(
            (label, z) -> assertClose(Naive.get(alone, label), new double[] {z[at]}, EXACT));
      }
    }
  }

  /// Without an encoder nobody knows the order of steps; with one it is heard.
  @ParameterizedTest
  @CsvSource({"0, GENERATED, true", "1, GENERATED, false", "0, MULTI_SCALE, false"})
  void stepsMayChangePlaces(String layers, String source, boolean same) {
    Map<String, String> given =
        given("encoderLayers", layers, "seqProxySource", source, "seqProxiesPerBehaviour", "2");
    float[] price = {.5f};
    int[] id = {3};
    Batch batch = ModelBench.batch(SCHEMA, 1, price, id, id, new int[] {2, 3, 4}, new int[] {2});
    Batch turned = ModelBench.batch(SCHEMA, 1, price, id, id, new int[] {4, 2, 3}, new int[] {2});
    try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 3)) {
      double z = bench.scores(batch)[0];
      assertThat(Math.abs(bench.scores(turned)[0] - z) <= EXACT).isEqualTo(same);
    }
  }

  /// Trained on two behaviours with dropout, and then asked: a row has the scores that it has alone, whoever stands beside it and
  /// however far the steps of others pad its own.
  @Test
  void afterTrainingARowIsScoredAsIfAlone() {
    Batch batch = SampleBatches.draw(SCHEMA, 8, 12);
    Map<String, float[]> labels =
        Map.of("click", batch.label("click"), "like", batch.label("like"));
    Function<Outputs, Var> loss = out -> TaskBench.crossEntropy(out, labels);
    try (ModelBench bench = ModelBench.drawn(SPEC, given("dropout", "0.1"), SCHEMA, 12)) {
      Map<String, double[]> initial = bench.all();
      double before = bench.evaluate(batch, out -> loss.apply(out).value().item());
      for (long step = 1; step <= 40; step++) {
        Map<String, double[]> slopes = bench.trainingGradients(batch, step, loss);
        slopes.forEach(
            (path, g) -> {
              double[] values = bench.get(path);
              Arrays.setAll(values, i -> values[i] - 0.02 * g[i]);
              bench.set(path, values);
            });
      }
      double after = bench.evaluate(batch, out -> loss.apply(out).value().item());
      assertThat(after).isLessThan(before);
      for (String table : List.of("v/item", "v/bought")) {
        assertThat(bench.get(table)).as(table).isNotEqualTo(Naive.get(initial, table));
      }
      Map<String, double[]> all = bench.scoresByLabel(batch);
      Map<String, double[]> turned = bench.scoresByLabel(ModelBench.rows(batch, 7, 6, 5, 4, 1));
      all.forEach(
          (label, z) -> {
            assertThat(z).as(label).doesNotHaveDuplicates();
            assertClose(
                Naive.get(turned, label), new double[] {z[7], z[6], z[5], z[4], z[1]}, EXACT);
          });
      for (int b = 0; b < 8; b++) {
        int row = b;
        bench
            .scoresByLabel(ModelBench.rows(batch, row))
            .forEach(
                (label, z) -> assertClose(z, new double[] {Naive.get(all, label)[row]}, EXACT));
      }
    }
  }

  /// A task is its token and its head.
  @Test
  void tasksMayChangePlaces() {
    Batch batch = SampleBatches.draw(SCHEMA, 5, 4);
    try (ModelBench bench = ModelBench.drawn(SPEC, given(), SCHEMA, 4);
        ModelBench turned = ModelBench.of(SPEC, given(), SCHEMA, 4)) {
      TaskBench.copy(bench, "", turned, "");
      for (String part : List.of("token/", "head/")) {
        TaskBench.copy(bench, part + "click", turned, part + "like");
        TaskBench.copy(bench, part + "like", turned, part + "click");
      }
      Map<String, double[]> z = bench.scoresByLabel(batch);
      TaskBench.assertScores(
          turned.scoresByLabel(batch),
          Map.of("click", Naive.get(z, "like"), "like", Naive.get(z, "click")));
    }
  }

  /// Of one task there is one key, whose weight is 1 whatever asks.
  @Test
  void oneKeyNeedsNoQuery() {
    List<Field> fields = new ArrayList<>(SCHEMA.fields());
    fields.removeIf(f -> f.name().startsWith("like"));
    Batch batch = SampleBatches.draw(new Schema(fields), 5, 5);
    try (ModelBench bench = ModelBench.drawn(SPEC, given(), new Schema(fields), 5)) {
      Map<String, double[]> g = bench.gradients(batch, InfnetTest::sumOfSquares);
      g.forEach(
          (path, d) ->
              assertThat(Arrays.stream(d).allMatch(x -> x == 0))
                  .as(path)
                  .isEqualTo(path.matches("block/0/attention/[CS]T/(query|key)")));
    }
  }

  /// Weights of groups as wholes begin as ones.
  @Test
  void coarseAttentionBeginsAsTheSum() {
    Batch batch = SampleBatches.draw(SCHEMA, 5, 6);
    try (ModelBench plain = ModelBench.drawn(SPEC, given(), SCHEMA, 6);
        ModelBench coarse = ModelBench.of(SPEC, given("coarseAttention", "true"), SCHEMA, 6)) {
      TaskBench.copy(plain, "", coarse, "");
      TaskBench.assertScores(coarse.scoresByLabel(batch), plain.scoresByLabel(batch));
      coarse.set("block/1/coarse/T/w", .4, -.2);
      assertThat(coarse.scores(batch)).isNotEqualTo(plain.scores(batch));
    }
  }

  /// Proxies that are equal stay so, and so do their gradients: learned ones have to begin apart.
  @Test
  void equalProxiesStayEqual() {
    Map<String, String> given =
        given("catProxySource", "LEARNED", "catProxies", "2", "pguMode", "INTERPOLATE");
    Batch batch = SampleBatches.draw(SCHEMA, 5, 7);
    try (ModelBench fresh = ModelBench.of(SPEC, given, SCHEMA, 7);
        ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 7)) {
      double[] first = fresh.get("proxies/fields/learned");
      assertThat(Arrays.copyOf(first, 3)).isNotEqualTo(Arrays.copyOfRange(first, 3, 6));
      bench.set("proxies/fields/learned", .3, -.2, .5, .3, -.2, .5);
      double[] g =
          Naive.get(bench.gradients(batch, InfnetTest::sumOfSquares), "proxies/fields/learned");
      assertClose(Arrays.copyOf(g, 3), Arrays.copyOfRange(g, 3, 6), EXACT);
      assertThat(g[0]).isNotZero();
    }
  }

  /// The same numbers to the bit, dropout and all.
  @ParameterizedTest
  @ValueSource(strings = {"GATE", "INTERPOLATE", "AFFINE"})
  void checkpointsChangeNothing(String pguMode) {
    Batch batch = SampleBatches.draw(SCHEMA, 5, 8);
    for (String shared : List.of("false", "true")) {
      Map<String, String> given =
          given(
              "pguMode",
              pguMode,
              "dropout",
              "0.3",
              "shareBlocks",
              shared,
              "miWeight",
              "0.5",
              "catProxySource",
              "DYNAMIC",
              "seqProxySource",
              "LEARNED");
      Map<String, String> saving = new HashMap<>(given);
      saving.put("checkpoint", "BLOCK");
      try (ModelBench plain = ModelBench.drawn(SPEC, given, SCHEMA, 8);
          ModelBench bench = ModelBench.drawn(SPEC, saving, SCHEMA, 8)) {
        Map<String, double[]> expected = gradients(plain, batch);
        Map<String, double[]> found = gradients(bench, batch);
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach(
            (path, g) -> {
              double[] other = Naive.get(found, path);
              for (int i = 0; i < g.length; i++) {
                assertThat(other[i] == g[i]).as("%s %d: %s, %s", path, i, other[i], g[i]).isTrue();
              }
            });
      }
    }
  }

  private static Map<String, double[]> gradients(ModelBench bench, Batch batch) {
    return bench.trainingGradients(
        batch, 3, out -> out.losses().values().stream().reduce(sumOfSquares(out), Var::add));
  }

  /// What is kept of a block is what enters it.
  @Test
  void checkpointsKeepLessThanHalf() {
    Batch batch = SampleBatches.draw(SCHEMA, 64, 1);
    long plain = kept(batch, given("blocks", "6"));
    long saving = kept(batch, given("blocks", "6", "checkpoint", "BLOCK"));
    assertThat(2 * saving).isLessThan(plain);
  }

  private static long kept(Batch batch, Map<String, String> given) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.recording(device)) {
      Model model = SPEC.create(SPEC.settings(given), SCHEMA, params);
      long before = device.memory().live();
      model.forward(batch, Mode.training(tape, 1, 1));
      return device.memory().live() - before;
    }
  }

  /// Proxies that begin at axes of the tokens are fitted once, and the model says so.
  @Test
  void learnedProxiesBeginAtAxesOfTheTokens() {
    Map<String, String> given =
        given(
            "catProxySource",
            "LEARNED",
            "seqProxySource",
            "DYNAMIC",
            "learnedInit",
            "PCA",
            "pcaScale",
            "UNIT");
    Batch batch = SampleBatches.draw(SCHEMA, 64, 1);
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      Infnet model = (Infnet) SPEC.create(SPEC.settings(given), SCHEMA, params);
      assertThat(model.fitted()).isFalse();
      try (Tape tape = Tape.evaluating(device)) {
        assertThatThrownBy(() -> model.forward(batch, Mode.evaluation(tape)))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("fit(rows, seed)");
      }
      assertThat(model.fit(each -> each.accept(batch), 1)).contains("tokens");
      assertThat(model.fitted()).isTrue();
      for (String path : List.of("proxies/fields/learned", "proxies/sequences/learned/viewed")) {
        double[] rows = ((DenseParameter) params.get(path)).value().toDoubles();
        double[] first = Arrays.copyOf(rows, 3);
        assertThat(Naive.dot(first, first)).as(path).isCloseTo(1, Offset.offset(1e-6));
        if (rows.length > 3) {
          double[] second = Arrays.copyOfRange(rows, 3, 6);
          assertThat(Naive.dot(first, second)).as(path).isCloseTo(0, Offset.offset(1e-6));
        }
      }
      try (Tape tape = Tape.evaluating(device)) {
        assertThat(model.forward(batch, Mode.evaluation(tape)).heads()).hasSize(2);
      }
    }
  }

  /// Attention in whole numbers, against rounded real ones; padding has no part in the scales, and training is as it was.
  @ParameterizedTest
  @CsvSource({
    "1, false, NONE, GATE",
    "3, true, NONE, AFFINE",
    "1, true, SPARSEMAX, INTERPOLATE",
    "3, false, TOP_K, GATE"
  })
  void attentionInEightBitsIsItsEquations(
      String heads, String outputProjection, String sparsity, String pguMode) {
    Map<String, String> real =
        given(
            "heads", heads,
            "outputProjection", outputProjection,
            "sparsity", sparsity,
            "pguMode", pguMode,
            "catProxySource", "LEARNED");
    Map<String, String> rounded = new HashMap<>(real);
    rounded.put("quantise", "INT8");
    Batch batch = SampleBatches.draw(SCHEMA, 4, 5);
    try (ModelBench floating = ModelBench.drawn(SPEC, real, SCHEMA, 6);
        ModelBench bench = ModelBench.drawn(SPEC, rounded, SCHEMA, 6)) {
      Map<String, double[]> expected = new TreeMap<>();
      for (int b = 0; b < 4; b++) {
        int at = b;
        new NaiveInfnet(bench.all(), SPEC.settings(rounded), batch, b)
            .scores()
            .forEach((label, z) -> expected.computeIfAbsent(label, _ -> new double[4])[at] = z);
      }
      TaskBench.assertScores(bench.scoresByLabel(batch), expected);
      assertThat(bench.scores(batch)).isNotEqualTo(floating.scores(batch));
      Map<String, double[]> trained = gradients(floating, batch);
      Map<String, double[]> found = gradients(bench, batch);
      trained.forEach((path, g) -> assertThat(found.get(path)).as(path).isEqualTo(g));
    }
  }

  /// Every number moves by half a step of its row or column at most, and once.
  @Test
  void eightBitsMoveWeightsByHalfAStepAtMost() {
    Map<String, String> given = given("catProxySource", "DYNAMIC");
    Batch batch = SampleBatches.draw(SCHEMA, 32, 1);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 1)) {
      Map<String, double[]> before = bench.all();
      double[] z = bench.scores(batch);
      assertThat(Int8.round(bench.params())).isGreaterThan(50);
      Map<String, double[]> after = bench.all();
      before.forEach(
          (path, v) -> {
            boolean moves = path.matches("v/[a-z]+|.*/attention/.*|.*/learned") && v.length > 3;
            boolean table = path.startsWith("v/") && !path.endsWith("/numeric");
            double[] w = Naive.get(after, path);
            double most = 0;
            for (int i = 0; i < v.length; i++) {
              double largest = 0;
              for (int c = 0; c < v.length; c++) {
                boolean near = path.contains("/attention/") ? c % 3 == i % 3 : c / 3 == i / 3;
                largest = near ? Math.max(largest, Math.abs(v[c])) : largest;
              }
              most = Math.max(most, Math.abs(w[i] - v[i]));
              // tables keep float32 on a device of float64 too, hence the last term
              assertThat(Math.abs(w[i] - v[i]))
                  .as(path)
                  .isLessThanOrEqualTo(largest / 127 / 2 + 1e-7 * largest);
            }
            assertThat(most > 0).as(path).isEqualTo(moves && (table || !path.startsWith("v/")));
          });
      double[] rounded = bench.scores(batch);
      assertThat(rounded).isNotEqualTo(z);
      Int8.round(bench.params());
      assertClose(bench.scores(batch), rounded, 1e-6);
    }
  }

  // Fewer proxies

  /// A proxy that its gate does not read may go, and takes what is its own with it; so may a token that tasks share.
  @ParameterizedTest
  @CsvSource({
    "catProxies, gate/C/0/weight, GENERATED",
    "catProxies, gate/C/0/weight, DYNAMIC",
    "sharedTaskTokens, gate/T/0/weight, GENERATED"
  })
  void aProxyThatNobodyReadsMayGo(String count, String gate, String source) {
    Map<String, String> given = given("catProxySource", source, count, "3");
    Map<String, String> fewer = new HashMap<>(given);
    fewer.put(count, "2");
    Batch batch = SampleBatches.draw(SCHEMA, 6, 2);
    try (ModelBench before = ModelBench.drawn(SPEC, given, SCHEMA, 4);
        ModelBench after = ModelBench.drawn(SPEC, fewer, SCHEMA, 5)) {
      FewerProxies pruned = FewerProxies.least(new double[] {.5, .1, .3}, 1);
      assertThat(pruned.dropped()).containsExactly(1);
      pruned.copy(before.params(), after.params());
      double[] read = before.scores(batch);
      assertThat(after.scores(batch)).isNotEqualTo(read);
      for (String path : before.paths()) {
        if (path.endsWith(gate)) { // [3 d, 4]: rows d … 2 d read proxy 1
          double[] w = Naive.get(before.all(), path);
          Arrays.fill(w, 3 * 4, 6 * 4, 0);
          before.set(path, w);
        }
      }
      pruned.copy(before.params(), after.params());
      assertClose(after.scores(batch), before.scores(batch), EXACT);
      assertThat(before.scores(batch)).isNotEqualTo(read);
      assertThatThrownBy(
              () -> new FewerProxies(4, pruned.dropped()).copy(before.params(), after.params()))
          .hasMessageContaining("differ by 1 of 4 proxies");
    }
    assertThatThrownBy(() -> FewerProxies.least(new double[2], 2)).hasMessageContaining("stays");
  }

  // The cost

  /// Pairs of a query and a key, per example: the formula of the page, without its factor d.
  @ParameterizedTest
  @CsvSource({"3, 2", "6, 2", "3, 5"})
  void queriesMeetKeysAsOftenAsTheFormulaSays(int length, int proxies) {
    Schema schema =
        Schema.of(
            new Field.Categorical("user", 6),
            new Field.Categorical("item", 5),
            new Field.Sequence("viewed", 5, "item", length),
            new Field.Sequence("bought", 4, "bought", length),
            SCHEMA.labels().get(0),
            SCHEMA.labels().get(1));
    Map<String, String> given =
        given(
            "blocks",
            "1",
            "skipUnused",
            "false",
            "catProxies",
            String.valueOf(proxies),
            "seqProxiesPerBehaviour",
            "2",
            "sharedTaskTokens",
            "3");
    Batch batch = SampleBatches.draw(schema, 1, 1); // as long as allowed
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 1)) {
      long pairs = bench.weights(batch).values().stream().mapToLong(w -> w.length).sum();
      long m = 2;
      long l = 2L * length;
      long tasks = 2;
      long rf = 2 * 2;
      long asked = proxies * (l + tasks) + rf * (m + tasks) + (3 + tasks) * (m + l);
      assertThat(pairs).isEqualTo(asked);
    }
  }

  // Refusals

  @Test
  void whatCannotBeBuiltIsRefused() {
    for (Map<String, String> given :
        List.of(
            given("heads", "2"),
            given("encoderLayers", "1", "encoderHeads", "2"),
            given("useHeterogeneous", "false", "useHomogeneous", "false"),
            given("useHeterogeneous", "false", "seqProxySource", "LEARNED"),
            given("useTaskTokens", "false", "catProxySource", "LEARNED"),
            given("checkpoint", "BLOCK", "sparsity", "ENTROPY"))) {
      assertThat(SPEC.conflict(SPEC.settings(given))).startsWith("infnet: ");
      assertThatThrownBy(() -> ModelBench.of(SPEC, given, SCHEMA, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(SPEC.conflict(SPEC.settings(given)));
    }
    for (Map<String, String> given :
        List.of(
            given("blocks", "0"),
            given("catProxies", "0"),
            given("seqProxiesPerBehaviour", "0"),
            given("sharedTaskTokens", "0"),
            given("histories", "item"),
            given("sparsity", "TOP_K", "sparsityTopK", "0"),
            given("proxyL2", "-1"),
            given("frequentRows", "-1"),
            given("coarseTopK", "-1"),
            given("hashes", "0"))) {
      assertThatThrownBy(() -> ModelBench.of(SPEC, given, SCHEMA, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("Expected");
    }
  }

  /// What the paper leaves out in its ablations, each with a gradient check of its own.
  @ParameterizedTest
  @CsvSource({"useTaskTokens", "useHeterogeneous", "useHomogeneous"})
  void ablationsAreModelsOfTheirOwn(String part) {
    Map<String, String> given = given(part, "false");
    Batch batch = SampleBatches.draw(SCHEMA, 5, 9);
    try (Device reference = Device.open("reference");
        ModelBench whole = ModelBench.drawn(SPEC, given(), SCHEMA, 9);
        ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 9)) {
      assertThat(bench.scores(batch)).isNotEqualTo(whole.scores(batch));
      Settings settings = SPEC.settings(given);
      GradCheck.of(9).check(reference, ModelCheck.objective(SPEC, settings, batch)).orFail();
    }
  }
}
