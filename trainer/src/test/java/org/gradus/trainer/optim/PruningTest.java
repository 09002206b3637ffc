// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;

class PruningTest {
  @Test
  void theSmallestWeightsStayAtZero() {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      DenseParameter w = params.weight("w", Shape.of(2, 3), Initializers.zeros());
      DenseParameter bias = params.bias("b", Shape.of(2));
      w.write(3, -1, .5, -.25, 2, -4);
      bias.write(.1, .2);
      Pruning pruning = new Pruning(params, "*", 0.5);
      assertThat(pruning.count()).isEqualTo(3);
      assertThat(w.value().toDoubles()).containsExactly(3, 0, 0, 0, 2, -4);
      assertThat(bias.value().toDoubles()).containsExactly(.1, .2);
      Group sgd = Group.all(Rule.Sgd.PLAIN, 1);
      try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(sgd));
          Tape tape = Tape.recording(device)) {
        double[] ones = {1, 1, 1, 1, 1, 1};
        optimizer.step(Given.gradients(tape, Map.of(w, ones), Map.of()), 1);
      }
      assertThat(w.value().toDoubles()).containsExactly(2, -1, -1, -1, 1, -5);
      pruning.apply();
      assertThat(w.value().toDoubles()).containsExactly(2, 0, 0, 0, 1, -5);
      assertThatThrownBy(() -> new Pruning(params, "b", 0.5))
          .hasMessageContaining("no dense weight");
      assertThatThrownBy(() -> new Pruning(params, "w", 2)).hasMessageContaining("a share of 2.0");
    }
  }
}
