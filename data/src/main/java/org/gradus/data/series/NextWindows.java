// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.nio.file.Path;

/// An encoder of series that makes windows for what a file does not hold yet.
public interface NextWindows {
  /// One window for each station: it sees the last values of the file and predicts what comes behind them. Labels are NaN, for nobody
  /// knows them. A station whose last values are too few, or miss one, has no window.
  WindowExamples next(Path file);
}
