// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import org.gradus.tensor.UpdateKernels;
import org.jspecify.annotations.Nullable;

/// The numbers of a step of Adam: made once for all parameters that share rule, rate and step. An optimiser has one object.
final class AdamNumbers {
  private Rule.@Nullable Adam rule;
  private long step;
  private UpdateKernels.@Nullable Adam last;

  UpdateKernels.Adam of(Rule.Adam adam, double rate, long t) {
    UpdateKernels.Adam known = last;
    if (known != null && adam.equals(rule) && known.rate() == rate && step == t) {
      return known;
    }
    UpdateKernels.Adam made =
        new UpdateKernels.Adam(
            rate,
            adam.beta1(),
            adam.beta2(),
            adam.epsilon(),
            Update.correction(adam.beta1(), t),
            Update.correction(adam.beta2(), t));
    rule = adam;
    step = t;
    last = made;
    return made;
  }
}
