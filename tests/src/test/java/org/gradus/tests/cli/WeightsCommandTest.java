// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightsCommandTest {
  private static final List<String> DATA =
      List.of(
          "--data=criteo-synthetic",
          "--set=data.rows=300",
          "--set=data.validRows=100",
          "--set=data.testRows=100");
  private static final List<String> MODEL =
      List.of("--model=deepfm", "--set=embeddingDim=2", "--set=hidden=4");

  @TempDir private Path folder;

  private Cli.Result run(List<String> first, String... more) {
    List<String> args = new ArrayList<>(first);
    args.addAll(List.of(more));
    return new Cli(folder.resolve("cache")).run(args);
  }

  private static List<String> with(List<String> first, List<String> second, List<String> third) {
    List<String> all = new ArrayList<>(first);
    all.addAll(second);
    all.addAll(third);
    return all;
  }

  private static String metrics(Cli.Result r) {
    assertThat(r.code()).as(r.all()).isZero();
    return r.out();
  }

  @Test
  void aModelThatIsFittedFirstHasAMapToo() {
    Cli.Result map =
        run(with(List.of("weights", "map"), List.of("--model=gbdt-lr", "--set=trees=3"), DATA));
    assertThat(metrics(map)).containsPattern("trees\\.nodes +trees/nodes");
  }

  @Test
  void whatIsExportedAndImportedPredictsTheSame() throws IOException {
    Path run = folder.resolve("run");
    Path file = folder.resolve("model.safetensors");
    Path map = folder.resolve("map");
    Path back = folder.resolve("back");
    Cli.Result trained =
        run(
            with(List.of("train"), MODEL, DATA),
            "--epochs=1",
            "--no-baselines",
            "--device=cpu",
            "--out=" + run);
    assertThat(trained.code()).as(trained.all()).isZero();
    Files.writeString(map, metrics(run(with(List.of("weights", "map"), MODEL, DATA))));
    assertThat(Files.readString(map)).contains("deep.0.weight", "transposed");

    Cli.Result exported = run(List.of("weights", "export"), "--run=" + run, "--out=" + file);
    assertThat(exported.code()).as(exported.all()).isZero();
    for (Path lost : List.of(run.resolve("model.safetensors"), map)) {
      byte[] kept = Files.readAllBytes(lost);
      Cli.Result refused =
          run(List.of("weights", "export"), "--run=" + run, "--map=" + map, "--out=" + lost);
      assertThat(refused.code()).isEqualTo(1);
      assertThat(refused.err()).contains("--out " + lost + " is ", "Expected another.");
      assertThat(Files.readAllBytes(lost)).isEqualTo(kept);
    }
    Cli.Result imported =
        run(
            with(List.of("weights", "import"), MODEL, DATA),
            "--from=" + file,
            "--map=" + map,
            "--device=cpu",
            "--out=" + back);
    assertThat(imported.code()).as(imported.all()).isZero();
    assertThat(metrics(run(List.of("evaluate"), "--run=" + back)))
        .isEqualTo(metrics(run(List.of("evaluate"), "--run=" + run)));
  }

  @Test
  void whatCannotBeImportedLeavesNothing() throws IOException {
    Path file = folder.resolve("model.safetensors");
    Files.write(file, new byte[] {2, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
    Path back = folder.resolve("back");
    Cli.Result r =
        run(with(List.of("weights", "import"), MODEL, DATA), "--from=" + file, "--out=" + back);
    assertThat(r.code()).isEqualTo(1);
    assertThat(r.err()).contains("deep.0.weight → deep/0/weight", "the file has no such tensor");
    assertThat(back).doesNotExist();

    Files.createDirectory(back);
    r = run(with(List.of("weights", "import"), MODEL, DATA), "--from=" + file, "--out=" + back);
    assertThat(r.err()).contains("is there already");
  }
}
