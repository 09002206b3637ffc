// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Neural collaborative filtering as its paper trains it: on sampled negatives, both halves first, then NeuMF from both.
class NeuralCfCommandTest {
  private static final List<String> TRAIN =
      List.of(
          "train",
          "--model=neural-cf",
          "--data=movielens-synthetic",
          "--set=data.users=150",
          "--set=data.items=100",
          "--set=data.ratings=3000",
          "--set=patience=0",
          "--device=reference",
          "--epochs=1",
          "--no-baselines");

  @TempDir private static Path folder;
  private static Cli cli = new Cli(Path.of(""));

  @BeforeAll
  static void halves() throws IOException {
    cli = new Cli(Files.createDirectory(folder.resolve("cache")));
    trained("gmf", List.of("--set=variant=gmf", "--set=factors=4"));
    trained("mlp", List.of("--set=variant=mlp", "--set=hidden=4", "--set=embeddingDim=3"));
  }

  private static Result trained(String name, List<String> more) {
    List<String> sampled = List.of("--set=data.negatives=4", "--batch-size=500");
    List<String> out = List.of("--out=" + folder.resolve(name));
    Result r = cli.run(Cli.join(Cli.join(TRAIN, sampled), Cli.join(more, out)));
    assertThat(r.code()).as(r.all()).isZero();
    return r;
  }

  private static List<String> both(String second) {
    return List.of(
        "--set=factors=4",
        "--set=hidden=4",
        "--set=embeddingDim=3",
        "--set=alpha=0.25",
        "--set=optimizer=sgd",
        "--set=rate=1e-30", // stays where it starts
        "--set=l2=0",
        "--init-from=" + folder.resolve("gmf") + "," + folder.resolve(second));
  }

  /// One observed row and four drawn ones, in every split.
  @Test
  void everyObservedRowBringsItsNegatives() throws IOException {
    JsonNode metrics = Cli.metrics(folder.resolve("gmf"));
    assertThat(metrics.path("test.mean_observed").asDouble()).isCloseTo(0.2, within(1e-9));
    assertThat(metrics.path("valid.mean_observed").asDouble()).isCloseTo(0.2, within(1e-9));
    assertThat(metrics.path("test.rows").asLong() % 5).isZero();
    assertThat(metrics.has("bayes_auc")).isFalse();
  }

  @Test
  void neuMfBeginsAsBothHalvesInEitherOrder() throws IOException {
    Result r = trained("neumf", both("mlp"));
    assertThat(r.err()).contains("started from 2 runs");
    List<String> turned =
        both("mlp").stream()
            .map(
                s ->
                    s.startsWith("--init-from")
                        ? "--init-from=" + folder.resolve("mlp") + "," + folder.resolve("gmf")
                        : s)
            .toList();
    trained("turned", turned);
    assertThat(Cli.metrics(folder.resolve("turned")).path("parameters_sha256"))
        .isEqualTo(Cli.metrics(folder.resolve("neumf")).path("parameters_sha256"));
    Path raw = folder.resolve("raw");
    Result g =
        cli.run("data", "generate", "--data=movielens-synthetic", "--rows=30000", "--out=" + raw);
    assertThat(g.code()).as(g.all()).isZero();
    Path few = raw.resolve("few.data");
    Files.write(few, Files.readAllLines(raw.resolve("u.data")).subList(0, 200));
    double[] gmf = logits("gmf", few);
    double[] mlp = logits("mlp", few);
    double[] neuMf = logits("neumf", few);
    assertThat(neuMf).hasSize(200);
    assertThat(Arrays.stream(neuMf).distinct().count()).isGreaterThan(50);
    for (int i = 0; i < neuMf.length; i++) { // (NCF-4), through probabilities of 16 digits
      assertThat(neuMf[i]).isCloseTo(0.25 * gmf[i] + 0.75 * mlp[i], within(1e-12));
    }
  }

  /// One half is not what the paper starts from, so it is said.
  @Test
  void neuMfBegunAsOneHalfIsTold() {
    List<String> half =
        both("mlp").stream()
            .map(s -> s.startsWith("--init-from") ? "--init-from=" + folder.resolve("gmf") : s)
            .toList();
    Result r = trained("half", half);
    assertThat(r.err())
        .contains("new, so at their initial values: ", "mlp/h")
        .contains("only a part of the model begins where that run ended");
  }

  private static double[] logits(String run, Path rows) throws IOException {
    Path out = folder.resolve("scores-" + run);
    Result r = cli.run("predict", "--run=" + folder.resolve(run), "--in=" + rows, "--out=" + out);
    assertThat(r.code()).as(r.all()).isZero();
    return Files.readAllLines(out).stream()
        .skip(1)
        .mapToDouble(Double::parseDouble)
        .map(p -> StrictMath.log(p) - StrictMath.log1p(-p))
        .toArray();
  }

  @Test
  void whatDoesNotFitIsRefusedBeforeThereIsAFolder() {
    refused("Expected a multiple of 5.", "--set=data.negatives=4", "--batch-size=512");
    refused("data.negatives=-1. Expected a whole number", "--set=data.negatives=-1");
    refused("with a comma between them", "--set=data.pairs=user_id");
    refused("no field nobody", "--set=data.negatives=4", "--set=data.pairs=user_id,nobody");
  }

  private static void refused(String message, String... more) {
    Path out = folder.resolve("refused");
    Result r = cli.run(Cli.join(TRAIN, Cli.join(List.of(more), List.of("--out=" + out))));
    assertThat(r.code()).as(r.all()).isEqualTo(1);
    assertThat(r.err()).contains(message);
    assertThat(out).doesNotExist();
  }

  @Test
  void aModelOfOnePieceBeginsAsOneRun() {
    Result r =
        cli.run(
            Cli.join(
                List.of("train", "--model=lr", "--init-from=a,b", "--out=" + folder.resolve("lr")),
                Cli.TINY_DATA));
    assertThat(r.code()).isEqualTo(1);
    assertThat(r.err()).contains("cannot begin as several others. Expected one run.");
  }
}
