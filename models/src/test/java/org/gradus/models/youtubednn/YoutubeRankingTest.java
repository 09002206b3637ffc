// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.assertClose;

import it.unimi.dsi.fastutil.floats.FloatArrayList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelBench;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.Settings;
import org.gradus.models.youtubednn.WatchTime.Normalise;
import org.gradus.models.youtubednn.WatchTime.Weighting;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;

/// Ranking for watch time: worked examples and invariants of retrieval, section 7, and the equations as loops.
class YoutubeRankingTest {
  private static final YoutubeRankingSpec SPEC = new YoutubeRankingSpec();
  private static final Schema SCHEMA = SPEC.exampleSchema(SPEC.settings(Map.of()));
  private static final double SIX_DECIMALS = 5e-7;
  private static final WatchTime PAPER =
      new WatchTime(Weighting.PAPER, Normalise.MEAN_OVER_N, 0, 20);
  private static final WatchTime EXACTLY =
      new WatchTime(Weighting.EXACT, Normalise.MEAN_OVER_N, 0, 20);

  // Numbers

  private static final Quantiles EXAMPLE = new Quantiles(new float[][] {{0, 2, 5, 9, 30}});

  private static void inputs(float x, double... expected) {
    double[] inputs = new double[expected.length];
    EXAMPLE.inputs(new float[] {x}, inputs);
    assertThat(inputs).containsExactly(expected, within(SIX_DECIMALS));
  }

  @Test
  void quantilesOfTheSpecification() {
    inputs(3, 0.333333, 0.111111, 0.577350, 0);
    inputs(9, 0.75, 0.5625, 0.866025, 0);
    inputs(100, 1, 1, 1, 0);
    inputs(-1, 0, 0, 0, 0);
    inputs(0, 0, 0, 0, 0);
    inputs(30, 1, 1, 1, 0);
    inputs(Float.NaN, 0.5, 0.25, 0.707107, 1);
  }

  @Test
  void repeatedQuantilesAreTheLargestOfThem() {
    Quantiles q = new Quantiles(new float[][] {{0, 0, 2, 2, 2, 6, 6}});
    assertThat(q.of(0, 0)).isEqualTo(1.0 / 6);
    assertThat(q.of(0, 1)).isCloseTo((1 + 0.5 * 3) / 6, within(1e-15));
    assertThat(q.of(0, 2)).isEqualTo(4.0 / 6);
    assertThat(q.of(0, 4)).isCloseTo((4 + 0.5 * 2) / 6, within(1e-15));
    assertThat(q.of(0, 6)).isEqualTo(1);
    assertThat(q.of(0, -1)).isZero();
  }

  @Test
  void quantilesAreThoseOfTheRows() {
    FloatArrayList column = new FloatArrayList();
    for (int i = 100; i >= 0; i--) {
      column.add(i * i);
      column.add(Float.NaN);
    }
    FloatArrayList[] columns = {column, FloatArrayList.of(Float.NaN)};
    Quantiles q = Quantiles.of(columns, 10);
    // 101 values: every tenth is a quantile
    assertThat(q.breaks()[0])
        .containsExactly(0, 100, 400, 900, 1600, 2500, 3600, 4900, 6400, 8100, 10000);
    assertThat(q.breaks()[1]).containsOnly(0);
    double last = 0;
    for (float x = -5; x < 10_100; x += 7) {
      assertThat(q.of(0, x)).isBetween(last, 1.0); // rises
      last = q.of(0, x);
    }
  }

  // Watch time

  private static final float[] CLICKS = {1, 0, 1};
  private static final float[] TIMES = {120, Float.NaN, 30};

  /// Loss and its slope at z, of clicks and times.
  private static double[] lossAndSlope(WatchTime rule, float[] y, float[] t, double... z) {
    try (Device device = Device.open("reference");
        Tape tape = Tape.recording(device)) {
      Var logits = tape.variable(tape.scope().upload(Shape.of(z.length), z));
      Var loss = rule.loss(logits, y, t, null);
      double[] found = new double[1 + z.length];
      found[0] = loss.value().item();
      double[] dz = Objects.requireNonNull(tape.backward(loss).of(logits)).toDoubles();
      System.arraycopy(dz, 0, found, 1, dz.length);
      return found;
    }
  }

