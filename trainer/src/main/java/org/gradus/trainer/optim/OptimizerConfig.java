// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import java.util.List;

/// How all parameters of a model are trained.
///
/// @param groups the first whose pattern matches a parameter trains it; each must match one
/// @param clipNorm the largest norm that the gradient of all parameters together may have; 0 for no bound. Taken after
///     duplicate rows are merged, penalties included
/// @param maxDenseRows tables with more rows are not trained as if they were dense
public record OptimizerConfig(List<Group> groups, double clipNorm, long maxDenseRows) {
  /// What `maxDenseRows` is unless set. A starting point: at width 16, a step of Adam over so many rows moves 384 MB.
  public static final long MAX_DENSE_ROWS = 1_000_000;

  /// Checks the ranges.
  public OptimizerConfig {
    groups = List.copyOf(groups);
    if (groups.isEmpty()) {
      throw new IllegalArgumentException("optimiser: no group. Expected at least one.");
    }
    if (!(clipNorm >= 0)) {
      throw new IllegalArgumentException(
          "optimiser: clipNorm " + clipNorm + ". Expected a number above 0, or 0 for no clipping.");
    }
  }

  /// These groups, without clipping.
  public static OptimizerConfig of(Group... groups) {
    return new OptimizerConfig(List.of(groups), 0, MAX_DENSE_ROWS);
  }

  /// The same with a bound on the norm.
  public OptimizerConfig clippedTo(double norm) {
    return new OptimizerConfig(groups, norm, maxDenseRows);
  }

  /// The same with another bound on tables.
  public OptimizerConfig withMaxDenseRows(long rows) {
    return new OptimizerConfig(groups, clipNorm, rows);
  }
}
