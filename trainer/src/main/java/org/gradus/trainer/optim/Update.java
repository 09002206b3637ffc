// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import java.util.SortedMap;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Parameter;
import org.gradus.tensor.Scope;
import org.gradus.trainer.store.Stored;
import org.jspecify.annotations.Nullable;

/// One parameter, the numbers kept beside it, and the three parts of its step: take the gradient and add the penalty's;
/// measure and perhaps scale it; move.
sealed interface Update extends AutoCloseable permits DenseUpdate, TableUpdate {
  Parameter parameter();

  Group group();

  /// Takes this step's gradient, null for zero, and adds the penalty's.
  ///
  /// @param scope owns what is made on the way, until the step ends
  /// @return the penalty's value at the weights as they are
  double take(@Nullable Gradient gradient, Scope scope);

  /// Σ g² of what was taken, penalty included.
  double squaredNorm();

  /// Multiplies what was taken.
  void scale(double factor);

  /// Place of the first number of the gradient that is NaN or infinite, or −1.
  int firstNonFinite();

  /// Moves the weights, and forgets the gradient.
  void move(double rate, long step);

  /// Adds the numbers kept beside the parameter, as `path@name`.
  void collect(SortedMap<String, Stored> state);

  @Override
  void close();

  /// 1/(1 − βᵗ)
  static double correction(double beta, long step) {
    return 1 / (1 - StrictMath.pow(beta, (double) step));
  }

  /// z that gives an initial weight back under FTRL while no gradient was seen.
  static double ftrlStart(double w, double alpha, Rule.Ftrl ftrl) {
    return w == 0 ? 0 : -(w * (ftrl.beta() / alpha + ftrl.l2()) + Math.signum(w) * ftrl.l1());
  }
}
