// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.data.DataSet;
import org.gradus.data.Examples;
import org.gradus.data.series.NaiveForecast;
import org.gradus.data.series.Panel;
import org.gradus.data.series.PanelScaler;
import org.gradus.data.series.PowerStations;
import org.gradus.data.series.Scaling;
import org.gradus.data.series.TargetTransform;
import org.gradus.data.series.Targets;
import org.gradus.data.series.TimeSeries;
import org.gradus.data.series.WindowExamples;
import org.gradus.data.series.Windowing;
import org.gradus.data.series.Windows;
import org.gradus.embeddings.Batch;
import org.gradus.models.Model;
import org.gradus.models.Models;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.trainer.loss.Objective;
import org.gradus.trainer.metrics.ForecastErrors;
import org.gradus.trainer.metrics.GroupedAuc;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.Optimizer;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Rule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Forecasts that are trained: what they reach, and what they may not see.
class ForecastTrainingTest {
  @TempDir private Path folder;
  private int runs;

  private static long hour(int t) {
    return PowerStations.START + t * PowerStations.HOUR;
  }

  private static Panel panel(double[]... targets) {
    TimeSeries[] stations = new TimeSeries[targets.length];
    for (int k = 0; k < targets.length; k++) {
      long[] times = new long[targets[k].length];
      Arrays.setAll(times, ForecastTrainingTest::hour);
      stations[k] = new TimeSeries("s" + k, times, new double[][] {targets[k]});
    }
    return new Panel(List.of("y"), List.of(), PowerStations.HOUR, List.of(stations));
  }

  /// Training hours up to the first number, then validation, then test.
  private static DataSet data(Panel panel, Windowing w, Scaling scaling, int valid, int test) {
    PanelScaler.Rules rules =
        new PanelScaler.Rules(scaling, Scaling.NONE, true, TargetTransform.NONE);
    PanelScaler scaler = PanelScaler.fit(panel, rules, hour(valid));
    WindowExamples none = new WindowExamples(panel, scaler, w, List.of());
    Windowing apart = w.every(w.horizon());
    return new DataSet(
        "series",
        none.schema(),
        none.with(Windows.of(panel, w, Targets.before(hour(valid)))),
        none.with(Windows.of(panel, apart, new Targets(hour(valid), hour(test), true))),
        none.with(Windows.of(panel, apart, Targets.since(hour(test)))),
        Map.of(),
        "");
  }

  private static TrainConfig config(int epochs, int batch, double rate, String... settings) {
    Map<String, String> given = new HashMap<>();
    for (int i = 0; i < settings.length; i += 2) {
      given.put(settings[i], settings[i + 1]);
    }
    return TrainConfig.of("lstm-forecast", "series", "cpu")
        .with(
            new TrainConfig.ModelChoice(
                "lstm-forecast", Models.get("lstm-forecast").settings(given).toMap()))
        .with(new TrainConfig.Loop(epochs, 0, batch, false))
        .with(OptimizerConfig.of(Group.all(Rule.Adam.PAPER, rate)));
  }

  /// What was trained, while its parameters are there.
  private interface Look<T> {
    T at(Model model, Params params, RunResult result);
  }

  private <T> T train(TrainConfig c, DataSet data, Look<T> look) {
    try (Device device = Device.open("cpu");
        Params params = Params.create(device, c.seed())) {
      var spec = Models.get("lstm-forecast");
      Model model = spec.create(spec.settings(c.model().settings()), data.schema(), params);
      RunFolder run = RunFolder.create(folder.resolve("run-" + runs++));
      return look.at(model, params, new Trainer(c, data, model, params).run(run, Listener.SILENT));
    }
  }

  private static ForecastEvaluation.Scores scores(
      DataSet data, Model model, Params params, int batch) {
    WindowExamples test = (WindowExamples) data.test();
    Evaluator evaluator =
        new Evaluator(
            model,
            params.device(),
            new TrainConfig.Measure(batch, GroupedAuc.Weighting.IMPRESSIONS));
    return new ForecastEvaluation(test, (WindowExamples) data.train()).of("lstm", evaluator);
  }

  private static ForecastEvaluation.Scores naive(DataSet data, NaiveForecast forecast) {
    WindowExamples test = (WindowExamples) data.test();
    return new ForecastEvaluation(test, (WindowExamples) data.train()).of(forecast);
  }

  /// A day that repeats, and 0.01 more each hour: a day before is always 0.24 less. An empty cell among the training hours changes
  /// nothing about that, nor do hours that are not there at all.
  @Test
  void anEmptyCellLeavesTheScaleOfMaseAlone() {
    double[] y = new double[400];
    Arrays.setAll(y, t -> t % 24 + 0.01 * t);
    y[30] = Double.NaN;
    DataSet data = data(panel(y), new Windowing(24, 4, 1), Scaling.NONE, 280, 340);
    ForecastErrors day = naive(data, NaiveForecast.SEASONAL_DAY).all();
    assertThat(day.mae().value()).isCloseTo(0.24, within(1e-9));
    assertThat(day.mase().value()).isCloseTo(1, within(1e-9));
    assertThat(naive(data, NaiveForecast.LAST_VALUE).all().mase().defined()).isTrue();
  }

