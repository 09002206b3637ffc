// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `gradus bench` on sizes that say nothing about speed.
class BenchCommandTest {
  private static final List<String> TINY = List.of("--batch=4", "--rows=20", "--seconds=0.02");

  @TempDir private Path folder = Path.of("");
  private Cli cli = new Cli(folder);

  @BeforeEach
  void cacheInTheFolder() {
    cli = new Cli(folder);
  }

  @Test
  void aWorkloadIsPrintedAndWritten() throws IOException {
    Path json = folder.resolve("bench.json");
    Result done =
        cli.run(
            Cli.join(List.of("bench", "dlrm", "--threads=1", "--json=" + json.toString()), TINY));
    assertThat(done.err()).isEmpty();
    assertThat(done.code()).isZero();
    assertThat(done.out())
        .startsWith("device cpu, 1 threads")
        .containsPattern("dlrm, batch 4: \\d+ samples/s, \\d+\\.\\d+ ms a step")
        .contains("data_wait", "lookup", "forward", "backward", "optimiser", "release")
        .contains("GFLOP/s", "GB/s", "bytes a step", "% of the time waiting")
        .contains("peaks: ", "% of the peak inside products");
    JsonNode all = JsonMapper.shared().readTree(Files.readString(json));
    assertThat(all.get("device").asString()).isEqualTo("cpu");
    assertThat(all.get("threads").asInt()).isEqualTo(1);
    for (String peak : List.of("gflops", "copy_gbps", "row_gbps")) {
      assertThat(all.get("peaks").get(peak).asDouble()).as(peak).isPositive();
    }
    JsonNode dlrm = all.get("workloads").get(0);
    assertThat(dlrm.get("workload").asString()).isEqualTo("dlrm");
    for (String number :
        List.of(
            "samples_per_second", "step_ms", "steps", "gflops", "gbps", "gflops_inside_products")) {
      assertThat(dlrm.get(number).asDouble()).as(number).isPositive();
    }
    assertThat(dlrm.get("allocated_bytes_per_step").asDouble()).isNotNegative();
    assertThat(dlrm.get("allocated_bytes_median_step").asDouble()).isNotNegative();
    assertThat(dlrm.get("phase_ms").propertyNames())
        .containsExactly("data_wait", "lookup", "forward", "backward", "optimiser", "release");
    JsonNode data = dlrm.get("prepared_data");
    assertThat(data.get("steps").asInt()).isPositive();
    assertThat(data.get("data_wait_share").asDouble()).isBetween(0.0, 1.0);
  }

  /// Steps count from the first on when they take ten times as long as they are measured; who reads the numbers is told.
  @Test
  void stepsThatAreNotWarmAreMarked() {
    List<String> gru = List.of("bench", "gru", "--batch=1", "--threads=1");
    String mark = "NOT WARM: --seconds is too short";
    assertThat(cli.run(Cli.join(gru, List.of("--seconds=1e-9"))).out())
        .containsPattern("ms a step \\(median of 1 after 1, " + mark + "\\)");
    // a hundred steps of one example take milliseconds, but the compiler longer
    assertThat(cli.run(Cli.join(gru, List.of("--seconds=0.1"))).out())
        .containsPattern("ms a step \\(median of \\d+ after \\d{3,}, " + mark + "\\)");
    assertThat(cli.run(Cli.join(gru, List.of("--seconds=0.5"))).out())
        .containsPattern("ms a step \\(median of \\d+ after \\d{3,}\\)")
        .doesNotContain(mark);
  }

  @Test
  void anyModelIsMeasuredWithItsOptions() {
    Result done = cli.run(Cli.join(List.of("bench", "--model=fm", "--set=embeddingDim=4"), TINY));
    assertThat(done.err()).isEmpty();
    assertThat(done.out()).contains("fm, batch 4: ");
  }

  /// Windows of series are not prepared, and sequences have no label: both are measured all the same.
  @ParameterizedTest
  @CsvSource({"lstm-forecast, false", "transformer, true"})
  void modelsWithoutLabelsAreMeasured(String model, boolean prepared) {
    Result done = cli.run(Cli.join(List.of("bench", "--model=" + model), TINY));
    assertThat(done.err()).isEmpty();
    assertThat(done.out())
        .contains(model + ", batch 4: ")
        .containsPattern("\\d+ for each of \\d+ operations");
    assertThat(done.out().contains("% of the time waiting")).isEqualTo(prepared);
  }

