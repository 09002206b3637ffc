// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.time.Instant;
import org.gradus.data.series.Window;
import org.gradus.data.series.WindowExamples;
import org.gradus.trainer.run.Evaluator;
import org.gradus.trainer.run.ForecastEvaluation;

/// Forecasts as a table in the unit of the data, a line per station and predicted time:
///
/// ```
/// station,time,step,power
/// north,2018-01-08T00:00:00Z,1,0.0312
/// ```
///
/// `step` counts from the last value that the window sees, so that forecasts of one time by several windows can be told apart;
/// the column is left out where each time has one.
final class ForecastLines {
  private final WindowExamples rows;
  private final boolean steps;
  private long count;

  /// Forecasts of these windows.
  ///
  /// @param steps whether there is a column for the step
  ForecastLines(WindowExamples rows, boolean steps) {
    this.rows = rows;
    this.steps = steps;
  }

  /// Lines behind the first.
  long count() {
    return count;
  }

  void write(Evaluator evaluator, Writer w) throws IOException {
    w.write("station,time," + (steps ? "step," : "") + quoted(rows.panel().target()) + "\n");
    ForecastEvaluation.forecasts(rows, evaluator, (window, forecast) -> lines(w, window, forecast));
  }

  private void lines(Writer w, Window window, double[] forecast) {
    String station = rows.panel().stations().get(window.station()).name();
    long[] times = rows.predictedTimes(window);
    try {
      for (int j = 0; j < forecast.length; j++) {
        String step = steps ? rows.windowing().gap() + j + 1 + "," : "";
        Instant time = Instant.ofEpochSecond(times[j]);
        w.write(quoted(station) + "," + time + "," + step + forecast[j] + "\n");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    count += forecast.length;
  }

  private static String quoted(String cell) {
    boolean plain = cell.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return plain ? cell : "\"" + cell.replace("\"", "\"\"") + "\"";
  }
}
