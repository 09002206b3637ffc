// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Help, exit codes, messages, and the commands that train nothing.
class CommandLineTest {
  @TempDir private Path folder;
  private Cli cli = new Cli(Path.of(""));

  @BeforeEach
  void emptyCache() throws IOException {
    cli = new Cli(Files.createDirectory(folder.resolve("cache")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train",
        "compare",
        "evaluate",
        "predict",
        "translate",
        "gradcheck",
        "explain",
        "weights",
        "bench",
        "models",
        "data",
        "doctor"
      })
  void everyCommandHasHelp(String command) {
    Result help = cli.run(command, "--help");
    assertThat(help.code()).isZero();
    assertThat(help.err()).isEmpty();
    assertThat(help.out())
        .startsWith("Usage: gradus " + command)
        .contains("--help")
        .contains("--verbose")
        // names of options and paths, not of what picocli calls them when nobody does
        .doesNotContain("<set>")
        .doesNotContain("$$");
    assertThat(cli.run().out()).contains(command);
    assertThat(cli.run("generate-completion").out()).contains(command);
  }

  /// Every option that scripts may rely on, with a text beside it.
  @ParameterizedTest
  @CsvSource({
    "train, model data path device config set on-bad-row epochs steps-per-epoch batch-size seed"
        + " threads checkpoint-every out resume init-from",
    "compare, models data path device set on-bad-row seeds epochs batch-size threads out",
    "explain, model run row out device data path schema rows set json",
    "weights map, model data path device set",
    "weights export, run out map device",
    "weights import, model from map out data path device set",
    "evaluate, run device data path",
    "predict, run in out device",
    "gradcheck, model device seed json",
    "bench, model set device threads batch rows seconds data json",
    "models, json",
    "data generate, data set seed rows out",
    "data prepare, data path set seed on-bad-row",
    "data describe, data path set seed on-bad-row top",
    "doctor, verbose"
  })
  void everyOptionIsExplained(String command, String options) {
    String help = cli.run(Cli.join(List.of(command.split(" ", -1)), List.of("--help"))).out();
    for (String option : options.split(" ", -1)) {
      assertThat(help).containsPattern("\n +--" + option + "(=\\S+)?\\s+\\w");
    }
  }

  @Test
  void aKeyIsSetOnce() {
    assertThat(failed("train", "--set=data.rows=600", "--set=rate=1", "--set=data.rows=500"))
        .contains("--set data.rows: given twice, as 600 and as 500. Expected each key once");
    assertThat(failed("train", "--model=fm", "--set=rate=0.1", "--set=rate=0.1"))
        .contains("--set rate: given twice");
    assertThat(failed("data", "prepare", "--set=rows=600", "--set=data.rows=500"))
        .contains("--set rows: given twice, as 600 and as 500");
    Result option = cli.run("train", "--seed=1", "--seed=2");
    assertThat(option.code()).isEqualTo(2);
    assertThat(option.err()).contains("'--seed' (N) should be specified only once");
  }

  @Test
  void theListOfCommandsComesWithoutArguments() {
    Result shown = cli.run();
    assertThat(shown.code()).isZero();
    assertThat(shown.out()).isEqualTo(cli.run("--help").out()).contains("Exit codes: 0 success");
    assertThat(cli.run("--version").out()).startsWith("gradus ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nothing",
        "train --epoch-count 3",
        "train --epochs three",
        "train --epochs 0",
        "train --batch-size -1",
        "train --threads 0",
        "train --steps-per-epoch -1",
        "train --checkpoint-every -1",
        "compare --models lr --seeds 0",
        "compare --models ,",
        "compare --models lr,,fm",
        "data generate --rows 0 --out x",
        "data describe --top -1",
        "explain --model lr --schema x --rows 1",
        "bench --batch 0",
        "bench --rows 1",
        "bench --seconds 0",
        "bench --seconds NaN",
        "bench --seconds Infinity",
        "train --set rows",
        "evaluate",
        "predict --run x --in y",
        "gradcheck --seed x",
        "doctor now"
      })
  void wrongUsageIsTwoAndShowsTheWayOut(String line) {
    Result wrong = cli.run(line.split(" ", -1));
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.out()).isEmpty();
    assertThat(wrong.err())
        .containsPattern("Usage: gradus|Did you mean: |Possible solutions: ")
        .doesNotContain("\tat ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "NaN", "abc", "-1"})
  void numbersThatAreNoneAreToldInWords(String seconds) {
    Result wrong = cli.run("bench", "--seconds", seconds);
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err())
        .contains("\"" + seconds + "\". Expected a number of seconds, more than 0")
        .doesNotContain("Exception");
  }

  @Test
  void errorsAreOneMessageAndAStackTraceOnlyWhenAskedFor() {
    Result error = cli.run("train", "--model", "transformer9000");
    assertThat(error.code()).isEqualTo(1);
    assertThat(error.out()).isEmpty();
    assertThat(error.err().lines()).hasSize(1);
    assertThat(error.err())
        .contains("model transformer9000: no such model")
        .contains(String.join(", ", Models.all().stream().map(ModelSpec::name).toList()));
    for (List<String> verbose :
        List.of(
            List.of("--verbose", "train", "--model", "transformer9000"),
            List.of("train", "--model", "transformer9000", "--verbose"))) {
      assertThat(cli.run(verbose).err())
          .startsWith(error.err().strip())
          .contains("\tat org.gradus.models.Models.get");
    }
  }

  @Test
  void namesThatAreNearlyRightAreGuessed() {
    assertThat(failed("train", "--model", "deepmf")).contains("Did you mean deepfm?");
    assertThat(failed("train", "--data", "ml100k")).contains("Did you mean ml-100k?");
    assertThat(failed("train", "--set", "embedingDim=3")).contains("Did you mean embeddingDim?");
    assertThat(failed("train", "--set", "data.row=3")).contains("Did you mean data.rows?");
    assertThat(failed("train", "--set", "cuda.gem=own")).contains("Did you mean cuda.gemm?");
  }

  @Test
  void aResultThatCouldNotBeWrittenIsNoReasonToWork() throws IOException {
    Path none = folder.resolve("none").resolve("x.json");
    for (String command : List.of("gradcheck --model lr", "bench --model lr")) {
      Result r = cli.run((command + " --json " + none).split(" ", -1));
      assertThat(r.code()).isEqualTo(1);
      assertThat(r.out()).isEmpty();
      assertThat(r.err()).contains("--json: cannot write " + none + ": its folder is not there");
    }
    assertThat(failed("gradcheck", "--model=lr", "--json=" + folder)).contains("it is a folder");
    Path file = Files.writeString(folder.resolve("file"), "precious");
    assertThat(failed("compare", "--models=lr", "--out=" + file)).contains("is no folder");
    assertThat(Files.readString(file)).isEqualTo("precious");
  }

  @Test
  void unknownNamesAreNamedBesideWhatThereIs() {
    assertThat(failed("train", "--data", "netflix"))
        .contains("data netflix: no such data set", "criteo-synthetic", "ml-100k", "ml-1m");
    assertThat(failed("train", "--device", "tpu"))
        .contains("device tpu: no such device", "auto", "cpu", "reference");
    assertThat(failed("gradcheck", "--model", "mlp")).contains("model mlp: no such model");
    assertThat(failed("gradcheck", "--device", "tpu")).contains("device tpu");
    assertThat(failed("train", "--device", "cuda"))
        .contains("device cuda: ", "Usable here: auto, cpu, reference.")
        .doesNotContain("generating"); // before any work
  }

  @Test
  void aNumberOfADeviceIsNotPassedOver() {
    assertThat(failed("train", "--device", "cuda:x"))
        .contains(
            "device cuda:x: \"x\" is no number of a device. Expected cuda, or cuda:0, cuda:1");
    assertThat(failed("gradcheck", "--device", "cuda:"))
        .contains("device cuda:: \"\" is no number");
    assertThat(failed("train", "--device", "cpu:3"))
        .contains("device cpu:3: cpu has no numbers. Expected cpu.");
    assertThat(failed("bench", "--device", "reference:0"))
        .contains("device reference:0: reference has no numbers. Expected reference.");
  }

  @Test
  void unknownSettingsAreAllListed() {
    assertThat(
            failed(
                "train",
                "--model=fm",
                "--set=embedingDim=4",
                "--set=learningRate=1",
                "--set=data.row=5",
                "--set=rate=0.1"))
        .contains("unknown embedingDim, learningRate, data.row.")
        .contains("embeddingDim", "data.rows", "optimizer");
  }

  @Test
  void settingsThatWouldBeIgnoredAreRefused() {
    assertThat(failed("train", "--set=momentum=0.9")).contains("momentum", "optimizer=sgd");
    assertThat(failed("train", "--set=optimizer=adamw")).contains("adamw", "row-wise-adagrad");
    assertThat(failed("train", "--set=patience=2.5")).contains("patience=2.5", "whole number");
    assertThat(failed("train", "--set=rate=fast")).contains("rate=fast", "number");
    assertThat(failed("train", "--set=rate=-1")).contains("rate -1");
    assertThat(failed("train", "--set=penaltyTables=some")).contains("ROWS, ALL, DIN");
    assertThat(failed("train", "--set=embeddingDim=two"))
        .contains("embeddingDim=two", "whole number");
    assertThat(failed("train", "--set=data.rows=-5")).contains("rows", "at least 1");
    assertThat(failed("train", "--device=cpu", "--set=cuda.gemm=auto"))
        .contains("--set cuda.gemm: a setting of cuda, and the device is cpu.")
        .contains("Expected --device cuda beside it.");
  }

  private String failed(String... args) {
    Result r = cli.run(args);
    assertThat(r.code()).as(r.all()).isEqualTo(1);
    assertThat(r.out()).isEmpty();
    assertThat(r.err()).doesNotContain("\tat ");
    assertThat(cli.cache()).as("nothing was prepared").isEmptyDirectory();
    return r.err();
  }

  @Test
  void modelsAreListedForPeopleAndForPrograms() {
    String text = cli.run("models").out();
    Result json = cli.run("models", "--json");
    assertThat(json.code()).isZero();
    JsonNode models = JsonMapper.shared().readTree(json.out());
    assertThat(models).hasSizeGreaterThanOrEqualTo(4);
    for (JsonNode m : models) {
      assertThat(text).contains(m.path("name").asString(), m.path("title").asString());
      assertThat(m.path("year").asInt()).isBetween(1950, 2030);
      assertThat(m.path("venue").asString()).isNotEmpty();
      assertThat(m.path("url").asString()).startsWith("https://");
      for (JsonNode option : m.path("options")) {
        assertThat(option.propertyNames())
            .containsExactly("name", "type", "default", "choices", "description");
        assertThat(text).contains(option.path("name").asString());
      }
    }
  }

  @Test
  void gradcheckPrintsATableAndWritesItAsJson() throws IOException {
    Path file = folder.resolve("check.json");
    Result r = cli.run("gradcheck", "--model=lr", "--seed=7", "--json=" + file);
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.out()).contains("verdict", "PASS", "gradcheck: passed on reference, seed 7");
    JsonNode json = JsonMapper.shared().readTree(Files.readString(file));
    assertThat(json.path("passed").asBoolean()).isTrue();
    assertThat(json.path("device").asString()).isEqualTo("reference");
    assertThat(json.path("seed").asInt()).isEqualTo(7);
    JsonNode rows = json.path("models").path("lr");
    assertThat(rows).isNotEmpty();
    for (JsonNode row : rows) {
      assertThat(r.out()).contains(row.path("tensor").asString());
      assertThat(row.path("difference").asDouble())
          .isLessThanOrEqualTo(row.path("allowed").asDouble());
    }
    Result cpu = cli.run("gradcheck", "--model=lr", "--device=cpu");
    assertThat(cpu.code()).as(cpu.all()).isZero();
    assertThat(cpu.out()).contains("passed on cpu, seed 1");
    Result unwritable = cli.run("gradcheck", "--model=lr", "--json=" + file + "/below");
    assertThat(unwritable.code()).isEqualTo(1);
    assertThat(unwritable.err()).contains("below: its folder is not there");
  }

