// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OutputsTest {
  private final Device device = Device.open("reference");
  private final Tape tape = Tape.evaluating(device);
  private final Var z = tape.constant(Shape.of(2), 1.0, 2.0);

  @AfterEach
  void close() {
    tape.close();
    device.close();
  }

  @Test
  void headsAreFoundByLabel() {
    Head.Value value = new Head.Value(z);
    Outputs outputs = Outputs.logit("click", z).with("amount", value);
    assertThat(outputs.head("amount")).isSameAs(value);
    assertThat(outputs.head("click").score()).isSameAs(z);
    assertThatThrownBy(() -> outputs.head("buy"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("outputs: no head for label buy. Expected one of: click, amount");
    assertThatThrownBy(() -> outputs.with("click", value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("outputs: two heads for label click.");
  }

  @Test
  void aLossIsOneNumber() {
    Outputs outputs = Outputs.logit("click", z).withLoss("auxiliary", z.sum());
    assertThat(outputs.losses()).containsOnlyKeys("auxiliary");
    assertThatThrownBy(() -> outputs.withLoss("auxiliary", z.sum()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("outputs: two losses called auxiliary.");
    assertThatThrownBy(() -> outputs.withLoss("other", z))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("loss other: shape [2]. Expected one number; sum or average it.");
  }

  @Test
  void aLossIsAMeanOverExamplesUnlessItSaysOtherwise() {
    Outputs outputs =
        Outputs.logit("click", z).withLoss("tokens", z.sum(), 17).withLoss("auxiliary", z.sum());
    assertThat(outputs.weight("tokens", 2)).isEqualTo(17);
    assertThat(outputs.weight("auxiliary", 2)).isEqualTo(2);
    assertThat(outputs.with("amount", new Head.Value(z)).weight("tokens", 2)).isEqualTo(17);
    assertThatThrownBy(() -> outputs.withLoss("others", z.sum(), -1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("loss others: the mean of -1.0 things. Expected a count.");
  }

  @Test
  void aHeadIsOneNumberPerExample() {
    assertThatThrownBy(() -> new Head.Logit(z.unsqueeze(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("logit: shape [2, 1]. Expected [B]; squeeze(1) drops a last axis of size 1.");
  }

  /// ln p − ln(1 − p) of p = 0.8 is ln 4.
  @Test
  void probabilitiesAreRankedByTheirLogit() {
    Var p = tape.constant(Shape.of(1), StrictMath.log(.8));
    Var notP = tape.constant(Shape.of(1), StrictMath.log(.2));
    double score = new Head.LogProbability(p, notP).score().value().toDoubles()[0];
    assertThat(score).isCloseTo(StrictMath.log(4), within(1e-15));
  }

  @Test
  void modelsAreFoundByName() {
    assertThat(Models.all().stream().map(ModelSpec::name)).contains("deepfm", "dlrm", "fm", "lr");
    assertThat(Models.get("fm").name()).isEqualTo("fm");
    assertThatThrownBy(() -> Models.get("deepfn"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "model deepfn: no such model. Did you mean deepfm? Expected one of: ")
        .hasMessageContaining(" deepfm, dien, din, dlrm, ");
  }
}
