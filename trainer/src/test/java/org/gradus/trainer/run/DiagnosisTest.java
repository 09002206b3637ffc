// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

  /// Validation that stays above an early best while training goes on falling; but one bad epoch at the end is none.
  @Test
  void theBestLiesFarBehind() {
    double[] train = {1.0, 0.7, 0.5, 0.4, 0.35, 0.31, 0.28, 0.26};
    double[] valid = {1.0, 0.6, 0.66, 0.67, 0.67, 0.66, 0.67, 0.67};
    assertThat(of(train, valid).verdict()).isEqualTo(Verdict.OVERFIT);
    double[] last = {1.0, 0.64, 0.6, 0.6, 0.6, 0.6, 0.6, 0.62};
    assertThat(of(train, last).verdict()).isEqualTo(Verdict.OK);
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
      "{\"epoch\":%d,\"step\":%d,\"train.loss\":%s,\"train.penalty\":0.5,"
          + "\"valid.y+1.rmse\":%s,\"valid.y+2.rmse\":%s,\"valid.rmse\":9,\"best\":false}";

  /// The sum over labels of half the mean squared error, without the error over all and without the penalty.
  @Test
  void theLossesOfARunAreReadAndDrawn() throws Exception {
    Files.write(
        folder.resolve("metrics.jsonl"),
        List.of(
            String.format(java.util.Locale.ROOT, LINE, 1, 10, 3.5, 2.0, 1.0),
            "{\"epoch\":2,\"step\":15,\"train.loss\":7}",
            String.format(java.util.Locale.ROOT, LINE, 2, 20, 2.5, 1.0, 1.0)));
    RunDiagnosis run = RunDiagnosis.of(new RunFolder(folder));
    assertThat(run.train()).containsExactly(3, 2);
    assertThat(run.valid()).containsExactly(2.5, 1);
    Diagnosis d = run.diagnosis(Thresholds.PRESET);
    run.draw(folder, "diagnosis", d);
    assertThat(folder.resolve("diagnosis.png")).isNotEmptyFile();
    assertThat(folder.resolve("diagnosis.svg")).content().contains("<svg");
  }
}
