// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The command line on machines with other GPUs and drivers, and on such as fail: processes of their own, with the simulated driver on
/// their library path.
class CudaCommandTest {
  private static final Path DRIVER =
      Path.of(
          Objects.requireNonNull(System.getProperty("gradus.root"), "gradus.root"),
          "cuda/target/cudasim");
  private static final List<String> LR =
      Cli.join(List.of("--epochs=1", "--batch-size=20"), Cli.TINY_DATA); // 30 steps

  /// A wait for the GPU within the thirty steps, each of which waits for its loss.
  private static final String LOST = "cuStreamSynchronize:20:700";

  @TempDir private Path folder;

  @BeforeEach
  void skipWithoutTheSimulatedDriver() {
    assumeThat(DRIVER.resolve("libcuda.so.1")).as("the simulated driver, as built").exists();
  }

  private Result run(List<String> args, String... environment) throws Exception {
    Map<String, String> all = new TreeMap<>(Map.of("LD_LIBRARY_PATH", DRIVER.toString()));
    for (String one : environment) {
      all.put(one.substring(0, one.indexOf('=')), one.substring(one.indexOf('=') + 1));
    }
    Path cache = Files.createDirectories(folder.resolve("cache"));
    return new Cli(cache).fork(List.of("-XX:TieredStopAtLevel=1"), args, all);
  }

  private static String config(Path run) throws IOException {
    return Files.readString(run.resolve("config.json"));
  }

  @Test
  void theNumberOfAGpuIsKept() throws Exception {
    Path run = folder.resolve("run");
    Result trained =
        run(
            Cli.join(List.of("train", "--model=lr", "--device=cuda:1", "--out=" + run), LR),
            "CUDASIM_DEVICES=2");
    assertThat(trained.code()).as(trained.all()).isZero();
    assertThat(trained.out()).contains("lr on criteo-synthetic (cuda:1)");
    assertThat(Cli.metrics(run).path("device").asString()).isEqualTo("cuda:1");
    assertThat(config(run)).containsPattern("\"device\" *: *\"cuda:1\"");

    String evaluate = "--run=" + run;
    String absent =
        "the NVIDIA driver finds one GPU, cuda:0. Usable here: auto, cuda, cpu, reference.";
    assertThat(run(List.of("evaluate", evaluate)).err()).contains("device cuda:1: " + absent);
    assertThat(run(List.of("evaluate", evaluate), "GRADUS_DEVICE=cuda:7").err())
        .contains("device cuda:7: " + absent);
    assertThat(run(List.of("evaluate", evaluate), "GRADUS_DEVICE=cuda:x").err())
        .contains("device cuda:x: \"x\" is no number of a device");

    String resume = "--resume=" + run;
    assertThat(run(List.of("train", resume, "--device=cpu")).err())
        .contains("device: \"cpu\", expected \"cuda:1\"", "the same kind of device");
    Result other = run(List.of("train", resume, "--device=cuda"));
    assertThat(other.code()).as(other.all()).isZero();
    assertThat(other.err()).contains("reported again");
  }

  @Test
  void aRunWhoseKernelFailsSaysHowToGoOn() throws Exception {
    Path run = folder.resolve("run");
    Result failed =
        run(
            Cli.join(List.of("train", "--model=lr", "--device=cuda", "--out=" + run), LR),
            "CUDASIM_FAIL=" + LOST);
    assertThat(failed.code()).as(failed.all()).isEqualTo(1);
    assertThat(failed.err())
        .contains(
            "gradus: cuda: could not wait for the GPU: CUDA_ERROR_ILLEGAL_ADDRESS in a kernel")
        .containsPattern("at the latest [a-z]+_[a-z_]+ with grid \\(\\d+, 1, 1\\) of blocks")
        .contains("The context is lost: open the device anew.")
        .contains("Go on with: ./gradus train --resume " + run)
        .doesNotContain("(GpuException", "\tat ");
    Result resumed = run(List.of("train", "--resume=" + run));
    assertThat(resumed.code()).as(resumed.all()).isZero();
    assertThat(Cli.metrics(run).path("device").asString()).isEqualTo("cuda:0");
  }

  @Test
  void aComparisonSaysWhichRunFailed() throws Exception {
    List<String> rows = LR.stream().filter(a -> !a.equals("--no-baselines")).toList();
    Result failed =
        run(
            Cli.join(
                List.of("compare", "--models=lr", "--seeds=1", "--speed=0", "--device=cuda"),
                List.of("--out=" + folder.resolve("out")),
                rows),
            "CUDASIM_FAIL=" + LOST,
            "CUDASIM_REPORT=" + folder.resolve("report"));
    assertThat(failed.code()).as(failed.all()).isEqualTo(1);
    nothingIsLeft(folder.resolve("report"));
    assertThat(failed.err())
        .contains(
            "compare: lr, seed 0: cuda: could not wait for the GPU: CUDA_ERROR_ILLEGAL_ADDRESS")
        .endsWith("Nothing was written.\n")
        .doesNotContain("\tat ");
  }

