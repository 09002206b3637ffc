// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Rows that cannot be used: the message names file, line, column, value and rule; nothing is begun, and nothing that
/// was there changes.
class BadRowsTest {
  private static final CriteoText GOOD = CriteoText.draw(60, 2);
  private static final int ROW = 40; // line 41 of the file

  @TempDir private static Path shared;
  private static Cli cli = new Cli(Path.of(""));
  private static Path run = Path.of("");

  @TempDir private Path folder;

  @BeforeAll
  static void train() throws IOException {
    cli = new Cli(Files.createDirectory(shared.resolve("cache")));
    run = shared.resolve("run");
    Result r =
        cli.run(
            train(GOOD.write(shared.resolve("good.tsv")), "criteo", run).toArray(String[]::new));
    assertThat(r.code()).as(r.all()).isZero();
  }

  private static List<String> train(Path path, String data, Path out) {
    return List.of(
        "train",
        "--model=lr",
        "--data=" + data,
        "--path=" + path,
        "--batch-size=16",
        "--epochs=1",
        "--out=" + out);
  }

  /// Trains on a file, and predicts from it with a run and an output file that exist.
  private void refused(Path bad, String... said) throws IOException {
    Map<String, String> before = Cli.contents(shared);
    Path out = folder.resolve("new");
    Result train = cli.run(train(bad, "criteo", out));
    Path scores = Files.writeString(folder.resolve("scores.csv"), "those of yesterday\n");
    Result predict =
        cli.run("predict", "--run=" + run, "--in=" + bad, "--out=" + scores, "--device=cpu");
    Result evaluate = cli.run("evaluate", "--run=" + run, "--path=" + bad, "--device=cpu");
    for (Result r : List.of(train, predict, evaluate)) {
      assertThat(r.code()).as(r.all()).isEqualTo(1);
      assertThat(r.err()).contains(said).contains(bad.toString()).doesNotContain("\tat ");
    }
    assertThat(out).doesNotExist();
    assertThat(scores).hasContent("those of yesterday");
    assertThat(Cli.contents(shared)).isEqualTo(before);
  }

