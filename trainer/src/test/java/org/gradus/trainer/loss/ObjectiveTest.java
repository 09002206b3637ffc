// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.Objects;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Head;
import org.gradus.models.Outputs;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ObjectiveTest {
  private static final Schema SCHEMA =
      Schema.of(
          new Field.Label("click", Field.LabelKind.BINARY),
          new Field.Label("buy", Field.LabelKind.BINARY),
          new Field.Label("minutes", Field.LabelKind.REGRESSION),
          new Field.LabelMask("buy_seen", "buy"),
          new Field.SampleWeight("weight"));
  private static final Schema CLICKS = Schema.of(new Field.Label("click", Field.LabelKind.BINARY));

  private final Device device = Device.open("reference");
  private final Tape tape = Tape.recording(device);

  @AfterEach
  void close() {
    tape.close();
    device.close();
  }

  private Var vector(double... values) {
    return tape.variable(tape.scope().upload(Shape.of(values.length), values));
  }

  private static Batch clicks(float... labels) {
    return Batch.builder(CLICKS, labels.length).real("click", labels).build();
  }

  private static double softplus(double x) {
    return StrictMath.log(1 + StrictMath.exp(x));
  }

  private static double value(Objective.Loss loss, String part) {
    return Objects.requireNonNull(loss.parts().get(part), part).value().item();
  }

  @Test
  void checkValuesOfTheSpecification() {
    Objective objective = new Objective(LossConfig.ALL, CLICKS);
    assertThat(objective.of(Outputs.logit("click", vector(0.5)), clicks(1)).total().value().item())
        .isCloseTo(0.474077, within(5e-7));
    assertThat(objective.of(Outputs.logit("click", vector(0.5)), clicks(0)).total().value().item())
        .isCloseTo(0.974077, within(5e-7));
    assertThat(objective.of(Outputs.logit("click", vector(-40)), clicks(1)).total().value().item())
        .isCloseTo(40, within(5e-7));
  }

  @Test
  void everyKindOfHeadMaskedWeightedAndScaled() {
    Batch batch =
        Batch.builder(SCHEMA, 3)
            .real("click", new float[] {1, 0, 1})
            .real("buy", new float[] {1, Float.NaN, 0}) // what is masked may be anything
            .real("minutes", new float[] {2, 4, 8})
            .real("buy_seen", new float[] {1, 0, 1})
            .real("weight", new float[] {1, 2, 5})
            .build();
    double[] p = {0.25, 0.5, 0.125};
    Var z = vector(0.3, -1.2, 2);
    Var logP = vector(StrictMath.log(p[0]), StrictMath.log(p[1]), StrictMath.log(p[2]));
    Var logNotP =
        vector(StrictMath.log(1 - p[0]), StrictMath.log(1 - p[1]), StrictMath.log(1 - p[2]));
    Var v = vector(1, 5, 5);
    Var auxiliary = vector(7).sum();
    Outputs outputs =
        Outputs.logit("click", z)
            .with("buy", new Head.LogProbability(logP, logNotP))
            .with("minutes", new Head.Value(v))
            .withLoss("sparsity", auxiliary);
    Objective objective =
        new Objective(
            new LossConfig(
                Map.of("click", 1.0, "buy", 0.5, "minutes", 0.1), Map.of("sparsity", 0.01)),
            SCHEMA);
    Objective.Loss loss = objective.of(outputs, batch);
    double click = (softplus(-0.3) + 2 * softplus(-1.2) + 5 * softplus(-2)) / 8;
    double buy = -(StrictMath.log(p[0]) + 5 * StrictMath.log(1 - p[2])) / 6;
    double minutes = 0.5 * (1 + 2 * 1 + 5 * 9) / 8;
    assertThat(value(loss, "click")).isCloseTo(click, within(1e-14));
    assertThat(value(loss, "buy")).isCloseTo(buy, within(1e-14));
    assertThat(value(loss, "minutes")).isCloseTo(minutes, within(1e-14));
    assertThat(value(loss, "sparsity")).isEqualTo(7);
    assertThat(loss.total().value().item())
        .isCloseTo(click + 0.5 * buy + 0.1 * minutes + 0.07, within(1e-14));

    Gradients g = tape.backward(loss.total());
    double sigmoid = 1 / (1 + StrictMath.exp(-0.3));
    assertThat(Objects.requireNonNull(g.of(z)).toDoubles()[0])
        .isCloseTo((sigmoid - 1) / 8, within(1e-14));
    assertThat(Objects.requireNonNull(g.of(logP)).toDoubles())
        .containsExactly(new double[] {-0.5 / 6, 0, 0}, within(1e-14));
    assertThat(Objects.requireNonNull(g.of(logNotP)).toDoubles())
        .containsExactly(new double[] {0, 0, -0.5 * 5 / 6}, within(1e-14));
    assertThat(Objects.requireNonNull(g.of(v)).toDoubles())
        .containsExactly(new double[] {-0.1 / 8, 0.2 / 8, -1.5 / 8}, within(1e-14));
  }

  @Test
  void aBatchWithoutObservedLabelsCostsNothing() {
    Schema schema =
        Schema.of(
            new Field.Label("buy", Field.LabelKind.BINARY), new Field.LabelMask("seen", "buy"));
    Batch batch =
        Batch.builder(schema, 2)
            .real("buy", new float[] {1, 0})
            .real("seen", new float[] {0, 0})
            .build();
    Var z = vector(3, -4);
    Objective.Loss loss = new Objective(LossConfig.ALL, schema).of(Outputs.logit("buy", z), batch);
    assertThat(loss.total().value().item()).isZero();
    assertThat(Objects.requireNonNull(tape.backward(loss.total()).of(z)).toDoubles())
        .containsExactly(0, 0);
  }

  /// Of four examples three are observed, with weights 1, 2 and 5; and without masks and weights all four.
  @Test
  void lossesOfExamplesBecomeOneAsAskedFor() {
    Batch batch =
        Batch.builder(SCHEMA, 4)
            .real("click", new float[] {1, 0, 1, 1})
            .real("buy", new float[] {1, 0, 1, Float.NaN})
            .real("minutes", new float[4])
            .real("buy_seen", new float[] {1, 1, 1, 0})
            .real("weight", new float[] {1, 2, 5, 9})
            .build();
    double[] z = {0.3, -1.2, 2, 7};
    double sum = softplus(-0.3) + 2 * softplus(-1.2) + 5 * softplus(-2);
    double plain = softplus(-0.3) + softplus(-1.2) + softplus(-2) + softplus(-7);
    Map<LossConfig.Reduction, double[]> expected =
        Map.of(
            LossConfig.Reduction.MEAN_OBSERVED, new double[] {sum / 8, plain / 4},
            LossConfig.Reduction.SUM, new double[] {sum, plain},
            LossConfig.Reduction.MEAN_BATCH, new double[] {sum / 4, plain / 4});
    Batch clicks = Batch.builder(CLICKS, 4).real("click", new float[] {1, 0, 1, 1}).build();
    expected.forEach(
        (reduction, loss) -> {
          LossConfig config =
              new LossConfig(Map.of("click", 0.0, "buy", 1.0, "minutes", 0.0), Map.of())
                  .with(reduction);
          Outputs outputs =
              Outputs.logit("click", vector(z))
                  .with("buy", new Head.Logit(vector(z)))
                  .with("minutes", new Head.Value(vector(z)));
          assertThat(value(new Objective(config, SCHEMA).of(outputs, batch), "buy"))
              .as("%s", reduction)
              .isCloseTo(loss[0], within(1e-14));
          Objective bare = new Objective(LossConfig.ALL.with(reduction), CLICKS);
          assertThat(value(bare.of(Outputs.logit("click", vector(z)), clicks), "click"))
              .as("%s", reduction)
              .isCloseTo(loss[1], within(1e-14));
        });
  }

  @Test
  void aFactorOfZeroMeasuresWithoutTraining() {
    Schema two =
        Schema.of(
            new Field.Label("click", Field.LabelKind.BINARY),
            new Field.Label("buy", Field.LabelKind.BINARY));
    Batch batch =
        Batch.builder(two, 1).real("click", new float[] {1}).real("buy", new float[] {1}).build();
    Var z = vector(1);
    Var watched = vector(2);
    Objective.Loss loss =
        new Objective(new LossConfig(Map.of("click", 1.0, "buy", 0.0), Map.of()), two)
            .of(Outputs.logit("click", z).with("buy", new Head.Logit(watched)), batch);
    assertThat(value(loss, "buy")).isCloseTo(softplus(-2), within(1e-14));
    assertThat(loss.total().value().item()).isEqualTo(value(loss, "click"));
    assertThat(tape.backward(loss.total()).of(watched)).isNull();
  }

  @Test
  void headsAndLabelsMustMeet() {
    Objective objective = new Objective(LossConfig.ALL, CLICKS);
    assertThatThrownBy(() -> objective.of(Outputs.logit("buy", vector(1)), clicks(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("heads for [buy], the objective has labels [click]");
    assertThatThrownBy(
            () ->
                objective.of(
                    Outputs.logit("click", vector(1)).with("buy", new Head.Logit(vector(1))),
                    clicks(1)))
        .hasMessageContaining("heads for [buy, click]");
    assertThatThrownBy(
            () -> objective.of(Outputs.head("click", new Head.Value(vector(1))), clicks(1)))
        .hasMessageContaining("label click is BINARY, its head a Value");
    assertThatThrownBy(() -> objective.of(Outputs.logit("click", vector(1, 2)), clicks(1)))
        .hasMessageContaining("head click has shape [2] for a batch of 1 examples");
    assertThatThrownBy(() -> new Objective(new LossConfig(Map.of("like", 1.0), Map.of()), CLICKS))
        .hasMessageContaining("labels [like] with a schema whose labels are [click]");
  }

  @Test
  void configuredLossesMustBeComputed() {
    Objective objective = new Objective(new LossConfig(Map.of(), Map.of("interest", 0.5)), CLICKS);
    assertThatThrownBy(() -> objective.of(Outputs.logit("click", vector(1)), clicks(1)))
        .hasMessageContaining("interest is configured, and the model computed []");
    assertThatThrownBy(() -> new LossConfig(Map.of("click", -1.0), Map.of()))
        .hasMessageContaining("factor -1.0 of click");
  }

  /// A loss called by the name of a label is that label's loss, and has the label's factor.
  @Test
  void aModelMayBringTheLossOfALabel() {
    Var z = vector(1, -2);
    Outputs outputs = Outputs.logit("click", z).withLoss("click", z.square().sum());
    Objective objective = new Objective(new LossConfig(Map.of("click", 0.5), Map.of()), CLICKS);
    Objective.Loss loss = objective.of(outputs, clicks(1, 0));
    assertThat(loss.parts()).containsOnlyKeys("click");
    assertThat(value(loss, "click")).isEqualTo(5);
    assertThat(loss.total().value().item()).isEqualTo(2.5);
    Objective doubled = new Objective(new LossConfig(Map.of(), Map.of("click", 2.0)), CLICKS);
    assertThatThrownBy(() -> doubled.of(outputs, clicks(1, 0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("click is a label, and has a factor among auxiliary losses");
  }

  @Test
  void labelsOutsideTheirRangeAreNamed() {
    Objective objective = new Objective(LossConfig.ALL, CLICKS);
    assertThatThrownBy(() -> objective.of(Outputs.logit("click", vector(1, 1)), clicks(1, 0.5f)))
        .hasMessage("loss: label click of example 1 is 0.5. Expected 0 or 1.");
  }
}
