// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import java.util.Arrays;

/// The rules as plain loops over every number of one parameter, in the test's own arithmetic.
final class Oracle {
  final double[] w;
  private final double[] a;
  private final double[] b;
  private final int width;
  private final int shrunk;
  private final Rule rule;

  /// @param width numbers per row when the parameter is a table, otherwise 0
  /// @param shrunk numbers per row that a penalty inside the rule counts, or 0 for none
  Oracle(double[] w, int width, int shrunk, Rule rule, double rate) {
    this.shrunk = shrunk;
    this.w = w.clone();
    this.a = new double[w.length];
    this.b = new double[w.length];
    this.width = width;
    this.rule = rule;
    if (rule instanceof Rule.Adagrad r) {
      Arrays.fill(a, r.initial());
    } else if (rule instanceof Rule.RowWiseAdagrad r) {
      Arrays.fill(a, r.initial());
    } else if (rule instanceof Rule.Ftrl r) {
      for (int i = 0; i < w.length; i++) {
        // solve w = −(z − sign(z)λ₁) / (β/α + λ₂) for z
        double z = w[i] * (r.beta() / rate + r.l2());
        a[i] = w[i] == 0 ? 0 : -z - Math.signum(z) * r.l1();
      }
    }
  }

  /// Moves the numbers marked in `moves`.
  void step(double[] g, boolean[] moves, double rate, int t) {
    double[] squares = new double[w.length];
    for (int i = 0; i < w.length; i++) {
      squares[i] = g[i] * g[i];
    }
    if (rule instanceof Rule.RowWiseAdagrad && width > 0) {
      for (int row = 0; row < w.length / width; row++) {
        double mean = 0;
        for (int d = 0; d < width; d++) {
          mean += g[row * width + d] * g[row * width + d] / width;
        }
        Arrays.fill(squares, row * width, (row + 1) * width, mean);
      }
    }
    for (int i = 0; i < w.length; i++) {
      if (moves[i]) {
        move(i, g[i], squares[i], rate, t);
      }
    }
    if (rule instanceof Rule.Proximal r && shrunk > 0) {
      for (int row = 0; row < w.length / shrunk; row++) {
        if (moves[row * shrunk]) {
          shrink(row, rate * r.l1(), rate * r.l21());
        }
      }
    }
  }

  /// To where the row's distance and its penalties add up to least.
  private void shrink(int row, double l1, double l21) {
    double length = 0;
    for (int i = row * shrunk; i < (row + 1) * shrunk; i++) {
      w[i] = w[i] > l1 ? w[i] - l1 : w[i] < -l1 ? w[i] + l1 : 0;
      length += w[i] * w[i];
    }
    length = Math.sqrt(length);
    for (int i = row * shrunk; i < (row + 1) * shrunk; i++) {
      w[i] = length == 0 ? 0 : w[i] * Math.max(0, 1 - l21 / length);
    }
  }

  private void move(int i, double g, double square, double rate, int t) {
    switch (rule) {
      case Rule.Sgd r -> {
        a[i] = r.momentum() * a[i] + g;
        w[i] = w[i] - rate * (r.nesterov() ? g + r.momentum() * a[i] : a[i]);
      }
      case Rule.Proximal _ -> w[i] = w[i] - rate * g;
      case Rule.Adagrad r -> {
        a[i] += square;
        w[i] = w[i] - rate * g / (Math.sqrt(a[i]) + r.epsilon());
      }
      case Rule.RowWiseAdagrad r -> {
        a[i] += square;
        w[i] = w[i] - rate * g / (Math.sqrt(a[i]) + r.epsilon());
      }
      case Rule.Adam r -> {
        a[i] = r.beta1() * a[i] + (1 - r.beta1()) * g;
        b[i] = r.beta2() * b[i] + (1 - r.beta2()) * square;
        double mean = a[i] / (1 - StrictMath.pow(r.beta1(), t));
        double variance = b[i] / (1 - StrictMath.pow(r.beta2(), t));
        w[i] = w[i] - rate * mean / (Math.sqrt(variance) + r.epsilon());
      }
      case Rule.Ftrl r -> {
        double sigma = (Math.sqrt(b[i] + square) - Math.sqrt(b[i])) / rate;
        a[i] += g - sigma * w[i];
        b[i] += square;
        double z = a[i];
        double slope = (r.beta() + Math.sqrt(b[i])) / rate + r.l2();
        w[i] = Math.abs(z) <= r.l1() ? 0 : -(z > 0 ? z - r.l1() : z + r.l1()) / slope;
      }
    }
  }
}
