// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;

/// Ridge regression on the flattened window: every step of the horizon is a linear function of the target's past and of what is known
/// at the first step, fitted on training windows of all stations.
///
/// ```
/// W = (X̃ᵀX̃ / n + λ I)⁻¹ X̃ᵀỸ / n,   b = ȳ − x̄ W      X̃, Ỹ without their means
/// ```
public final class RidgeForecast implements Forecaster {
  private final double[][] weights; // W [D, p]
  private final double[] inputMeans;
  private final double[] outputMeans;

  private RidgeForecast(double[][] weights, double[] inputMeans, double[] outputMeans) {
    this.weights = weights;
    this.inputMeans = inputMeans;
    this.outputMeans = outputMeans;
  }

  /// Fits on training windows.
  ///
  /// @param lambda λ, above 0
  public static RidgeForecast fit(WindowExamples train, double lambda) {
    if (!(lambda > 0) || train.rows() == 0) {
      throw new IllegalArgumentException(
          "ridge: λ = " + lambda + ", " + train.rows() + " windows. Expected both above 0.");
    }
    int in = train.inputs(train.windows().getFirst()).length;
    int out = train.windowing().horizon();
    double[] inputMeans = new double[in];
    double[] outputMeans = new double[out];
    double share = 1.0 / train.rows();
    for (Window w : train.windows()) {
      add(inputMeans, train.inputs(w), share);
      add(outputMeans, train.outputs(w), share);
    }
    double[][] squares = new double[in][in];
    double[][] products = new double[in][out];
    for (Window w : train.windows()) {
      double[] x = train.inputs(w);
      double[] y = train.outputs(w);
      add(x, inputMeans, -1);
      add(y, outputMeans, -1);
      for (int i = 0; i < in; i++) {
        for (int j = 0; j <= i; j++) {
          squares[i][j] += share * x[i] * x[j];
        }
        add(products[i], y, share * x[i]);
      }
    }
    for (int i = 0; i < in; i++) {
      squares[i][i] += lambda;
      for (int j = 0; j < i; j++) {
        squares[j][i] = squares[i][j];
      }
    }
    RealMatrix solved =
        new CholeskyDecomposition(MatrixUtils.createRealMatrix(squares))
            .getSolver()
            .solve(MatrixUtils.createRealMatrix(products));
    return new RidgeForecast(solved.getData(), inputMeans, outputMeans);
  }

  private static void add(double[] to, double[] x, double factor) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * x[i];
    }
  }

  @Override
  public String label() {
    return "ridge on the window";
  }

  @Override
  public double[] forecast(WindowExamples examples, Window window) {
    double[] x = examples.inputs(window);
    double[] y = outputMeans.clone();
    for (int i = 0; i < x.length; i++) {
      add(y, weights[i], x[i] - inputMeans[i]);
    }
    for (int j = 0; j < y.length; j++) {
      y[j] = examples.unscaled(window, y[j]);
    }
    return y;
  }
}
