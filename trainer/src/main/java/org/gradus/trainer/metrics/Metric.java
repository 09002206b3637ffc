// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

/// A number, or the reason why there is none. An undefined metric is never reported as if it were a guess.
///
/// @param value the number; NaN when undefined
/// @param undefined why there is no number; empty when there is one
public record Metric(double value, String undefined) {
  /// A metric with a value.
  public static Metric of(double value) {
    return new Metric(value, "");
  }

  /// A metric without one.
  public static Metric undefined(String why) {
    return new Metric(Double.NaN, why);
  }

  /// Whether there is a number.
  public boolean defined() {
    return undefined.isEmpty();
  }

  @Override
  public String toString() {
    return defined() ? Double.toString(value) : "undefined (" + undefined + ")";
  }
}
