// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.DataSource.Opened;
import org.gradus.data.Examples;
import org.gradus.data.Examples.Pass;
import org.gradus.embeddings.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PowerSourceTest {
  private static final Map<String, String> SMALL =
      Map.of(
          "generated",
          "3",
          "hours",
          "600",
          "validHours",
          "96",
          "testHours",
          "96",
          "steps",
          "48",
          "horizon",
          "12");

  @TempDir private Path folder;

  private Opened open(DataSource source, Path path, Map<String, String> settings) {
    return source.open(new DataSource.Request(path, folder, 5, settings, _ -> {}));
  }

  private Opened generated(String... more) {
    Map<String, String> settings = new HashMap<>(SMALL);
    for (int i = 0; i < more.length; i += 2) {
      settings.put(more[i], more[i + 1]);
    }
    return new PowerSource().open(new DataSource.Request(null, folder, 5, settings, _ -> {}));
  }

  /// Nights are exactly 0, weekends weaker, noise has the deviation asked for.
  @Test
  void stationsFollowTheSun() {
    PowerStations s = new PowerStations(2, 0.05, 1);
    double sum = 0;
    double squares = 0;
    int n = 0;
    for (int t = 0; t < 8760; t++) {
      int hour = t % 24;
      double day = Math.max(0, Math.sin(2 * Math.PI * (hour - 6) / 24));
      double weekly = t / 24 % 7 >= 5 ? 0.8 : 1;
      double m = s.size(1) * (1 + 0.3 * Math.sin(2 * Math.PI * t / 8760)) * weekly * day;
      boolean night = hour <= 6 || hour >= 18;
      assertThat(s.withoutNoise(1, t))
          .isCloseTo(night ? 0 : m, org.assertj.core.api.Assertions.within(1e-12));
      assertThat(s.power(1, t)).isGreaterThanOrEqualTo(0);
      if (night) {
        assertThat(s.power(1, t)).isZero();
      } else if (m > 0.25) { // five deviations above 0: never cut
        double e = s.power(1, t) - m;
        sum += e;
        squares += e * e;
        n++;
      }
    }
    // of n normal numbers the mean lies within 5 σ/√n, the variance within 5 σ² √(2/n)
    assertThat(Math.abs(sum / n)).isLessThan(5 * 0.05 / Math.sqrt(n));
    assertThat(Math.abs(squares / n - 0.0025)).isLessThan(5 * 0.0025 * Math.sqrt(2.0 / n));
    assertThat(s.size(0)).isBetween(0.5, 2.0).isNotEqualTo(s.size(1));
  }

  @Test
  void partsAreWhatTheSettingsSay() {
    try (var set = generated().data()) {
      Windowing w = new Windowing(48, 12, 5);
      assertThat(set.train().rows()).isEqualTo(3 * w.count(600 - 96));
      assertThat(set.valid().rows()).isEqualTo(3 * 96 / 12);
      assertThat(set.test().rows()).isEqualTo(3 * 96 / 12);
      // half the hours have noise of mean |σε| = σ √(2/π), a few of them cut at 0
      double noise = 0.1 * Math.sqrt(2 / Math.PI) * 11 / 24;
      assertThat(set.facts().get("noiseless_mae")).isBetween(0.8 * noise, 1.1 * noise);
      assertThat(set.fingerprint()).isEqualTo(generated().data().fingerprint());
      assertThat(set.fingerprint()).isNotEqualTo(generated("sigma", "0.2").data().fingerprint());
    }
    assertThat(generated("history", "false").data().test().rows()).isEqualTo(3 * (96 - 48) / 12);
    assertThat(generated("stations", "station-2").data().test().rows()).isEqualTo(96 / 12);
    assertThat(generated("purge", "10").data().train().rows())
        .isEqualTo(3 * new Windowing(48, 12, 5).count(600 - 96 - 10));
    assertThat(generated("maxCosine", "0.2").data().train().rows())
        .isLessThan(generated().data().train().rows());
    var later = generated("gap", "6").data().schema().labels();
    assertThat(later.getFirst().name()).isEqualTo("power+7");
    assertThat(later.getLast().name()).isEqualTo("power+18");
    assertThatThrownBy(() -> generated("steps", "500"))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("no window of 512 steps");
    assertThatThrownBy(() -> generated("stations", "north"))
        .hasMessageContaining("no station north");
    assertThatThrownBy(() -> open(new PowerSource(), folder, SMALL))
        .hasMessageContaining("is generated");
  }

  /// What was generated, written, and read again gives the same training rows; and the encoder those of a file.
  @Test
  void writtenAndReadAgain() throws IOException {
    Path file = folder.resolve("power.csv");
    assertThat(new PowerSource().generate(file, 3 * 696, 5, SMALL)).isEqualTo(3 * 696);
    Map<String, String> settings =
        Map.of("steps", "48", "horizon", "12", "validPercent", "13.7931", "testPercent", "13.7931");
    Opened read = open(new SeriesSource(), file, settings);
    Opened made = generated();
    assertSame(read.data().train(), made.data().train());
    assertSame(read.data().test(), made.data().test());

    Path encoder = Files.createDirectory(folder.resolve("encoder"));
    made.encoder().save(encoder);
    Examples rows = new PowerSource().encoder(encoder).encode(file);
    assertThat(rows.rows()).isEqualTo(3 * new Windowing(48, 12, 12).count(696));
    assertThat(rows.schema()).isEqualTo(made.data().schema());
    assertSame(rows, made.encoder().encode(file));
  }

  /// A window for each station behind the end of a file: its last values, the calendar of the hours to come, and no label. What it sees is what
  /// the last window of a longer file sees.
  @Test
  void whatComesBehindAFile() throws IOException {
    Path whole = folder.resolve("whole.csv");
    new PowerSource().generate(whole, 3 * 120, 5, SMALL);
    List<String> lines = Files.readAllLines(whole);
    // the last 12 hours of each station are not there, and one more of the third, for a hole of an
    // hour
    List<String> cut = new ArrayList<>(List.of(lines.getFirst()));
    for (int k = 0; k < 3; k++) {
      cut.addAll(lines.subList(1 + 120 * k, 1 + 120 * k + 108 - 5));
      cut.addAll(lines.subList(1 + 120 * k + 108 - 5 + k / 2, 1 + 120 * k + 108));
    }
    Path file = Files.write(folder.resolve("cut.csv"), cut);
    DataSource.Encoder encoder = generated().encoder();
    WindowExamples next = ((NextWindows) encoder).next(file);
    assertThat(next.windows()).containsExactly(new Window(0, 60, 108), new Window(1, 60, 108));
    WindowExamples longer = (WindowExamples) encoder.encode(whole);
    WindowExamples same = longer.with(List.of(new Window(0, 60, 108), new Window(1, 60, 108)));
    try (Examples.Stream one = next.stream(Pass.inOrder(2));
        Examples.Stream other = same.stream(Pass.inOrder(2))) {
      Batch x = java.util.Objects.requireNonNull(one.next());
      Batch y = java.util.Objects.requireNonNull(other.next());
      for (var series : next.schema().series()) {
        assertThat(x.series(series.name())).isEqualTo(y.series(series.name()));
      }
      assertThat(x.timestamps()).isEqualTo(y.timestamps());
      assertThat(x.sparse().values()).isEqualTo(y.sparse().values());
      assertThat(x.label("power+12")).containsOnly(Float.NaN);
    }
    assertThat(next.panel().stations().getFirst().times()[108 + 11])
        .isEqualTo(longer.panel().stations().getFirst().times()[108 + 11]);
  }

  private static void assertSame(Examples a, Examples b) {
    assertThat(a.rows()).isEqualTo(b.rows());
    try (Examples.Stream one = a.stream(Pass.inOrder(100));
        Examples.Stream other = b.stream(Pass.inOrder(100))) {
      for (Batch x = one.next(); x != null; x = one.next()) {
        Batch y = java.util.Objects.requireNonNull(other.next());
        assertThat(x.series("power")).isEqualTo(y.series("power"));
        assertThat(x.series("weekday_sin")).isEqualTo(y.series("weekday_sin"));
        assertThat(x.label("power+12")).isEqualTo(y.label("power+12"));
      }
    }
  }

  private Path written(String... lines) throws IOException {
    return Files.write(folder.resolve("table.csv"), java.util.List.of(lines));
  }

  @Test
  void missingCellsBreakTheSeriesOrAreFilled() throws IOException {
    String[] lines = new String[41];
    lines[0] = "time,heat,station,power";
    for (int t = 0; t < 40; t++) {
      lines[1 + t] =
          java.time.Instant.ofEpochSecond(Panels.hour(t))
              + ","
              + t
              + ",a,"
              + (t == 10 ? "" : t % 7 + 1);
    }
    Path file = written(lines);
    Map<String, String> settings =
        new HashMap<>(
            Map.of(
                "target",
                "power",
                "steps",
                "3",
                "horizon",
                "2",
                "stride",
                "1",
                "validPercent",
                "20",
                "testPercent",
                "20"));
    Opened broken = open(new SeriesSource(), file, settings);
    assertThat(broken.data().train().rows()).isEqualTo(6 + 9); // of 10 hours, and of 13
    assertThat(broken.data().schema().series().get(1).name()).isEqualTo("heat");
    settings.put("fill", "1");
    assertThat(open(new SeriesSource(), file, settings).data().train().rows()).isEqualTo(20);
  }

  @Test
  void tablesThatCannotBeReadSayWhere() throws IOException {
    refused("Expected station, time and at least one more", "time,power");
    refused("table.csv:2: column time is \"noon\"", "station,time,power", "a,noon,1");
    refused(
        "table.csv:2: column power is \"much\"", "station,time,power", "a,2018-01-01T00:00,much");
    refused(
        "table.csv:3: column time",
        "station,time,power",
        "a,2018-01-01 05:00,1",
        "a,2018-01-01 04:00,1");
    refused("table.csv:2: 2 columns. Expected 3", "station,time,power", "a,2018-01-01T00:00");
    refused("no rows", "station,time,power");
  }

  private static String[] hours(String station, int from, int to) {
    return java.util.stream.IntStream.range(from, to)
        .mapToObj(
            t ->
                station + "," + java.time.Instant.ofEpochSecond(Panels.hour(t)) + "," + (1 + t % 5))
        .toArray(String[]::new);
  }

  private static String[] table(String[]... parts) {
    return java.util.stream.Stream.concat(
            java.util.stream.Stream.of("station,time,power"),
            java.util.Arrays.stream(parts).flatMap(java.util.Arrays::stream))
        .toArray(String[]::new);
  }

  private void refused(Map<String, String> settings, String[] table, String... words)
      throws IOException {
    Path file = written(table);
    assertThatThrownBy(() -> open(new SeriesSource(), file, settings))
        .isInstanceOfAny(DataException.class, IllegalArgumentException.class)
        .hasMessageContainingAll(words);
  }

  /// What leaves no training hours says which station or setting it is.
  @Test
  void settingsThatDoNotFitTheTableAreNamed() throws IOException {
    Map<String, String> small = Map.of("steps", "4", "horizon", "2");
    refused(
        small,
        table(hours("north", 0, 100), hours("late", 90, 100)),
        "station late",
        "data.stations");
    Map<String, String> much = Map.of("testPercent", "80", "validPercent", "70");
    refused(much, table(hours("north", 0, 100)), "data.testPercent=80", "data.validPercent=70");
    refused(
        Map.of("interval", "60"), table(hours("north", 0, 100)), "data.interval=60", "are 3600");
    String[] far = {"north,9999-01-01T00:00:00Z,1"};
    refused(Map.of("fill", "1"), table(hours("north", 0, 100), far), "series north", "9999-01-01");
    refused(Map.of("steps", "2147483647"), table(hours("north", 0, 9)), "steps 2147483647");
  }

  @Test
  void aByteOrderMarkIsNoPartOfAName() throws IOException {
    String[] marked = table(hours("north", 0, 100));
    marked[0] = "\uFEFF" + marked[0];
    Map<String, String> small = Map.of("steps", "4", "horizon", "2");
    assertThat(open(new SeriesSource(), written(marked), small).data().train().rows()).isPositive();
  }

  /// The encoder fills what the source filled; lines that wait for their values are no end.
  @Test
  void theEncoderGoesOnAsTheSourceBegan() throws IOException {
    String[] lines = table(hours("north", 0, 100));
    for (int t : new int[] {20, 45, 46, 70}) {
      lines[1 + t] = lines[1 + t].substring(0, lines[1 + t].lastIndexOf(',') + 1);
    }
    Path file = written(lines);
    Map<String, String> settings = Map.of("steps", "24", "horizon", "4", "fill", "2");
    Opened opened = open(new SeriesSource(), file, settings);
    Path encoder = Files.createDirectory(folder.resolve("filled"));
    opened.encoder().save(encoder);
    WindowExamples rows = (WindowExamples) new SeriesSource().encoder(encoder).encode(file);
    assertThat(rows.rows()).isEqualTo(new Windowing(24, 4, 4).count(100));

    // hours that wait for their values, as a table to be filled in has them
    String[] waiting = table(hours("north", 0, 30));
    for (int t = 26; t < 30; t++) {
      waiting[1 + t] = waiting[1 + t].substring(0, waiting[1 + t].lastIndexOf(',') + 1);
    }
    WindowExamples now = ((NextWindows) opened.encoder()).next(written(waiting));
    assertThat(now.windows()).containsExactly(new Window(0, 2, 26));
    assertThat(now.predictedTimes(now.windows().getFirst()))
        .containsExactly(Panels.hour(26), Panels.hour(27), Panels.hour(28), Panels.hour(29));
    try (Examples.Stream stream = now.stream(Pass.inOrder(1))) {
      Batch batch = java.util.Objects.requireNonNull(stream.next());
      assertThat(batch.label("power+1")).containsExactly(Float.NaN);
      double hour = Math.sin(2 * Math.PI * 26 / 24);
      assertThat((double) batch.series("hour_sin")[24])
          .isCloseTo(hour, org.assertj.core.api.Assertions.within(1e-6));
    }
    Path few = written(table(hours("north", 0, 27)));
    assertThatThrownBy(() -> opened.encoder().encode(few))
        .hasMessageContainingAll("no window of 28 steps", "gradus forecast");
  }

  private void refused(String message, String... lines) throws IOException {
    Path file = written(lines);
    assertThatThrownBy(() -> open(new SeriesSource(), file, Map.of()))
        .isInstanceOf(DataException.class)
        .hasMessageContaining(message);
  }
}
