// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.gradus.autograd.Var;

/// ℓ(v, y) of a predicted value, example by example, with e = v − y.
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "name")
public sealed interface ValueLoss {
  /// ℓ of values and targets of one shape.
  Var of(Var v, Var y);

  /// ½e²: half of what others call the squared error, and least at the mean.
  record Squared() implements ValueLoss {
    @Override
    public Var of(Var v, Var y) {
      return v.subtract(y).square().multiply(0.5);
    }
  }

  /// |e|, least at the median.
  record Absolute() implements ValueLoss {
    @Override
    public Var of(Var v, Var y) {
      return v.subtract(y).abs();
    }
  }

  /// ½e² up to |e| = δ, and from there on straight: δ(|e| − ½δ) (Huber 1964).
  ///
  /// @param delta δ
  record Huber(double delta) implements ValueLoss {
    /// Checks the range.
    public Huber {
      if (!(delta > 0 && delta < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "loss: Huber with delta " + delta + ". Expected a number above 0.");
      }
    }

    @Override
    public Var of(Var v, Var y) {
      Var e = v.subtract(y);
      Var inner = e.clip(-delta, delta);
      return inner.multiply(e.subtract(inner.multiply(0.5)));
    }
  }

  /// τ(y − v) where v is too small, (1 − τ)(v − y) where it is too large: least at the quantile τ.
  ///
  /// @param level τ
  record Pinball(double level) implements ValueLoss {
    /// Checks the range.
    public Pinball {
      if (!(level > 0 && level < 1)) {
        throw new IllegalArgumentException(
            "loss: pinball with level " + level + ". Expected a number between 0 and 1.");
      }
    }

    @Override
    public Var of(Var v, Var y) {
      Var missing = y.subtract(v);
      return missing.multiply(level).max(missing.multiply(level - 1));
    }
  }
}
