// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.gradus.trainer.loss.LossConfig;
import org.gradus.trainer.loss.ValueLoss;
import org.gradus.trainer.run.Diagnosis.Thresholds;
import org.gradus.trainer.run.Diagnosis.Verdict;
import org.gradus.trainer.run.TrainConfig.Stopping;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiagnosisTest {
  @TempDir private Path folder;

  private static Diagnosis of(double[] train, double[] valid) {
    return Diagnosis.of(train, valid, Thresholds.PRESET);
  }

  @Test
  void trainingFallsAndValidationRises() {
    double[] train = {1.0, 0.8, 0.6, 0.45, 0.35, 0.27, 0.2, 0.15};
    double[] valid = {1.0, 0.85, 0.75, 0.72, 0.74, 0.78, 0.83, 0.9};
    Diagnosis d = of(train, valid);
    assertThat(d.verdict()).isEqualTo(Verdict.OVERFIT);
    assertThat(d.bestEpoch()).isEqualTo(4);
    assertThat(d.gapAtBest()).isCloseTo(0.72 - 0.45, within(1e-12));
    // least squares through the last five of each, by hand
    double trainMean = (0.45 + 0.35 + 0.27 + 0.2 + 0.15) / 5;
    double trainSlope = (-2 * 0.45 - 0.35 + 0.2 + 2 * 0.15) / 10;
    assertThat(d.trainSlope()).isCloseTo(trainSlope / trainMean, within(1e-12));
    double validMean = (0.72 + 0.74 + 0.78 + 0.83 + 0.9) / 5;
    double validSlope = (-2 * 0.72 - 0.74 + 0.83 + 2 * 0.9) / 10;
    assertThat(d.validSlope()).isCloseTo(validSlope / validMean, within(1e-12));
    assertThat(d.report()).contains("OVERFIT", "best epoch            4", "25.0 % above its best");
  }

  /// A gap alone is no over-fitting.
  @Test
  void bothSettle() {
    double[] train = {1.0, 0.5, 0.3, 0.2, 0.199, 0.198, 0.1979, 0.1978};
    double[] valid = {1.0, 0.7, 0.5, 0.4, 0.399, 0.3985, 0.3984, 0.3984};
    assertThat(of(train, valid).verdict()).isEqualTo(Verdict.OK);
  }

  /// Validation that no longer improves on an early best while training goes on falling, above it or beside it; but one bad epoch at
  /// the end is none.
  @Test
  void theBestLiesFarBehind() {
    double[] train = {1.0, 0.7, 0.5, 0.4, 0.35, 0.31, 0.28, 0.26};
    double[] valid = {1.0, 0.6, 0.66, 0.67, 0.67, 0.66, 0.67, 0.67};
    assertThat(of(train, valid).verdict()).isEqualTo(Verdict.OVERFIT);
    double[] beside = {1.0, 0.64, 0.6, 0.6, 0.6, 0.6, 0.6, 0.62};
    assertThat(of(train, beside).verdict()).isEqualTo(Verdict.OVERFIT);
    double[] last = {1.0, 0.64, 0.62, 0.61, 0.605, 0.602, 0.6, 0.62};
    assertThat(of(train, last).verdict()).isEqualTo(Verdict.OK);
  }

  /// Seven epochs after the best one validation has risen by little, but never came back, while training went on by half.
  @Test
  void validationThatCreepsAboveItsBestIsOverFitting() {
    double[] train = {1, 0.8, 0.7, 0.6, 0.5, 0.45, 0.4, 0.35, 0.3, 0.27, 0.25};
    double[] valid = {1, 0.8, 0.7, 0.65, 0.66, 0.665, 0.67, 0.675, 0.675, 0.68, 0.68};
    Diagnosis d = of(train, valid);
    assertThat(d.verdict()).isEqualTo(Verdict.OVERFIT);
    assertThat(d.bestEpoch()).isEqualTo(4);
    // (0.6 − 0.25) / 0.6 and 0.03 / 0.65
    assertThat(d.reason()).contains("fell by 58.3 %", "4.6 % above its best");
  }

  /// A log density may be below 0; its best is still the least.
  @Test
  void lossesBelowZeroAreLossesToo() {
    double[] train = {2, 1.9, 1.8, 1.7, 1.6, 1.5, 1.4};
    double[] valid = {-1, -1.1, -1.2, -1.25, -1.2, -1.1, -1};
    assertThat(of(train, valid).verdict()).isEqualTo(Verdict.OVERFIT);
  }

  @Test
  void bothGetWorse() {
    double[] losses = {1, 2, 3, 4, 5, 6};
    Diagnosis d = of(losses, losses);
    assertThat(d.verdict()).isEqualTo(Verdict.DIVERGING);
    assertThat(d.reason()).contains("500.0 %", "epoch 1");
    double[] late = {1, 0.6, 0.4, 0.5, 0.7, 1.1};
    assertThat(of(late, late).verdict()).isEqualTo(Verdict.DIVERGING);
    assertThat(of(new double[] {1, 6}, new double[] {1, 6}).verdict()).isEqualTo(Verdict.DIVERGING);
  }

  /// The fall from where the parameters began is no swing, and no proof that more epochs would help.
  @Test
  void theFirstFallIsNoSwing() {
    Diagnosis three = of(new double[] {1, 0.4, 0.33}, new double[] {1, 0.42, 0.38});
    assertThat(three.verdict()).isEqualTo(Verdict.UNDERFIT);
    assertThat(three.reason()).contains("more epochs");
    assertThat(three.validVariation()).as("two points lie on a line").isCloseTo(0, within(1e-12));
    Diagnosis five =
        of(
            new double[] {0.69, 0.35, 0.30, 0.28, 0.27},
            new double[] {0.69, 0.38, 0.34, 0.33, 0.325});
    assertThat(five.verdict()).isEqualTo(Verdict.UNDERFIT);
    double[] settled = {0.69, 0.35, 0.331, 0.33, 0.3299};
    assertThat(of(settled, settled).verdict()).isEqualTo(Verdict.OK);
  }

  /// An epoch that leaps is reported, whether it is the last of few or of many.
  @Test
  void aLeapInTheLastEpochIsNoSettledLoss() {
    double[] train = {0.7, 0.5, 0.4, 0.35};
    Diagnosis d = of(train, new double[] {0.7, 0.55, 0.5, 3.0});
    assertThat(d.verdict()).isEqualTo(Verdict.UNSTABLE);
    assertThat(d.reason()).contains("500.0 %", "last epoch");
  }

  @Test
  void lossesThatAreNoNumbersAreRefused() {
    double[] good = {1, 0.5, 0.4};
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      double[] losses = {1, bad, 0.4};
      assertThatThrownBy(() -> of(good, losses))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("validation loss of epoch 2 is " + bad);
      assertThatThrownBy(() -> of(losses, good)).hasMessageContaining("training loss of epoch 2");
    }
  }

  @Test
  void bothStillFall() {
    double[] train = {1.0, 0.9, 0.8, 0.7, 0.6};
    double[] valid = {1.1, 1.0, 0.9, 0.8, 0.7};
    Diagnosis d = of(train, valid);
    assertThat(d.verdict()).isEqualTo(Verdict.UNDERFIT);
    assertThat(d.reason()).contains("more epochs");
  }

  @Test
  void nothingWasLearned() {
    double[] flat = {0.7, 0.693, 0.693, 0.693, 0.693, 0.693};
    Thresholds known = new Thresholds(5, 0.01, 0.15, 0.05, 0.6931);
    Diagnosis d = Diagnosis.of(flat, flat, known);
    assertThat(d.verdict()).isEqualTo(Verdict.UNDERFIT);
    assertThat(d.reason()).contains("knowing nothing");
    assertThat(of(flat, flat).verdict()).as("unknown to the preset").isEqualTo(Verdict.OK);
  }

  @Test
  void validationSwings() {
    double[] train = {1.0, 0.8, 0.7, 0.6, 0.5, 0.45};
    double[] valid = {1.0, 0.6, 1.1, 0.5, 1.2, 0.6};
    Diagnosis d = of(train, valid);
    assertThat(d.verdict()).isEqualTo(Verdict.UNSTABLE);
    assertThat(d.validVariation()).isGreaterThan(0.15);
  }

  /// A straight fall is a trend and no swing.
  @Test
  void aTrendIsNoVariation() {
    double[] line = {5, 4, 3, 2, 1};
    assertThat(of(line, line).validVariation()).isCloseTo(0, within(1e-12));
  }

  @Test
  void tooFewEpochsAreRefused() {
    assertThatThrownBy(() -> of(new double[1], new double[1])).hasMessageContaining("2 epochs");
    assertThatThrownBy(() -> of(new double[2], new double[3])).hasMessageContaining("as many");
  }

  /// The example of the specification: the later 0.70 is never seen.
  @Test
  void earlyStoppingCountsEpochsWithoutAnImprovementThatCounts() {
    double[] losses = {1.0, 0.8, 0.79995, 0.81, 0.82, 0.70};
    Stopping rule = new Stopping("valid.rmse", 3, 1e-3);
    TrainingState.Memory memory = TrainingState.Memory.NONE;
    int epoch = 0;
    while (!memory.ended()) {
      memory = memory.after(rule, epoch + 1, losses[epoch]);
      epoch++;
    }
    assertThat(epoch - 1).as("index of the last epoch").isEqualTo(4);
    assertThat(memory.bestEpoch() - 1).as("index of the best").isEqualTo(1);
    assertThat(memory.best()).isEqualTo(0.8);
  }

  @Test
  void anyImprovementCountsWithoutALeast() {
    Stopping rule = new Stopping("valid.auc", 2);
    TrainingState.Memory memory =
        TrainingState.Memory.NONE.after(rule, 1, 0.7).after(rule, 2, 0.7000001);
    assertThat(memory.bestEpoch()).isEqualTo(2);
    memory = memory.after(rule, 3, 0.7).after(rule, 4, 0.6);
    assertThat(memory.ended()).isTrue();
    assertThatThrownBy(() -> new Stopping("valid.auc", 1, -1.0))
        .hasMessageContaining("minDelta -1");
  }

  private static final String LINE =
      "{\"epoch\":%d,\"step\":%d,\"train.y+1\":%s,\"train.y+2\":1.5,\"train.penalty\":0.5,"
          + "\"train.loss\":99,\"valid.y+1.rmse\":%s,\"valid.y+2.rmse\":%s,\"valid.y+1.mae\":3,"
          + "\"valid.y+2.mae\":4,\"valid.rmse\":9,\"valid.mae\":9,\"best\":false}";

  private RunDiagnosis history(TrainConfig config, String... lines) throws Exception {
    Files.write(folder.resolve("metrics.jsonl"), List.of(lines));
    return RunDiagnosis.of(new RunFolder(folder), config);
  }

  private static TrainConfig config(LossConfig loss) {
    return TrainConfig.of("a-model", "some-data", "cpu").with(loss);
  }

  private static final String[] VALUES = {
    String.format(java.util.Locale.ROOT, LINE, 1, 10, 3.5, 2.0, 1.0),
    "{\"epoch\":2,\"step\":15,\"train.loss\":7}",
    String.format(java.util.Locale.ROOT, LINE, 2, 20, 2.5, 1.0, 1.0)
  };

  /// The sum over labels of half the mean squared error, without the error over all and without the penalty.
  @Test
  void theLossesOfARunAreReadAndDrawn() throws Exception {
    RunDiagnosis run = history(config(LossConfig.ALL), VALUES);
    assertThat(run.train()).containsExactly(3.5 + 1.5, 2.5 + 1.5);
    assertThat(run.valid()).containsExactly(2.5, 1);
    assertThat(run.alike()).isTrue();
    Diagnosis d = run.diagnosis(Thresholds.PRESET);
    assertThat(d.gapAtBest()).isEqualTo(1 - 4);
    run.draw(folder, "diagnosis", d);
    assertThat(folder.resolve("diagnosis.png")).isNotEmptyFile();
    assertThat(folder.resolve("diagnosis.svg")).content().contains("<svg");
  }

  /// Factors weigh both sides; the absolute error is the mae; a Huber loss is no metric, so that there is no gap.
  @Test
  void likeIsComparedWithLike() throws Exception {
    Map<String, Double> factors = Map.of("y+1", 2.0, "y+2", 0.0);
    RunDiagnosis weighed = history(config(new LossConfig(factors, Map.of())), VALUES);
    assertThat(weighed.train()).containsExactly(7, 5);
    assertThat(weighed.valid()).containsExactly(4, 1);
    RunDiagnosis absolute = history(config(LossConfig.ALL.with(new ValueLoss.Absolute())), VALUES);
    assertThat(absolute.valid()).containsExactly(7, 7);
    assertThat(absolute.alike()).isTrue();
    RunDiagnosis huber = history(config(LossConfig.ALL.with(new ValueLoss.Huber(1))), VALUES);
    assertThat(huber.valid()).containsExactly(2.5, 1);
    assertThat(huber.diagnosis(Thresholds.PRESET).gapAtBest()).isNaN();
    assertThat(huber.diagnosis(Thresholds.PRESET).report()).contains("different losses");
  }

  /// A loss that is no mean over the rows that were observed is none of the validation's, and the losses of scenarios are parts of it.
  @Test
  void scenariosAreNoLabelsAndSumsNoMeans() throws Exception {
    String line =
        "{\"train.click\":%s,\"train.like\":1,\"valid.click.logloss\":%s,"
            + "\"valid.like.logloss\":0.5,\"valid.domain.0.click.logloss\":7,"
            + "\"valid.domain.1.like.logloss\":8,\"best\":true}";
    String[] lines = {line.formatted("3", "0.75"), line.formatted("2", "0.25")};
    RunDiagnosis run = history(config(LossConfig.ALL), lines);
    assertThat(run.train()).containsExactly(4, 3);
    assertThat(run.valid()).containsExactly(1.25, 0.75);
    assertThat(run.alike()).isTrue();
    LossConfig sums = LossConfig.ALL.with(LossConfig.Reduction.SUM);
    assertThat(history(config(sums), lines).alike()).isFalse();
  }

  /// What a model adds to the loss of its label is no part of the validation loss, and so none of the gap.
  @Test
  void auxiliaryLossesStayOut() throws Exception {
    String line =
        "{\"epoch\":%d,\"step\":1,\"train.label\":%s,\"train.aux\":51.9,\"train.penalty\":0.1,"
            + "\"train.loss\":52.6,\"valid.auc\":0.6,\"valid.logloss\":%s,\"best\":true}";
    RunDiagnosis dien =
        history(
            config(LossConfig.ALL),
            line.formatted(1, "0.676", "0.6874"),
            line.formatted(2, "0.649", "0.6828"),
            line.formatted(3, "0.596", "0.6839"));
    assertThat(dien.train()).containsExactly(0.676, 0.649, 0.596);
    assertThat(dien.diagnosis(Thresholds.PRESET).gapAtBest())
        .isCloseTo(0.6828 - 0.649, within(1e-12));
    RunDiagnosis own =
        history(
            config(LossConfig.ALL),
            "{\"train.loss\":3,\"train.penalty\":1,\"valid.loss\":2.5,\"best\":true}",
            "{\"train.loss\":2,\"train.penalty\":1,\"valid.loss\":2,\"best\":true}");
    assertThat(own.train()).containsExactly(2, 1);
    assertThat(own.valid()).containsExactly(2.5, 2);
  }

  /// JSON has no NaN; what stands there instead is no 0.
  @Test
  void aLossThatIsNoNumberIsNoZero() throws Exception {
    String line = "{\"train.label\":0.6,\"train.loss\":0.6,\"valid.logloss\":%s,\"best\":true}";
    RunDiagnosis run =
        history(config(LossConfig.ALL), line.formatted("0.6"), line.formatted("\"NaN\""));
    assertThatThrownBy(() -> run.diagnosis(Thresholds.PRESET))
        .hasMessageContaining("validation loss of epoch 2 is NaN");
    assertThatThrownBy(
            () ->
                history(
                    config(LossConfig.ALL),
                    "{\"train.label\":1,\"valid.logloss\":null,"
                        + "\"valid.logloss_undefined\":\"no rows\",\"best\":true}",
                    "{\"best\":true}"))
        .hasMessageContaining("no validation loss");
  }
}
