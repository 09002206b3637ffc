// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Formatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.trainer.run.Lines;
import org.gradus.trainer.store.AtomicFiles;

/// What INFNet costs, as tables and a picture: time as behaviours grow, beside attention of every token to every token; time and memory
/// of checkpoints; accuracy in eight bits.
///
/// ```
/// mvn -Pbench verify -DskipTests -Dbench.main=org.gradus.tests.bench.InfnetBenchmark -Dbench=target/infnet
/// ```
///
/// Sides take turns, so that whatever slows the machine down for a while slows them all. A time is the fastest of seven rounds, each the
/// median of some calls; a ratio is the median over rounds of the ratio within a round. One thread, so that other cores may be busy.
public final class InfnetBenchmark {
  private static final int[] STEPS = {32, 64, 128, 256, 512, 1024};
  private static final int[] BLOCKS = {2, 4, 8};
  private static final int ROUNDS = 7;

  private final Formatter text = new Formatter(Locale.ROOT);
  private final Path folder;

  private InfnetBenchmark(Path folder) {
    this.folder = folder;
  }

  /// Measures.
  ///
  /// @param args the folder to write into
  public static void main(String[] args) throws IOException {
    if (args.length != 1 || args[0].equals(".*")) {
      throw new IllegalArgumentException("infnet benchmark: expected -Dbench=FOLDER to write to.");
    }
    Path folder = Files.createDirectories(Path.of(args[0]).toAbsolutePath());
    InfnetBenchmark benchmark = new InfnetBenchmark(folder);
    benchmark.cost();
    benchmark.checkpoints();
    benchmark.eightBits();
    AtomicFiles.write(folder.resolve("infnet.md"), benchmark.text.toString());
    System.out.print(benchmark.text);
    System.out.println("written to " + folder);
  }

  // Time

  private void cost() throws IOException {
    Map<String, List<double[]>> rounds = new LinkedHashMap<>(); // side → round → seconds by size
    for (InfnetStep.Side side : InfnetStep.Side.values()) {
      rounds.put(side.name(), new ArrayList<>());
    }
    try (Device device = device()) {
      List<InfnetStep> sizes = new ArrayList<>();
      for (int steps : STEPS) {
        sizes.add(new InfnetStep(device, steps, 2));
      }
      for (int round = -1; round < ROUNDS; round++) { // the first warms up
        for (InfnetStep.Side side : InfnetStep.Side.values()) {
          double[] seconds = new double[STEPS.length];
          for (int i = 0; i < STEPS.length; i++) {
            InfnetStep step = sizes.get(i);
            seconds[i] = Series.seconds(() -> step.run(side));
          }
          if (round >= 0) {
            present(rounds, side).add(seconds);
          }
        }
      }
      sizes.forEach(InfnetStep::close);
    }
    double[] tokens = new double[STEPS.length];
    for (int i = 0; i < STEPS.length; i++) {
      tokens[i] = InfnetStep.tokens(STEPS[i]);
    }
    double[] proxies = Series.fastest(present(rounds, InfnetStep.Side.PROXIES));
    double[] full = Series.fastest(present(rounds, InfnetStep.Side.FULL_ATTENTION));
    text.format(
        "| Steps | Tokens | Pairs, INFNet | Pairs, full | INFNet, ms | full, ms | full / INFNet"
            + " |%n");
    text.format("| --- | --- | --- | --- | --- | --- | --- |%n");
    double[] ratios =
        Series.ratios(
            present(rounds, InfnetStep.Side.FULL_ATTENTION),
            present(rounds, InfnetStep.Side.PROXIES));
    for (int i = 0; i < STEPS.length; i++) {
      text.format(
          "| %d | %.0f | %d | %.0f | %.2f | %.2f | %.2f |%n",
          STEPS[i],
          tokens[i],
          InfnetStep.pairs(STEPS[i]),
          tokens[i] * tokens[i],
          1e3 * proxies[i],
          1e3 * full[i],
          ratios[i]);
    }
    text.format("%n");
    text.format("| | INFNet | full attention |%n");
    text.format("| --- | --- | --- |%n");
    for (int i = 1; i < STEPS.length; i++) {
      text.format(
          "| exponent from %.0f to %.0f tokens | %.2f | %.2f |%n",
          tokens[i - 1],
          tokens[i],
          Series.exponent(tokens, proxies, i - 1, i),
          Series.exponent(tokens, full, i - 1, i));
    }
    int last = STEPS.length - 1;
    text.format(
        "| over all | %.2f | %.2f |%n",
        Series.exponent(tokens, proxies, 0, last), Series.exponent(tokens, full, 0, last));
    Series.Fit line = Series.Fit.of(tokens, proxies);
    Series.Fit other = Series.Fit.of(tokens, full);
    text.format(
        "| t = a + b N: a in ms, b in µs | %.2f, %.2f | %.2f, %.2f |%n",
        1e3 * line.a(), 1e6 * line.b(), 1e3 * other.a(), 1e6 * other.b());
    text.format(
        "| largest distance of a time from that line | %.0f %% | %.0f %% |%n",
        100 * line.worst(), 100 * other.worst());
    text.format("%n");
    SequencedMap<String, double[][]> curves = new LinkedHashMap<>();
    curves.put("INFNet", new double[][] {tokens, milliseconds(proxies)});
    curves.put("a + b N", new double[][] {tokens, milliseconds(line.at(tokens))});
    curves.put("full attention", new double[][] {tokens, milliseconds(full)});
    Lines.write(
        folder.resolve("infnet-cost.png"),
        "A step of two blocks, forward and backward",
        "tokens of an example",
        "ms",
        curves);
  }