  @Test
  void doctorShowsWhatIsThere() {
    Result r = cli.run("doctor");
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.out())
        .contains(
            "java ",
            Runtime.version().toString(),
            "cores",
            "heap",
            "jdk.incubator.vector is there",
            "bits",
            "device cpu",
            "device reference",
            "device cuda",
            "cuBLAS",
            "--set cuda.gemm: own (default)",
            "device auto");
  }

  /// The variable is read in a process of its own: this one's environment cannot be changed.
  @Test
  void theEnvironmentChoosesTheDevice() throws IOException, InterruptedException {
    List<String> train =
        Cli.join(
            List.of("train", "--model=lr", "--epochs=1", "--steps-per-epoch=1"), Cli.TINY_DATA);
    Path run = folder.resolve("run");
    Result r =
        cli.fork(
            List.of("-XX:TieredStopAtLevel=1"),
            Cli.join(train, List.of("--out=" + run)),
            Map.of("GRADUS_DEVICE", "reference"));
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(Cli.metrics(run).path("device").asString()).isEqualTo("reference");
    assertThat(r.err()).doesNotContain("device:"); // auto did not choose
    // what is typed counts more
    Path other = folder.resolve("other");
    Result typed =
        cli.fork(
            List.of("-XX:TieredStopAtLevel=1"),
            Cli.join(train, List.of("--out=" + other, "--device=cpu")),
            Map.of("GRADUS_DEVICE", "tpu", "GRADUS_CACHE", "ignored"));
    assertThat(typed.code()).as(typed.all()).isZero();
    assertThat(Cli.metrics(other).path("device").asString()).isEqualTo("cpu");
  }

  @Test
  void doctorLooksAtTheDeviceOfTheEnvironment() throws IOException, InterruptedException {
    List<String> fast = List.of("-XX:TieredStopAtLevel=1");
    Result wrong = cli.fork(fast, List.of("doctor"), Map.of("GRADUS_DEVICE", "tpu"));
    assertThat(wrong.code()).isEqualTo(1);
    assertThat(wrong.err()).contains("GRADUS_DEVICE=tpu: device tpu: no such device");
    Result empty = cli.fork(fast, List.of("doctor"), Map.of("GRADUS_DEVICE", ""));
    assertThat(empty.code()).as(empty.all()).isZero();
    assertThat(empty.out()).containsPattern("GRADUS_DEVICE +not set");
  }
}
