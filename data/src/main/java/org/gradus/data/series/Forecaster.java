// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

/// Something that says how a window goes on, from what came before it.
public interface Forecaster {
  /// What it is, in a few words.
  String label();

  /// The horizon of a window in the unit of the data; NaN where the past does not reach back far enough.
  double[] forecast(WindowExamples examples, Window window);
}
