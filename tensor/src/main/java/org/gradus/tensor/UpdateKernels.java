// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import org.jspecify.annotations.Nullable;

/// The arithmetic of optimisers, over dense buffers of n values and over rows of tables. The rules that choose
/// among them (schedules, bias corrections, penalties) live in `trainer`.
///
/// A row update moves the rows of a [RowGradient], which are distinct.
public interface UpdateKernels {
  /// w −= rate · g
  void sgd(Buffer w, Buffer g, double rate, int n);

  /// As [#sgd], on rows.
  void sgdRows(Table w, RowGradient g, double rate);

  /// v = momentum · v + g;  w −= rate · v (Nesterov: w −= rate · (g + momentum · v))
  void momentum(
      Buffer w, Buffer v, Buffer g, double rate, double momentum, boolean nesterov, int n);

  /// As [#momentum], on rows.
  void momentumRows(
      Table w, Table v, RowGradient g, double rate, double momentum, boolean nesterov);

  /// s += g²;  w −= rate · g / (√s + ε)  (Duchi, Hazan, Singer 2011)
  void adagrad(Buffer w, Buffer s, Buffer g, double rate, double epsilon, int n);

  /// As [#adagrad], on rows.
  void adagradRows(Table w, Table s, RowGradient g, double rate, double epsilon);

  /// s += mean of g² over the row, s `[rows, 1]`;  w −= rate · g / (√s + ε): one accumulator a row.
  void rowWiseAdagradRows(Table w, Table s, RowGradient g, double rate, double epsilon);

  /// m = β₁m + (1−β₁)g;  v = β₂v + (1−β₂)g²;  w −= rate · m·c₁ / (√(v·c₂) + ε)  (Kingma, Ba 2015), c the bias
  /// corrections 1/(1−βᵗ).
  void adam(Buffer w, Buffer m, Buffer v, Buffer g, Adam adam, int n);

  /// As [#adam], on the rows given; absent rows stay as they are.
  void adamRows(Table w, Table m, Table v, RowGradient g, Adam adam);

  /// As [#adam], on every row from `first`: absent rows have gradient `l2` · w, present ones theirs (which includes any
  /// penalty already). The rows of `g` rise.
  void adamAllRows(Table w, Table m, Table v, RowGradient g, Adam adam, double l2, int first);

  /// The numbers of one Adam step.
  ///
  /// @param rate learning rate η
  /// @param beta1 β₁
  /// @param beta2 β₂
  /// @param epsilon ε
  /// @param correction1 1/(1 − β₁ᵗ)
  /// @param correction2 1/(1 − β₂ᵗ)
  record Adam(
      double rate,
      double beta1,
      double beta2,
      double epsilon,
      double correction1,
      double correction2) {}

  /// FTRL-proximal (McMahan et al. 2013, algorithm 1): σ = (√(n+g²) − √n)/α;  z += g − σw;  n += g²;
  /// w = 0 where |z| ≤ λ₁, else −(z − sign(z)λ₁) / ((β + √n)/α + λ₂).
  void ftrl(Buffer w, Buffer z, Buffer s, Buffer g, Ftrl ftrl, int n);

  /// As [#ftrl], on rows.
  void ftrlRows(Table w, Table z, Table s, RowGradient g, Ftrl ftrl);

  /// The numbers of FTRL-proximal.
  ///
  /// @param alpha α, the learning rate
  /// @param beta β
  /// @param l1 λ₁
  /// @param l2 λ₂
  record Ftrl(double alpha, double beta, double l1, double l2) {}

  /// Each of the rows of w `[rows, width]` to where ½‖x − row‖² + l1‖x‖₁ + l21‖x‖₂ is least: every number towards 0 by l1, then
  /// the row as a whole by l21, both not beyond 0.
  ///
  /// ```
  /// u = sign(w) · max(|w| − l1, 0);   w = u · max(1 − l21 / ‖u‖₂, 0)
  /// ```
  void proximal(Buffer w, int rows, int width, double l1, double l21);

  /// As [#proximal], on the `count` rows given, which are distinct.
  void proximalRows(Table w, Buffer rows, int count, double l1, double l21);

  /// gradients += l2 · `scale[r]` · row r of those given; `scale` `[count]`, or null for 1. The gradient of
  /// ½ · l2 · scale · ‖row‖².
  void addRowPenalty(
      Buffer gradients, Table w, Buffer rows, @Nullable Buffer scale, int count, double l2);

  /// Σ of squares over the rows given, on the host; for reporting a penalty.
  double sumOfSquaresRows(Table w, Buffer rows, int count);

  /// Σ of squares over every row from `first`, on the host.
  double sumOfSquaresAll(Table w, int first);

  /// w −= factor · w, factor being rate · l2, on every row from `first` that is not among `rows` (which rise): plain SGD on a penalty over the
  /// whole table.
  void decayAbsentRows(Table w, Buffer rows, int count, double factor, int first);
}
