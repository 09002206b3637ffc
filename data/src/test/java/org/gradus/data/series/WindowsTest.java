// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.data.series.Panels.hour;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.gradus.data.Examples.Pass;
import org.gradus.tensor.Counter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WindowsTest {
  /// A loop that stops one step early would find 8568 of the first.
  @ParameterizedTest
  @CsvSource({"168, 24, 1, 8569", "168, 24, 24, 358", "24, 1, 1, 8736"})
  void aYearHasSoManyWindows(int steps, int horizon, int stride, int expected) {
    Windowing w = new Windowing(steps, horizon, stride);
    assertThat(w.count(8760)).isEqualTo(expected);
    assertThat(Panels.all(Panels.counting(8760), w)).hasSize(expected);
  }

  @Test
  void batchesOfAYear() {
    assertThat(new Pass(64, true, 0, 0, 0, false).batches(8569)).isEqualTo(134);
    assertThat(new Pass(64, true, 0, 0, 0, true).batches(8569)).isEqualTo(133);
  }

  /// The formula, a loop that tries every start, and the windows themselves.
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void countIsThatOfTheLoop(long seed) {
    for (int i = 0; i < 40; i++) {
      long key = Counter.key(seed, i);
      Windowing w =
          new Windowing(
              1 + (int) Counter.below(key, 0, 9),
              1 + (int) Counter.below(key, 1, 7),
              1 + (int) Counter.below(key, 2, 6),
              (int) Counter.below(key, 3, 4));
      int n = (int) Counter.below(key, 4, 60);
      List<Window> expected = new ArrayList<>();
      for (int start = 0; start + w.span() <= n; start += w.stride()) {
        expected.add(new Window(0, start, start + w.steps() + w.gap()));
      }
      assertThat(w.count(n)).as("%s of %d", w, n).isEqualTo(expected.size());
      assertThat(Panels.all(Panels.counting(n), w)).isEqualTo(expected);
    }
  }

  @Test
  void windowsAHorizonApartGiveTheSeriesBack() {
    Windowing w = new Windowing(5, 3, 3);
    WindowExamples rows = examples(Panels.counting(50), w);
    double[] targets =
        rows.windows().stream().map(rows::observed).flatMapToDouble(Arrays::stream).toArray();
    double[] expected = new double[45];
    Arrays.setAll(expected, i -> 5 + i);
    assertThat(targets).containsExactly(expected);
  }

  private static WindowExamples examples(Panel panel, Windowing w) {
    PanelScaler scaler = PanelScaler.fit(panel, PanelScaler.Rules.MEANS, Long.MAX_VALUE);
    return new WindowExamples(panel, scaler, w, Panels.all(panel, w));
  }

  /// Of a test of 1416 hours behind 8760: every hour can be predicted with history, and 168 cannot without.
  @ParameterizedTest
  @CsvSource({"1, 1, true, 1416", "24, 24, true, 59", "24, 24, false, 52"})
  void historyComesBeforeTheTest(int horizon, int stride, boolean history, int expected) {
    Panel panel = Panels.counting(8760 + 1416);
    Targets test = Targets.since(hour(8760));
    List<Window> found =
        Windows.of(
            panel, new Windowing(168, horizon, stride), history ? test : test.withoutHistory());
    assertThat(found).hasSize(expected);
    assertThat(found.getFirst().firstTarget()).isEqualTo(history ? 8760 : 8760 + 168);
    assertThat(found.getLast().firstTarget() + horizon).isEqualTo(8760 + 1416);
  }

  /// Rows before a hole in time are not the history of those behind it.
  @Test
  void rowsThatAreNotAdjacentAreNoHistory() {
    long[] times =
        LongStream.concat(LongStream.range(0, 100), LongStream.range(500, 600))
            .map(Panels::hour)
            .toArray();
    TimeSeries s = new TimeSeries("s", times, new double[][] {new double[200]});
    Panel panel = new Panel(List.of("power"), List.of(), PowerStations.HOUR, List.of(s));
    List<Window> found = Windows.of(panel, new Windowing(10, 5, 5), Targets.since(hour(500)));
    assertThat(found.getFirst()).isEqualTo(new Window(0, 100, 110));
    assertThat(found).hasSize(18);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 7, 30, 39})
  void noWindowCrossesAMissingValueOrTime(int missing) {
    double[] y = new double[40];
    y[missing] = Double.NaN;
    Windowing w = new Windowing(4, 2, 1);
    List<Window> found = Panels.all(Panels.of(y), w);
    assertThat(found).hasSize((int) (w.count(missing) + w.count(39 - missing)));
    assertThat(found)
        .noneMatch(x -> x.start() <= missing && missing < x.firstTarget() + w.horizon());
  }

  /// Splits, gaps and strides of all sizes: each hour is a target of at most one part, what a window predicts lies in its part,
  /// what it sees lies before, and all of it is consecutive.
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void noWindowCrossesASplit(long seed) {
    Panel panel = new PowerStations(3, 0.1, seed).panel(300);
    Windowing w =
        new Windowing(
            1 + (int) Counter.below(seed, 0, 30),
            1 + (int) Counter.below(seed, 1, 10),
            1 + (int) Counter.below(seed, 2, 5),
            (int) Counter.below(seed, 3, 4));
    long valid = hour(150 + Counter.below(seed, 4, 30));
    long test = hour(200 + Counter.below(seed, 5, 30));
    List<Targets> parts =
        List.of(Targets.before(valid), new Targets(valid, test, true), Targets.since(test));
    int[][] used = new int[3][300];
    for (int p = 0; p < parts.size(); p++) {
      Targets part = parts.get(p);
      List<Window> found = Windows.of(panel, w, part);
      assertThat(found).isNotEmpty();
      for (Window x : found) {
        long[] times = panel.stations().get(x.station()).times();
        assertThat(x.firstTarget()).isEqualTo(x.start() + w.steps() + w.gap());
        for (int j = 0; j < w.horizon(); j++) {
          long time = times[x.firstTarget() + j];
          assertThat(time).isGreaterThanOrEqualTo(part.from()).isLessThan(part.to());
          used[x.station()][x.firstTarget() + j] |= 1 << p;
        }
        for (int i = x.start() + 1; i < x.firstTarget() + w.horizon(); i++) {
          assertThat(times[i] - times[i - 1]).isEqualTo(PowerStations.HOUR);
        }
      }
    }
    for (int[] ofStation : used) {
      assertThat(ofStation).containsOnly(new int[] {0, 1, 2, 4});
    }
  }

  @Test
  void purgedTrainingKeepsAwayFromTheBoundary() {
    Panel panel = Panels.counting(100);
    Windowing w = new Windowing(4, 2, 1);
    Targets train = Targets.before(hour(60)).purged(5, PowerStations.HOUR);
    int last = Windows.of(panel, w, train).getLast().firstTarget() + w.horizon() - 1;
    assertThat(last).isEqualTo(60 - 5 - 1);
  }

  @Test
  void stationsAreBalanced() {
    Panel panel = Panels.of(new double[50], new double[20], new double[100]);
    List<Window> all = Panels.all(panel, new Windowing(4, 2, 1));
    List<Window> balanced = Windows.balanced(all, 3, 7);
    for (int k = 0; k < 3; k++) {
      int station = k;
      assertThat(balanced.stream().filter(x -> x.station() == station))
          .hasSize(15)
          .doesNotHaveDuplicates();
    }
    assertThat(all).containsAll(balanced);
    assertThat(Windows.balanced(all, 3, 7)).isEqualTo(balanced);
    assertThat(Windows.balanced(all, 3, 8)).isNotEqualTo(balanced);
  }

  /// Of (1, 0), (0, 1), (1, 1) and (2, 2) in a row, the last points where the third does.
  @Test
  void windowsThatPointTheSameWayAreLeftOut() {
    float[][] y = {{1, 0, 0, 1, 1, 1, 2, 2}};
    List<Window> windows =
        List.of(new Window(0, 0, 2), new Window(0, 2, 4), new Window(0, 4, 6), new Window(0, 6, 8));
    assertThat(Windows.distinct(windows, y, 2, 0.9)).isEqualTo(windows.subList(0, 3));
    assertThat(Windows.distinct(windows, y, 2, 0.5)).isEqualTo(windows.subList(0, 2));
    assertThat(Windows.distinct(windows, y, 2, 1)).isEqualTo(windows);
  }

  @Test
  void walkingForwardTestsEveryHourOnce() {
    WalkForward sliding =
        new WalkForward(WalkForward.Origin.SLIDING, hour(100), 20 * 3600, 3, 50 * 3600);
    assertThat(sliding.list())
        .containsExactly(
            new WalkForward.Fold(
                new Targets(hour(50), hour(100), false), new Targets(hour(100), hour(120), true)),
            new WalkForward.Fold(
                new Targets(hour(70), hour(120), false), new Targets(hour(120), hour(140), true)),
            new WalkForward.Fold(
                new Targets(hour(90), hour(140), false), new Targets(hour(140), hour(160), true)));
    WalkForward expanding =
        new WalkForward(WalkForward.Origin.EXPANDING, hour(100), 20 * 3600, 2, 0);
    Panel panel = Panels.counting(140);
    Windowing w = new Windowing(10, 5, 1);
    for (WalkForward.Fold f : expanding.list()) {
      List<Window> train = Windows.of(panel, w, f.train());
      List<Window> tested = Windows.of(panel, w, f.tested());
      assertThat(train.getFirst().start()).isZero();
      assertThat(train.getLast().firstTarget() + 5).isEqualTo(tested.getFirst().firstTarget());
    }
  }

  @Test
  void gapsAreFilledFromThePastOnly() {
    long[] times = {hour(0), hour(1), hour(3), hour(6)};
    double[] y = {Double.NaN, 5, Double.NaN, 9};
    TimeSeries filled =
        new TimeSeries("s", times, new double[][] {y}).filledFromThePast(PowerStations.HOUR, 2);
    assertThat(filled.times())
        .containsExactly(hour(0), hour(1), hour(2), hour(3), hour(4), hour(5), hour(6));
    assertThat(filled.target()).containsExactly(Double.NaN, 5, 5, 5, Double.NaN, Double.NaN, 9);
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    assertThatThrownBy(() -> new Windowing(0, 1, 1)).hasMessageContaining("steps 0");
    assertThatThrownBy(() -> new TimeSeries("s", new long[] {2, 2}, new double[][] {{1, 1}}))
        .hasMessageContaining("Expected rising times");
    assertThatThrownBy(() -> new TimeSeries("s", new long[] {2}, new double[][] {{1, 1}}))
        .hasMessageContaining("2 values at 1 times");
    assertThatThrownBy(
            () ->
                new TimeSeries("s", new long[] {0, 7}, new double[][] {{1, 1}})
                    .filledFromThePast(5, 1))
        .hasMessageContaining("Expected a regular clock");
    assertThatThrownBy(() -> Panels.counting(9).only(List.of("north")))
        .hasMessageContaining("no station north");
  }
}
