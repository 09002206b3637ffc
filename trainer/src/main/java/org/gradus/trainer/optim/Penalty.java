// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import org.jspecify.annotations.Nullable;

/// What is added to the loss for large weights: l1 · ‖θ‖₁ + l2 · ½‖θ‖₂².
///
/// Biases, scales and shifts of normalisation, moving statistics and padding rows are never penalised. The gradient
/// of |θ| at 0 is 0; exact zeros come from [Rule.Ftrl] and [Rule.Proximal], not from l1.
///
/// @param l1 λ₁; on tables with [Tables#ROWS] only
/// @param l2 λ₂, in front of ½‖θ‖²
/// @param tables which rows of tables it counts
/// @param tableL2 λ₂ of tables, where it is not that of the other parameters
public record Penalty(double l1, double l2, Tables tables, @Nullable Double tableL2) {
  /// None.
  public static final Penalty NONE = new Penalty(0, 0, Tables.ROWS);

  /// With the same λ₂ for tables and other parameters.
  public Penalty(double l1, double l2, Tables tables) {
    this(l1, l2, tables, null);
  }

  /// Which rows of a table a penalty counts.
  public enum Tables {
    /// each distinct row of the batch once
    ROWS,
    /// every row, in time proportional to the table
    ALL,
    /// each distinct row j of the batch with λ₂/nⱼ, nⱼ being how often it occurs in the training rows (Zhou et al.
    /// 2018, "mini-batch aware regularization")
    DIN,
    /// as [#DIN], nⱼ being how many batches so far held row j, this one among them: for streams that nobody counts beforehand
    DIN_RUNNING
  }

  /// Checks the ranges.
  public Penalty {
    if (!(l1 >= 0 && l2 >= 0 && (tableL2 == null || tableL2 >= 0))) {
      throw new IllegalArgumentException(
          "penalty: l1 "
              + l1
              + ", l2 "
              + l2
              + (tableL2 == null ? "" : ", tableL2 " + tableL2)
              + ". Expected numbers of at least 0.");
    }
  }

  /// λ₂ of tables.
  public double l2OfTables() {
    return tableL2 == null ? l2 : tableL2;
  }

  /// λ₂ alone.
  public static Penalty l2(double l2) {
    return new Penalty(0, l2, Tables.ROWS);
  }

  /// Whether there is none.
  public boolean none() {
    return l1 == 0 && l2 == 0 && l2OfTables() == 0;
  }
}
