// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelBench;
import org.gradus.models.ModelCheck;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.models.youtubednn.NegativeSampler.Distribution;
import org.gradus.models.youtubednn.YoutubeDnn.Hits;
import org.gradus.models.youtubednn.YoutubeDnn.ItemTable;
import org.gradus.models.youtubednn.YoutubeDnn.Loss;
import org.gradus.models.youtubednn.YoutubeDnn.OutputActivation;
import org.gradus.models.youtubednn.YoutubeDnn.Similarity;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Candidate generation: its equations as loops, and the invariants of retrieval, section 2.
class YoutubeDnnTest {
  private static final YoutubeDnnSpec SPEC = new YoutubeDnnSpec();
  private static final Schema SCHEMA = SPEC.exampleSchema(SPEC.settings(Map.of()));
  private static final int ITEMS = 9; // rows of the table of items: 7 items

  private static Map<String, String> small(String... more) {
    Map<String, String> given = new HashMap<>();
    given.put("embeddingDim", "3");
    given.put("hidden", "4,3");
    given.put("negatives", "3");
    for (int i = 0; i < more.length; i += 2) {
      given.put(more[i], more[i + 1]);
    }
    return given;
  }

  // The equations

  private static double[] row(double[] table, int id) {
    int width = table.length / ITEMS;
    return Arrays.copyOfRange(table, id * width, (id + 1) * width);
  }

  /// (YD-1) to (YD-4)
  private static double[] user(
      Map<String, double[]> params, Settings s, Schema schema, Batch batch, int b) {
    int dim = s.integer("embeddingDim");
    List<double[]> parts = new ArrayList<>();
    for (Field.Ids f : schema.ids()) {
      if (f.name().equals("item")) {
        continue;
      }
      double[] table = Naive.get(params, "v/" + f.table());
      double[] sum = new double[dim];
      int[] real =
          Arrays.stream(ModelBench.bag(batch, f.name(), b)).filter(id -> id != 0).toArray();
      for (int id : real) {
        for (int d = 0; d < dim; d++) {
          sum[d] += table[id * dim + d] / real.length;
        }
      }
      parts.add(sum);
    }
    parts.add(Naive.numbers(batch, b));
    double[] h = Naive.tower(params, "tower/", Naive.flat(parts.toArray(double[][]::new)));
    double[] u = Naive.linear(h, Naive.get(params, "last/weight"), Naive.get(params, "last/bias"));
    if (s.choice("outputActivation", OutputActivation.class) == OutputActivation.RELU) {
      u = Arrays.stream(u).map(x -> Math.max(x, 0)).toArray();
    }
    return u;
  }

  /// (YD-5), (YD-6)
  private static double logit(Map<String, double[]> params, Settings s, double[] u, int id) {
    boolean tied = s.choice("itemTable", ItemTable.class) == ItemTable.TIED;
    double[] v = row(Naive.get(params, tied ? "v/item" : "item"), id);
    double o = Naive.dot(u, v) / s.real("temperature");
    if (s.choice("similarity", Similarity.class) == Similarity.COSINE) {
      o /= Math.sqrt(Naive.dot(u, u) + 1e-12) * Math.sqrt(Naive.dot(v, v) + 1e-12);
    }
    return o + (s.flag("itemBias") ? Naive.get(params, "itemBias")[id] : 0);
  }

