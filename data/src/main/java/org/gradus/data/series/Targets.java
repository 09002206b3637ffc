// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

/// A part of the time that windows belong to: those that predict it.
///
/// @param from seconds; the first time that is predicted
/// @param to seconds; the first that is not
/// @param history whether windows may see what came before `from`. It was known when the forecast was made, so that the first hours
/// of a part can be predicted; without it they cannot
public record Targets(long from, long to, boolean history) {
  /// Every time before this one.
  public static Targets before(long to) {
    return new Targets(Long.MIN_VALUE, to, true);
  }

  /// Every time from this one on.
  public static Targets since(long from) {
    return new Targets(from, Long.MAX_VALUE, true);
  }

  /// The same times, predicted from themselves only.
  public Targets withoutHistory() {
    return new Targets(from, to, false);
  }

  /// The same without the last steps: what is predicted there lies so close to the next part that it says much about it.
  ///
  /// @param steps how many
  /// @param step seconds each
  public Targets purged(int steps, long step) {
    return new Targets(from, to - steps * step, history);
  }
}
