// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import org.gradus.tensor.Counter;

/// How the click rates of ids are learned.
///
/// ```
/// count(c)  = n(c)
/// rate(c)   = (clicks(c) − π n(c)) / (n(c) + s)      (GL-5)
/// rate_k(c) = the same, n and clicks being those of the rows outside fold k
/// ```
///
/// n(c) is how often id c occurs in the rows for the trees, clicks(c) how often with a click, and π the share of clicks in all
/// of these rows, for rate_k too. The rate is how far the clicks of an id are from the average, drawn towards it by s rows.
///
/// A rate in which a row's own click counts gives away some of the answer. Without folds, trees are therefore grown from rates
/// of the rows before each row, the ordered target statistics of Prokhorenkova et al. (2018),
/// [arXiv:1706.09516](https://arxiv.org/abs/1706.09516), here in stored order; weights meet the rates of all rows, in training
/// as later. With K folds, trees and weights both learn from the rates of the rows outside a row's fold. That is
/// cross-fitting, as in scikit-learn's
/// [TargetEncoder](https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.TargetEncoder.html), which takes
/// five. Many folds give the answer away again, as Prokhorenkova et al. (2018) say of leaving out one row: a model that knows
/// the id sees from the rate outside a small fold how much the fold itself was clicked.
///
/// @param smoothing s, at least 0; where s and n(c) are 0 the rate is 0
/// @param folds K, at least 2, or 0 for none
public record Rates(double smoothing, int folds) {
  /// Twenty rows draw a rate to the average; no folds.
  public static final Rates USUAL = new Rates(20, 0);

  /// A row at whose rates all rows count.
  static final int ALL = -1;

  private static final int PLAIN = 2; // rate, count

  /// Checks the ranges.
  public Rates {
    if (!(smoothing >= 0) || folds < 0 || folds == 1) {
      throw new IllegalArgumentException(
          "gbdt-lr: smoothing "
              + smoothing
              + ", folds "
              + folds
              + ". Expected at least 0, and 0 or at least 2 folds.");
    }
  }

  /// How many numbers are kept for an id: rate, count, and a rate for each fold.
  int width() {
    return PLAIN + folds;
  }

  /// Which of them is the rate for a row.
  ///
  /// @param fold of the row, or [#ALL]
  int column(int fold) {
    return fold == ALL ? 0 : PLAIN + fold;
  }

  /// The fold of a row with such values: rows that are alike in all of them, which tell of each other's clicks, share one.
  int fold(long values) {
    return (int) Counter.below(Counter.key(values, "fold"), 0, folds);
  }

  /// rate(c)
  ///
  /// @param average π
  float rate(double clicks, double n, double average) {
    double weight = n + smoothing;
    return weight == 0 ? 0 : (float) ((clicks - average * n) / weight); // (GL-5)
  }
}
