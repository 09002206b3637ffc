// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Generated sentences are learned, and translated by command.
class GeneratedTranslationTest {
  @TempDir private Path folder;

  private Cli cli() throws IOException {
    return new Cli(Files.createDirectories(folder.resolve("cache")));
  }

  private static double metric(Result r, String name) {
    Matcher m = Pattern.compile("\n +" + Pattern.quote(name) + " +(\\d\\.\\d+)").matcher(r.out());
    assertThat(m.find()).as("%s in: %s", name, r.all()).isTrue();
    return Double.parseDouble(m.group(1));
  }

  private static Result good(Result r) {
    assertThat(r.code()).as(r.all()).isZero();
    return r;
  }

  /// At least 99 of 100 test sentences to the last word, none of which was trained on but by chance.
  @Test
  @Tag("slow")
  void theTransformerLearnsToTranslate() throws IOException {
    Path run = folder.resolve("run");
    Result r = good(cli().run("train", "--data=translation-synthetic", "--out=" + run));
    assertThat(metric(r, "test.exact_sequences")).isGreaterThanOrEqualTo(0.99);
    Result again = good(cli().run("evaluate", "--run=" + run));
    assertThat(metric(again, "test.exact_sequences")).isEqualTo(metric(r, "test.exact_sequences"));
    List<String> pairs = generated(20_700, 200); // the first 20,500 are for training and validation
    List<String> expected = pairs.stream().map(s -> s.split("\t", -1)[1]).toList();
    for (String beam : List.of("1", "4")) {
      List<String> found = translated(run, "--beam=" + beam);
      assertThat(found).hasSameSizeAs(expected);
      long right = 0;
      for (int i = 0; i < expected.size(); i++) {
        right += found.get(i).equals(expected.get(i)) ? 1 : 0;
      }
      assertThat(right).as("beam %s", beam).isGreaterThanOrEqualTo(198);
    }
  }

  /// The last of so many pairs, in `pairs.tsv`.
  private List<String> generated(int rows, int last) throws IOException {
    Path file = folder.resolve("pairs.tsv");
    good(
        cli()
            .run(
                "data",
                "generate",
                "--data=translation-synthetic",
                "--rows=" + rows,
                "--out=" + file));
    List<String> pairs = Files.readAllLines(file).subList(rows - last, rows);
    Files.write(file, pairs);
    return pairs;
  }

  private List<String> translated(Path run, String... options) throws IOException {
    Path file = folder.resolve("translations.txt");
    List<String> common =
        List.of(
            "translate", "--run=" + run, "--in=" + folder.resolve("pairs.tsv"), "--out=" + file);
    good(cli().run(Cli.join(common, List.of(options))));
    return Files.readAllLines(file);
  }

  private void refused(Path run, String message, String... options) throws IOException {
    Path in = folder.resolve("pairs.tsv");
    Path out = folder.resolve("refused.txt");
    List<String> common = List.of("translate", "--run=" + run, "--in=" + in, "--out=" + out);
    Result r = cli().run(Cli.join(common, List.of(options)));
    assertThat(r.code()).as(r.all()).isEqualTo(1);
    assertThat(r.err()).contains("translate: " + message);
    assertThat(out).doesNotExist();
  }

  /// A model that has hardly begun says something of every line.
  @Test
  void everyLineIsTranslated() throws IOException {
    Path run = folder.resolve("run");
    good(
        cli()
            .run(
                "train",
                "--data=translation-synthetic",
                "--set=data.rows=64",
                "--set=data.validRows=8",
                "--set=data.testRows=8",
                "--set=width=8",
                "--set=layers=1",
                "--epochs=1",
                "--out=" + run));
    generated(5, 5);
    for (String beam : List.of("1", "3")) {
      assertThat(translated(run, "--beam=" + beam))
          .hasSize(5)
          .allMatch(line -> line.matches("((b\\d+|<unk>)( (b\\d+|<unk>))*)?"));
    }
    assertThat(translated(run, "--beam=1000")).as("one source after the other").hasSize(5);
    Path pairs = folder.resolve("pairs.tsv");
    refused(run, "--alpha 0.5 without a beam, which alone has a penalty", "--alpha=0.5");
    refused(run, "--alpha 0.5 without a beam", "--alpha=0.5", "--beam=1");
    refused(run, "--beam 1000000. Expected 1 to 1000: every target", "--beam=1000000");
    List<String> before = Files.readAllLines(pairs);
    Result over = cli().run("translate", "--run=" + run, "--in=" + pairs, "--out=" + pairs);
    assertThat(over.code()).isNotZero();
    assertThat(over.err()).contains("is the file of the rows");
    assertThat(Files.readAllLines(pairs)).isEqualTo(before);
    Result no = cli().run("predict", "--run=" + run, "--in=x", "--out=y");
    assertThat(no.code()).isNotZero();
  }
}
