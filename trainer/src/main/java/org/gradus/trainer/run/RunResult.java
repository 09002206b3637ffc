// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How a run ended.
///
/// @param folder where everything lies
/// @param interrupted whether it was asked to stop; then it can be resumed, and there are no metrics
/// @param epochs passes begun
/// @param steps made
/// @param metrics content of `metrics.json`: numbers, words, and null for what is undefined
public record RunResult(
    Path folder,
    boolean interrupted,
    int epochs,
    long steps,
    Map<String, @Nullable Object> metrics) {
  /// Copies the map, in order; it may hold nulls.
  public RunResult {
    metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
  }
}
