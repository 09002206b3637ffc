// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.gradus.autograd.Var;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Where tokens differ most from each other: a start for learned proxies, which later move as any parameter does. The paper has no
/// learned proxies.
///
/// ```
/// Σ_k of (1/n) Σ_i (t_i − t̄)(t_i − t̄)ᵀ = Σ_k λ_k v_k v_kᵀ,  proxy k = √λ_k v_k  [or v_k]  [+ t̄]      (IN-23)
/// ```
///
/// The sign of v_k is such that its largest component is positive.
public final class PrincipalAxes {
  /// Below this λ a direction is rounding.
  private static final double NOTHING = 1e-12;

  /// Tokens that are kept of however many there are.
  private static final int SAMPLE = 4096;

  private final List<double[]> sample = new ArrayList<>();
  private final long seed;
  private long seen;

  /// What a user may set.
  ///
  /// @param unit whether proxies have length 1, not √λ_k
  /// @param addMean whether t̄ is added
  public record Start(boolean unit, boolean addMean) {}

  /// Axes of tokens to come.
  ///
  /// @param seed of the choice among many
  PrincipalAxes(long seed) {
    this.seed = seed;
  }

  /// How many tokens there were.
  long seen() {
    return seen;
  }

  /// Takes tokens into account, each as likely as the next (reservoir sampling).
  ///
  /// @param x `[B, n, d]`
  /// @param mask `[B, n]`, true at real tokens; null when all are
  void add(Var x, @Nullable Tensor mask) {
    double[] values = x.value().toDoubles();
    boolean[] real = mask == null ? null : mask.toBooleans();
    int d = x.size(2);
    for (int i = 0; i < values.length / d; i++) {
      if (real == null || real[i]) {
        add(Arrays.copyOfRange(values, i * d, (i + 1) * d));
      }
    }
  }

  private void add(double[] token) {
    if (sample.size() < SAMPLE) {
      sample.add(token);
    } else {
      long place = Counter.below(seed, seen, seen + 1);
      if (place < SAMPLE) {
        sample.set((int) place, token);
      }
    }
    seen++;
  }

  /// Proxies, row by row; what tokens say nothing about stays as it is: rows beyond their width, and directions in which they do not
  /// differ.
  ///
  /// @param given `[m, d]`
  double[] over(double[] given, int width, Start start) {
    double[] proxies = given.clone();
    if (sample.isEmpty()) {
      return proxies;
    }
    double[] mean = new double[width];
    for (double[] token : sample) {
      for (int c = 0; c < width; c++) {
        mean[c] += token[c] / sample.size();
      }
    }
    EigenDecomposition axes = new EigenDecomposition(covariance(mean));
    int rows = Math.min(given.length / width, width);
    for (int k = 0; k < rows; k++) {
      double lambda = axes.getRealEigenvalue(k); // falling
      if (lambda >= NOTHING) {
        double[] v = axes.getEigenvector(k).toArray();
        double factor = sign(v) * (start.unit ? 1 : Math.sqrt(lambda));
        for (int c = 0; c < width; c++) {
          proxies[k * width + c] = factor * v[c] + (start.addMean ? mean[c] : 0); // (IN-23)
        }
      }
    }
    return proxies;
  }

  private RealMatrix covariance(double[] mean) {
    int d = mean.length;
    double[][] sum = new double[d][d];
    for (double[] token : sample) {
      for (int i = 0; i < d; i++) {
        for (int j = 0; j <= i; j++) {
          sum[i][j] += (token[i] - mean[i]) * (token[j] - mean[j]) / sample.size();
          sum[j][i] = sum[i][j];
        }
      }
    }
    return MatrixUtils.createRealMatrix(sum);
  }

  private static double sign(double[] v) {
    double largest = 0;
    for (double x : v) {
      largest = Math.abs(x) > Math.abs(largest) ? x : largest;
    }
    return largest < 0 ? -1 : 1;
  }
}
