// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/// Progress as a bar that renews itself, for a terminal.
public final class BarProgress implements Listener, AutoCloseable {
  private final PrintWriter out;
  private @Nullable ProgressBar bar;

  /// Lines between the bars go to `out`; the bar itself to standard error.
  public BarProgress(PrintWriter out) {
    this.out = out;
  }

  /// A bar when standard output is a terminal, otherwise plain lines.
  @SuppressWarnings("SystemConsoleNull") // it is null again since JDK 25 where there is no terminal
  public static Listener forConsole(PrintWriter out) {
    return System.console() != null && System.console().isTerminal()
        ? new BarProgress(out)
        : new PlainProgress(out);
  }

  @Override
  public void note(String line) {
    out.println(line);
  }

  @Override
  public void epochStarted(int epoch, int epochs, long steps, long done) {
    close();
    bar =
        new ProgressBarBuilder()
            .setTaskName("epoch " + epoch + "/" + epochs)
            .setInitialMax(steps)
            .startsFrom(done, java.time.Duration.ZERO)
            .setStyle(ProgressBarStyle.UNICODE_BLOCK)
            .setUpdateIntervalMillis(200)
            .build();
  }

  @Override
  public void stepDone(long step, int rows, Map<String, Double> parts) {
    if (bar != null) {
      bar.setExtraMessage(
          String.format(Locale.ROOT, "loss %.5f", parts.getOrDefault("loss", Double.NaN)));
      bar.step();
    }
  }

  @Override
  public void epochDone(EpochReport report) {
    close();
    out.println(PlainProgress.describe(report));
  }

  /// Ends the bar, if there is one.
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
