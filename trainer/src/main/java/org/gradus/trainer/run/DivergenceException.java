// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Device;
import org.gradus.trainer.loss.Objective;
import org.jspecify.annotations.Nullable;

/// Training produced a number that is NaN or infinite. The message names the step, the part of the loss, and the first
/// tensor that holds such a number.
public final class DivergenceException extends RuntimeException {
  private static final int CHUNK = 1 << 14;

  /// With a message for the user.
  DivergenceException(String message) {
    super(message);
  }

  /// Passes when every part of a loss is finite.
  static void check(long step, Objective.Loss loss, Tape tape, Params params) {
    String bad = null;
    for (Map.Entry<String, Var> part : loss.parts().entrySet()) {
      double value = part.getValue().value().item();
      if (bad == null && !Double.isFinite(value)) {
        bad = "loss part " + part.getKey() + " is " + value;
      }
    }
    if (bad == null && Double.isFinite(loss.total().value().item())) {
      return;
    }
    String where = inParameters(params);
    if (where == null) {
      where = inGradients(tape.backward(loss.total()), params);
    }
    throw new DivergenceException(
        "step "
            + step
            + ": "
            + (bad == null ? "the sum of the loss is not finite" : bad)
            + ". The first tensor that is not finite: "
            + (where == null
                ? "none among parameters and gradients, so the loss overflowed or an input is not"
                    + " finite"
                : where)
            + ". Try a smaller rate or a bound on the gradient's norm, and check the data.");
  }

  /// Passes when every parameter is finite.
  static void check(long step, Params params) {
    String where = inParameters(params);
    if (where != null) {
      throw new DivergenceException(
          "step "
              + step
              + ": not saved, for "
              + where
              + " is not finite. The checkpoint before is unchanged; try a smaller rate or a bound"
              + " on the gradient's norm.");
    }
  }

  private static @Nullable String inParameters(Params params) {
    for (Parameter p : params.all()) {
      long at =
          switch (p) {
            case DenseParameter d ->
                first(params.device(), d.value().buffer(), d.value().elements());
            case TableParameter t -> first(t);
          };
      if (at >= 0) {
        return "parameter " + p + " at place " + at;
      }
    }
    return null;
  }

  private static long first(Device device, org.gradus.tensor.Buffer values, int n) {
    return device.kernels().reduce().firstNonFinite(values, n);
  }

  private static long first(TableParameter t) {
    int width = t.table().width();
    int step = Math.max(1, CHUNK / width);
    for (int row = 0; row < t.table().rows(); row += step) {
      double[] values = new double[Math.min(step, t.table().rows() - row) * width];
      t.table().read(row, values);
      for (int i = 0; i < values.length; i++) {
        if (!Double.isFinite(values[i])) {
          return (long) row * width + i;
        }
      }
    }
    return -1;
  }

  private static @Nullable String inGradients(Gradients gradients, Params params) {
    for (Parameter p : params.all()) {
      Gradient g = gradients.of(p);
      long at =
          switch (g) {
            case null -> -1;
            case Gradient.Dense(var values) ->
                first(params.device(), values.buffer(), values.elements());
            case Gradient.Rows rows ->
                first(
                    params.device(),
                    rows.values().buffer(),
                    rows.count() * rows.values().shape().size(1));
          };
      if (at >= 0) {
        return "gradient of " + p + " at place " + at;
      }
    }
    return null;
  }
}