  @Test
  @Timeout(120)
  void aProcessThatIsToldToEndLeavesNoData() throws IOException, InterruptedException {
    Path temporary = Files.createDirectory(folder.resolve("temporary"));
    Path output = folder.resolve("bench");
    List<String> line = List.of("bench", "dlrm", "--batch=4", "--rows=20", "--seconds=60");
    Process process =
        Cli.start(cli.command(List.of("-Djava.io.tmpdir=" + temporary), line), output, Map.of());
    while (process.isAlive() && folders(temporary) == 0) {
      Thread.sleep(5);
    }
    assertThat(process.isAlive()).as("measuring").isTrue();
    process.destroy(); // SIGTERM
    Cli.await(process, output);
    assertThat(folders(temporary)).isZero();
  }

  private static long folders(Path temporary) throws IOException {
    try (Stream<Path> all = Files.list(temporary)) {
      return all.filter(path -> path.getFileName().toString().startsWith("gradus-bench")).count();
    }
  }

  @Test
  void dataForAWorkloadThatReadsNoneIsRefused() throws IOException {
    Path rows = Files.createFile(folder.resolve("some.rows"));
    Result done = cli.run("bench", "gru", "--data=" + rows);
    assertThat(done.code()).isEqualTo(1);
    assertThat(done.err()).contains("--data: gru reads no data");
  }

  /// What cannot be measured on the rows is refused before anything is measured.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dlrm --batch=61 | 60 rows make no batch of 61, the one of dlrm. Expected more rows",
        "deepfm dlrm | 60 rows make no batch of 2048, the one of deepfm",
        "dlrm din --batch=4 | no field of kind sequence, and so no history, which din is measured",
        "--model=dsin --batch=4 | no field of kind sessions, and so no history, which dsin is"
      })
  void rowsThatDoNotFitAreRefused(String workload, String message) {
    List<String> rows = List.of("--set=rows=60", "--set=validRows=1", "--set=testRows=1");
    String prepared = cli.run(Cli.join(List.of("data", "prepare"), rows)).out();
    String data = prepared.substring(prepared.indexOf("lie in ") + "lie in ".length()).strip();
    List<String> bench = List.of("bench", "--data=" + Path.of(data, "train.rows"), "--seconds=0.1");
    Result done = cli.run(Cli.join(bench, List.of(workload.split(" ", -1))));
    assertThat(done.code()).as(done.all()).isEqualTo(1);
    assertThat(done.err()).contains("train.rows: " + message);
    assertThat(done.out()).isEmpty();
  }

  /// Nobody writes to `/proc`, whatever the permissions say.
  @Test
  @EnabledOnOs(OS.LINUX)
  void aFolderThatTakesNoFileIsRefusedBeforeMeasuring() {
    Result done = cli.run("bench", "gru", "--seconds=0.1", "--json=/proc/x.json");
    assertThat(done.code()).as(done.all()).isEqualTo(1);
    assertThat(done.err())
        .contains("--json: cannot write /proc/x.json: nothing can be written to its folder");
    assertThat(done.out()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "bench resnet | no workload resnet. Expected deepfm, dlrm, din, gru, lstm or all",
        "bench deepfm --model=fm | --model fm beside deepfm. Expected one of them",
        "bench deepfm --set=embeddingDim=4 | Expected --model beside it",
        "bench --model=nothing | no such model",
        "bench DeepFM | no workload DeepFM. Did you mean deepfm? Expected deepfm, dlrm,",
        "bench deepfm --batch=2147483647 | --batch 2147483647. Expected at most",
        "bench gru --batch=10000000 | gru: batch 10000000. Expected 1 …",
        "bench deepfm --threads=1025 | --threads 1025. Expected at most 1024",
        "bench deepfm --json=nowhere/at/all.json | --json: cannot write nowhere/at/all.json",
        "bench deepfm --data=no.rows | --data no.rows: no file that can be read",
        "bench gru all | Expected all by itself"
      })
  void wrongUseIsTold(String line, String message) {
    Result done = cli.run(line.split(" ", -1));
    assertThat(done.code()).isEqualTo(1);
    assertThat(done.err()).contains(message);
  }
}
