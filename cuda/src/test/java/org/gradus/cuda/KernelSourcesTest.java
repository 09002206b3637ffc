// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.gradus.tensor.ElementwiseKernels.Binary;
import org.gradus.tensor.ElementwiseKernels.Compare;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The committed PTX is that of the sources, and Java calls what is in it.
class KernelSourcesTest {
  private static final Path MODULE =
      Path.of(Objects.requireNonNull(System.getProperty("gradus.root"), "gradus.root"), "cuda");
  private static final Path SOURCES = MODULE.resolve("src/main/cuda");
  private static final Path PTX = MODULE.resolve("src/main/resources/org/gradus/cuda");

  private static List<Path> files(Path folder, String... ends) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(f -> Arrays.stream(ends).anyMatch(end -> f.toString().endsWith(end)))
          .sorted(Comparator.comparing(f -> f.getFileName().toString()))
          .toList();
    }
  }

  /// All `.cu` and then all `.cuh`, as `build.sh` puts them together.
  @Test
  void theHashIsThatOfTheSources() throws IOException, NoSuchAlgorithmException {
    MessageDigest hash = MessageDigest.getInstance("SHA-256");
    for (String end : List.of(".cu", ".cuh")) {
      for (Path source : files(SOURCES, end)) {
        hash.update(Files.readAllBytes(source));
      }
    }
    assertThat(Files.readString(PTX.resolve("sources.sha256")).strip())
        .as("run cuda/src/main/cuda/build.sh after a change of a kernel")
        .isEqualTo(HexFormat.of().formatHex(hash.digest()));
  }

  @Test
  void kernelsAndTheirParametersAreThoseOfTheSources() throws IOException {
    Map<String, Integer> written = new TreeMap<>();
    Pattern kernel =
        Pattern.compile(
            "extern \"C\" __global__ void(?: __launch_bounds__\\(\\d+\\))?\\s+(\\w+)\\(([^)]*)\\)");
    for (Path source : files(SOURCES, ".cu")) {
      Matcher m = kernel.matcher(Files.readString(source));
      String family = source.getFileName().toString().replace(".cu", "");
      while (m.find()) {
        assertThat(m.group(1)).startsWith(family + "_");
        written.put(m.group(1), m.group(2).split(",").length);
      }
    }
    Map<String, Integer> compiled = new TreeMap<>();
    for (Path ptx : files(PTX, ".ptx")) {
      compiled.putAll(Module.parameters(Files.readString(ptx)));
    }
    assertThat(compiled).isEqualTo(written);
    assertThat(files(PTX, ".ptx")).hasSameSizeAs(files(SOURCES, ".cu"));
  }

  /// PTX ISA 7.8 came with CUDA 11.8 (NVIDIA, "PTX ISA", release history); what the kernels need is asked of the driver before it is
  /// given them.
  @Test
  void thePtxIsForTheDriversAndGpusThatAreAskedFor() throws IOException {
    assertThat(Module.DRIVER).isEqualTo(11_080);
    for (Path ptx : files(PTX, ".ptx")) {
      assertThat(Files.readString(ptx))
          .as("%s", ptx)
          .contains(".version 7.8\n")
          .contains(".target sm_" + Module.CAPABILITY + "\n");
    }
  }

  @Test
  void enumsStandInTheOrderOfThoseInJava() throws IOException {
    for (Class<? extends Enum<?>> type :
        List.of(Unary.class, Binary.class, Compare.class, Activation.class, Pooling.class)) {
      List<String> names = Arrays.stream(type.getEnumConstants()).map(Enum::name).toList();
      assertThat(names(type.getSimpleName())).as(type.getSimpleName()).isEqualTo(names);
    }
  }

  /// The names of an enum of the kernels; a trailing underscore keeps some of them apart.
  private static List<String> names(String type) throws IOException {
    Pattern body = Pattern.compile("enum " + type + " \\{([^}]*)}");
    for (Path source : files(SOURCES, ".cu")) {
      Matcher m = body.matcher(Files.readString(source));
      if (m.find()) {
        return Arrays.stream(m.group(1).split(","))
            .map(name -> name.strip().replaceAll("_$", ""))
            .toList();
      }
    }
    throw new AssertionError("no enum " + type + " in the kernels");
  }

  @Test
  void compilingAgainGivesTheSame(@TempDir Path folder) throws Exception {
    assumeThat(run("nvcc", "--version")).as("nvcc 13 is needed").contains("release 13.");
    assertThat(run("sh", SOURCES.resolve("build.sh").toString(), folder.toString()))
        .doesNotContain("error");
    for (Path file : files(PTX, ".ptx", ".sha256")) {
      assertThat(folder.resolve(file.getFileName())).hasSameTextualContentAs(file);
    }
  }

  /// Each compute capability that is named in the documentation and that this `ptxas` knows.
  @Test
  void everySupportedGpuTakesIt(@TempDir Path folder) throws Exception {
    String help = run("ptxas", "--help");
    assumeThat(help).as("ptxas is needed").contains("--gpu-name");
    List<String> capabilities =
        Stream.of("75", "80", "90", "100", "120").filter(c -> help.contains("sm_" + c)).toList();
    assertThat(capabilities).isNotEmpty();
    List<Path> all = files(PTX, ".ptx");
    capabilities.parallelStream()
        .forEach(
            capability -> {
              for (Path ptx : all) {
                Path cubin = folder.resolve(ptx.getFileName() + "." + capability);
                String said =
                    run("ptxas", "-arch=sm_" + capability, "-o", cubin.toString(), ptx.toString());
                assertThat(cubin)
                    .as("%s for sm_%s: %s", ptx.getFileName(), capability, said)
                    .exists();
              }
            });
  }

  /// What a command prints; empty where there is none.
  private static String run(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
      return said;
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
