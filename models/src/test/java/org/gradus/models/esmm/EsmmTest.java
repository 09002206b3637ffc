// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.esmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.sigmoid;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.Head;
import org.gradus.models.Model;
import org.gradus.models.ModelBench;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.NaiveTasks;
import org.gradus.models.Outputs;
import org.gradus.models.Settings;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EsmmTest {
  private static final EsmmSpec SPEC = new EsmmSpec();

  private static Schema schema(Map<String, String> given) {
    return SPEC.exampleSchema(SPEC.settings(given));
  }

  private static Map<String, String> small(String variant) {
    return Map.of("variant", variant, "embeddingDim", "2", "towerUnits", "3");
  }

  /// ln p and ln (1 − p) of every example, or the score of a logit, by label.
  private static Map<String, double[][]> heads(ModelBench bench, Batch batch) {
    Map<String, double[][]> found = new TreeMap<>();
    bench.evaluate(
        batch,
        out -> {
          out.heads()
              .forEach(
                  (label, head) ->
                      found.put(
                          label,
                          switch (head) {
                            case Head.LogProbability h ->
                                new double[][] {
                                  h.logP().value().toDoubles(), h.logNotP().value().toDoubles()
                                };
                            case Head.Logit h -> new double[][] {h.z().value().toDoubles()};
                            case Head.Value h -> new double[][] {h.value().value().toDoubles()};
                            case Head.Quantiles h ->
                                new double[][] {h.values().value().toDoubles()};
                            case Head.Normal h -> new double[][] {h.mean().value().toDoubles()};
                          }));
          return out;
        });
    return found;
  }

  private static double[][] head(Map<String, double[][]> heads, String label) {
    return Objects.requireNonNull(heads.get(label), label);
  }

  /// What the towers read of a row: the vectors of fields, beside each other or summed, and the numbers; and what the bottom
  /// makes of them.
  private static double[] read(Map<String, double[]> params, Settings s, double[] row, int tower) {
    int dim = s.integer("embeddingDim");
    double[] x = row;
    if (s.choice("fieldPooling", Representation.FieldPooling.class)
        == Representation.FieldPooling.SUM) {
      double[] sum = new double[dim];
      for (int i = 0; i < row.length - 1; i++) { // one number at the end
        sum[i % dim] += row[i];
      }
      x = Naive.flat(sum, Arrays.copyOfRange(row, row.length - 1, row.length));
    }
    int experts = s.integer("experts");
    return switch (s.choice("bottom", Representation.Bottom.class)) {
      case NONE -> x;
      case SHARED_MLP -> NaiveTasks.mlp(params, "bottom/", x, Activation.RELU);
      case MMOE ->
          NaiveTasks.mix(
              NaiveTasks.shares(params, "gate/" + tower + "/", x, experts, 0),
              NaiveTasks.experts(params, "expert/", experts, x, Activation.RELU));
      case PLE -> extracted(params, s, x, tower);
    };
  }

  /// The stream of a tower after all levels of PLE, from the parameters that are there.
  private static double[] extracted(
      Map<String, double[]> params, Settings s, double[] x, int tower) {
    int towers = s.choice("variant", Esmm.Variant.class) == Esmm.Variant.ESMM ? 2 : 4;
    int own = s.integer("specificExperts");
    int shared = s.integer("experts");
    List<double[]> streams = new ArrayList<>(Collections.nCopies(towers, x));
    double[] common = x;
    for (int l = 0; l < s.integer("levels"); l++) {
      String level = "level/" + l + "/";
      double[][] of =
          NaiveTasks.experts(params, level + "shared/expert/", shared, common, Activation.RELU);
      List<double[]> everybody = new ArrayList<>();
      for (int t = 0; t < towers; t++) {
        String task = level + "task/" + t + "/";
        double[] stream = streams.get(t);
        double[][] mine =
            NaiveTasks.experts(params, task + "expert/", own, stream, Activation.RELU);
        everybody.addAll(List.of(mine));
        double[] g = NaiveTasks.shares(params, task + "gate/", stream, own + shared, 0);
        double[][] heard =
            Stream.concat(Arrays.stream(mine), Arrays.stream(of)).toArray(double[][]::new);
        streams.set(t, NaiveTasks.mix(g, heard));
      }
      everybody.addAll(List.of(of));
      if (l < s.integer("levels") - 1) {
        double[] g = NaiveTasks.shares(params, level + "shared/gate/", common, everybody.size(), 0);
        common = NaiveTasks.mix(g, everybody.toArray(double[][]::new));
      }
    }
    return streams.get(tower);
  }

  @Test
  void probabilitiesAreTheirEquations() {
    long seed = 0;
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 1)) {
      seed++;
      Settings s = SPEC.settings(given);
      boolean esmm = s.choice("variant", Esmm.Variant.class) == Esmm.Variant.ESMM;
      Batch batch = SampleBatches.draw(schema(given), 4, seed);
      try (ModelBench bench = ModelBench.drawn(SPEC, given, schema(given), seed)) {
        Map<String, double[]> params = bench.all();
        Map<String, double[][]> found = heads(bench, batch);
        assertThat(found).hasSize(esmm ? 3 : 4);
        for (int row = 0; row < 4; row++) {
          double[] x = Naive.concatenated(params, batch, row);
          double[] y = new double[4];
          for (int t = 0; t < (esmm ? 2 : 4); t++) {
            double[] h = read(params, s, x, t);
            y[t] = sigmoid(NaiveTasks.tower(params, "tower/" + t + "/", h, Activation.RELU));
          }
          double given1 = esmm ? y[1] : y[1] * y[2] + (1 - y[1]) * y[3]; // (ES-5)
          assertClose(
              new double[] {sigmoid(head(found, "click")[0][row])}, new double[] {y[0]}, EXACT);
          assertProbability(head(found, "buy"), row, y[0] * given1);
          assertProbability(head(found, "buy_of_clicked"), row, given1);
          if (!esmm) {
            assertProbability(head(found, "cart"), row, y[0] * y[1]);
          }
        }
      }
    }
  }

  private static void assertProbability(double[][] logarithms, int row, double p) {
    assertClose(
        new double[] {logarithms[0][row], logarithms[1][row]},
        new double[] {Math.log(p), Math.log1p(-p)},
        EXACT);
  }

  @Test
  void mutantsOfOtherOptionsFail() {
    Map<String, String> more = new HashMap<>(small("ESM2"));
    more.putAll(Map.of("bottom", "MMOE", "experts", "2", "bottomUnits", "4"));
    Mutants.allFail(SPEC, more);
    Mutants.allFail(SPEC, small("ESM2"));
  }

  // The worked examples

  private static final Schema TWO =
      Schema.of(
          new Field.Categorical("user", 4),
          new Field.Label("click", Field.LabelKind.BINARY),
          new Field.Label("buy", Field.LabelKind.BINARY));

  private static final Schema THREE =
      Schema.of(
          new Field.Categorical("user", 4),
          new Field.Label("click", Field.LabelKind.BINARY),
          new Field.Label("cart", Field.LabelKind.BINARY),
          new Field.Label("buy", Field.LabelKind.BINARY));

  private static Batch row(Schema schema, float... labels) {
    Batch.Builder builder =
        Batch.builder(schema, 1)
            .dense(new float[0])
            .sparse(ModelBench.ids(schema, List.of(new int[] {2})));
    for (int l = 0; l < labels.length; l++) {
      builder.real(schema.labels().get(l).name(), new float[] {labels[l]});
    }
    return builder.build();
  }

  /// Towers that say these logits of any input.
  private static ModelBench saying(Schema schema, String variant, double... logits) {
    ModelBench bench = ModelBench.of(SPEC, Map.of("variant", variant, "towerUnits", ""), schema, 1);
    for (int t = 0; t < logits.length; t++) {
      String out = "tower/" + t + "/out/";
      bench.set(out + "weight", new double[bench.get(out + "weight").length]);
      bench.set(out + "bias", logits[t]);
    }
    return bench;
  }

  private static double logit(double p) {
    return Math.log(p) - Math.log1p(-p);
  }

  /// The loss of one example.
  private static Var loss(Outputs out, double click, double buy) {
    Head.Logit first = (Head.Logit) out.head("click");
    Head.LogProbability second = (Head.LogProbability) out.head("buy");
    Var a = click == 1 ? first.z().logSigmoid() : first.z().negate().logSigmoid();
    Var b = buy == 1 ? second.logP() : second.logNotP();
    return a.add(b).sum().negate();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0, .598139, .232670, -.332238, .163062",
    "1, 1, .598139, 1.572216, -.900332, -.622459",
    "0, 0, .798139, .232670, .667762, .163062"
  })
  void workedExample(
      double click, double buy, double lossClick, double lossBuy, double slopeA, double slopeB) {
    Batch batch = row(TWO, (float) click, (float) buy);
    try (ModelBench bench = saying(TWO, "ESMM", .2, -.5)) {
      Map<String, double[][]> heads = heads(bench, batch);
      double p = sigmoid(head(heads, "click")[0][0]);
      assertClose(new double[] {p, sigmoid(-.5)}, new double[] {.549834, .377541}, SIX_DECIMALS);
      double[][] both = head(heads, "buy");
      assertClose(new double[] {Math.exp(both[0][0])}, new double[] {.207585}, SIX_DECIMALS);
      assertClose(
          new double[] {-Math.log(click == 1 ? p : 1 - p), -both[buy == 1 ? 0 : 1][0]},
          new double[] {lossClick, lossBuy},
          SIX_DECIMALS);
      Map<String, double[]> g = bench.gradients(batch, out -> loss(out, click, buy));
      assertClose(Naive.get(g, "tower/0/out/bias"), new double[] {slopeA}, SIX_DECIMALS);
      assertClose(Naive.get(g, "tower/1/out/bias"), new double[] {slopeB}, SIX_DECIMALS);
    }
  }

  @Test
  void workedExampleOfTheDecomposition() {
    try (ModelBench bench = saying(THREE, "ESM2", logit(.4), logit(.3), logit(.5), logit(.1))) {
      Map<String, double[][]> heads = heads(bench, row(THREE, 0, 0, 0));
      assertClose(
          new double[] {
            sigmoid(head(heads, "click")[0][0]),
            Math.exp(head(heads, "cart")[0][0]),
            Math.exp(head(heads, "buy")[0][0])
          },
          new double[] {.4, .12, .088},
          EXACT);
    }
  }

  /// Where a probability has no float left beside 1, its complement still has a logarithm.
  @Test
  void certainThingsHaveALogarithm() {
    try (ModelBench bench = saying(TWO, "ESMM", 40, 40);
        ModelBench never = saying(TWO, "ESMM", -800, -900)) {
      Batch batch = row(TWO, 0, 0);
      assertClose(head(heads(bench, batch), "buy")[1], new double[] {-39.306853}, SIX_DECIMALS);
      assertThat(head(heads(never, batch), "buy")[0]).containsExactly(-1700);
      assertThat(head(heads(never, batch), "buy")[1]).containsExactly(0);
    }
  }

  // Invariants

  @Test
  void aConversionIsNoLikelierThanAClick() {
    Batch batch = SampleBatches.draw(schema(Map.of()), 16, 3);
    try (ModelBench bench = ModelBench.drawn(SPEC, small("ESMM"), schema(Map.of()), 3)) {
      Map<String, double[][]> heads = heads(bench, batch);
      for (int b = 0; b < 16; b++) {
        double click = sigmoid(head(heads, "click")[0][b]);
        double given = Math.exp(head(heads, "buy_of_clicked")[0][b]);
        assertThat(Math.exp(head(heads, "buy")[0][b]))
            .isBetween(0.0, Math.min(click, given) + EXACT);
      }
    }
    try (ModelBench sure = saying(TWO, "ESMM", .2, 50)) {
      Map<String, double[][]> heads = heads(sure, row(TWO, 0, 0));
      assertClose(head(heads, "buy")[0], new double[] {Math.log(sigmoid(.2))}, EXACT);
    }
  }

  /// With the action for certain, ESM² is ESMM; where the action changes nothing, it does not matter.
  @Test
  void theDecompositionAtItsLimits() {
    Batch batch = row(THREE, 0, 0, 0);
    try (ModelBench sure = saying(THREE, "ESM2", .2, 60, -.5, .7);
        ModelBench esmm = saying(TWO, "ESMM", .2, -.5);
        ModelBench one = saying(THREE, "ESM2", .2, .9, -.5, -.5);
        ModelBench other = saying(THREE, "ESM2", .2, -1.3, -.5, -.5)) {
      double[][] expected = head(heads(esmm, row(TWO, 0, 0)), "buy");
      for (ModelBench bench : List.of(sure, one, other)) {
        for (int i = 0; i < 2; i++) {
          assertClose(head(heads(bench, batch), "buy")[i], expected[i], EXACT);
        }
      }
    }
  }

  /// An impression without a click teaches the tower of conversions; what is only measured teaches nothing.
  @Test
  void gradientsComeFromTheEntireSpace() {
    Schema schema = schema(Map.of());
    Batch batch = SampleBatches.draw(schema, 3, 5);
    try (ModelBench bench = ModelBench.drawn(SPEC, small("ESMM"), schema, 5)) {
      Map<String, double[]> g = bench.gradients(batch, out -> loss(out, 0, 0));
      assertThat(Naive.get(g, "tower/1/out/bias")[0]).isNotZero();
      Map<String, double[]> none =
          bench.gradients(batch, out -> out.head("buy_of_clicked").score().square().sum());
      none.forEach((path, d) -> assertThat(d).as(path).containsOnly(0));
    }
  }

  // Labels

  @Test
  void theOrderOfLabelsIsASetting() {
    Schema turned = new Schema(TWO.fields().reversed());
    Map<String, String> given = Map.of("labels", "click,buy", "towerUnits", "");
    try (ModelBench bench = ModelBench.of(SPEC, given, turned, 1)) {
      bench.evaluate(
          row(turned, 0, 0),
          out -> {
            assertThat(out.head("click")).isInstanceOf(Head.Logit.class);
            assertThat(out.head("buy")).isInstanceOf(Head.LogProbability.class);
            return out;
          });
    }
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of("labels", "click,like"), TWO, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "esmm: labels [click, like] of a schema with [click, buy]. Expected all of them: the"
                + " click, the conversion, and perhaps the conversion given a click.");
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of("variant", "ESM2"), TWO, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the click, the action, the conversion");
    Schema amounts =
        Schema.of(
            new Field.Categorical("user", 4),
            new Field.Label("click", Field.LabelKind.BINARY),
            new Field.Label("amount", Field.LabelKind.REGRESSION));
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of(), amounts, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("amount is REGRESSION");
  }

  @Test
  void conversionsWithoutAClickAreRefused() {
    try (Device device = Device.open("reference");
        var params = org.gradus.autograd.Params.create(device, 1)) {
      Model model = SPEC.create(SPEC.settings(Map.of()), TWO, params);
      model.checkLabels(row(TWO, 1, 1));
      model.checkLabels(row(TWO, 0, 0));
      assertThatThrownBy(() -> model.checkLabels(row(TWO, 0, 1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("esmm: example 0 has buy 1.0 and click 0.0. Expected none");
    }
  }

  /// Section 3.2 of the paper.
  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("embeddingDim")).isEqualTo(18);
    assertThat(s.list("towerUnits")).containsExactly(360, 200, 80);
    assertThat(s.choice("bottom", Representation.Bottom.class))
        .isEqualTo(Representation.Bottom.NONE);
  }
}