  private static double[] milliseconds(double[] seconds) {
    double[] ms = new double[seconds.length];
    for (int i = 0; i < ms.length; i++) {
      ms[i] = 1e3 * seconds[i];
    }
    return ms;
  }

  private static List<double[]> present(Map<String, List<double[]>> rounds, InfnetStep.Side side) {
    return rounds.computeIfAbsent(side.name(), _ -> new ArrayList<>());
  }

  private static Device device() {
    return Device.open("cpu", DeviceOptions.defaults().withThreads(1));
  }

  // Checkpoints

  private void checkpoints() {
    text.format(
        "| Blocks | kept, MiB | with checkpoints | | most, MiB | with checkpoints | | time |%n");
    text.format("| --- | --- | --- | --- | --- | --- | --- | --- |%n");
    for (int blocks : BLOCKS) {
      long[] plain = memory(blocks, InfnetStep.Side.PROXIES);
      long[] saving = memory(blocks, InfnetStep.Side.CHECKPOINTED);
      List<double[]> ours = new ArrayList<>();
      List<double[]> theirs = new ArrayList<>();
      try (Device device = device();
          InfnetStep step = new InfnetStep(device, 256, blocks)) {
        for (int round = -1; round < ROUNDS; round++) {
          double saved = Series.seconds(() -> step.run(InfnetStep.Side.CHECKPOINTED));
          double once = Series.seconds(() -> step.run(InfnetStep.Side.PROXIES));
          if (round >= 0) {
            ours.add(new double[] {saved});
            theirs.add(new double[] {once});
          }
        }
      }
      text.format(
          "| %d | %.1f | %.1f | %.2f | %.1f | %.1f | %.2f | %.2f |%n",
          blocks,
          mib(plain[0]),
          mib(saving[0]),
          (double) saving[0] / plain[0],
          mib(plain[1]),
          mib(saving[1]),
          (double) saving[1] / plain[1],
          Series.ratios(ours, theirs)[0]);
    }
    text.format("%n");
  }

  private static double mib(long bytes) {
    return bytes / (double) (1 << 20);
  }

  /// Bytes beside parameters and batch: those that a forward pass keeps for the way back, and the most at any time of a step.
  private static long[] memory(int blocks, InfnetStep.Side side) {
    try (Device device = device();
        InfnetStep step = new InfnetStep(device, 256, blocks)) {
      long before = device.memory().live();
      long kept = step.run(side) - before;
      return new long[] {kept, device.memory().peak() - before};
    }
  }

  // Eight bits

  private void eightBits() throws IOException {
    text.format("| Label | AUC | in eight bits | | largest difference of a probability | mean |%n");
    text.format("| --- | --- | --- | --- | --- | --- |%n");
    for (InfnetEightBits.Loss loss : InfnetEightBits.measure(folder)) {
      text.format(
          "| `%s` | %.5f | %.5f | %+.5f | %.5f | %.6f |%n",
          loss.label(),
          loss.auc(),
          loss.rounded(),
          loss.rounded() - loss.auc(),
          loss.largest(),
          loss.mean());
    }
  }
}
