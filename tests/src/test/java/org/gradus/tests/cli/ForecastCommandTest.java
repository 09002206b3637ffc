// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Forecasts from the command line, on two small stations.
class ForecastCommandTest {
  private static final List<String> SMALL =
      List.of(
          "train",
          "--data=power-synthetic",
          "--device=cpu",
          "--set=data.generated=2",
          "--set=data.hours=1200",
          "--set=data.validHours=96",
          "--set=data.testHours=96",
          "--set=data.steps=24",
          "--set=hidden=16",
          "--set=head=SOFTPLUS",
          "--set=rate=0.005");

  @TempDir private Path folder;
  private Cli cli = new Cli(Path.of(""));

  @BeforeEach
  void cache() throws IOException {
    cli = new Cli(Files.createDirectories(folder.resolve("cache")));
  }

  private Result run(String... args) {
    Result r = cli.run(args);
    assertThat(r.code()).as(r.all()).isZero();
    return r;
  }

  /// The first number behind a line of the table of forecasts.
  private static double mae(Result r, String line) {
    Matcher m = Pattern.compile("\n +" + Pattern.quote(line) + " +(\\d\\.\\d+) ").matcher(r.out());
    assertThat(m.find()).as("line %s in %s", line, r.out()).isTrue();
    return Double.parseDouble(m.group(1));
  }

  @Test
  void trainedMeasuredDiagnosedAndUsed() throws IOException {
    Path run = folder.resolve("run");
    Result trained =
        run(
            Cli.join(SMALL, List.of("--epochs=3", "--batch-size=16", "--out=" + run))
                .toArray(String[]::new));
    double own = mae(trained, "lstm-forecast");
    assertThat(own).isPositive().isLessThan(mae(trained, "last value"));
    for (String other : List.of("ridge on the window", "seasonal day", "seasonal week")) {
      assertThat(mae(trained, other)).isPositive();
    }
    assertThat(trained.out()).contains("test.mae", "test.rmse").doesNotContain("test.power+1.");
    List<String> errors = Files.readAllLines(run.resolve("forecast-errors.csv"));
    // a line of names; six forecasters, each over all, by 24 steps and by two stations
    assertThat(errors).hasSize(1 + 6 * (1 + 24 + 2));
    assertThat(errors.get(1)).startsWith("lstm-forecast,all,192,");

    Result again = run("evaluate", "--run=" + run);
    assertThat(again.out()).contains("test.mae");

    Result diagnosed = run("diagnose", "--run=" + run);
    assertThat(diagnosed.out()).contains("best epoch", "training slope");
    assertThat(run.resolve("diagnosis.png")).isNotEmptyFile();

    Path table = folder.resolve("power.csv");
    run(
        "data",
        "generate",
        "--data=power-synthetic",
        "--set=generated=2",
        "--rows=480",
        "--out=" + table);
    Path scores = folder.resolve("scores.csv");
    run("predict", "--run=" + run, "--in=" + table, "--out=" + scores);
    List<String> forecasts = Files.readAllLines(scores);
    assertThat(forecasts.getFirst()).isEqualTo("station,time,step,power");
    assertThat(forecasts).hasSize(1 + 2 * 9 * 24); // of ten days the first is history
    assertThat(forecasts.get(1)).startsWith("station-1,2018-01-02T00:00:00Z,1,");
    assertThat(forecasts.get(9 * 24)).startsWith("station-1,2018-01-10T23:00:00Z,24,");
    assertThat(forecasts.get(9 * 24 + 1)).startsWith("station-2,2018-01-02T00:00:00Z,1,");
    double mae = meanAbsoluteError(Files.readAllLines(table), forecasts);
    Result measured = run("evaluate", "--run=" + run, "--path=" + table);
    assertThat(mae(measured, "lstm-forecast")).isCloseTo(mae, within(5.1e-5)); // four decimals
    forecastsBehindTheEnd(run, table);
  }

