// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dien;

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
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.History;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.layers.AdaptiveMlp;
import org.gradus.layers.Attention;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelBench;
import org.gradus.models.ModelCheck;
import org.gradus.models.Naive;
import org.gradus.models.Outputs;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.models.dien.AuxiliaryLoss.Normalizer;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// DIEN: its equations as loops, its auxiliary loss by hand, and what went wrong in programs that others published.
class DienTest {
  private static final DienSpec SPEC = new DienSpec();

  private static final List<List<String>> JOINED_HISTORIES =
      List.of(List.of("viewed", "viewedCategory"), List.of("bought"));

  private static final Map<String, String> JOINED =
      Map.of(
          "histories", "viewed+viewedCategory,bought",
          "embeddingDim", "2",
          "auxiliary", "MLP",
          "auxiliaryHidden", "3",
          "hidden", "4");

  private static final Schema PLAIN =
      Schema.of(
          new Field.Categorical("item", 9),
          new Field.Sequence("history", 9, "item", 6),
          Schemas.CLICK);

  private static Batch batch(int[] items, int[]... histories) {
    int[][] bags = Arrays.copyOf(ModelBench.single(items), items.length + histories.length);
    System.arraycopy(histories, 0, bags, items.length, histories.length);
    return ModelBench.batch(PLAIN, items.length, new float[0], bags);
  }

  private static double auxiliary(Outputs o) {
    return loss(o).value().toDoubles()[0];
  }

  private static Var loss(Outputs o) {
    return Naive.present(o.losses(), "aux");
  }

  private static Var score(Outputs o) {
    return o.head("click").score();
  }

  // The equations

