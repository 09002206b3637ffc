// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradus.trainer.metrics.Metric;

/// Progress as plain lines, for logs and pipes: one per epoch, and one every ten seconds within.
public final class PlainProgress implements Listener {
  /// Parts of a loss that a line has no room for: then it says their sum, and the history says the rest.
  private static final int MANY = 8;

  private static final long PAUSE = 10_000_000_000L;

  /// Ends of the names of metrics that the line of an epoch has.
  private static final List<String> SHOWN = List.of("auc", "loss", "rmse", "exact_sequences");

  private final PrintWriter out;
  private int epoch;
  private long steps;
  private long done;
  private long lastLine = System.nanoTime();

  /// Lines go here.
  public PlainProgress(PrintStream out) {
    this(new PrintWriter(out, true, StandardCharsets.UTF_8));
  }

  /// Lines go here, and appear at once when the writer flushes itself.
  public PlainProgress(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void note(String line) {
    out.println(line);
  }

  @Override
  public void epochStarted(int number, int epochs, long ofEpoch, long before) {
    epoch = number;
    steps = ofEpoch;
    done = before;
    lastLine = System.nanoTime();
  }

  @Override
  public void stepDone(long step, int rows, Map<String, Double> parts) {
    done++;
    if (System.nanoTime() - lastLine > PAUSE) {
      lastLine = System.nanoTime();
      out.println("epoch " + epoch + "  step " + done + "/" + steps + "  " + describe(parts));
    }
  }

  @Override
  public void epochDone(EpochReport report) {
    out.println(describe(report));
  }

  static String describe(EpochReport report) {
    StringBuilder line = new StringBuilder("epoch ").append(report.epoch());
    line.append("  ").append(describe(report.losses()));
    for (Map.Entry<String, Metric> e : report.valid().metrics().entrySet()) {
      String name = e.getKey();
      if (Evaluation.isDetail(name, report.valid().metrics().keySet())) {
        continue;
      }
      if (SHOWN.stream().anyMatch(name::endsWith)) {
        Metric m = e.getValue();
        if (m.defined()) {
          line.append("  ").append(name).append(' ').append(number(m.value()));
        } else if (!name.endsWith("gauc")) {
          line.append("  ").append(name).append(' ').append(m);
        }
      }
    }
    return line.append(report.best() ? "  best so far" : "").toString();
  }

  static String describe(Map<String, Double> parts) {
    StringBuilder line = new StringBuilder();
    boolean many = parts.size() > MANY;
    parts.forEach(
        (name, value) -> {
          boolean shown = !many || name.equals("loss") || name.equals("penalty");
          if (shown && (value != 0 || !name.equals("penalty"))) {
            line.append(line.isEmpty() ? "" : "  ").append(name).append(' ').append(number(value));
          }
        });
    return line.toString();
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.5f", value);
  }
}