  /// The day behind the table, hour by hour, in the unit of the data: what the model says of the last day of a table that goes on as
  /// long.
  private void forecastsBehindTheEnd(Path run, Path table) throws IOException {
    List<String> lines = Files.readAllLines(table); // two stations of ten days
    List<String> shorter = new ArrayList<>(lines.subList(0, 1 + 216));
    shorter.addAll(lines.subList(1 + 240, 1 + 240 + 216));
    shorter.add("station-2,2018-01-12T00:00:00Z,1.5"); // behind a hole: no day to see
    Path cut = Files.write(folder.resolve("cut.csv"), shorter);
    Path out = folder.resolve("next.csv");
    Result r = run("forecast", "--run=" + run, "--in=" + cut, "--out=" + out);
    assertThat(r.out()).contains("1 station, 24 steps each: " + out);
    assertThat(r.err()).contains("forecast: station-2 is left out. Expected 24 values at its end");
    List<String> next = Files.readAllLines(out);
    assertThat(next).hasSize(1 + 24);
    assertThat(next.getFirst()).isEqualTo("station,time,power");
    assertThat(next.get(1)).startsWith("station-1,2018-01-10T00:00:00Z,");
    assertThat(next.getLast()).startsWith("station-1,2018-01-10T23:00:00Z,");
    assertThat(next.stream().skip(1).mapToDouble(l -> number(l, 2)))
        .allMatch(y -> y >= 0 && y < 10); // sizes of stations are at most 2
    // the same windows scored by predict
    Path scores = folder.resolve("scores.csv");
    List<String> day = Files.readAllLines(scores).subList(1 + 8 * 24, 1 + 9 * 24);
    for (int j = 0; j < 24; j++) {
      // float32 numbers of a batch of another size
      assertThat(number(next.get(1 + j), 2)).isCloseTo(number(day.get(j), 3), within(1e-5));
    }
    assertThat(cli.run("forecast", "--run=" + run, "--in=" + scores, "--out=" + out).code())
        .isNotZero();
    Path strange = folder.resolve("strange.csv");
    Files.write(strange, shorter);
    Files.write(strange, List.of("north,2018-01-01T00:00:00Z,1"), StandardOpenOption.APPEND);
    Result unknown = cli.run("forecast", "--run=" + run, "--in=" + strange, "--out=" + out);
    assertThat(unknown.code()).isEqualTo(1);
    assertThat(unknown.err())
        .contains("strange.csv:" + (shorter.size() + 1) + ": column station is \"north\".")
        .contains("Expected one of: station-1, station-2. Leave the lines of other stations out");
    Result over = cli.run("forecast", "--run=" + run, "--in=" + cut, "--out=" + cut);
    assertThat(over.code()).isNotZero();
    assertThat(over.err()).contains("is the file of the rows");
    assertThat(cut).as("the series is still there").hasContent(String.join("\n", shorter));
  }

  private static double number(String line, int cell) {
    return Double.parseDouble(List.of(line.split(",", -1)).get(cell));
  }

  /// Of forecasts against the table that they were made of, in its own unit.
  private static double meanAbsoluteError(List<String> table, List<String> forecasts) {
    Map<String, Double> power = new HashMap<>();
    for (String line : table.subList(1, table.size())) {
      String[] cells = line.split(",", -1);
      power.put(cells[0] + cells[1], Double.parseDouble(cells[2]));
    }
    double sum = 0;
    int n = 0;
    for (String line : forecasts.subList(1, forecasts.size())) {
      String[] cells = line.split(",", -1);
      Double y = power.get(cells[0] + cells[1]);
      if (y != null) {
        sum += Math.abs(Double.parseDouble(cells[3]) - y);
        n++;
      }
    }
    assertThat(n).isEqualTo(2 * 9 * 24);
    return sum / n;
  }

  @Test
  void lossesOfValuesAreSettings() {
    for (String loss : List.of("absolute", "huber", "pinball")) {
      Path run = folder.resolve(loss);
      Result r =
          run(
              Cli.join(
                      SMALL,
                      List.of(
                          "--epochs=1",
                          "--steps-per-epoch=2",
                          "--set=valueLoss=" + loss,
                          "--set=minDelta=0.001",
                          "--out=" + run))
                  .toArray(String[]::new));
      assertThat(r.out()).contains("test.mae");
      assertThat(run.resolve("config.json"))
          .content()
          .contains("\"name\" : \"" + loss.substring(0, 1).toUpperCase(java.util.Locale.ROOT));
    }
    Result wrong =
        cli.run(Cli.join(SMALL, List.of("--set=delta=2", "--out=" + folder.resolve("no"))));
    assertThat(wrong.code()).isNotZero();
    assertThat(wrong.all()).contains("Expected valueLoss=huber beside it");
  }

  @Test
  void modelsOfClicksRefuseSeries() {
    Result r =
        cli.run(
            Cli.join(
                SMALL.subList(0, 8), List.of("--model=deepfm", "--out=" + folder.resolve("no"))));
    assertThat(r.code()).isNotZero();
    assertThat(r.all()).contains("is a series, which this model does not read");
  }
}
