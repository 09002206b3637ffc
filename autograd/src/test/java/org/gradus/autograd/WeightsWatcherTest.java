// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// Who watches is told, with the numbers as they are; who does not costs nothing.
class WeightsWatcherTest {
  private static final Shape SHAPE = Shape.of(1, 2);

  private static Var mix(Var x, Tensor mask, Mode mode) {
    Var w = x.softmax(mask);
    mode.watch("attention/viewed", List.of("viewed"), w, mask);
    return w.multiply(x);
  }

  @Test
  void aWatcherIsToldOfEveryMixture() {
    try (Device device = Device.open("reference");
        Tape tape = Tape.evaluating(device)) {
      Tensor mask = tape.scope().upload(SHAPE, true, false);
      Var x = tape.constant(SHAPE, 3.0, 5.0);
      List<WeightsWatcher.Weights> seen = new ArrayList<>();
      Mode plain = Mode.evaluation(tape);
      mix(x, mask, plain); // nobody watches
      Mode watched = plain.watching(seen::add);
      assertThat(List.of(plain.watched(), watched.watched())).containsExactly(false, true);
      mix(x, mask, watched);
      mix(x, mask, watched.withoutSideEffects());
      assertThat(seen).hasSize(2);
      assertThat(seen.getFirst().name()).isEqualTo("attention/viewed");
      assertThat(seen.getFirst().over()).containsExactly("viewed");
      assertThat(seen.getFirst().values().toDoubles()).containsExactly(1, 0);
      assertThat(seen.getFirst().mask()).isSameAs(mask);
    }
  }

  @Test
  void partsHaveNames() {
    try (Device device = Device.open("reference");
        Tape tape = Tape.evaluating(device)) {
      Var w = tape.constant(SHAPE, 3.0, 5.0);
      List<WeightsWatcher.Weights> seen = new ArrayList<>();
      Mode mode = Mode.evaluation(tape);
      mode.watchParts("senet", List.of("user"), w, null); // nobody watches, and nothing is checked
      mode.watching(seen::add).watchParts("senet", List.of("user", "city"), w, null);
      assertThat(seen).hasSize(1);
      assertThat(seen.getFirst().over()).isEmpty();
      assertThat(seen.getFirst().parts()).containsExactly("user", "city");
      assertThatThrownBy(
              () -> mode.watching(seen::add).watchParts("senet", List.of("user"), w, null))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("senet: weights [1, 2] of 1 parts. Expected as many along the last axis.");
    }
  }

  /// What a checkpoint computes again on the way back was seen on the way there.
  @Test
  void aCheckpointIsSeenOnce() {
    try (Device device = Device.open("reference");
        Tape tape = Tape.recording(device)) {
      List<String> seen = new ArrayList<>();
      Mode mode = Mode.training(tape, 1, 1).watching(w -> seen.add(w.name()));
      Var x = tape.variable(tape.scope().upload(SHAPE, 3.0, 5.0));
      Tensor mask = tape.scope().upload(SHAPE, true, true);
      Var y = tape.checkpoint(mode, List.of(x), (m, in) -> mix(in.getFirst(), mask, m));
      assertThat(tape.backward(y.sum()).of(x)).isNotNull();
      assertThat(seen).containsExactly("attention/viewed");
    }
  }
}
