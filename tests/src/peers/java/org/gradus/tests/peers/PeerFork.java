// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Scope;
import org.jspecify.annotations.Nullable;

/// One process: a group of cases, run by both sides in turn or by one alone; or the losses of a model.
final class PeerFork {
  /// The group of all products.
  static final String PRODUCTS = "gemm";

  /// The file that gets how many cores other processes used meanwhile.
  static final String OTHERS = "others.csv";

  /// Who runs in a process.
  enum Who {
    /// both, in turn
    BOTH,
    /// we alone
    OURS,
    /// libtorch alone
    TORCH,
    /// both, for their losses
    LOSSES
  }

  private static final int ROUNDS = 5;

  private final Who who;
  private final int threads;
  private final double seconds;

  private PeerFork(Who who, int threads, double seconds) {
    this.who = who;
    this.threads = threads;
    this.seconds = seconds;
  }

  /// Names of all groups.
  static List<String> groups() {
    List<String> names = new ArrayList<>(List.of(PRODUCTS));
    Steps.all().forEach(s -> names.add(s.name()));
    return names;
  }

  /// Runs one process of [Peers]: group, who, threads, seconds of each side, the file that gets the results.
  public static void main(String[] args) throws IOException {
    Neighbours neighbours = Neighbours.now();
    PeerFork fork =
        new PeerFork(Who.valueOf(args[1]), Integer.parseInt(args[2]), Double.parseDouble(args[3]));
    List<String> lines = fork.who == Who.LOSSES ? fork.losses(args[0]) : fork.times(args[0]);
    Files.write(Path.of(args[4]), lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    String others = String.format(Locale.ROOT, "%s %s,%.2f", args[0], args[1], neighbours.cores());
    Files.write(
        Path.of(args[4]).resolveSibling(OTHERS),
        List.of(others),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
    System.exit(0); // threads of OpenMP would keep the process
  }

  private static Steps steps(String group) {
    return Steps.all().stream().filter(s -> s.name().equals(group)).findFirst().orElseThrow();
  }

  private List<String> losses(String group) {
    Losses losses = Losses.of(steps(group), threads);
    List<String> lines = losses.lines(group);
    lines.forEach(System.out::println);
    System.out.println("distance of tables, of the way they went: " + losses.tables());
    losses.check(group);
    return lines;
  }

  private List<String> times(String group) {
    try (Device device = Device.open("cpu", DeviceOptions.defaults().withThreads(threads))) {
      if (group.equals(PRODUCTS)) {
        try (Scope scope = new Scope(device)) {
          // all our threads have worked before libtorch is loaded
          new Products(device, null).all(scope).forEach(c -> c.sides().getFirst().call().run());
        }
        try (Torch torch = torch();
            Scope scope = new Scope(device)) {
          List<String> lines = new ArrayList<>();
          new Products(device, torch).all(scope).forEach(c -> lines.addAll(run(c, 0.4, torch)));
          return lines;
        }
      }
      Steps steps = steps(group);
      try (Steps.Opened ours = steps.open(device)) {
        if (who != Who.TORCH) {
          ours.step().run();
        }
        try (Torch torch = torch()) {
          // a hundred steps and more: every kernel is compiled, the pool is full
          return run(steps.peerCase(ours, torch), Math.max(6, seconds), torch);
        }
      }
    }
  }

  private @Nullable Torch torch() {
    if (who == Who.OURS) {
      return null;
    }
    Torch torch = new Torch(threads);
    System.out.println(torch.describe());
    return torch;
  }

  private List<String> run(PeerCase c, double warmUp, @Nullable Torch torch) {
    List<Side> sides = c.sides().stream().filter(s -> who != Who.TORCH || s.torch()).toList();
    List<String> lines = new ArrayList<>();
    new Turns(warmUp, seconds, ROUNDS)
        .run(sides, torch)
        .forEach(
            (side, t) ->
                lines.add(
                    new Result(c.name(), who, side, t, new Result.Speed(c.amount(), c.unit()))
                        .line()));
    lines.forEach(System.out::println);
    return lines;
  }
}