  /// The negatives that a model draws in training, and the longest row.
  private static Map.Entry<Negatives.Drawn, Integer> drawn(
      List<String> columns, Settings s, Batch batch, long step) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.evaluating(device)) {
      Schema schema = batch.schema();
      FieldEmbeddings v =
          new FieldEmbeddings(schema, 1, Numeric.RAW, params, Initializers.normal(1));
      History history = new History(columns, schema, v);
      Mode mode = ModelBench.training(tape, step);
      History.Looked looked = history.lookup(v.lookup(batch, mode), batch, mode);
      var source = s.choice("negatives", Negatives.Source.class);
      int longest = looked.steps().size(1);
      long key = mode.draw("interest/" + columns.getFirst() + "/auxiliary");
      Negatives.Drawn drawn =
          new Negatives(history, source, s.integer("negativesPerStep"))
              .draw(looked.ids(), longest, key, tape.scope());
      int[][] ids = Arrays.stream(drawn.ids()).map(int[]::clone).toArray(int[][]::new);
      return Map.entry( // copies: the arrays are the tape's
          new Negatives.Drawn(ids, drawn.pairs().clone(), drawn.count()), longest);
    }
  }

  private static void compare(
      Map<String, String> given, List<List<String>> histories, Schema schema, long seed) {
    Settings s = SPEC.settings(given);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, seed)) {
      Batch batch = SampleBatches.draw(schema, 5, seed);
      NaiveDien naive = new NaiveDien(bench.all(), s, histories);
      double[] expected = new double[5];
      for (int b = 0; b < 5; b++) {
        expected[b] = naive.score(batch, b);
      }
      assertClose(bench.scores(batch), expected, EXACT);
      boolean none = s.choice("auxiliary", AuxiliaryLoss.Score.class) == AuxiliaryLoss.Score.NONE;
      if (none) {
        assertThat(bench.<Integer>train(batch, seed, o -> o.losses().size())).isZero();
        return;
      }
      double sum = 0;
      for (List<String> columns : histories) {
        var of = drawn(columns, s, batch, seed);
        sum += naive.auxiliary(columns, batch, of.getValue(), of.getKey());
      }
      double found = bench.train(batch, seed, DienTest::auxiliary);
      assertClose(new double[] {found}, new double[] {sum}, EXACT);
    }
  }

  @Test
  void scoreAndAuxiliaryLossAreTheirEquations() {
    Schema schema = SPEC.exampleSchema(SPEC.settings(Map.of()));
    List<List<String>> histories = List.of(List.of("viewed"), List.of("bought"));
    long seed = 1;
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 1)) {
      compare(given, histories, schema, seed++);
    }
  }

  @Test
  void aHistoryOfSeveralColumnsHasItsLayersOnce() {
    compare(JOINED, JOINED_HISTORIES, Schemas.COLUMNS, 7);
    try (ModelBench bench = ModelBench.of(SPEC, JOINED, Schemas.COLUMNS, 1)) {
      assertThat(bench.paths())
          .contains("interest/viewed/extractor/weight", "interest/bought/evolution/bias")
          .noneMatch(p -> p.startsWith("interest/viewedCategory"));
      assertThat(bench.shape("interest/viewed/extractor/weight").toArray()).containsExactly(4, 12);
      assertThat(bench.shape("interest/viewed/attention/weight").toArray()).containsExactly(4, 4);
    }
  }

  /// Every pair of options, each on sequences: lengths 0, the longest and others. Negatives are the same at every point of a
  /// check, for they depend on seed, step and place alone.
  @ParameterizedTest
  @ValueSource(ints = {5, 1})
  void gradientsAreRight(int size) {
    Schema schema = SPEC.exampleSchema(SPEC.settings(Map.of()));
    try (Device reference = Device.open("reference")) {
      for (Map<String, String> given : CoveringArray.pairwise(SPEC, 3)) {
        Settings settings = SPEC.settings(given);
        Batch batch = SampleBatches.draw(schema, size, 3);
        ModelCheck.check(SPEC, settings, 3)
            .check(reference, ModelCheck.objective(SPEC, settings, batch))
            .orFail();
      }
      Settings joined = SPEC.settings(JOINED);
      Batch batch = SampleBatches.draw(Schemas.COLUMNS, 4 + size, 3);
      ModelCheck.check(SPEC, joined, 3)
          .check(reference, ModelCheck.objective(SPEC, joined, batch))
          .orFail();
    }
  }

  @Test
  void attentionIsReported() {
    Batch batch = batch(new int[] {2, 3}, new int[] {5, 2, 7}, new int[] {4});
    Map<String, String> given = Map.of("embeddingDim", "3");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 4)) {
      NaiveDien naive =
          new NaiveDien(bench.all(), SPEC.settings(given), List.of(List.of("history")));
      double[] a = Naive.candidate(bench.all(), batch, List.of("history"), 0, 3);
      List<String> columns = List.of("history");
      double[] w = naive.attention(columns, a, naive.extracted(columns, batch, 0));
      assertThat(bench.weights(batch)).containsOnlyKeys("interest/history/attention");
      double[] found = Naive.get(bench.weights(batch), "interest/history/attention");
      assertClose(found, new double[] {w[0], w[1], w[2], 1, 0, 0}, EXACT);
    }
  }

  // The auxiliary loss by hand

  /// The specification's example: states h, behaviours e₂ and e₃ as items 3 and 4, negatives as items 5 and 6.
  private static double[] worked(
      Normalizer normalizer, double sign, int[] behaviours, int[] negatives) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.recording(device)) {
      FieldEmbeddings v =
          new FieldEmbeddings(PLAIN, 2, Numeric.RAW, params, Initializers.normal(1));
      double[] items = {.3, -.2, .6, .1, -.1, .4, .2, -.7};
      v.table("item").table().write(3, items);
      History history = new History(List.of("history"), PLAIN, v);
      Mode mode = Mode.training(tape, 1, 1);
      Batch batch = batch(new int[] {2}, new int[] {2, behaviours[0], behaviours[1]});
      History.Looked looked = history.lookup(v.lookup(batch, mode), batch, mode);
      AuxiliaryLoss.Config config =
          new AuxiliaryLoss.Config(
              AuxiliaryLoss.Score.INNER_PRODUCT, List.of(), normalizer, Negatives.Source.BATCH, 1);
      double[] h = {.2, -.1, .4, .3, .1, .5};
      for (int i = 0; i < h.length; i++) {
        h[i] *= sign;
      }
      Var states = tape.variable(tape.scope().upload(Shape.of(1, 3, 2), h));
      Var loss =
          new AuxiliaryLoss(history, 2, config, params.at("auxiliary"))
              .of(
                  states,
                  looked,
                  new Negatives.Drawn(new int[][] {negatives}, new boolean[] {true, true}, 2),
                  mode);
      double[] g = java.util.Objects.requireNonNull(tape.backward(loss).of(states)).toDoubles();
      assertThat(Arrays.copyOfRange(g, 4, 6)).as("the last state is not used").containsOnly(0);
      assertThat(Arrays.copyOf(g, 4)).doesNotContain(0);
      return loss.value().toDoubles();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "PER_SEQUENCE, 2.515034",
    "PER_PAIR, 1.257517",
    "PER_TERM, 0.628759",
    "PADDED, 1.257517"
  })
  void theWorkedExample(Normalizer normalizer, double expected) {
    double[] loss = worked(normalizer, 1, new int[] {3, 4}, new int[] {5, 6});
    assertClose(loss, new double[] {expected}, SIX_DECIMALS);
  }

  /// Behaviours for negatives and the reverse is as good as states of the other sign; and where a negative is the behaviour, a
  /// pair costs ln 2 twice at least.
  @Test
  void behavioursAndNegativesAreOpposites() {
    double[] swapped = worked(Normalizer.PER_PAIR, 1, new int[] {5, 6}, new int[] {3, 4});
    double[] negated = worked(Normalizer.PER_PAIR, -1, new int[] {3, 4}, new int[] {5, 6});
    assertClose(swapped, negated, EXACT);
    double[] equal = worked(Normalizer.PER_PAIR, 1, new int[] {3, 4}, new int[] {3, 4});
    assertThat(equal[0]).isGreaterThan(2 * Math.log(2));
  }

  /// Rows without a pair count as sequences and not as pairs.
  @Test
  void shortRowsContributeNothing() {
    int[] row = {5, 2, 7};
    Batch one = batch(new int[] {2}, row);
    Batch three = batch(new int[] {2, 3, 4}, row, new int[0], new int[] {8});
    Batch none = batch(new int[] {3, 4}, new int[0], new int[] {8});
    for (Normalizer normalizer : Normalizer.values()) {
      Map<String, String> given =
          Map.of(
              "auxiliaryNormalizer",
              normalizer.name(),
              "negatives",
              "UNIFORM",
              "embeddingDim",
              "3");
      try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 1)) {
        double alone = bench.train(one, 1, DienTest::auxiliary);
        boolean rows = normalizer == Normalizer.PER_SEQUENCE || normalizer == Normalizer.PADDED;
        assertClose(
            new double[] {bench.train(three, 1, DienTest::auxiliary)},
            new double[] {rows ? alone / 3 : alone},
            EXACT);
        assertThat(bench.<Double>train(none, 1, DienTest::auxiliary)).isZero();
      }
    }
  }

  /// Without the auxiliary part, and with it at factor 0: the same gradients, bit by bit.
  @Test
  void factorZeroGivesTheGradientsOfTheModelWithoutIt() {
    Batch batch = batch(new int[] {2, 3}, new int[] {5, 2, 7}, new int[] {4, 6});
    Map<String, String> with = Map.of("embeddingDim", "3");
    Map<String, String> without = Map.of("embeddingDim", "3", "auxiliary", "NONE");
    try (ModelBench a = ModelBench.drawn(SPEC, with, PLAIN, 1);
        ModelBench b = ModelBench.drawn(SPEC, without, PLAIN, 1)) {
      Map<String, double[]> expected = b.trainingGradients(batch, 1, o -> score(o).sum());
      Map<String, double[]> found = a.trainingGradients(batch, 1, o -> score(o).sum());
      assertThat(found.keySet()).isEqualTo(expected.keySet());
      found.forEach((path, g) -> assertThat(g).isEqualTo(Naive.get(expected, path)));
      Map<String, double[]> taught =
          a.trainingGradients(batch, 1, o -> score(o).sum().add(loss(o)));
      String extractor = "interest/history/extractor/weight";
      assertThat(Naive.get(taught, extractor)).isNotEqualTo(Naive.get(found, extractor));
    }
  }

  @Test
  void nothingIsDrawnInEvaluation() {
    Batch batch = batch(new int[] {2, 3}, new int[] {5, 2, 7}, new int[] {4, 6});
    try (ModelBench bench = ModelBench.drawn(SPEC, Map.of(), PLAIN, 1)) {
      assertThat(bench.<Integer>evaluate(batch, o -> o.losses().size())).isZero();
      double first = bench.train(batch, 1, DienTest::auxiliary);
      assertThat(bench.<Double>train(batch, 1, DienTest::auxiliary)).isEqualTo(first);
      assertThat(bench.<Double>train(batch, 2, DienTest::auxiliary)).isNotEqualTo(first);
    }
  }

  // What must not matter

  private static List<Map<String, String>> modes() {
    List<Map<String, String>> modes = new ArrayList<>();
    List<String> normalizers = Arrays.stream(Normalizer.values()).map(Enum::name).toList();
    for (var cell : InterestEvolution.Cell.values()) {
      for (var normalization : Attention.Normalization.values()) {
        Map<String, String> given = new HashMap<>();
        given.put("cell", cell.name());
        given.put("attentionNormalization", normalization.name());
        given.put("auxiliaryNormalizer", normalizers.get(modes.size() % 4));
        given.put("auxiliary", modes.size() % 2 == 0 ? "MLP" : "INNER_PRODUCT");
        given.put("attention", modes.size() % 3 == 0 ? "DIN_MLP" : "BILINEAR");
        given.putAll(Map.of("auxiliaryHidden", "3", "attentionHidden", "3", "hidden", "4"));
        given.putAll(Map.of("embeddingDim", "3", "alsoSumPool", "true"));
        modes.add(given);
      }
    }
    return modes;
  }

  /// Id 0 in a history, more of it, and in any place, is nothing: to scores, auxiliary loss, and the gradients of both.
  @Test
  void paddingInAHistoryChangesNothing() {
    Batch bare =
        batch(
            new int[] {2, 3, 4, 5},
            new int[] {5, 2, 7},
            new int[0],
            new int[] {3},
            new int[] {8, 3});
    Batch padded =
        batch(
            new int[] {2, 3, 4, 5},
            new int[] {5, 0, 2, 7, 0, 0},
            new int[] {0, 0},
            new int[] {0, 3},
            new int[] {8, 3, 0});
    for (Map<String, String> given : modes()) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 1)) {
        assertClose(bench.scores(padded), bench.scores(bare), EXACT);
        Map<String, double[]> expected =
            bench.trainingGradients(bare, 1, o -> score(o).square().sum().add(loss(o)));
        bench
            .trainingGradients(padded, 1, o -> score(o).square().sum().add(loss(o)))
            .forEach((path, g) -> assertClose(g, Naive.get(expected, path), EXACT));
      }
    }
  }

  // What went wrong elsewhere

  /// A public library multiplies a loss of 2N terms, behaviours and then negatives, by a mask of N: here the terms of a pair are
  /// added before the mask, and a batch of several rows has one number.
  @Test
  void auxiliaryLossOfSeveralRowsIsMaskedPairByPair() {
    Batch batch = batch(new int[] {2, 3}, new int[] {5, 2, 7}, new int[] {4, 6});
    Map<String, String> given = Map.of("auxiliaryNormalizer", "PER_PAIR", "negatives", "UNIFORM");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 1)) {
      assertThat(bench.<Shape>train(batch, 1, o -> loss(o).shape())).isEqualTo(Shape.scalar());
      double both = bench.train(batch, 1, DienTest::auxiliary);
      double first =
          bench.train(
              batch(new int[] {2, 3}, new int[] {5, 2, 7}, new int[0]), 1, DienTest::auxiliary);
      double second =
          bench.train(
              batch(new int[] {2, 3}, new int[0], new int[] {4, 6}), 1, DienTest::auxiliary);
      assertClose(new double[] {both}, new double[] {(2 * first + second) / 3}, EXACT);
    }
  }

  /// Attention without softmax, and padding that counts in the auxiliary loss: the presets have neither.
  @Test
  void attentionOfAugruIsASoftmaxUnlessToldOtherwise() {
    Batch batch = batch(new int[] {2, 3}, new int[] {5, 2, 7}, new int[] {4});
    try (ModelBench bench = ModelBench.drawn(SPEC, Map.of(), PLAIN, 1)) {
      double[] w = Naive.get(bench.weights(batch), "interest/history/attention");
      assertClose(new double[] {w[0] + w[1] + w[2]}, new double[] {1}, EXACT);
      assertThat(Arrays.copyOfRange(w, 4, 6)).containsOnly(0);
    }
  }

  /// A net without its last layer of one unit, and a net for behaviours beside another for negatives.
  @Test
  void oneAuxiliaryNetEndsInOneUnit() {
    Map<String, String> given = Map.of("auxiliary", "MLP", "embeddingDim", "3");
    try (ModelBench bench = ModelBench.of(SPEC, given, PLAIN, 1)) {
      assertThat(bench.paths().stream().filter(p -> p.contains("/auxiliary/")))
          .containsExactly(
              "interest/history/auxiliary/0/bias",
              "interest/history/auxiliary/0/weight",
              "interest/history/auxiliary/1/bias",
              "interest/history/auxiliary/1/weight",
              "interest/history/auxiliary/out/bias",
              "interest/history/auxiliary/out/weight");
      assertThat(bench.shape("interest/history/auxiliary/0/weight").toArray())
          .containsExactly(6, 100);
      assertThat(bench.shape("interest/history/auxiliary/out/weight").toArray())
          .containsExactly(50, 1);
    }
  }

  /// State t held against behaviour t would give away the answer. By hand: the state after step 1 is all that there is.
  @Test
  void aStateIsHeldAgainstTheNextStep() {
    Batch batch = batch(new int[] {2}, new int[] {5, 7});
    Map<String, String> given = Map.of("embeddingDim", "3", "negatives", "UNIFORM");
    Settings s = SPEC.settings(given);
    List<String> columns = List.of("history");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 1)) {
      double[] h =
          new NaiveDien(bench.all(), s, List.of(columns)).extracted(columns, batch, 0).getFirst();
      int other = drawn(columns, s, batch, 1).getKey().ids()[0][0];
      double hit = Naive.dot(h, Naive.row(bench.all(), "item", 7, 3));
      double miss = Naive.dot(h, Naive.row(bench.all(), "item", other, 3));
      assertClose(
          new double[] {bench.train(batch, 1, DienTest::auxiliary)},
          new double[] {ModelBench.logLoss(hit, 1) + ModelBench.logLoss(miss, 0)},
          EXACT);
    }
  }

  /// No history at all, in a batch of several rows and of one: finite scores, losses and gradients, and none of the history's.
  @Test
  void gradientsOfRowsThatAreAllPaddingAreFinite() {
    List<Batch> empty =
        List.of(
            batch(new int[] {2, 3}, new int[0], new int[] {0}),
            batch(new int[] {2}, new int[] {0, 0}),
            batch(new int[] {3}, new int[0]));
    for (Map<String, String> given : modes()) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 3)) {
        for (Batch batch : empty) {
          bench
              .trainingGradients(batch, 1, o -> score(o).sum().add(loss(o)))
              .forEach(
                  (path, g) -> {
                    assertThat(g).as(path).doesNotContain(Double.NaN);
                    if (path.startsWith("interest/")) {
                      assertClose(g, new double[g.length], 0); // 0 of either sign
                    }
                  });
        }
        double[] z = bench.scores(empty.getFirst());
        assertThat(z).doesNotContain(Double.NaN);
        assertThat(z[0]).isNotEqualTo(z[1]);
      }
    }
  }

  /// The gate of the program that the authors published is not the paper's, and has a name of its own.
  @Test
  void theAuthorsGateIsAnother() {
    Batch batch = batch(new int[] {2}, new int[] {5, 2, 7});
    double[] found = new double[2];
    for (int i = 0; i < 2; i++) {
      Map<String, String> given = Map.of("cell", i == 0 ? "AUGRU" : "AUGRU_AUTHOR_CODE");
      try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 1)) {
        found[i] = bench.scores(batch)[0];
      }
    }
    assertThat(found[0]).isNotEqualTo(found[1]);
  }

  // Settings

  @Test
  void presetsAreThePapersAndItsPrograms() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("embeddingDim")).isEqualTo(18);
    assertThat(s.list("hidden")).containsExactly(200, 80);
    assertThat(s.choice("cell", InterestEvolution.Cell.class))
        .isEqualTo(InterestEvolution.Cell.AUGRU);
    assertThat(s.choice("attention", InterestEvolution.Score.class))
        .isEqualTo(InterestEvolution.Score.BILINEAR);
    assertThat(s.choice("attentionNormalization", Attention.Normalization.class))
        .isEqualTo(Attention.Normalization.SOFTMAX);
    assertThat(s.choice("auxiliary", AuxiliaryLoss.Score.class))
        .isEqualTo(AuxiliaryLoss.Score.INNER_PRODUCT);
    assertThat(s.choice("auxiliaryNormalizer", Normalizer.class))
        .isEqualTo(Normalizer.PER_SEQUENCE);
    assertThat(s.choice("activation", AdaptiveMlp.Activation.class))
        .isEqualTo(AdaptiveMlp.Activation.DICE);
    Map<String, String> unit = Map.of("attention", "DIN_MLP");
    try (ModelBench bench = ModelBench.of(SPEC, unit, PLAIN, 1)) {
      // the slopes of the authors' program start at 0.1, which is a number of float32 here
      assertThat(bench.get("interest/history/attention/candidate/alpha")).containsOnly(0.1f);
      assertThat(bench.shape("interest/history/attention/0/weight").toArray())
          .containsExactly(4 * 18, 80);
      assertThat(bench.shape("interest/history/attention/1/weight").toArray())
          .containsExactly(80, 40);
    }
  }

  @Test
  void impossibleSettingsAreRefused() {
    Map<String, String> uniform = new HashMap<>(JOINED);
    uniform.put("negatives", "UNIFORM");
    assertThatThrownBy(() -> ModelBench.of(SPEC, uniform, Schemas.COLUMNS, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "negatives UNIFORM for a history of the columns viewed, viewedCategory");
    Map<String, String> dot = Map.of("attention", "DOT", "states", "4");
    assertThatThrownBy(() -> ModelBench.of(SPEC, dot, PLAIN, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("dien: attention=DOT with states=4. Expected states=0");
  }
}
