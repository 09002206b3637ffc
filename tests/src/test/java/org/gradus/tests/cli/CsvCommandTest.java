// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tables of a user's own.
class CsvCommandTest {
  private static final String MARK = "\uFEFF";

  @TempDir private Path folder;

  private Result run(String... args) {
    return new Cli(folder.resolve("cache")).run(args);
  }

  private static String table() {
    StringBuilder rows = new StringBuilder("city,click\n");
    for (int i = 0; i < 60; i++) {
      rows.append("abc".charAt(i % 3)).append(',').append(i % 2).append('\n');
    }
    return rows.toString();
  }

  private Path schema(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  /// Some programs begin a file with a mark, whatever its first column is.
  @Test
  void aByteOrderMarkBelongsToNoName() throws IOException {
    Path file = Files.writeString(folder.resolve("rows.csv"), MARK + table());
    schema("rows.csv.schema", "label click\ncategorical city\n");
    Result r = run("data", "prepare", "--data=csv", "--path=" + file);
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.out()).containsPattern("ready after [\\d.]+ s \\(\\d+ rows/s, \\d+ MB/s\\)");
  }

  /// What was not done has no speed.
  @Test
  void whatWasPreparedBeforeIsNotTimed() throws IOException, InterruptedException {
    Path file = Files.writeString(folder.resolve("rows.csv"), table());
    schema("rows.csv.schema", "label click\ncategorical city\n");
    assertThat(run("data", "prepare", "--data=csv", "--path=" + file).out())
        .contains("ready after")
        .doesNotContain("prepared before");
    Thread.sleep(200); // more than the clocks of files and programs differ
    assertThat(run("data", "prepare", "--data=csv", "--path=" + file).out())
        .contains("prepared before: nothing was read")
        .doesNotContain("ready after")
        .doesNotContain("rows/s");
  }

  @Test
  void aCompressedTableMayHaveTheSchemaOfThePlainOne() throws IOException {
    Path file = folder.resolve("rows.csv.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(table().getBytes(StandardCharsets.UTF_8));
    }
    assertThat(run("data", "prepare", "--data=csv", "--path=" + file).err())
        .contains("rows.csv.gz.schema");
    schema("rows.csv.schema", "label click\ncategorical city\n");
    Result r = run("data", "prepare", "--data=csv", "--path=" + file);
    assertThat(r.code()).as(r.all()).isZero();
  }

  @Test
  void whatIsWrongInASchemaIsSaidWithItsPlace() throws IOException {
    Path file = Files.writeString(folder.resolve("rows.csv"), table());
    Path wrong = schema("wrong", "label click\ncategorical city min-count=some\n");
    String path = "--path=" + file;
    assertThat(run("data", "prepare", "--data=csv", path, "--set=data.schema=" + wrong).err())
        .contains(wrong + ":2: column city: min-count=some. Expected a whole number");
    Path twice = schema("twice", "label click\ncategorical city\ndense city\n");
    assertThat(run("data", "prepare", "--data=csv", path, "--set=data.schema=" + twice).err())
        .contains(twice + ":3: column city as dense, and as categorical at " + twice + ":2.");
  }

  @Test
  void aTableThatIsNotThereIsWhatIsMissing() throws IOException {
    Path none = folder.resolve("none.csv");
    assertThat(run("train", "--model=lr", "--data=csv", "--path=" + none).err())
        .contains("--data csv: " + none + " does not exist. Expected a table");
    assertThat(run("train", "--model=lr", "--data=csv", "--path=" + folder).err())
        .contains("--data csv: " + folder + " is a folder. Expected a table");
    Path file = Files.writeString(folder.resolve("rows.csv"), table());
    assertThat(run("train", "--model=lr", "--data=csv", "--path=" + file).err())
        .contains("reading the schema " + file + ".schema failed: it does not exist");
  }

  /// The odds of what is printed as a click's probability are the watch time of an impression (YR-6): with video a 40 seconds of every
  /// other one, with video b a click of 2 seconds as rarely.
  @Test
  void aRankingForWatchTimePredictsIt() throws IOException {
    StringBuilder rows = new StringBuilder("video,click,seconds\n");
    for (int i = 0; i < 400; i++) {
      String video = i % 2 == 0 ? "a" : "b";
      int click = i % 4 < 2 ? 1 : 0;
      rows.append(video).append(',').append(click).append(i % 2 == 0 ? ",40\n" : ",2\n");
    }
    Path file = Files.writeString(folder.resolve("rows.csv"), rows);
    Path weighted = schema("weighted", "label click\ncategorical video\nweight seconds\n");
    Path plain = schema("plain", "label click\ncategorical video\n");
    for (Path schema : List.of(weighted, plain)) {
      Path run = folder.resolve("run-" + schema.getFileName());
      Path out = folder.resolve(schema.getFileName() + ".predicted");
      Result trained =
          run(
              "train",
              "--model=youtube-ranking",
              "--data=csv",
              "--path=" + file,
              "--set=data.schema=" + schema,
              "--set=hidden=8",
              "--set=weighting=EXACT",
              "--set=rate=0.05",
              "--epochs=30",
              "--batch-size=40",
              "--no-baselines",
              "--out=" + run);
      assertThat(trained.code()).as(trained.all()).isZero();
      Result r = run("predict", "--run=" + run, "--in=" + file, "--out=" + out);
      assertThat(r.code()).as(r.all()).isZero();
      List<String> lines = Files.readAllLines(out);
      if (schema.equals(plain)) {
        assertThat(lines.getFirst()).isEqualTo("click");
        continue;
      }
      assertThat(lines.getFirst()).isEqualTo("click,watch_time");
      assertThat(lines).hasSize(401);
      for (String line : lines.subList(1, 401)) {
        String[] cells = line.split(",", -1);
        double p = Double.parseDouble(cells[0]);
        double time = Double.parseDouble(cells[1]);
        assertThat(time).isCloseTo(p / (1 - p), withinPercentage(0.01));
      }
      assertThat(Double.parseDouble(lines.get(1).split(",", -1)[1])).isBetween(10.0, 40.0);
      assertThat(Double.parseDouble(lines.get(2).split(",", -1)[1])).isBetween(0.5, 2.0);
    }
  }

