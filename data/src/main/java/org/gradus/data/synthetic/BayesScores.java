// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.synthetic;

import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.Map;

/// What the true probabilities score on a set of labels that was drawn from them: no model does better, but for luck.
///
/// @param auc of the true probabilities against the labels
/// @param expectedAuc the same with each label replaced by its probability: free of the luck of the draw
/// @param logLoss of the true probabilities against the labels
public record BayesScores(double auc, double expectedAuc, double logLoss) {
  /// The scores of probabilities against labels.
  public static BayesScores of(double[] probabilities, float[] labels) {
    if (probabilities.length != labels.length || labels.length == 0) {
      throw new IllegalArgumentException(
          "Bayes scores: "
              + probabilities.length
              + " probabilities, "
              + labels.length
              + " labels. Expected as many of both, and at least one.");
    }
    double[] positives = new double[labels.length];
    double loss = 0;
    for (int i = 0; i < labels.length; i++) {
      positives[i] = labels[i];
      loss -= StrictMath.log(labels[i] > 0 ? probabilities[i] : 1 - probabilities[i]);
    }
    return new BayesScores(
        auc(probabilities, positives), auc(probabilities, probabilities), loss / labels.length);
  }

  /// AUC of scores when row i is positive with weight wᵢ and negative with weight 1 − wᵢ: the share of
  /// (positive, negative) pairs, rows paired with themselves left out, in which the positive scores higher; ties count
  /// one half.
  private static double auc(double[] scores, double[] weights) {
    int[] order = new int[scores.length];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    IntArrays.quickSort(order, (i, j) -> Double.compare(scores[i], scores[j]));
    double below = 0; // weight of negatives with a lower score
    double won = 0;
    double positives = 0;
    double self = 0;
    for (int from = 0; from < order.length; ) {
      int to = from;
      double tiedPositives = 0;
      double tiedNegatives = 0;
      double tiedSelf = 0;
      while (to < order.length && scores[order[to]] == scores[order[from]]) {
        double w = weights[order[to++]];
        tiedPositives += w;
        tiedNegatives += 1 - w;
        tiedSelf += w * (1 - w);
      }
      won += tiedPositives * below + 0.5 * (tiedPositives * tiedNegatives - tiedSelf);
      below += tiedNegatives;
      positives += tiedPositives;
      self += tiedSelf;
      from = to;
    }
    return won / (positives * below - self);
  }

  /// The facts of a data set whose test split has these scores.
  public Map<String, Double> facts() {
    return Map.of("bayes_auc", auc, "bayes_auc_expected", expectedAuc, "bayes_logloss", logLoss);
  }
}
