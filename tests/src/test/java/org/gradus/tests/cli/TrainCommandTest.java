// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `gradus train`: what it leaves behind, where its settings come from, and how runs follow on each other.
class TrainCommandTest {
  private static final List<String> LR =
      Cli.join(List.of("train", "--model=lr", "--batch-size=100"), Cli.TINY_DATA);

  @TempDir private static Path cache;
  @TempDir private Path folder;
  private static Cli cli = new Cli(Path.of(""));

  @BeforeAll
  static void open() {
    cli = new Cli(cache);
  }

  private Path trained(List<String> args, String name) {
    Path run = folder.resolve(name);
    Result r = cli.run(Cli.join(args, List.of("--out=" + run)));
    assertThat(r.code()).as(r.all()).isZero();
    return run;
  }

  private String failed(List<String> args) {
    Result r = cli.run(args);
    assertThat(r.code()).as(r.all()).isEqualTo(1);
    assertThat(r.err()).doesNotContain("\tat ");
    return r.err();
  }

  private static JsonNode config(Path run) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(run.resolve("config.json")));
  }

  private static String sha(Path run) throws IOException {
    return Cli.metrics(run).path("parameters_sha256").asString();
  }

  @Test
  void aRunLeavesItsFolder() throws IOException {
    Path run = folder.resolve("run");
    Result r = cli.run(Cli.join(LR, List.of("--epochs=2", "--seed=3", "--out=" + run)));
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.out()).contains("lr on criteo-synthetic", "test.auc", "bayes_auc", "run: " + run);
    assertThat(r.err()).contains("epoch 1", "epoch 2");
    // which device, why it, and why none before it; no advice to do what was done
    assertThat(r.err())
        .containsPattern("device: auto chose cpu: float32 .* Not cuda: .*driver.*\\.\n")
        .doesNotContain("use --device");
    // what has no value takes one line, with the reason
    assertThat(r.out())
        .containsPattern("\n +gauc +undefined: the rows belong to no users\n")
        .doesNotContain("gauc_", ".gauc");
    assertThat(Cli.contents(run).keySet())
        .contains("config.json", "metrics.json", "metrics.jsonl", "model.safetensors")
        .contains("report.html", "curve.svg", "curve.png", "checkpoints/latest")
        .contains("checkpoints/step-000012/model.safetensors")
        .contains("checkpoints/step-000012/optimizer.safetensors")
        .contains("checkpoints/step-000012/state.json")
        .noneMatch(name -> name.contains("partial"));
    List<String> history = Files.readAllLines(run.resolve("metrics.jsonl"));
    assertThat(history).filteredOn(line -> line.contains("valid.auc")).hasSize(2);
    assertThat(history.getLast()).contains("\"epoch\":2,\"step\":12");
    JsonNode m = Cli.metrics(run);
    for (String split : List.of("valid", "test")) {
      assertThat(m.path(split + ".auc").asDouble()).isBetween(0.0, 1.0);
      assertThat(m.path(split + ".logloss").asDouble()).isPositive();
      // nobody owns these rows: there is no such number, and the file says why
      assertThat(m.has(split + ".gauc")).isTrue();
      assertThat(m.path(split + ".gauc").isNull()).isTrue();
      assertThat(m.path(split + ".gauc_undefined").asString()).isNotEmpty();
      assertThat(m.path(split + ".gauc_users").asInt(-1)).isZero();
      assertThat(m.path(split + ".gauc_weighting").asString()).isEqualTo("IMPRESSIONS");
    }
    assertThat(m.path("bayes_auc").asDouble()).isBetween(0.6, 1.0);
    assertThat(m.path("samples_per_second").asDouble()).isPositive();
    assertThat(m.path("parameters_sha256").asString()).matches("[0-9a-f]{64}");
    assertThat(m.path("last_parameters_sha256").asString())
        .isEqualTo(m.path("parameters_sha256").asString()); // no early stopping: the last is kept
    assertThat(m.path("device").asString()).isEqualTo("cpu");
    assertThat(m.path("seed").asInt()).isEqualTo(3);
    assertThat(m.path("epochs").asInt()).isEqualTo(2);
  }

  @Test
  void ratingsOfUsersHaveAGroupedAuc() throws IOException {
    Path run =
        trained(
            List.of(
                "train",
                "--model=lr",
                "--data=ml-100k",
                "--path=" + ratings(folder.resolve("ml")),
                "--batch-size=32"),
            "run");
    JsonNode m = Cli.metrics(run);
    assertThat(m.path("test.gauc").asDouble(-1)).isBetween(0.0, 1.0);
    assertThat(m.path("test.gauc_users").asInt()).isBetween(1, 12);
    assertThat(m.path("test.gauc_weighting").asString()).isEqualTo("IMPRESSIONS");
    assertThat(m.has("bayes_auc")).isFalse();
  }

  /// Twelve users with twenty ratings each, among thirty items: liked and not in turn, so that both are in every split.
  private static Path ratings(Path to) throws IOException {
    Files.createDirectory(to);
    List<String> ratings = new ArrayList<>();
    List<String> users = new ArrayList<>();
    List<String> items = new ArrayList<>();
    for (int u = 1; u <= 12; u++) {
      users.add(u + "|" + (20 + u) + "|" + (u % 2 == 0 ? "M" : "F") + "|artist|" + (10000 * u));
      for (int i = 0; i < 20; i++) {
        int item = 1 + (u * 7 + i * 11) % 30;
        ratings.add(u + "\t" + item + "\t" + (i % 2 == 0 ? 5 : 1) + "\t" + (1000 + i));
      }
    }
    for (int i = 1; i <= 30; i++) {
      items.add(i + "|Film " + i + " (1990)|01-Jan-1990||http://x|" + "0|".repeat(18) + "1");
    }
    Files.write(to.resolve("u.data"), ratings);
    Files.write(to.resolve("u.user"), users);
    Files.write(to.resolve("u.item"), items);
    return to;
  }

  @Test
  void settingsComeFromYamlFromJsonAndFromTheLine() throws IOException {
    Path yaml =
        Files.writeString(
            folder.resolve("given.yaml"),
            """
            model: {name: deepfm, settings: {embeddingDim: 3, hidden: "5,4"}}
            data: {name: criteo-synthetic, settings: {rows: 600, validRows: 200, testRows: 200}}
            device: cpu
            seed: 11
            loop: {epochs: 2, batchSize: 200}
            optimizer:
              groups:
                - {parameters: "*", rule: {name: Adagrad}, rate: 0.05, penalty: {l2: 0.001}}
            stopping: {metric: valid.logloss, patience: 2}
            """);
    Path run = trained(List.of("train", "--config=" + yaml, "--no-baselines"), "run");
    JsonNode c = config(run);
    assertThat(c.at("/model/settings/embeddingDim").asString()).isEqualTo("3");
    assertThat(c.at("/model/settings/dropout").asString()).as("the preset").isEqualTo("0.5");
    assertThat(c.at("/optimizer/groups/0/rule/name").asString()).isEqualTo("Adagrad");
    assertThat(c.at("/optimizer/groups/0/penalty/l2").asDouble()).isEqualTo(0.001);
    assertThat(c.at("/stopping/metric").asString()).isEqualTo("valid.logloss");
    assertThat(Cli.metrics(run).path("seed").asInt()).isEqualTo(11);

    // config.json of a run repeats it, bit for bit
    Path again =
        trained(
            List.of("train", "--config=" + run.resolve("config.json"), "--no-baselines"), "again");
    assertThat(sha(again)).isEqualTo(sha(run));
    assertThat(Files.readString(again.resolve("config.json")))
        .isEqualTo(Files.readString(run.resolve("config.json")));

    // options go before the file
    Path changed =
        trained(
            List.of(
                "train",
                "--config=" + yaml,
                "--no-baselines",
                "--seed=12",
                "--epochs=1",
                "--set=dropout=0.1",
                "--set=rate=0.02",
                "--set=data.rows=500"),
            "changed");
    JsonNode d = config(changed);
    assertThat(d.path("seed").asInt()).isEqualTo(12);
    assertThat(d.at("/loop/epochs").asInt()).isEqualTo(1);
    assertThat(d.at("/model/settings/dropout").asString()).isEqualTo("0.1");
    assertThat(d.at("/model/settings/embeddingDim").asString()).isEqualTo("3");
    assertThat(d.at("/optimizer/groups/0/rate").asDouble()).isEqualTo(0.02);
    assertThat(d.at("/optimizer/groups/0/rule/name").asString()).isEqualTo("Adagrad");
    assertThat(d.at("/data/settings/rows").asString()).isEqualTo("500");
    assertThat(sha(changed)).isNotEqualTo(sha(run));
  }

  @Test
  void unknownKeysOfAFileAreAllListed() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("wrong.yaml"),
            """
            seeed: 1
            loop: {epochs: 1, batch: 7}
            execution: {thread: 2}
            """);
    assertThat(failed(List.of("train", "--config=" + file)))
        .contains("wrong.yaml", "seeed", "loop.batch", "execution.thread");
    Path option =
        Files.writeString(
            folder.resolve("option.json"),
            "{\"model\": {\"name\": \"fm\", \"settings\": {\"dims\": \"4\", \"depth\": \"1\"}}}");
    assertThat(failed(List.of("train", "--config=" + option)))
        .contains("unknown dims, depth", "embeddingDim");
    Path data =
        Files.writeString(
            folder.resolve("data.json"), "{\"data\": {\"settings\": {\"lines\": \"4\"}}}");
    assertThat(failed(List.of("train", "--config=" + data))).contains("no setting lines", "rows");
    Path text = Files.writeString(folder.resolve("text.yaml"), "just words");
    assertThat(failed(List.of("train", "--config=" + text))).contains("Expected keys and values");
    Path broken = Files.writeString(folder.resolve("broken.json"), "{\"seed\": ");
    assertThat(failed(List.of("train", "--config=" + broken))).contains("broken.json");
    assertThat(failed(List.of("train", "--config=" + folder.resolve("none.yaml"))))
        .contains("none.yaml", "no such file");
  }

  @Test
  void shorthandsOfTheLineReachTheOptimiser() throws IOException {
    Path ftrl =
        trained(
            Cli.join(
                LR,
                List.of("--epochs=1", "--set=optimizer=ftrl", "--set=l1=0.5", "--set=rate=0.1")),
            "ftrl");
    JsonNode group = config(ftrl).at("/optimizer/groups/0");
    assertThat(group.at("/schedule/name").asString()).as("of the preset").isEqualTo("Constant");
    assertThat(group.at("/rule/name").asString()).isEqualTo("Ftrl");
    assertThat(group.at("/rule/l1").asDouble()).isEqualTo(0.5);
    assertThat(group.at("/penalty/l1").asDouble(-1)).as("not twice").isZero();
    Path proximal =
        trained(
            Cli.join(
                LR,
                List.of(
                    "--epochs=1",
                    "--set=optimizer=proximal",
                    "--set=l1=0.01",
                    "--set=l21=0.02",
                    "--set=rate=0.1")),
            "proximal");
    JsonNode pulled = config(proximal).at("/optimizer/groups/0");
    assertThat(pulled.at("/rule/name").asString()).isEqualTo("Proximal");
    assertThat(pulled.at("/rule/l1").asDouble()).isEqualTo(0.01);
    assertThat(pulled.at("/rule/l21").asDouble()).isEqualTo(0.02);
    assertThat(pulled.at("/penalty/l1").asDouble(-1)).as("not twice").isZero();
    assertThat(failed(Cli.join(LR, List.of("--set=l21=0.02"))))
        .contains("--set l21: Adam has none. Expected optimizer=proximal beside it.");
    Path sgd =
        trained(
            Cli.join(
                LR,
                List.of(
                    "--epochs=1",
                    "--set=optimizer=sgd",
                    "--set=momentum=0.9",
                    "--set=l2=0.01",
                    "--set=penaltyTables=all",
                    "--set=tableL2=0.5",
                    "--set=clipNorm=2",
                    "--set=patience=1")),
            "sgd");
    JsonNode c = config(sgd);
    assertThat(c.at("/optimizer/groups/0/rule/momentum").asDouble()).isEqualTo(0.9);
    JsonNode penalty = c.at("/optimizer/groups/0/penalty");
    assertThat(penalty.at("/tables").asString()).isEqualTo("ALL");
    assertThat(penalty.at("/l2").asDouble()).isEqualTo(0.01);
    assertThat(penalty.at("/tableL2").asDouble()).isEqualTo(0.5);
    assertThat(failed(Cli.join(LR, List.of("--set=optimizer=ftrl", "--set=tableL2=0.5"))))
        .contains("--set tableL2: Ftrl has one l2", "Expected l2");
    assertThat(failed(Cli.join(LR, List.of("--set=tableL2=-1")))).contains("tableL2 -1.0", "0");
    assertThat(c.at("/optimizer/clipNorm").asDouble()).isEqualTo(2);
    assertThat(c.at("/stopping/metric").asString()).isEqualTo("valid.auc");
    assertThat(c.at("/stopping/patience").asInt()).isEqualTo(1);
  }

  /// The file is the one that `docs/training.md` shows.
  @Test
  void stoppingIsSetBesideSeveralGroups() throws IOException {
    String page =
        Files.readString(Path.of(System.getProperty("gradus.root"), "docs", "training.md"));
    int start = page.indexOf("```yaml\n") + "```yaml\n".length();
    Path shown =
        Files.writeString(
            folder.resolve("shown.yaml"), page.substring(start, page.indexOf("```", start)));
    List<String> args =
        Cli.join(List.of("train", "--config=" + shown, "--epochs=1"), Cli.TINY_DATA);
    assertThat(failed(Cli.join(args, List.of("--set=rate=1")))).contains("2 groups", "patience");
    Path run =
        trained(Cli.join(args, List.of("--set=patience=1", "--set=metric=valid.logloss")), "run");
    JsonNode c = config(run);
    assertThat(c.at("/optimizer/groups").size()).isEqualTo(2);
    assertThat(c.at("/optimizer/groups/0/rule/name").asString()).isEqualTo("RowWiseAdagrad");
    assertThat(c.at("/optimizer/groups/1/schedule/name").asString()).isEqualTo("Exponential");
    assertThat(c.at("/optimizer/clipNorm").asDouble()).isEqualTo(10);
    assertThat(c.at("/stopping/metric").asString()).isEqualTo("valid.logloss");
    assertThat(c.at("/stopping/patience").asInt()).isEqualTo(1);
  }

  @Test
  void everyRunOfOneConfigurationEndsTheSameAndSeedsDiffer() throws IOException {
    List<String> args = Cli.join(LR, List.of("--epochs=1"));
    Path a = trained(args, "a");
    assertThat(sha(trained(Cli.join(args, List.of("--threads=3")), "b"))).isEqualTo(sha(a));
    assertThat(sha(trained(Cli.join(args, List.of("--seed=1")), "c"))).isNotEqualTo(sha(a));
  }

  @Test
  void aFolderThatHoldsARunIsNotOverwritten() throws IOException {
    Path run = trained(Cli.join(LR, List.of("--epochs=1")), "run");
    Map<String, String> before = Cli.contents(run);
    assertThat(failed(Cli.join(LR, List.of("--out=" + run)))).contains("holds a run already");
    assertThat(Cli.contents(run)).isEqualTo(before);
  }

  @Test
  void aRunThatIsAtWorkIsNotResumed() throws IOException {
    Path run = trained(Cli.join(LR, List.of("--epochs=1")), "run");
    try (FileChannel other =
        FileChannel.open(
            run.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      other.lock();
      assertThat(failed(List.of("train", "--resume=" + run)))
          .contains(run + " is in use: another process trains there")
          .doesNotContain("data:"); // known before any data are read
    }
    assertThat(cli.run("train", "--resume=" + run).code()).isZero();
    assertThat(run.resolve(".lock")).doesNotExist();
  }

  @Test
  void aRunGoesOnOnlyAsItWasBegun() throws IOException {
    Path run = trained(Cli.join(LR, List.of("--epochs=1")), "run");
    Map<String, String> before = Cli.contents(run);
    String resume = "--resume=" + run;
    assertThat(failed(List.of("train", resume, "--seed=5"))).contains("seed: 5, expected 0");
    assertThat(failed(List.of("train", resume, "--batch-size=5", "--epochs=3")))
        .contains("loop.batchSize: 5, expected 100")
        .contains("loop.epochs: 3, expected 1");
    assertThat(failed(List.of("train", resume, "--device=reference")))
        .contains("device: \"reference\", expected \"cpu\"", "the same kind of device")
        .contains("evaluate takes any device");
    for (String given :
        List.of("--model=fm", "--data=criteo", "--set=rate=1", "--out=x", "--init-from=x")) {
      assertThat(failed(List.of("train", resume, given))).contains("--resume: ");
    }
    assertThat(failed(List.of("train", "--resume=" + folder.resolve("no")))).contains("is no run");
    assertThat(Cli.contents(run)).isEqualTo(before);
    // a run that had ended is only reported again
    Result again = cli.run("train", resume, "--threads=1");
    assertThat(again.code()).as(again.all()).isZero();
    assertThat(again.err())
        .contains("the run had ended after step 6: reported again")
        .doesNotContain("baseline"); // it was begun without
    assertThat(again.out()).contains(Cli.metrics(run).path("parameters_sha256").asString());
  }

  /// A configuration may name a device that there is not: that of a run too, which then goes on where the kind is right.
  @Test
  void theDeviceOfAConfigurationIsLookedAt() throws IOException {
    Path run = trained(Cli.join(LR, List.of("--epochs=1")), "run");
    Path file = run.resolve("config.json");
    String named =
        Files.readString(file).replaceFirst("\"device\" *: *\"cpu\"", "\"device\": \"cpu:3\"");
    assertThat(named).contains("cpu:3");
    Files.writeString(file, named);
    String said = "device cpu:3: cpu has no numbers. Expected cpu.";
    assertThat(failed(List.of("train", "--config=" + file, "--out=" + folder.resolve("other"))))
        .contains(said);
    assertThat(failed(List.of("train", "--resume=" + run))).contains(said);
    assertThat(failed(List.of("evaluate", "--run=" + run))).contains(said);
    Result again = cli.run("train", "--resume=" + run, "--device=cpu");
    assertThat(again.code()).as(again.all()).isZero();
  }

  @Test
  void whatCannotBeginLeavesNoFolder() throws IOException {
    Path run = folder.resolve("run");
    List<String> lr = Cli.join(LR, List.of("--epochs=1", "--out=" + run));
    assertThat(failed(Cli.join(lr, List.of("--set=metric=valid.acu", "--set=patience=2"))))
        .contains("valid.acu is no metric. Did you mean valid.auc?");
    assertThat(failed(Cli.join(lr, List.of("--set=metric=valid.gauc"))))
        .contains("valid.gauc is undefined: the rows belong to no users");
    assertThat(failed(Cli.join(lr, List.of("--init-from=" + folder.resolve("none")))))
        .contains("none");
    assertThat(run).doesNotExist();
    assertThat(trained(Cli.join(LR, List.of("--epochs=1")), "run")).exists();
  }

  @Test
  void whatIsWrongInAFileIsSaidInItsOwnWords() throws IOException {
    for (var e :
        Map.of(
                "loop: {epochs: many}", "loop.epochs: \"many\". Expected a whole number.",
                "seed: 1.5", "seed: 1.5. Expected a whole number.",
                "stopping: 3", "stopping: 3. Expected keys and values.",
                "measure: {gauc: FOO}", "measure.gauc: \"FOO\". Expected one of: IMPRESSIONS,",
                "optimizer: {groups: [{rule: {name: Adam}, rate: x}]}",
                    "optimizer.groups[0].rate: \"x\". Expected a number.")
            .entrySet()) {
      Path file = Files.writeString(folder.resolve("wrong.yaml"), e.getKey());
      assertThat(failed(List.of("train", "--config=" + file)))
          .contains("wrong.yaml: " + e.getValue())
          .doesNotContain("org.gradus");
    }
  }

  @Test
  void parametersOfAnotherRunAreAStart() throws IOException {
    Path first = trained(Cli.join(LR, List.of("--epochs=2", "--set=rate=0.05")), "first");
    Path run = folder.resolve("second");
    List<String> fm =
        Cli.join(List.of("train", "--model=fm", "--epochs=1", "--batch-size=100"), Cli.TINY_DATA);
    Result r = cli.run(Cli.join(fm, List.of("--init-from=" + first, "--out=" + run)));
    // FM knows LR's weights under the same paths; its vectors are new
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.err()).containsPattern("loaded \\d+ tensors").contains("initial values: v/");
    assertThat(config(run).path("initFrom").asString()).isEqualTo(first.toString());
    assertThat(sha(run)).isNotEqualTo(sha(trained(fm, "cold")));
    assertThat(failed(Cli.join(LR, List.of("--init-from=" + folder.resolve("none")))))
        .contains("none");
  }

  @Test
  void generatedDataTakeNoPath() {
    assertThat(failed(Cli.join(LR, List.of("--path=" + folder))))
        .contains("criteo-synthetic is generated", folder.toString(), "--data");
  }
}