  @Test
  void aTableOfOneRowHasNothingToMeasure() throws IOException {
    Path file = Files.writeString(folder.resolve("rows.csv"), "city,click\na,1\n");
    schema("rows.csv.schema", "label click\ncategorical city\n");
    Result r =
        run(
            "train",
            "--model=lr",
            "--data=csv",
            "--path=" + file,
            "--epochs=1",
            "--out=" + folder.resolve("run"));
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.err())
        .contains(
            "data: no validation rows to choose by, no test rows to report on: no metrics of them");
  }

  /// A model of histories can be trained on data without any: nobody should take it for the model of the paper.
  @Test
  void aModelWithoutWhatItIsMadeForSaysSo() throws IOException {
    Path file = Files.writeString(folder.resolve("rows.csv"), "city,click\na,1\n");
    schema("rows.csv.schema", "label click\ncategorical city\n");
    for (String model : List.of("din", "dien", "dsin", "fm")) {
      Result r =
          run(
              "train",
              "--model=" + model,
              "--data=csv",
              "--path=" + file,
              "--epochs=1",
              "--out=" + folder.resolve(model));
      assertThat(r.code()).as(r.all()).isZero();
      if (model.equals("fm")) {
        assertThat(r.err()).doesNotContain("embeddings and a tower");
      } else {
        assertThat(r.err()).contains(model + ": no s").contains("this is embeddings and a tower");
      }
    }
  }

  /// What cannot be built is said with the model's name, and with the option that is to blame.
  @Test
  void aModelThatCannotBeBuiltIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("rows.csv"), table());
    Path dense = schema("dense", "label click\ndense click2\n");
    Files.writeString(folder.resolve("numbers.csv"), "click2,click\n1,0\n2,1\n3,0\n4,1\n");
    assertThat(
            run(
                    "train",
                    "--model=pnn",
                    "--data=csv",
                    "--path=" + folder.resolve("numbers.csv"),
                    "--set=data.schema=" + dense)
                .err())
        .contains("pnn: field embeddings: nothing to embed", "click2");
    schema("rows.csv.schema", "label click\ncategorical city\n");
    String path = "--path=" + file;
    assertThat(run("train", "--model=fibinet", "--data=csv", path, "--set=embeddingDim=-3").err())
        .contains("fibinet: v/city: table [5, -3]", "most often embeddingDim");
    assertThat(
            run("train", "--model=fibinet", "--data=csv", path, "--set=embeddingDim=99999999999")
                .err())
        .contains("embeddingDim=99999999999. Expected at least -2147483648 and at most 2147483647");
    assertThat(run("train", "--model=pnn", "--data=csv", path, "--set=productSize=0").err())
        .contains("pnn: productSize 0. Expected at least 1");
  }

  @Test
  void rowsWithoutLabelsAreNotMeasured() throws IOException {
    Path file = Files.writeString(folder.resolve("rows.csv"), table());
    schema("rows.csv.schema", "label click\ncategorical city\n");
    Path run = folder.resolve("run");
    Result trained =
        run("train", "--model=lr", "--data=csv", "--path=" + file, "--epochs=1", "--out=" + run);
    assertThat(trained.code()).as(trained.all()).isZero();
    Path plain = Files.writeString(folder.resolve("plain.csv"), "city\na\nb\n");
    Result r = run("evaluate", "--run=" + run, "--path=" + plain);
    assertThat(r.code()).isEqualTo(1);
    assertThat(r.err()).contains("the rows have no label click", "predict scores rows");
  }

  /// A table with one of the labels of a run: that one is measured, under its name, and the other is said to be missing.
  @Test
  void someOfTheLabelsMayBeMeasured() throws IOException {
    StringBuilder both = new StringBuilder("city,click,like\n");
    StringBuilder one = new StringBuilder("city,like\n");
    for (int i = 0; i < 60; i++) {
      String city = "abc".substring(i % 3, i % 3 + 1);
      both.append(city).append(',').append(i % 2).append(',').append(i % 5 / 3).append('\n');
      one.append(city).append(',').append(i % 5 / 3).append('\n');
    }
    Path file = Files.writeString(folder.resolve("rows.csv"), both);
    schema("rows.csv.schema", "label click\nlabel like\ncategorical city\n");
    Path run = folder.resolve("run");
    Result trained =
        run("train", "--model=mmoe", "--data=csv", "--path=" + file, "--epochs=1", "--out=" + run);
    assertThat(trained.code()).as(trained.all()).isZero();
    Path some = Files.writeString(folder.resolve("some.csv"), one);
    Result whole = run("evaluate", "--run=" + run, "--path=" + file);
    Result r = run("evaluate", "--run=" + run, "--path=" + some);
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.out())
        .contains("not measured, for the rows lack them: click")
        .doesNotContain("test.click");
    String auc = line(whole, "test.like.auc");
    assertThat(line(r, "test.like.auc")).isEqualTo(auc).containsPattern("0\\.\\d+");
    assertThat(whole.out()).contains("test.click.auc").doesNotContain("not measured");
  }

  private static String line(Result r, String metric) {
    return r.out()
        .lines()
        .map(String::strip)
        .filter(l -> l.startsWith(metric + " "))
        .map(l -> l.substring(metric.length()).strip())
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + metric + " in " + r.all()));
  }
}
