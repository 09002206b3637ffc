// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// `gradus evaluate` and `gradus predict`: metrics and scores of a run, on its own rows and on others, on either device.
class EvaluateTest {
  /// Metrics are printed with six digits after the point.
  private static final double PRINTED = 0.5e-6;

  private static final int LARGEST = 120;

  @TempDir private static Path folder;
  private static Cli cli = new Cli(Path.of(""));
  private static CriteoText text = CriteoText.draw(0, 0);
  private static Path raw = Path.of("");

  @BeforeAll
  static void train() throws IOException {
    cli = new Cli(Files.createDirectory(folder.resolve("cache")));
    text = CriteoText.draw(400, 1);
    raw = text.write(folder.resolve("rows.tsv"));
    trained("lr", List.of("--set=rate=0.02"));
    trained("deepfm", List.of("--set=hidden=8,4", "--set=embeddingDim=4", "--set=rate=0.01"));
    trained("gbdt-lr", List.of("--set=trees=20", "--set=minSplit=8", "--set=rate=0.05"));
  }

  private static void trained(String model, List<String> more) {
    Result r =
        cli.run(
            Cli.join(
                List.of(
                    "train",
                    "--model=" + model,
                    "--data=criteo",
                    "--path=" + raw,
                    "--epochs=2",
                    "--batch-size=64",
                    "--device=cpu",
                    "--out=" + folder.resolve(model)),
                more));
    assertThat(r.code()).as(r.all()).isZero();
  }

  private static String run(String model) {
    return "--run=" + folder.resolve(model);
  }

  private static Result ok(String... args) {
    Result r = cli.run(args);
    assertThat(r.code()).as(r.all()).isZero();
    return r;
  }

  /// The printed table.
  private static Map<String, Double> table(Result r) {
    Map<String, Double> found = new TreeMap<>();
    r.out()
        .lines()
        .filter(line -> line.matches("  \\S+ +[-0-9.]+"))
        .forEach(
            line -> {
              String[] cells = line.strip().split(" +", -1);
              found.put(cells[0], Double.parseDouble(cells[1]));
            });
    return found;
  }

  private static double[] predicted(String model, String device, Path in) throws IOException {
    Path out = folder.resolve("scores-" + model + "-" + device);
    ok("predict", run(model), "--in=" + in, "--out=" + out, "--device=" + device);
    List<String> lines = Files.readAllLines(out);
    assertThat(lines.getFirst()).isEqualTo("label");
    return lines.stream().skip(1).mapToDouble(Double::parseDouble).toArray();
  }

  @Test
  void onItsOwnRowsItSaysWhatTheRunSaid() throws IOException {
    for (String model : List.of("lr", "deepfm", "gbdt-lr")) {
      Map<String, Double> found = table(ok("evaluate", run(model)));
      JsonNode metrics = Cli.metrics(folder.resolve(model));
      assertThat(found).containsKeys("valid.auc", "valid.logloss", "test.auc", "test.logloss");
      found.forEach(
          (name, value) ->
              assertThat(value).as(name).isCloseTo(metrics.path(name).asDouble(), within(PRINTED)));
    }
  }

  /// By its definition, the log loss moves by at most as much as a logit does, and the AUC by the share of pairs whose
  /// logits are closer than twice that.
  @Test
  void onReferenceItAgreesWithinTheRoundingOfFloat32() throws IOException {
    Map<String, Double> bounds =
        Map.of(
            "lr", LogitError.of(folder.resolve("lr"), LARGEST).ofLr(),
            "deepfm", LogitError.of(folder.resolve("deepfm"), LARGEST).ofDeepFm(4, 8, 4));
    for (var e : bounds.entrySet()) {
      String model = e.getKey();
      double bound = e.getValue();
      assertThat(bound).isBetween(1e-8, 1e-2);
      double[] cpu = predicted(model, "cpu", raw);
      double[] reference = predicted(model, "reference", raw);
      double worst = 0;
      for (int i = 0; i < cpu.length; i++) {
        worst = Math.max(worst, Math.abs(logit(cpu[i]) - logit(reference[i])));
      }
      System.out.printf("%s: logits differ by %.2e, allowed %.2e%n", model, worst, bound);
      assertThat(worst).isPositive().isLessThanOrEqualTo(bound);
      Map<String, Double> a = table(ok("evaluate", run(model), "--path=" + raw, "--device=cpu"));
      Map<String, Double> b =
          table(ok("evaluate", run(model), "--path=" + raw, "--device=reference"));
      assertThat(b.get("test.logloss"))
          .isCloseTo(a.get("test.logloss"), within(bound + 2 * PRINTED));
      assertThat(b.get("test.auc"))
          .isCloseTo(a.get("test.auc"), within(closePairs(reference, bound) + 2 * PRINTED));
    }
  }

  private static double logit(double p) {
    return StrictMath.log(p) - StrictMath.log1p(-p);
  }

  /// The share of (positive, negative) pairs whose order an error of the bound may change.
  private static double closePairs(double[] p, double bound) {
    int[] y = text.labels();
    int close = 0;
    int pairs = 0;
    for (int i = 0; i < y.length; i++) {
      for (int j = 0; j < y.length; j++) {
        if (y[i] == 1 && y[j] == 0) {
          pairs++;
          close += Math.abs(logit(p[i]) - logit(p[j])) <= 2 * bound ? 1 : 0;
        }
      }
    }
    return (double) close / pairs;
  }

