// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.LinkedHashMap;
import java.util.Map;
import org.gradus.trainer.metrics.Metric;

/// How much each gate hears each of its experts, over the rows of a split:
///
/// ```
/// share_k = mean over rows of g_k
/// entropy = mean over rows of −Σ_k g_k ln g_k
/// ```
///
/// An entropy of ln E says that rows hear all E experts alike, one of 0 that each hears one. Shares that are far apart say that
/// experts are idle, whichever rows hear them.
final class GateUse {
  private final Map<String, Sums> gates = new LinkedHashMap<>();

  /// Sums of one gate.
  private static final class Sums {
    private final double[] shares;
    private double entropy;
    private long rows;

    Sums(int experts) {
      shares = new double[experts];
    }
  }

  /// Adds one row: the numbers from `from` on, one per expert.
  void add(String gate, double[] shares, int from, int experts) {
    Sums sums = gates.computeIfAbsent(gate, _ -> new Sums(experts));
    for (int k = 0; k < experts; k++) {
      double g = shares[from + k];
      sums.shares[k] += g;
      sums.entropy -= g > 0 ? g * StrictMath.log(g) : 0;
    }
    sums.rows++;
  }

  /// `valid.share.gate/click.0` and so on for each expert, and `valid.entropy.gate/click`, gate by gate.
  Map<String, Metric> metrics(String prefix) {
    Map<String, Metric> found = new LinkedHashMap<>();
    gates.forEach(
        (gate, sums) -> {
          for (int k = 0; k < sums.shares.length; k++) {
            found.put(prefix + ".share." + gate + "." + k, Metric.of(sums.shares[k] / sums.rows));
          }
          found.put(prefix + ".entropy." + gate, Metric.of(sums.entropy / sums.rows));
        });
    return found;
  }

  /// Whether a metric is one of a gate.
  static boolean isAbout(String metric) {
    return metric.contains(".share.") || metric.contains(".entropy.");
  }
}
