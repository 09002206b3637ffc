// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `gradus compare`.
class CompareTest {
  private static final List<String> TINY =
      Cli.TINY_DATA.stream().filter(a -> !a.equals("--no-baselines")).toList();

  @TempDir private static Path cache;
  @TempDir private Path folder;
  private static Cli cli = new Cli(Path.of(""));

  @BeforeAll
  static void open() {
    cli = new Cli(cache);
  }

  private static List<String> protocol(String... more) {
    return Cli.join(TINY, List.of("--epochs=2", "--batch-size=100"), List.of(more));
  }

  /// Mean and sample deviation, as the table writes them.
  private static String cell(List<Double> values) {
    double mean = values.stream().mapToDouble(v -> v).sum() / values.size();
    double squares = values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
    return String.format(
        Locale.ROOT, "%.4f ± %.4f", mean, Math.sqrt(squares / (values.size() - 1)));
  }

  @Test
  void theTableHoldsWhatTheRunsReachOneByOne() throws IOException {
    Path out = folder.resolve("results");
    Result r =
        cli.run(
            Cli.join(
                List.of("compare", "--models=fm,lr", "--seeds=2", "--speed=0", "--out=" + out),
                protocol("--set=fm.embeddingDim=3", "--set=rate=0.02", "--set=patience=1")));
    assertThat(r.code()).as(r.all()).isZero();
    String page = Files.readString(out.resolve("compare-criteo-synthetic.md"));
    assertThat(r.out()).contains(page.lines().filter(l -> l.startsWith("|")).toList());
    for (String model : List.of("fm", "lr")) {
      List<Double> test = new ArrayList<>();
      List<Double> loss = new ArrayList<>();
      for (int seed = 0; seed < 2; seed++) {
        Path run = folder.resolve(model + seed);
        List<String> one =
            Cli.join(
                List.of("train", "--no-baselines", "--model=" + model, "--seed=" + seed),
                protocol("--set=rate=0.02", "--set=patience=1", "--out=" + run));
        Result trained =
            cli.run(model.equals("fm") ? Cli.join(one, List.of("--set=embeddingDim=3")) : one);
        assertThat(trained.code()).as(trained.all()).isZero();
        test.add(Cli.metrics(run).path("test.auc").asDouble());
        loss.add(Cli.metrics(run).path("test.logloss").asDouble());
      }
      assertThat(test.get(0)).isNotEqualTo(test.get(1));
      String line =
          page.lines().filter(l -> l.startsWith("| " + model + " |")).findFirst().orElse("");
      assertThat(line).contains("| " + cell(test) + " |", "| " + cell(loss) + " |");
      assertThat(line.contains("`embeddingDim=3`")).isEqualTo(model.equals("fm"));
    }
    assertThat(page)
        .contains("over 2 seeds", "patience 1", "AUC of the true probabilities: 0.")
        .contains("at 0.02", "`l2=1.0E-4` `penaltyTables=ROWS`", "no clipping")
        .doesNotContain("samples/s");
    byte[] picture = Files.readAllBytes(out.resolve("compare-criteo-synthetic.png"));
    assertThat(picture).startsWith(0x89, 'P', 'N', 'G');
  }

  /// Warm steps are as many rows per second as they are, so that only their place in the table can be told beforehand.
  @Test
  void speedIsAColumnAndSettingsOfTrainingAreSaid() throws IOException {
    Path out = folder.resolve("speed");
    Result r =
        cli.run(
            Cli.join(
                List.of("compare", "--models=lr,fm", "--seeds=1", "--speed=0.05", "--out=" + out),
                protocol("--set=l2=0", "--set=clipNorm=3", "--set=fm.rate=0.01")));
    assertThat(r.code()).as(r.all()).isZero();
    String page = Files.readString(out.resolve("compare-criteo-synthetic.md"));
    assertThat(page).contains("no penalty, `clipNorm=3.0`", "samples/s: rows per second");
    List<String> table = page.lines().filter(l -> l.startsWith("|")).toList();
    int column = List.of(table.getFirst().split(" *\\| *", -1)).indexOf("samples/s");
    assertThat(column).isPositive();
    for (String line : table.subList(2, 4)) {
      String[] cells = line.split(" *\\| *", -1);
      assertThat(Double.parseDouble(cells[column].replace(",", ""))).as(line).isGreaterThan(1);
      assertThat(line.contains("`rate=0.01`")).isEqualTo(cells[1].equals("fm"));
    }
    Result wrong = cli.run("compare", "--models=lr", "--speed=-1", "--out=" + out);
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains("--speed -1");
  }

  /// Each label has columns of its own. The picture shows the AUC of a single label: with two labels none is written, and none is
  /// named.
  @Test
  void twoLabelsHaveTheirColumnsAndNoPicture() {
    Path out = folder.resolve("tasks");
    List<String> rows =
        List.of("--set=data.rows=600", "--set=data.validRows=200", "--set=data.testRows=200");
    Result r =
        cli.run(
            Cli.join(
                List.of("compare", "--models=shared-bottom", "--data=tasks-synthetic"),
                rows,
                List.of("--epochs=1", "--seeds=1", "--speed=0", "--out=" + out)));
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.out()).contains("written: " + out.resolve("compare-tasks-synthetic.md"));
    assertThat(r.out()).doesNotContain(".png", "undefined");
    assertThat(r.out())
        .containsPattern(
            "\\| valid AUC, \\w+ \\| valid AUC, \\w+ \\| test AUC, \\w+ \\| test AUC, \\w+ ")
        .containsPattern("\\| shared-bottom \\|( 0\\.\\d{4} \\|){8}");
    assertThat(out).isDirectoryNotContaining("glob:**.png");
  }

  @Test
  void whatNobodyUnderstandsIsAnErrorBeforeAnythingIsTrained() {
    Path out = folder.resolve("none");
    List<String> start = List.of("compare", "--models=lr,fm", "--out=" + out);
    for (String wrong : List.of("hidden=3", "deepfm.hidden=3", "lr.embeddingDim=2", "data.foo=1")) {
      Result r = cli.run(Cli.join(start, protocol("--set=" + wrong)));
      assertThat(r.code()).as(wrong).isEqualTo(1);
      assertThat(r.err()).contains("--set: unknown ").doesNotContain("seed 0");
    }
    Result seeds = cli.run(Cli.join(start, protocol("--seeds=0")));
    assertThat(seeds.code()).isEqualTo(2);
    assertThat(seeds.err()).contains("'--seeds'", "at least 1");
    Result misfit =
        cli.run(Cli.join(List.of("compare", "--models=lr,neural-cf", "--out=" + out), protocol()));
    assertThat(misfit.code()).isEqualTo(1); // the data have no users
    assertThat(misfit.err()).contains("neural-cf").doesNotContain("seed 0");
    Result model = cli.run("compare", "--models=lr,nobody", "--out=" + out);
    assertThat(model.code()).isEqualTo(1);
    assertThat(model.err()).contains("model nobody: no such model");
    assertThat(out).doesNotExist();
  }
}