  @Test
  void predictWritesALinePerRowWithTheProbabilitiesThatEvaluateMeasures() throws IOException {
    measuredAsPredicted("deepfm");
    measuredAsPredicted("gbdt-lr"); // reads its trees from the run
  }

  private static void measuredAsPredicted(String model) throws IOException {
    double[] p = predicted(model, "cpu", raw);
    int[] y = text.labels();
    assertThat(p).hasSize(y.length);
    double loss = 0;
    double wins = 0;
    int pairs = 0;
    for (int i = 0; i < y.length; i++) {
      loss -= StrictMath.log(y[i] == 1 ? p[i] : 1 - p[i]) / y.length;
      for (int j = 0; j < y.length; j++) {
        if (y[i] == 1 && y[j] == 0) {
          wins += p[i] > p[j] ? 1 : p[i] == p[j] ? 0.5 : 0;
          pairs++;
        }
      }
    }
    Map<String, Double> found = table(ok("evaluate", run(model), "--path=" + raw));
    // the sum of 400 doubles rounds in the 14th digit
    assertThat(found.get("test.logloss")).isCloseTo(loss, within(PRINTED + 1e-12));
    assertThat(found.get("test.auc")).isCloseTo(wins / pairs, within(PRINTED + 1e-12));
  }

  @Test
  void rowsWithoutLabelsAreScoredTheSame() throws IOException {
    Path unlabelled = text.writeUnlabelled(folder.resolve("unlabelled.tsv"));
    assertThat(predicted("lr", "cpu", unlabelled)).isEqualTo(predicted("lr", "cpu", raw));
    Result r = cli.run("evaluate", run("lr"), "--path=" + unlabelled);
    assertThat(r.code()).as(r.all()).isEqualTo(1);
    assertThat(r.err()).contains("label").doesNotContain("\tat ");
  }

  /// The score of a row does not depend on the rows around it.
  @Test
  void aRowAloneScoresAsAmongOthers() throws IOException {
    double[] all = predicted("deepfm", "cpu", raw);
    Path one =
        new CriteoText(List.of(text.rows().get(17), text.rows().get(3)))
            .write(folder.resolve("two.tsv"));
    assertThat(predicted("deepfm", "cpu", one)).containsExactly(all[17], all[3]);
  }

  @Test
  void tokensThatTrainingNeverSawAreOutOfVocabulary() throws IOException {
    Path unseen = text.with(0, 15, "7fffffff").write(folder.resolve("unseen.tsv"));
    double[] scores = predicted("lr", "cpu", unseen);
    double[] before = predicted("lr", "cpu", raw);
    assertThat(scores[0]).isBetween(0.0, 1.0).isNotEqualTo(before[0]);
    assertThat(scores[1]).isEqualTo(before[1]);
    // any other unseen token is the same
    Path other = text.with(0, 15, "12345678").write(folder.resolve("unseen.tsv"));
    assertThat(predicted("lr", "cpu", other)[0]).isEqualTo(scores[0]);
  }

  @Test
  void predictCompressesWhatIsCalledSo() throws IOException {
    Path rows = text.write(folder.resolve("packed.tsv"));
    Path plain = folder.resolve("plain");
    Path packed = folder.resolve("packed.gz");
    ok("predict", run("lr"), "--in=" + rows, "--out=" + plain);
    ok("predict", run("lr"), "--in=" + rows, "--out=" + packed);
    try (var in = new GZIPInputStream(Files.newInputStream(packed))) {
      assertThat(in.readAllBytes()).isEqualTo(Files.readAllBytes(plain));
    }
  }

  @Test
  void predictDoesNotOverwriteItsRows() throws IOException {
    Path rows = text.write(folder.resolve("kept.tsv"));
    byte[] before = Files.readAllBytes(rows);
    for (Path out : List.of(rows, folder.resolve(".").resolve("kept.tsv"))) {
      Result r = cli.run("predict", run("lr"), "--in=" + rows, "--out=" + out);
      assertThat(r.code()).isEqualTo(1);
      assertThat(r.err()).contains("is the file of the rows");
    }
    assertThat(Files.readAllBytes(rows)).isEqualTo(before);
    assertThat(
            cli.run("predict", run("lr"), "--in=" + rows, "--out=" + folder.resolve("no/x")).err())
        .contains("its folder is not there");
  }

  @Test
  void whatDoesNotFitIsRefused() {
    assertThat(cli.run("evaluate", run("lr")).out())
        .containsPattern("test.rows +40\n") // a count is no fraction
        .containsPattern("\n +gauc +undefined: the rows belong to no users\n");
    assertThat(cli.run("evaluate", run("lr"), "--data=ml-100k").err())
        .contains("the run was trained on criteo");
    assertThat(cli.run("evaluate", run("none")).err()).contains("is no run");
    assertThat(cli.run("evaluate", run("lr"), "--device=tpu").err()).contains("device tpu");
  }
}