  static Stream<Arguments> cells() {
    return Stream.of(
        Arguments.of("too few columns", GOOD.cut(ROW, 30), "30 columns. Expected 40"),
        Arguments.of("too many columns", GOOD.with(ROW, 39, "aa\tbb"), "41 columns. Expected 40"),
        Arguments.of("not a number", GOOD.with(ROW, 3, "many"), "int_2 is \"many\""),
        Arguments.of("not whole", GOOD.with(ROW, 3, "1.5"), "int_2 is \"1.5\""),
        Arguments.of("NaN", GOOD.with(ROW, 3, "NaN"), "int_2 is \"NaN\""),
        Arguments.of("33 bits", GOOD.with(ROW, 13, "4294967296"), "int_12 is \"4294967296\""),
        Arguments.of("not base 16", GOOD.with(ROW, 14, "xyz"), "cat_0 is \"xyz\""),
        Arguments.of("9 digits", GOOD.with(ROW, 39, "123456789"), "cat_25 is \"123456789\""),
        Arguments.of("a label of 2", GOOD.with(ROW, 0, "2"), "label is \"2\". Expected 0 or 1"),
        Arguments.of("no label", GOOD.with(ROW, 0, ""), "label is \"\". Expected 0 or 1"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cells")
  void aCellThatBreaksARuleIsNamed(String name, CriteoText rows, String said) throws IOException {
    assertThat(name).isNotEmpty();
    refused(rows.write(folder.resolve("bad.tsv")), ":41: ", said);
  }

  @Test
  void bytesThatAreNoTextAreNamed() throws IOException {
    byte[] bytes = Files.readAllBytes(GOOD.write(folder.resolve("bad.tsv")));
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    int line = 0;
    for (int i = 0; i < ROW; i++) {
      line = text.indexOf('\n', line) + 1;
    }
    bytes[text.indexOf('\n', line) - 1] = (byte) 0xFF;
    refused(Files.write(folder.resolve("bad.tsv"), bytes), ":41: ", "cat_25", "0xff");
  }

  @Test
  void emptyAndMissingFilesAreNamed() throws IOException {
    refused(Files.createFile(folder.resolve("empty.tsv")), "the file is empty");
    refused(folder.resolve("none.tsv"), "does not exist");
  }

  /// The Kaggle file holds such values, so there they are raised and counted; a folder of days holds none.
  @Test
  void valuesBelowTheReachOfTheLogarithmAreRaisedAloudOrRefused() throws IOException {
    CriteoText low = GOOD.with(ROW, 2, "-3").with(ROW + 1, 2, "-40");
    Path file = low.write(folder.resolve("low.tsv"));
    Result raised = cli.run(train(file, "criteo", folder.resolve("raised")));
    assertThat(raised.code()).as(raised.all()).isZero();
    assertThat(raised.err()).contains("raised 2 values of int_1 to clampMin=-2");
    Path days = Files.createDirectory(folder.resolve("days"));
    low.write(days.resolve("day_0"));
    GOOD.write(days.resolve("day_1"));
    Result refused = cli.run(train(days, "criteo", folder.resolve("refused")));
    assertThat(refused.code()).isEqualTo(1);
    assertThat(refused.err())
        .contains("day_0:41: column int_1 is \"-3\". Expected at least -2", "clampMin=-2");
    assertThat(folder.resolve("refused")).doesNotExist();
  }

  @Test
  void rowsAreLeftOutAndCountedWhenAskedFor() throws IOException {
    Path bad = GOOD.with(3, 0, "7").cut(ROW, 12).write(folder.resolve("bad.tsv"));
    Path out = folder.resolve("run");
    List<String> skip = List.of("--on-bad-row", "skip");
    Result r = cli.run(Cli.join(train(bad, "criteo", out), skip));
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.err()).contains("left out 2 malformed rows; the first: ", "bad.tsv:4: ");
    assertThat(r.out()).containsPattern("skipped_rows +2\n");
    JsonNode m = Cli.metrics(out);
    assertThat(m.path("skipped_rows").isIntegralNumber()).isTrue();
    assertThat(m.path("skipped_rows").asInt()).isEqualTo(2);
    // 58 rows: six for validation, six for the test
    assertThat(m.path("test.rows").asInt()).isEqualTo(6);
    assertThat(m.path("valid.rows").asInt()).isEqualTo(6);
    JsonNode config = JsonMapper.shared().readTree(Files.readString(out.resolve("config.json")));
    assertThat(config.at("/data/settings/on-bad-row").asString()).isEqualTo("skip");
    // the commands that only look say so too, though the rows lie prepared by now
    List<String> which = Cli.join(List.of("--data=criteo", "--path=" + bad), skip);
    for (String command : List.of("prepare", "describe")) {
      Result data = cli.run(Cli.join(List.of("data", command), which));
      assertThat(data.code()).as(data.all()).isZero();
      assertThat(data.out()).contains("skipped_rows 2\n");
    }
    // the setting is the same thing, and the option goes before a file's
    Path again = folder.resolve("again");
    Result file =
        cli.run(
            "train",
            "--config=" + out.resolve("config.json"),
            "--on-bad-row=fail",
            "--out=" + again);
    assertThat(file.code()).as(file.all()).isEqualTo(1);
    assertThat(file.err()).contains("bad.tsv:4: ", "--on-bad-row skip");
    Result set =
        cli.run(Cli.join(train(bad, "criteo", again), List.of("--set=data.on-bad-row=skip")));
    assertThat(set.code()).as(set.all()).isZero();
    assertThat(Cli.metrics(again).path("parameters_sha256")).isEqualTo(m.path("parameters_sha256"));
  }

  @Test
  void whereEveryRowIsLeftOutTheFirstReasonIsSaid() throws IOException {
    Path rows = Files.writeString(folder.resolve("rows.tsv"), "1\t2\n1\t3\n0\t4\n");
    Path table = Files.writeString(folder.resolve("table.csv"), "click,price\n7,1\n8,1\n9,2\n");
    Files.writeString(folder.resolve("table.csv.schema"), "label click\ndense price\n");
    nothingIsLeft("criteo", rows, rows + ":1: ");
    nothingIsLeft("csv", table, table + ":2: column click is \"7\"");
  }

  private void nothingIsLeft(String data, Path file, String first) {
    Result r = cli.run("data", "prepare", "--data=" + data, "--path=" + file, "--on-bad-row=skip");
    assertThat(r.code()).as(r.all()).isEqualTo(1);
    assertThat(r.err())
        .contains(file + ": no training rows: left out 3 malformed rows; the first: " + first);
  }

  @Test
  void whereNothingCanBeSkippedThisIsSaid() throws IOException {
    Path good = GOOD.write(folder.resolve("good.tsv"));
    Path out = folder.resolve("new");
    Result generated = cli.run("train", "--on-bad-row=skip", "--out=" + out);
    assertThat(generated.err())
        .contains(
            "criteo-synthetic reads no raw rows",
            "amazon-reviews, criteo, csv, kuairand, ml-100k, ml-1m");
    Result twice =
        cli.run(
            Cli.join(
                train(good, "criteo", out),
                List.of("--on-bad-row=skip", "--set=data.on-bad-row=fail")));
    assertThat(twice.err()).contains("--on-bad-row and --set data.on-bad-row: both given");
    Result resumed = cli.run("train", "--resume=" + run, "--on-bad-row=skip");
    assertThat(resumed.err()).contains("--resume: ");
    for (Result r : List.of(generated, twice, resumed)) {
      assertThat(r.code()).as(r.all()).isEqualTo(1);
    }
    Result word = cli.run(Cli.join(train(good, "criteo", out), List.of("--on-bad-row=ignore")));
    assertThat(word.code()).isEqualTo(2);
    assertThat(word.err()).contains("--on-bad-row", "'ignore'", "FAIL, SKIP");
    // a score for each row: nothing is left out, and nothing is advised that is not there
    Path bad = GOOD.with(3, 0, "7").write(folder.resolve("bad.tsv"));
    Result predict =
        cli.run("predict", "--run=" + run, "--in=" + bad, "--out=" + folder.resolve("s"));
    assertThat(predict.code()).isEqualTo(1);
    assertThat(predict.err()).contains("bad.tsv:4: ").doesNotContain("on-bad-row");
    assertThat(out).doesNotExist();
  }

  static Stream<Arguments> tables() {
    return Stream.of(
        Arguments.of("NaN in a feature", "1,NaN,a,0", new String[] {":22: ", "price", "NaN"}),
        Arguments.of("infinity", "1,1e999,a,0", new String[] {":22: ", "price", "1e999"}),
        Arguments.of("a label of 0.5", "0.5,1,a,0", new String[] {":22: ", "click", "0.5"}),
        Arguments.of("an id out of range", "1,1,a,7", new String[] {":22: ", "page", "7"}),
        Arguments.of("a negative id", "1,1,a,-1", new String[] {":22: ", "page", "-1"}),
        Arguments.of("three columns", "1,1,a", new String[] {":22: ", "3 columns"}),
        Arguments.of("five columns", "1,1,a,0,0", new String[] {":22: ", "5 columns"}));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("tables")
  void rowsOfAnyTableAreHeldToItsSchema(String name, String row, String[] said) throws IOException {
    assertThat(name).isNotEmpty();
    StringBuilder text = new StringBuilder("click,price,city,page\n");
    for (int i = 0; i < 40; i++) {
      text.append(i == 20 ? row : i % 2 + "," + i + ",c" + i % 5 + "," + i % 3).append('\n');
    }
    Path file = Files.writeString(folder.resolve("table.csv"), text);
    Files.writeString(
        folder.resolve("table.csv.schema"),
        """
        label click
        dense price
        categorical city
        domain page domains=3
        """);
    Map<String, String> before = Cli.contents(shared);
    Result r = cli.run(train(file, "csv", folder.resolve("new")));
    assertThat(r.code()).as(r.all()).isEqualTo(1);
    assertThat(r.err()).contains(said).contains("table.csv").doesNotContain("\tat ");
    assertThat(folder.resolve("new")).doesNotExist();
    assertThat(Cli.contents(shared)).isEqualTo(before);
  }
}