  @Test
  void workedExample() {
    double[] z = {0.4, -1.2, 0.1};
    double[] mean = lossAndSlope(PAPER, CLICKS, TIMES, z);
    assertThat(mean[0]).isCloseTo(27.052338, within(SIX_DECIMALS));
    double[] slopes = {-48.157481, 0.231475, -14.250624};
    for (int b = 0; b < 3; b++) {
      assertThat(mean[1 + b] * 3).isCloseTo(slopes[b], within(3 * SIX_DECIMALS));
    }
    WatchTime weight = new WatchTime(Weighting.PAPER, Normalise.MEAN_OVER_WEIGHT, 0, 20);
    double[] weighted = lossAndSlope(weight, CLICKS, TIMES, z);
    assertThat(weighted[0]).isCloseTo(0.537464, within(SIX_DECIMALS));
    assertThat(weighted[0] * 151).isCloseTo(81.157013, within(151 * SIX_DECIMALS));
  }

  /// Ten impressions, clicks of 120 and 30 seconds: where the slope of a common z is 0, its odds are 18.75, and 15.
  @Test
  void oddsAreTheExpectedWatchTime() {
    float[] y = {1, 0, 0, 0, 1, 0, 0, 0, 0, 0};
    float[] t = {120, 0, 0, 0, 30, 0, 0, 0, 0, 0};
    assertThat(slope(PAPER, y, t, 2.931194)).isCloseTo(0, within(1e-5));
    assertThat(slope(PAPER, y, t, Math.log(18.75))).isCloseTo(0, within(1e-12));
    assertThat(slope(EXACTLY, y, t, Math.log(15))).isCloseTo(0, within(1e-12));
    float[] doubled = new float[10];
    for (int i = 0; i < 10; i++) {
      doubled[i] = 2 * t[i];
    }
    assertThat(slope(PAPER, y, doubled, Math.log(2 * 18.75))).isCloseTo(0, within(1e-12));
    assertThat(PAPER.expected(Math.log(18.75))).isCloseTo(18.75, within(1e-12));
    assertThat(PAPER.expected(900)).isEqualTo(Math.exp(20));
  }

  private static double slope(WatchTime rule, float[] y, float[] t, double z) {
    double[] all = new double[y.length];
    Arrays.fill(all, z);
    double[] found = lossAndSlope(rule, y, t, all);
    return Arrays.stream(found).skip(1).sum();
  }

  @Test
  void ofOneSecondEachItIsLogLoss() {
    double[] z = {0.4, -1.2, 0.1};
    double expected = 0;
    for (int b = 0; b < 3; b++) {
      expected += ModelBench.logLoss(z[b], CLICKS[b]) / 3;
    }
    double[] found = lossAndSlope(PAPER, CLICKS, new float[] {1, 1, 1}, z);
    assertThat(found[0]).isCloseTo(expected, within(1e-14));
    try (Device device = Device.open("reference");
        Tape tape = Tape.recording(device)) {
      Var logits = tape.constant(Shape.of(3), z);
      assertThat(PAPER.loss(logits, CLICKS, null, null).value().item())
          .isCloseTo(expected, within(1e-14));
      // the third was not observed, and a longest time holds for the first
      WatchTime capped = new WatchTime(Weighting.PAPER, Normalise.MEAN_OVER_N, 50, 20);
      float[] times = {120, 1, Float.NaN};
      double masked = (50 * ModelBench.logLoss(z[0], 1) + ModelBench.logLoss(z[1], 0)) / 2;
      assertThat(capped.loss(logits, CLICKS, times, new float[] {1, 1, 0}).value().item())
          .isCloseTo(masked, within(1e-12));
      assertThat(capped.loss(logits, CLICKS, times, new float[3]).value().item()).isZero();
      assertThatThrownBy(() -> PAPER.loss(logits, CLICKS, times, null))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("youtube-ranking: example 2 has label 1.0 and watch time NaN");
    }
  }

  // The model

  private static double[] row(Map<String, double[]> params, Field.Ids f, int id) {
    double[] table = Naive.get(params, "v/" + f.table());
    int dim = table.length / f.size();
    return Arrays.copyOfRange(table, id * dim, (id + 1) * dim);
  }

