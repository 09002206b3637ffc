// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.gradus.tests.peers.PeerFork.Who;
import org.gradus.tests.peers.Turns.Times;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
  @TempDir private Path folder = Path.of("");

  private static Result result(String name, Who who, String side, double median) {
    return new Result(
        name, who, side, new Times(9, median, median, median), new Result.Speed(100, "samples/s"));
  }

  /// One step: we take 1 s in turn and `ours` alone, libtorch's better variant 2 s in turn and `torch` alone.
  private static List<Result> fork(double ours, double torch) {
    return List.of(
        result("deepfm step", Who.BOTH, Side.OURS, 1),
        result("deepfm step", Who.BOTH, "one table", 2),
        result("deepfm step", Who.BOTH, "26 tables", 4),
        result("deepfm step", Who.OURS, Side.OURS, ours),
        result("deepfm step", Who.TORCH, "one table", torch + 1),
        result("deepfm step", Who.TORCH, "26 tables", torch));
  }

  @Test
  void theSmallerOfTheMediansIsQuoted() {
    List<List<Result>> forks = List.of(fork(1, 1.5), fork(1, 1.25), fork(1, 9));
    assertThat(new Report(forks, List.of(), 2, List.of("deepfm")).markdown())
        // alone, libtorch's median over forks is 1.5 s: 67 samples/s
        .contains(
            "| **deepfm step** | 67 | 100 | samples/s | 2.00 | 2.00, 2.00, 2.00 | 1.50 | **1.50**"
                + " |");
    assertThat(new Report(List.of(fork(1, 3)), List.of(), 2, List.of("deepfm")).markdown())
        .contains("| **deepfm step** | 50 | 100 | samples/s | 2.00 | 2.00 | 3.00 | **2.00** |");
  }

  @Test
  void productsAreAveragedGeometrically() {
    List<Result> fork =
        List.of(
            result("gemm NN a", Who.BOTH, Side.OURS, 1),
            result("gemm NN a", Who.BOTH, "libtorch", 1),
            result("gemm NN a", Who.OURS, Side.OURS, 1),
            result("gemm NN a", Who.TORCH, "libtorch", 1),
            result("gemm NT a", Who.BOTH, Side.OURS, 1),
            result("gemm NT a", Who.BOTH, "libtorch", 4),
            result("gemm NT a", Who.OURS, Side.OURS, 1),
            result("gemm NT a", Who.TORCH, "libtorch", 4));
    assertThat(new Report(List.of(fork), List.of(), 2, List.of("gemm")).markdown())
        .contains("| **gemm, all 18** | 50 | 100 | samples/s | 2.00 | 2.00 | 2.00 | **2.00** |");
  }

  @Test
  void lossesShowTheFartherVariant() {
    String line = "din,5,0.500000000000000,0.500001000,a,0.500000000000002,0.5,b,0.5,0.500003";
    assertThat(new Report(List.of(), List.of(line), 2, List.of("din")).markdown())
        .contains("| din | 5 | 0.500000 | 2e-15 | 1e-06 | 3e-06 |");
  }

  @Test
  void aResultIsReadAsItWasWritten() {
    Result r = result("gemm NN 1×2×3", Who.BOTH, "libtorch", 0.125);
    assertThat(Result.parse(r.line())).isEqualTo(r);
  }

  @Test
  void theTableReplacesTheOneBetweenTheMarks() throws IOException {
    Path file = folder.resolve("page.md");
    Files.writeString(file, "a\n<!-- peers: begin -->\nold\n<!-- peers: end -->\nz\n");
    Report.replaceIn(file, "new\n");
    assertThat(file).hasContent("a\n<!-- peers: begin -->\nnew\n<!-- peers: end -->\nz\n");
    Files.writeString(file, "no marks");
    assertThatThrownBy(() -> Report.replaceIn(file, "new"))
        .hasMessageContaining("<!-- peers: begin -->");
  }
}