  /// A wave of a day, of amplitude 3, predicted for a day: below 5 % of the amplitude.
  @Test
  void aWaveIsLearned() {
    double[] y = new double[24 * 20];
    Arrays.setAll(y, t -> 10 + 3 * StrictMath.sin(2 * Math.PI * t / 24));
    DataSet data = data(panel(y), new Windowing(24, 24, 1), Scaling.STANDARD, 24 * 16, 24 * 18);
    TrainConfig c = config(25, 32, 0.01, "hidden", "16", "stationDim", "0");
    train(
        c,
        data,
        (model, params, _) -> {
          var found = scores(data, model, params, 64);
          assertThat(found.all().mae().value()).isLessThan(0.05 * 3);
          var last = naive(data, NaiveForecast.LAST_VALUE);
          assertThat(found.all().mae().value()).isLessThan(last.all().mae().value());
          assertThat(found.steps()).hasSize(24);
          assertThat(found.stations()).containsOnlyKeys("s0");
          return found;
        });
  }

  /// Sixteen windows of noise, learned by heart: a network with enough capacity can over-fit.
  @Test
  void noiseIsLearnedByHeart() {
    double[] y = new double[16 + 8 + 2 + 20];
    Arrays.setAll(y, t -> Counter.uniform53(5, t));
    DataSet data = data(panel(y), new Windowing(8, 1, 1), Scaling.STANDARD, 24, 26);
    assertThat(data.train().rows()).isEqualTo(16);
    TrainConfig c = config(1, 16, 0.02, "hidden", "16", "stationDim", "0");
    double loss = Double.NaN;
    try (Device device = Device.open("cpu");
        Params params = Params.create(device, 1)) {
      var spec = Models.get("lstm-forecast");
      Model model = spec.create(spec.settings(c.model().settings()), data.schema(), params);
      Objective objective = new Objective(c.loss(), data.schema());
      try (Optimizer optimizer = new Optimizer(params, c.optimizer());
          Examples.Stream stream = data.train().stream(Examples.Pass.inOrder(16))) {
        Batch batch = Objects.requireNonNull(stream.next());
        for (int step = 1; step <= 400; step++) {
          try (Tape tape = Tape.recording(device)) {
            Var total =
                objective.of(model.forward(batch, Mode.training(tape, 1, step)), batch).total();
            loss = total.value().item();
            optimizer.step(tape.backward(total), step);
          }
        }
      }
    }
    // ½σ² = ½ is the loss of the mean
    assertThat(loss).isLessThan(0.005);
  }

  /// The hours from validation on may be anything: the trained parameters are the same bits, and so whatever size validation batches
  /// have.
  @Test
  void theFutureLeavesTrainingAlone() {
    Object[] hashes = new Object[3];
    for (int i = 0; i < 3; i++) {
      Panel panel = new PowerStations(2, 0.1, 3).panel(240);
      for (TimeSeries s : panel.stations()) {
        for (int t = 160; t < 240 && i == 1; t++) {
          s.target()[t] = 5 * Counter.uniform53(9, t);
        }
      }
      DataSet data = data(panel, new Windowing(24, 6, 3), Scaling.MEAN, 160, 200);
      TrainConfig plain = config(1, 16, 0.01, "hidden", "8", "decoding", "SEQ2SEQ");
      TrainConfig c =
          i < 2
              ? plain
              : new TrainConfig(
                  plain.model(),
                  plain.data(),
                  plain.device(),
                  plain.deviceSettings(),
                  plain.seed(),
                  plain.loop(),
                  plain.optimizer(),
                  plain.loss(),
                  plain.stopping(),
                  plain.frozen(),
                  plain.initFrom(),
                  new TrainConfig.Measure(3, plain.measure().gauc()),
                  plain.execution());
      hashes[i] =
          train(
              c,
              data,
              (_, _, result) -> Objects.requireNonNull(result.metrics().get("parameters_sha256")));
    }
    assertThat(hashes[1]).isEqualTo(hashes[0]);
    assertThat(hashes[2]).isEqualTo(hashes[0]);
  }

  /// On generated stations, a short training is enough to beat what happened a day and a week before; how many windows are scored at
  /// once does not matter.
  @Test
  void stationsAreForecastBetterThanBySeason() {
    Panel panel = new PowerStations(4, 0.15, 1).panel(24 * 7 * 12);
    DataSet data = data(panel, new Windowing(24, 24, 5), Scaling.MEAN, 24 * 7 * 8, 24 * 7 * 10);
    TrainConfig c = config(20, 16, 0.01, "hidden", "16", "head", "SOFTPLUS");
    train(
        c,
        data,
        (model, params, _) -> {
          double mae = scores(data, model, params, 7).all().mae().value();
          assertThat(mae)
              .isLessThan(naive(data, NaiveForecast.SEASONAL_DAY).all().mae().value())
              .isLessThan(naive(data, NaiveForecast.SEASONAL_WEEK).all().mae().value());
          assertThat(scores(data, model, params, 100).all().mae().value()).isEqualTo(mae);
          return mae;
        });
  }
}