  /// Whatever fails, and when: the first call that did is what is said, and memory and context are given back. Tables are freed one
  /// by one before the device is.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "cuLaunchKernel:1:700 | could not launch kernel | CUDA_ERROR_ILLEGAL_ADDRESS",
        "cuLaunchKernel:400:701 | could not launch kernel | CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
        "cuMemcpyHtoDAsync_v2:20:700 | could not copy | CUDA_ERROR_ILLEGAL_ADDRESS",
        "cuMemAlloc_v2:30:2 | no memory for | MiB are free",
        "cuStreamSynchronize:5:999 | could not wait for the GPU | CUDA_ERROR_UNKNOWN",
      })
  void aFailureIsSaidAndNothingIsLeft(String failure, String said, String code) throws Exception {
    Path report = folder.resolve("report");
    Result failed =
        run(
            Cli.join(
                List.of("train", "--model=fm", "--device=cuda", "--out=" + folder.resolve("run")),
                LR),
            "CUDASIM_FAIL=" + failure,
            "CUDASIM_REPORT=" + report);
    assertThat(failed.code()).as(failed.all()).isEqualTo(1);
    assertThat(failed.err())
        .containsPattern("gradus: .*cuda: " + said)
        .contains(code)
        .doesNotContain("could not free", "(GpuException", "\tat ");
    nothingIsLeft(report);
  }

  private static void nothingIsLeft(Path report) throws IOException {
    assertThat(Files.readAllLines(report))
        .contains(
            "errors=0", "leaked=0", "live=0", "streams=0", "events=0", "pinned=0", "contexts=0");
  }

  /// The first GPU that is usable need not be the first: whoever asks for no number is told which it is.
  @Test
  void theFirstUsableGpuIsTaken() throws Exception {
    String[] machine = {"CUDASIM_DEVICES=2", "CUDASIM_CAPABILITY=6.1,9.0"};
    Result checked = run(List.of("gradcheck", "--model=lr", "--device=cuda"), machine);
    assertThat(checked.code()).as(checked.all()).isZero();
    assertThat(checked.out()).contains("gradcheck: passed on cuda:1, seed 1");
    Path run = folder.resolve("run");
    Result trained =
        run(Cli.join(List.of("train", "--model=lr", "--device=cuda", "--out=" + run), LR), machine);
    assertThat(trained.code()).as(trained.all()).isZero();
    assertThat(trained.err())
        .contains("device: cuda is cuda:1, products by our own kernel, float32: the first usable.");
    assertThat(config(run)).containsPattern("\"device\" *: *\"cuda:1\"");
    Result doctor = run(List.of("doctor"), machine);
    assertThat(doctor.out())
        .containsPattern("device auto +chooses cuda: cuda:1, simulated driver.* Not cuda:0: ");
  }

  /// What cannot be used is not chosen, whatever the reason; and a driver told to fail at what it does not know, or set to what cannot
  /// be, says so.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "CUDASIM_DRIVER=11.4 | compute capability 7.5, 1024 MiB, driver for CUDA 11.4. Expected"
            + " compute capability 7.5 or later, and a driver for CUDA 11.8 or later | Not cuda:"
            + " simulated",
        "CUDASIM_FAIL=cuInit:*:100 | could not start the NVIDIA driver: CUDA_ERROR_NO_DEVICE | Not"
            + " cuda:",
        "CUDASIM_FAIL=cuFoo:1:1 | no such function. Expected * for any, or one of cuCtxSetCurrent,"
            + " | cublasSgemm_v2",
        "CUDASIM_FAIL=cuInit:1:x | Expected function:call:code, such as cuMemAlloc_v2:3:2 | Not"
            + " cuda:",
        "CUDASIM_MEMORY=2 | CUDASIM_MEMORY: no such setting. Expected CUDASIM_ASYNC, | Not cuda:",
        "CUDASIM_DEVICES=two | CUDASIM_DEVICES=two. Expected a number from 0 to 8 | Not cuda:",
      })
  void whatDoesNotWorkIsNotChosen(String setting, String said, String also) throws Exception {
    Result doctor = run(List.of("doctor"), setting);
    assertThat(doctor.code()).as(doctor.all()).isZero();
    assertThat(doctor.all()).contains(said, also).doesNotContain("which is a bug");
    assertThat(doctor.out())
        .containsPattern("device cuda +not usable: ")
        .containsPattern("device auto +chooses cpu: ");
  }
}