  private static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }

  private static double crossEntropy(double label, List<Double> others) {
    double sum = Math.exp(label);
    for (double o : others) {
      sum += Math.exp(o);
    }
    return Math.log(sum) - label;
  }

  /// What training adds up for example b.
  private static double loss(
      Map<String, double[]> params, Settings s, Schema schema, Batch batch, int b, long draw) {
    int[] labels = batch.sparse().of("item").values();
    double[] u = user(params, s, schema, batch, b);
    double[] counts = Naive.get(params, "counts");
    double own = logit(params, s, u, labels[b]);
    boolean corrects = s.flag("subtractLogQ");
    Loss kind = s.choice("loss", Loss.class);
    List<Double> others = new ArrayList<>();
    switch (kind) {
      case FULL_SOFTMAX -> {
        for (int id = 2; id < ITEMS; id++) {
          if (id != labels[b]) {
            others.add(logit(params, s, u, id));
          }
        }
        return crossEntropy(own, others);
      }
      case IN_BATCH -> {
        // estimated from the stream, of which this is the first step, every p is 1
        corrects &= s.real("streamingRate") == 0;
        double all = Arrays.stream(counts).map(n -> Math.max(n, 1)).sum();
        for (int y : labels) {
          if (y >= 2 && y != labels[b]) {
            double p = Math.max(counts[y - 2], 1) / all;
            others.add(logit(params, s, u, y) - (corrects ? Math.log(p) : 0));
          }
        }
        double p = Math.max(counts[labels[b] - 2], 1) / all;
        return crossEntropy(own - (corrects ? Math.log(p) : 0), others);
      }
      default -> {}
    }
    Hits hits = s.choice("accidentalHits", Hits.class);
    boolean each = hits == Hits.RESAMPLE;
    NegativeSampler sampler =
        NegativeSampler.of(s.choice("sampler", Distribution.class), counts, s.real("power"));
    int size = s.integer("negatives");
    boolean unique = s.flag("unique");
    NegativeSampler.Sample sample =
        sampler.sample(size, unique, each ? labels[b] - 2 : -1, Counter.key(draw, each ? b : 0));
    boolean takesOff = corrects && kind != Loss.NEG;
    for (int j : sample.classes()) {
      boolean watched =
          Arrays.stream(ModelBench.bag(batch, "watched", b)).anyMatch(id -> id == j + 2);
      if (hits == Hits.KEEP
          || (j + 2 != labels[b] && !(hits == Hits.REMOVE_POSITIVES && watched))) {
        double q =
            sampler.expectedCount(j, size, unique, sample.draws(), each ? labels[b] - 2 : -1);
        others.add(logit(params, s, u, j + 2) - (takesOff ? Math.log(q) : 0));
      }
    }
    double q = each ? 1 : sampler.expectedCount(labels[b] - 2, size, unique, sample.draws());
    own -= takesOff ? Math.log(q) : 0;
    return kind == Loss.SAMPLED_SOFTMAX
        ? crossEntropy(own, others)
        : softplus(-own) + others.stream().mapToDouble(YoutubeDnnTest::softplus).sum();
  }

  /// With all other items as negatives nothing is left to chance: the full softmax, and its gradients, whatever the law.
  @ParameterizedTest
  @EnumSource
  void allOtherItemsResampledAreTheFullSoftmax(Distribution distribution) {
    Batch batch = SampleBatches.draw(SCHEMA, 6, 2);
    String[] common = {"outputActivation", "LINEAR", "sampler", distribution.name()};
    Map<String, String> full = small(common);
    full.put("loss", "FULL_SOFTMAX");
    Map<String, String> sampled = small(common);
    sampled.putAll(Map.of("negatives", "100", "accidentalHits", "RESAMPLE"));
    try (Bench expected = new Bench(full, SCHEMA, 5);
        Bench found = new Bench(sampled, SCHEMA, 5)) {
      assertThat(Naive.get(found.all(), "counts")).isEqualTo(Naive.get(expected.all(), "counts"));
      assertClose(
          new double[] {found.trained(batch)}, new double[] {expected.trained(batch)}, EXACT);
      Map<String, double[]> gradients = expected.gradients(batch);
      found
          .gradients(batch)
          .forEach((path, g) -> assertClose(g, Naive.get(gradients, path), EXACT));
    }
  }

  private static double mean(Batch batch, java.util.function.IntToDoubleFunction loss) {
    int[] labels = batch.sparse().of("item").values();
    return IntStream.range(0, labels.length)
        .filter(b -> labels[b] >= 2)
        .mapToDouble(loss)
        .average()
        .orElse(0);
  }

  /// Every pair of options, in training and in evaluation, with an unknown label among others.
  @Test
  void lossesAreTheirEquations() {
    long seed = 1;
    int unknown = 0;
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 1)) {
      Settings s = SPEC.settings(given);
      Batch batch = SampleBatches.draw(SCHEMA, 6, seed);
      unknown += Arrays.stream(batch.sparse().of("item").values()).anyMatch(y -> y < 2) ? 1 : 0;
      try (Bench bench = new Bench(given, SCHEMA, seed)) {
        Map<String, double[]> params = bench.all();
        long draw;
        double training;
        try (Tape tape = Tape.recording(bench.device)) {
          draw = Mode.training(tape, 3, 4).draw("negatives");
          training = bench.loss(batch, Mode.training(tape, 3, 4));
        }
        assertClose(
            new double[] {training},
            new double[] {mean(batch, b -> loss(params, s, SCHEMA, batch, b, draw))},
            EXACT);
        Settings full = SPEC.settings(with(given, "loss", "FULL_SOFTMAX"));
        assertClose(
            new double[] {bench.measured(batch)},
            new double[] {mean(batch, b -> loss(params, full, SCHEMA, batch, b, draw))},
            EXACT);
      }
      seed++;
    }
    assertThat(unknown).isPositive();
  }

  private static Map<String, String> with(Map<String, String> given, String key, String value) {
    Map<String, String> more = new HashMap<>(given);
    more.put(key, value);
    return more;
  }

  // Hard negatives

  private static final Schema SHOWN =
      Schema.of(
          new Field.Categorical("item", ITEMS),
          new Field.Sequence("watched", ITEMS, "item", 4),
          new Field.MultiValued("shown", ITEMS, "item", Pooling.MEAN, 5));

  private static Batch shown(int[] items, int[][] watched, int[][] shown) {
    List<int[]> bags = new ArrayList<>(List.of(ModelBench.single(items)));
    bags.addAll(List.of(watched));
    bags.addAll(List.of(shown));
    return Batch.builder(SHOWN, items.length).sparse(ModelBench.ids(SHOWN, bags)).build();
  }

  private static final Batch IMPRESSIONS =
      shown(
          new int[] {3, 5, 4, 1},
          new int[][] {{2, 5, 7}, {}, {8}, {2}},
          new int[][] {{6, 0, 3, 8, 8}, {}, {1, 2}, {7}});

  /// (YD-9) as loops: padding, unknown items and the label itself stand against nobody, an item shown twice twice, and a row with
  /// nothing else costs nothing. What is drawn for `next_item` stays what it is, and nothing of (YD-9) is corrected.
  @Test
  void hardNegativesHaveALossOfTheirOwn() {
    for (String loss : List.of("SAMPLED_SOFTMAX", "IN_BATCH", "NEG")) {
      Map<String, String> given =
          small("hardNegatives", "shown", "loss", loss, "itemBias", "true", "temperature", "0.5");
      Settings s = SPEC.settings(given);
      try (Bench bench = new Bench(given, SHOWN, 3)) {
        Map<String, double[]> params = bench.all();
        Schema inputs = Schema.of(SHOWN.fields().get(0), SHOWN.fields().get(1)); // shown is none
        int[][] against = {{6, 8, 8}, {}, {2}};
        int[] labels = {3, 5, 4};
        double expected = 0;
        for (int b = 0; b < 3; b++) {
          double[] u = user(params, s, inputs, IMPRESSIONS, b);
          List<Double> others = new ArrayList<>();
          for (int id : against[b]) {
            others.add(logit(params, s, u, id));
          }
          expected += crossEntropy(logit(params, s, u, labels[b]), others) / 3;
        }
        Map<String, Double> training = bench.losses(IMPRESSIONS, true);
        Map<String, Double> measured = bench.losses(IMPRESSIONS, false);
        assertThat(training).containsOnlyKeys("next_item", "hard_negatives");
        assertThat(measured).containsOnlyKeys("next_item", "hard_negatives");
        assertClose(
            new double[] {get(training, "hard_negatives"), get(measured, "hard_negatives")},
            new double[] {expected, expected},
            EXACT);
        try (Bench without = new Bench(small("loss", loss, "itemBias", "true"), inputs, 3)) {
          assertThat(without.all().keySet()).isEqualTo(params.keySet());
        }
      }
    }
  }

  private static double get(Map<String, Double> losses, String name) {
    return java.util.Objects.requireNonNull(losses.get(name), name);
  }

  /// Gradients of both losses, on rows with hard negatives, without, and with none but padding.
  @Test
  void gradientsOfHardNegativesAreRight() {
    for (String similarity : List.of("DOT", "COSINE")) {
      Settings s =
          SPEC.settings(
              small(
                  "hardNegatives", "shown",
                  "similarity", similarity,
                  "outputActivation", "LINEAR",
                  "itemBias", "true"));
      try (Device reference = Device.open("reference")) {
        ModelCheck.check(SPEC, s, 2)
            .check(reference, ModelCheck.objective(SPEC, s, IMPRESSIONS))
            .orFail();
      }
    }
  }

  @Test
  void hardNegativesAreAListOfItems() {
    String expected = "Expected a list of ids of table item, one of: watched, shown.";
    refused(small("hardNegatives", "clicks"), SHOWN, expected);
    refused(small("hardNegatives", "item"), SHOWN, expected);
    refused(small("hardNegatives", "searched"), SCHEMA, "one of: watched.");
  }

  // Retrieval

  /// The order of inner products of exported vectors is that of the logits, whatever is trained (a served model that normalises
  /// what was trained raw, or the reverse, ranks otherwise).
  @Test
  void exportedVectorsRankAsLogitsDo() {
    long seed = 1;
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 2)) {
      Batch batch = SampleBatches.draw(SCHEMA, 5, seed);
      try (Bench bench = new Bench(given, SCHEMA, seed++);
          Tape tape = Tape.evaluating(bench.device)) {
        Mode mode = Mode.evaluation(tape);
        double[] logits = bench.model.logits(batch, mode).value().toDoubles();
        double[] u = bench.model.userVectors(batch, mode).value().toDoubles();
        double[] v = bench.model.itemVectors(tape).value().toDoubles();
        int n = ITEMS - 2;
        double temperature = SPEC.settings(given).real("temperature");
        int d = v.length / n;
        for (int b = 0; b < 5; b++) {
          for (int j = 0; j < n; j++) {
            double product = 0;
            for (int k = 0; k < d; k++) {
              product += u[b * d + k] * v[j * d + k];
            }
            assertClose(
                new double[] {product / temperature}, new double[] {logits[b * n + j]}, EXACT);
          }
        }
      }
    }
  }

  @Test
  void theLabelIsNoInput() {
    Batch batch = SampleBatches.draw(SCHEMA, 5, 3);
    int[] values = batch.sparse().values().clone();
    for (int b = 0; b < 5; b++) {
      values[b] = 2 + (values[b] + 3) % 7; // the item is the first field
    }
    Batch other = batch.withSparse(SCHEMA, batch.sparse().withValues(values));
    assertThat(other.sparse().of("item").values()).isNotEqualTo(batch.sparse().of("item").values());
    try (Bench bench = new Bench(small(), SCHEMA, 3)) {
      assertThat(bench.users(other)).isEqualTo(bench.users(batch));
    }
  }

  /// P1, P2 and P4, and the order of the history.
  @ParameterizedTest
  @EnumSource(Loss.class)
  void paddingAndOrderChangeNothing(Loss loss) {
    Schema schema =
        Schema.of(
            new Field.Categorical("item", ITEMS), new Field.Sequence("watched", ITEMS, "item", 6));
    Batch bare = batch(schema, new int[] {3, 5, 4}, new int[] {2, 5, 7}, new int[0], new int[] {8});
    Batch padded =
        batch(
            schema,
            new int[] {3, 5, 4},
            new int[] {0, 7, 2, 0, 5, 0},
            new int[] {0, 0},
            new int[] {8, 0});
    Map<String, String> given = small("loss", loss.name(), "outputActivation", "LINEAR");
    try (Bench bench = new Bench(given, schema, 3)) {
      assertClose(bench.users(padded), bench.users(bare), EXACT);
      assertClose(new double[] {bench.trained(padded)}, new double[] {bench.trained(bare)}, EXACT);
      Map<String, double[]> expected = bench.gradients(bare);
      bench
          .gradients(padded)
          .forEach((path, g) -> assertClose(g, Naive.get(expected, path), EXACT));
      Batch none = batch(schema, new int[] {3, 4}, new int[0], new int[] {0, 0, 0});
      assertThat(bench.trained(none)).isFinite();
      bench.gradients(none).forEach((path, g) -> assertThat(g).as(path).doesNotContain(Double.NaN));
      assertThat(Arrays.stream(Naive.get(bench.gradients(padded), "v/item")).limit(3))
          .as("row of padding")
          .allMatch(x -> x == 0);
    }
  }

  @Test
  void unknownLabelsCountForNothing() {
    Schema schema =
        Schema.of(
            new Field.Categorical("item", ITEMS), new Field.Sequence("watched", ITEMS, "item", 6));
    int[] history = {2, 5};
    Batch known = batch(schema, new int[] {3, 6}, history, new int[] {4});
    Batch more =
        batch(schema, new int[] {3, 6, 1, 0}, history, new int[] {4}, new int[] {7}, new int[] {8});
    for (Loss loss : Loss.values()) {
      try (Bench bench = new Bench(small("loss", loss.name()), schema, 3)) {
        assertClose(new double[] {bench.trained(more)}, new double[] {bench.trained(known)}, EXACT);
        assertClose(
            new double[] {bench.measured(more)}, new double[] {bench.measured(known)}, EXACT);
        Batch none = batch(schema, new int[] {1, 0}, history, history);
        assertThat(Math.abs(bench.trained(none))).isZero();
        bench
            .gradients(none)
            .forEach((path, g) -> assertThat(Arrays.stream(g)).as(path).allMatch(x -> x == 0));
      }
    }
  }

  @Test
  void countsAreThoseOfTheTrainingRows() {
    Schema schema =
        Schema.of(
            new Field.Categorical("item", ITEMS), new Field.Sequence("watched", ITEMS, "item", 6));
    int[] none = {};
    try (Bench bench = new Bench(small(), schema, 3)) {
      Batch one = batch(schema, new int[] {2, 8, 1}, none, none, none);
      Batch two = batch(schema, new int[] {8, 0}, none, none);
      String said =
          bench.model.fit(
              each -> {
                each.accept(one);
                each.accept(two);
              },
              1);
      assertThat(said).isEqualTo("7 items, 5 of them never a label in training");
      assertThat(Naive.get(bench.all(), "counts")).containsExactly(1, 0, 0, 0, 0, 0, 2);
      assertThat(bench.model.item()).isEqualTo(schema.field("item"));
      assertThat(bench.model.trainedRows(_ -> {}, 1)).isNull();
    }
  }

  private static Batch batch(Schema schema, int[] items, int[]... histories) {
    List<int[]> bags = new ArrayList<>(List.of(ModelBench.single(items)));
    bags.addAll(List.of(histories));
    return Batch.builder(schema, items.length).sparse(ModelBench.ids(schema, bags)).build();
  }

  // Gradients, presets, errors

  @Test
  void mutantsOfEveryLossFail() {
    for (Loss loss : Loss.values()) {
      Mutants.allFail(SPEC, small("loss", loss.name(), "itemBias", "true"));
    }
    Mutants.allFail(
        SPEC,
        small("similarity", "COSINE", "outputActivation", "LINEAR", "accidentalHits", "RESAMPLE"));
  }

  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("embeddingDim")).isEqualTo(256);
    assertThat(s.list("hidden")).containsExactly(1024, 512, 256);
    assertThat(s.choice("outputActivation", OutputActivation.class))
        .isEqualTo(OutputActivation.RELU);
    assertThat(s.choice("loss", Loss.class)).isEqualTo(Loss.SAMPLED_SOFTMAX);
    assertThat(s.choice("similarity", Similarity.class)).isEqualTo(Similarity.DOT);
    assertThat(s.choice("itemTable", ItemTable.class)).isEqualTo(ItemTable.SEPARATE);
    assertThat(s.flag("itemBias")).isFalse();
    assertThat(s.flag("subtractLogQ")).isTrue();
  }

  @Test
  void parametersOfTheExample() {
    try (Bench bench = new Bench(small("itemBias", "true"), SCHEMA, 1)) {
      assertThat(bench.all().keySet())
          .containsExactly(
              "counts",
              "item",
              "itemBias",
              "last/bias",
              "last/weight",
              "tower/0/bias",
              "tower/0/weight",
              "v/country",
              "v/item",
              "v/token");
      // a mean of histories, one of tokens, a country, a number
      assertThat(Naive.get(bench.all(), "tower/0/weight")).hasSize((3 * 3 + 1) * 4);
    }
  }

  private static void refused(Map<String, String> given, Schema schema, String message) {
    assertThatThrownBy(() -> new Bench(given, schema, 1).close())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void whatCannotBeIsRefused() {
    refused(small("itemTable", "TIED", "embeddingDim", "2"), SCHEMA, "Expected the same width.");
    refused(small("hidden", ""), SCHEMA, "no layers");
    refused(small("similarity", "COSINE"), SCHEMA, "similarity=COSINE with outputActivation=RELU");
    refused(
        small(), Schema.of(new Field.Categorical("item", 5), Schemas.CLICK), "has labels [click]");
    refused(
        small("loss", "NCE", "accidentalHits", "RESAMPLE"),
        SCHEMA,
        "loss=NCE with accidentalHits=RESAMPLE. Expected REMOVE");
    refused(small("temperature", "0"), SCHEMA, "temperature 0.0");
    refused(small("negatives", "0"), SCHEMA, "0 negatives");
    refused(small("streamingRate", "1.5"), SCHEMA, "streamingRate 1.5. Expected 0 to 1.");
    refused(small("item", "age"), SCHEMA, "0 categorical fields are called age");
    Schema alone = Schema.of(new Field.Categorical("item", 5));
    refused(small(), alone, "0 categorical fields share a table with a sequence");
    refused(small("item", "item"), alone, "no field of ids beside the item");
    refused(small("item", "country", "itemTable", "TIED"), SCHEMA, "no input reads table country");
    try (Device device = Device.open("reference");
        var params = org.gradus.autograd.Params.create(device, 1)) {
      var model = (YoutubeDnn) SPEC.create(SPEC.settings(small()), SCHEMA, params);
      try (Tape tape = Tape.recording(device)) {
        assertThatThrownBy(
                () -> model.forward(SampleBatches.draw(SCHEMA, 2, 1), Mode.training(tape, 1, 1)))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageStartingWith("youtube-dnn: labels were not counted yet.");
      }
    }
  }
}