  /// (YR-1) to (YR-3)
  private static double logit(Map<String, double[]> params, Settings s, Batch batch, int b) {
    List<double[]> parts = new ArrayList<>();
    for (Field.Ids f : batch.schema().ids()) {
      int[] real =
          Arrays.stream(ModelBench.bag(batch, f.name(), b)).filter(id -> id != 0).toArray();
      double[] sum = new double[row(params, f, 0).length];
      for (int id : real) {
        double[] v = row(params, f, id);
        for (int d = 0; d < sum.length; d++) {
          sum[d] += v[d] / real.length;
        }
      }
      parts.add(sum);
    }
    int q = s.integer("quantiles");
    for (int c = 0; c < 2; c++) {
      double x = Naive.number(batch, b, c);
      double[] breaks = Naive.get(params, "quantiles/" + batch.schema().dense().get(c).name());
      double share = 0;
      for (int k = 0; k <= q; k++) { // between the quantiles around x
        double low = breaks[k];
        if (x >= low) {
          double high = k == q ? low : breaks[k + 1];
          share = (k + (high > low ? Math.min(1, (x - low) / (high - low)) : 0)) / q;
        }
      }
      share = x > breaks[q] ? 1 : share;
      parts.add(new double[] {share, share * share, Math.sqrt(share), 0});
    }
    double[] h = Naive.tower(params, "tower/", Naive.flat(parts.toArray(double[][]::new)));
    double z = Naive.linear(h, Naive.get(params, "out/weight"), Naive.get(params, "out/bias"))[0];
    return z + Math.log(s.real("negativeKeepRate"));
  }

  @Test
  void scoreIsItsEquations() {
    long seed = 1;
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 1)) {
      Batch batch = SampleBatches.draw(SCHEMA, 5, seed);
      try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, seed++)) {
        Map<String, double[]> params = bench.all();
        double[] expected = new double[5];
        for (int b = 0; b < 5; b++) {
          expected[b] = logit(params, SPEC.settings(given), batch, b);
        }
        assertClose(bench.scores(batch), expected, EXACT);
      }
    }
  }

  /// In training the label's loss is the model's own, on logits that know nothing of dropped negatives.
  @Test
  void theLossIsThatOfTheLabel() {
    Settings s = SPEC.settings(Map.of("hidden", "4", "quantiles", "5", "negativeKeepRate", "0.5"));
    Batch batch = SampleBatches.draw(SCHEMA, 6, 3);
    float[] t = Objects.requireNonNull(batch.sampleWeights());
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.recording(device)) {
      YoutubeRanking model = (YoutubeRanking) SPEC.createExample(s, SCHEMA, params);
      var training = model.forward(batch, Mode.training(tape, 1, 1));
      double[] z = training.head("click").score().value().toDoubles();
      double expected = 0;
      for (int b = 0; b < 6; b++) {
        float y = batch.label("click")[b];
        expected += (y == 1 ? t[b] : 1) * ModelBench.logLoss(z[b], y) / 6;
      }
      assertThat(Objects.requireNonNull(training.losses().get("click")).value().item())
          .isCloseTo(expected, within(1e-13));
      var evaluation = model.forward(batch, Mode.evaluation(tape));
      assertThat(evaluation.losses()).isEmpty();
      assertThat(evaluation.head("click").score().value().toDoubles()[2])
          .isCloseTo(z[2] + Math.log(0.5), within(1e-14));
      assertThat(model.expectedWatchTime(1)).isCloseTo(Math.E, within(1e-14));
    }
  }

  @Test
  void mutantsFail() {
    Mutants.allFail(SPEC, Map.of("hidden", "4", "quantiles", "5", "weighting", "EXACT"));
  }

  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.list("hidden")).containsExactly(1024, 512, 256);
    assertThat(s.integer("embeddingDim")).isZero();
    assertThat(s.choice("weighting", Weighting.class)).isEqualTo(Weighting.PAPER);
    try (ModelBench bench = ModelBench.of(SPEC, Map.of("hidden", "4"), SCHEMA, 1)) {
      // ⌈log₂ 9⌉ and ⌈log₂ 5⌉ numbers per row
      assertThat(Naive.get(bench.all(), "v/video")).hasSize(9 * 4);
      assertThat(Naive.get(bench.all(), "v/language")).hasSize(5 * 3);
    }
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of("quantiles", "0"), SCHEMA, 1))
        .hasMessageContaining("quantiles 0");
  }
}
