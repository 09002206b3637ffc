// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Head;
import org.gradus.models.Outputs;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ValueLossTest {
  private static final double[] V = {1, 2.5, -3, 4, 0.25};
  private static final double[] Y = {1.5, 0.5, -3.25, 9, 0.25};

  static List<ValueLoss> losses() {
    return List.of(
        new ValueLoss.Squared(),
        new ValueLoss.Absolute(),
        new ValueLoss.Huber(1),
        new ValueLoss.Huber(0.3),
        new ValueLoss.Pinball(0.9),
        new ValueLoss.Pinball(0.5));
  }

  private static double plain(ValueLoss loss, double v, double y) {
    double e = v - y;
    return switch (loss) {
      case ValueLoss.Squared _ -> e * e / 2;
      case ValueLoss.Absolute _ -> Math.abs(e);
      case ValueLoss.Huber(double d) -> Math.abs(e) <= d ? e * e / 2 : d * (Math.abs(e) - d / 2);
      case ValueLoss.Pinball(double t) -> y > v ? t * (y - v) : (1 - t) * (v - y);
    };
  }

  @ParameterizedTest
  @MethodSource("losses")
  void isItsFormula(ValueLoss loss) {
    try (Device reference = Device.open("reference");
        Tape tape = Tape.recording(reference)) {
      Shape shape = Shape.of(V.length);
      double[] found =
          loss.of(tape.constant(shape, V), tape.constant(shape, Y)).value().toDoubles();
      for (int i = 0; i < V.length; i++) {
        assertThat(found[i]).isCloseTo(plain(loss, V[i], Y[i]), within(1e-14));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("losses")
  void gradientIsRight(ValueLoss loss) {
    try (Device reference = Device.open("reference");
        Params params = Params.create(reference, 1)) {
      GradCheck.of(3)
          .input("v", Shape.of(7))
          .check(
              params,
              (mode, in) -> {
                double[] y = {1, -1, 0.5, 2, 0.1, -0.4, 0};
                return Map.of("loss", loss.of(in.get("v"), mode.tape().constant(Shape.of(7), y)));
              })
          .orFail();
    }
  }

  private static final Schema SCHEMA =
      Schema.of(
          new Field.Label("a", Field.LabelKind.REGRESSION),
          new Field.Label("b", Field.LabelKind.REGRESSION));

  /// A value by the loss of the configuration, quantiles by their own, averaged over levels.
  @Test
  void theObjectiveMeasuresValuesAndQuantiles() {
    Batch batch =
        Batch.builder(SCHEMA, 2)
            .real("a", new float[] {1, 2})
            .real("b", new float[] {3, 4})
            .build();
    try (Device reference = Device.open("reference");
        Tape tape = Tape.recording(reference)) {
      Outputs outputs =
          Outputs.head("a", new Head.Value(tape.constant(Shape.of(2), 2.0, 4.0)))
              .with(
                  "b",
                  new Head.Quantiles(
                      tape.constant(Shape.of(2, 2), 2.0, 5.0, 4.0, 4.5), List.of(0.1, 0.9)));
      Objective.Loss loss =
          new Objective(LossConfig.ALL.with(new ValueLoss.Absolute()), SCHEMA).of(outputs, batch);
      assertThat(requireNonNull(loss.parts().get("a")).value().item())
          .isCloseTo(1.5, within(1e-12));
      // y = 3: 2 is 1 too low, 0.1; 5 is 2 too high, 0.2.  y = 4: 0, and 0.5 too high, 0.05
      assertThat(requireNonNull(loss.parts().get("b")).value().item())
          .isCloseTo((0.1 + 0.2 + 0 + 0.05) / 4, within(1e-12));
      assertThat(loss.total().value().item()).isCloseTo(1.5 + 0.0875, within(1e-12));
    }
  }

  /// A mean and a log variance, by −ln of their normal density; the worked numbers of the heteroscedastic loss, and a third row whose
  /// label is not known: the two are divided by their own number.
  @Test
  void theObjectiveMeasuresDistributions() {
    Schema schema =
        Schema.of(
            new Field.Label("a", Field.LabelKind.REGRESSION), new Field.LabelMask("seen", "a"));
    Batch batch =
        Batch.builder(schema, 3)
            .real("a", new float[] {1, 2, Float.NaN})
            .real("seen", new float[] {1, 1, 0})
            .build();
    try (Device reference = Device.open("reference");
        Tape tape = Tape.recording(reference)) {
      Outputs outputs =
          Outputs.head(
              "a",
              new Head.Normal(
                  tape.constant(Shape.of(3), 0.8, 2.5, 7.0),
                  tape.constant(Shape.of(3), -0.2, 0.4, 3.0)));
      Objective.Loss loss = new Objective(LossConfig.ALL, schema).of(outputs, batch);
      assertThat(loss.total().value().item()).isCloseTo(0.104109, within(1e-6));
    }
  }

  @Test
  void rangesAreChecked() {
    assertThatThrownBy(() -> new ValueLoss.Huber(0)).hasMessageContaining("delta 0");
    assertThatThrownBy(() -> new ValueLoss.Pinball(1)).hasMessageContaining("level 1");
  }
}
