// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `gradus data`: what it generates can be prepared, described and trained on.
class DataCommandTest {
  @TempDir private Path folder;
  private Cli cli = new Cli(Path.of(""));

  @BeforeEach
  void emptyCache() throws IOException {
    cli = new Cli(Files.createDirectory(folder.resolve("cache")));
  }

  private Result ok(String... args) {
    Result r = cli.run(args);
    assertThat(r.code()).as(r.all()).isZero();
    return r;
  }

  @ParameterizedTest
  @ValueSource(strings = {"list", "generate", "prepare", "describe"})
  void everySubcommandHasHelp(String command) {
    assertThat(ok("data", command, "--help").out()).startsWith("Usage: gradus data " + command);
    assertThat(ok("data").out()).contains(command);
  }

  @Test
  void everySourceIsListedWithItsSettings() {
    assertThat(ok("data", "list").out())
        .contains("criteo-synthetic", "criteo\n", "ml-100k", "ml-1m", "csv")
        .contains("data.rows", "data.on-bad-row");
  }

  @Test
  void generatedRowsAreRowsOfTheRealLayout() throws IOException {
    Path file = folder.resolve("rows.tsv");
    assertThat(ok("data", "generate", "--rows=150", "--out=" + file).out())
        .contains("150 rows", file.toString());
    List<String> lines = Files.readAllLines(file);
    assertThat(lines).hasSize(150);
    Set<String> tokens = new HashSet<>();
    int positive = 0;
    for (String line : lines.subList(0, 120)) {
      String[] columns = line.split("\t", -1);
      assertThat(columns).hasSize(40);
      positive += columns[0].equals("1") ? 1 : 0;
      tokens.add(columns[14]);
    }
    Path again = folder.resolve("again.tsv");
    ok("data", "generate", "--rows=150", "--out=" + again);
    assertThat(again).hasSameBinaryContentAs(file);
    Path other = folder.resolve("other.tsv");
    ok("data", "generate", "--rows=150", "--seed=1", "--out=" + other);
    assertThat(Files.readAllLines(other)).isNotEqualTo(lines);

    List<String> which = List.of("--data=criteo", "--path=" + file);
    assertThat(ok(Cli.join(List.of("data", "prepare"), which).toArray(String[]::new)).out())
        .contains("120 training, 15 validation, 15 test rows; 26 fields of ids, 13 dense");
    String described =
        ok(Cli.join(List.of("data", "describe"), which).toArray(String[]::new)).out();
    assertThat(described)
        .contains("training rows: 120")
        .contains("mean %.4f".formatted(positive / 120.0))
        // its table holds padding and unknown tokens besides
        .containsPattern("cat_0 +" + (tokens.size() + 2) + " +" + tokens.size() + " ");
    ok(
        Cli.join(
                List.of("train", "--model=lr", "--epochs=1", "--out=" + folder.resolve("run")),
                which)
            .toArray(String[]::new));
  }

  /// Files and folders alike: of what is there, nothing is written over, and nothing else is left behind.
  @Test
  void generatedRowsAreNew() throws IOException {
    Path file = Files.writeString(folder.resolve("rows"), "precious");
    Files.writeString(folder.resolve("table.csv.schema"), "precious");
    Path empty = Files.createDirectory(folder.resolve("empty"));
    Map<String, String> before = Cli.contents(folder);
    String names = cli.run("data", "generate", "--data=csv", "--out=x").err();
    for (String data :
        Pattern.compile("[a-z]+-synthetic")
            .matcher(names)
            .results()
            .map(MatchResult::group)
            .toList()) {
      boolean folders = data.equals("movielens-synthetic");
      assertThat(refused(data, file))
          .contains(
              folders
                  ? file + " is a file. Expected the name of a new folder"
                  : file + ": the file is there already. Expected the name of a new file");
      if (!folders) {
        assertThat(refused(data, empty)).contains(empty + " is a folder. Expected the name of");
      }
      assertThat(refused(data, folder.resolve("none").resolve("b.tsv")))
          .contains(folder.resolve("none") + " is not there. Expected a name in a folder that is");
      assertThat(refused(data, file.resolve("b.tsv"))).contains(file + " is no folder");
      assertThat(ok("data", "generate", "--help").out()).contains(data);
    }
    assertThat(refused("tasks-synthetic", folder.resolve("table.csv")))
        .contains("table.csv.schema: the file is there already");
    assertThat(Cli.contents(folder)).isEqualTo(before);
  }

  private String refused(String data, Path out) {
    Result r = cli.run("data", "generate", "--data=" + data, "--rows=30000", "--out=" + out);
    assertThat(r.code()).as(r.all()).isEqualTo(1);
    return r.err();
  }

  @Test
  void thePreparedFolderIsNamed() {
    String out =
        ok("data", "prepare", "--set=rows=60", "--set=validRows=0", "--set=testRows=5").out();
    Path prepared = Path.of(out.substring(out.indexOf("lie in ") + "lie in ".length()).strip());
    assertThat(prepared.resolve("train.rows")).isRegularFile();
    assertThat(prepared.getParent()).isEqualTo(folder.resolve("cache"));
  }

  @Test
  void rowsThatAreTooFewToMeasureAreToldOf() throws IOException {
    Path file = folder.resolve("rows.tsv");
    ok("data", "generate", "--rows=3", "--out=" + file);
    Result r = ok("data", "prepare", "--data=criteo", "--path=" + file);
    assertThat(r.out()).contains("3 training, 0 validation, 0 test rows");
    assertThat(r.err())
        .contains("data: no validation rows to choose by, no test rows to report on: no metrics");
  }

  @Test
  void whatIsWrongIsSaid() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "precious");
    Map<String, String> before = Cli.contents(folder);
    for (var e :
        Map.of(
                "data generate --data=ml-100k --out=x",
                "writes no raw files",
                "data generate --data=nothing --out=x",
                "no such data set",
                "data generate --set=skews=1 --out=x",
                "no setting skews",
                "data generate --set=skew=steep --out=x",
                "skew",
                "data generate --data=movielens-synthetic --rows=100 --out=x",
                "at least 3 of each",
                "data generate --rows=5 --out=" + file + "/x",
                file.toString(),
                "data prepare --data=criteo",
                "needs --path",
                "data describe --data=criteo --path=" + folder + "/none",
                "does not exist")
            .entrySet()) {
      Result r = cli.run(e.getKey().split(" "));
      assertThat(r.code()).as(e.getKey()).isEqualTo(1);
      assertThat(r.err()).contains(e.getValue()).doesNotContain("\tat ");
    }
    assertThat(Cli.contents(folder)).isEqualTo(before);
    assertThat(Path.of("x")).doesNotExist();
  }
}
