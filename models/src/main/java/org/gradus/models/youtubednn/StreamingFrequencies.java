// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import java.util.Set;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.tensor.Shape;

/// How often each item is a label, estimated while training goes on: algorithm 2 of Yi et al., "Sampling-Bias-Corrected Neural
/// Modeling for Large Corpus Item Recommendations", RecSys 2019, [doi:10.1145/3298689.3346996](https://doi.org/10.1145/3298689.3346996).
///
/// ```
/// B_j ← (1 − α) B_j + α (t − A_j),  A_j ← t     at step t, for every item j among the labels     (SF-1)
/// p_j = 1/B_j                                                                                  (SF-2)
/// ```
///
/// A_j is the last step with item j, B_j the estimated number of steps from one to the next. It begins with t when j comes for the first
/// time: that is how long it took. There is one entry for each item, so that no two share one by a hash, as they may in the paper.
///
/// A, B and t are saved with the parameters. Only training that updates statistics changes them; a step costs O(C).
final class StreamingFrequencies {
  private final double rate; // α
  private final DenseParameter last; // A [C], 0 before the first time
  private final DenseParameter interval; // B [C]
  private final DenseParameter steps; // t []

  /// `last`, `interval` and `steps` under `params`.
  StreamingFrequencies(double rate, int classes, Params params) {
    this.rate = rate;
    last = params.state("last", Shape.of(classes), 0);
    interval = params.state("interval", Shape.of(classes), 0);
    steps = params.state("steps", Shape.scalar(), 0);
  }

  /// Of all three.
  Set<String> paths() {
    return Set.of(last.path(), interval.path(), steps.path());
  }

  /// ln p of each label, after the batch was seen; 0 for no class.
  ///
  /// @param classes of the labels, negative where there is none
  double[] logP(int[] classes, Mode mode) {
    double[] a = last.value().toDoubles();
    double[] b = interval.value().toDoubles();
    double t = steps.value().item();
    if (mode.updatesStatistics()) {
      t++;
      for (int j : classes) {
        if (j >= 0 && a[j] < t) { // once in a batch
          b[j] = a[j] == 0 ? t : (1 - rate) * b[j] + rate * (t - a[j]); // (SF-1)
          a[j] = t;
        }
      }
      last.write(a);
      interval.write(b);
      steps.write(new double[] {t});
    }
    double[] logP = new double[classes.length];
    for (int i = 0; i < logP.length; i++) {
      int j = classes[i];
      // An item that never came is one that comes now.
      double waited = j < 0 ? 1 : a[j] == 0 ? t + 1 : b[j];
      logP[i] = -StrictMath.log(waited); // (SF-2)
    }
    return logP;
  }
}
