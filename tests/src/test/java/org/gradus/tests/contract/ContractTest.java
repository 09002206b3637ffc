// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.models.Head;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.tensor.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContractTest {
  private static final Schema SCHEMA =
      Schema.of(
          new Field.Categorical("user", 6),
          new Field.Categorical("item", 9),
          new Field.Sequence("history", 9, "item", 4),
          new Field.Sequence("negatives", 9, "item", 4),
          new Field.Domain("scenario", 3),
          new Field.Label("click", Field.LabelKind.BINARY),
          new Field.Label("conversion", Field.LabelKind.BINARY));

  private static Batch batch() {
    return Batch.builder(SCHEMA, 3)
        .sparse(
            KeyedJaggedTensor.fromLengths(
                List.of("user", "item", "history", "negatives"),
                new int[] {2, 3, 2, 4, 5, 8, 7, 6, 5, 3, 2, 4, 8, 3},
                new int[] {1, 1, 1, 1, 1, 1, 3, 0, 1, 3, 0, 1}))
        .integer("scenario", new long[] {0, 2, 1})
        .real("click", new float[] {1, 0, 1})
        .real("conversion", new float[] {0, 0, 1})
        .build();
  }

  private static Model build(String name, Params params) {
    return switch (name) {
      case "ls-plm" -> Sketches.lsPlm(SCHEMA, params);
      case "esmm" -> Sketches.esmm(SCHEMA, params);
      case "dien" -> Sketches.dien(SCHEMA, params);
      case "pepnet" -> Sketches.pepNet(SCHEMA, params);
      case "infnet" -> Sketches.infNet(SCHEMA, params);
      case "youtubednn" -> Sketches.youtubeDnn(SCHEMA, params);
      default -> Sketches.neuMf(SCHEMA, params);
    };
  }

  /// Every part of the objective that a trainer would weigh, by name.
  private static Map<String, Var> parts(Outputs out) {
    Map<String, Var> parts = new LinkedHashMap<>(out.losses());
    out.heads()
        .forEach(
            (label, head) ->
                parts.put(
                    label,
                    switch (head) {
                      case Head.Logit h -> h.z().softplus().mean();
                      case Head.LogProbability h -> h.logP().negate().mean();
                      case Head.Value h -> h.value().square().mean();
                      case Head.Quantiles h -> h.values().square().mean();
                      case Head.Normal h -> h.mean().add(h.logVariance()).square().mean();
                    }));
    return parts;
  }

  private static Var click(Outputs out) {
    return Objects.requireNonNull(parts(out).get("click"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ls-plm", "esmm", "dien", "pepnet", "infnet", "youtubednn", "neumf"})
  void everyPartOfEveryPaperReachesParametersInItsOwnWalk(String name) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 5);
        Tape tape = Tape.recording(device)) {
      Model model = build(name, params);
      Map<String, Var> parts = parts(model.forward(batch(), Mode.training(tape, 1, 1)));

      assertThat(parts).isNotEmpty();
      parts.forEach(
          (part, loss) -> {
            assertThat(loss.value().item()).as(part).isFinite();
            Gradients g = tape.backward(loss);
            assertThat(g.parameters()).as(name + " " + part).isNotEmpty();
          });
    }
  }

  @Test
  void gatesThatStopTheGradientPassNoneToTheEmbeddingsTheyRead() {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 5);
        Tape tape = Tape.recording(device)) {
      Model model = Sketches.pepNet(SCHEMA, params);
      DenseParameter head = (DenseParameter) params.get("click/weight");
      Outputs out = model.forward(batch(), Mode.training(tape, 1, 1));
      Gradients g = tape.backward(click(out));

      var rows = (Gradient.Rows) Objects.requireNonNull(g.of(params.get("v/user")));
      // With a zero head, o gets no gradient; only the gate could pass one, and it must not.
      head.write(new double[head.shape().elements()]);
      try (Tape again = Tape.recording(device)) {
        Outputs zero = model.forward(batch(), Mode.training(again, 1, 1));
        var none =
            (Gradient.Rows)
                Objects.requireNonNull(again.backward(click(zero)).of(params.get("v/user")));
        assertThat(none.values().toDoubles()).containsOnly(0);
      }
      assertThat(rows.values().toDoubles()).isNotEqualTo(new double[rows.values().elements()]);
    }
  }

  @Test
  void aModelTakesItsPartsFromModelsTrainedBefore() {
    try (Device device = Device.open("reference");
        Params trained = Params.create(device, 5);
        Params fresh = Params.create(device, 6)) {
      Sketches.neuMf(SCHEMA, trained);
      Sketches.neuMf(SCHEMA, fresh);

      fresh.at("gmf").copyFrom(trained.at("gmf"));

      double[] from = new double[6 * 3];
      double[] to = new double[6 * 3];
      read(trained, "gmf/user", from);
      read(fresh, "gmf/user", to);
      assertThat(to).isEqualTo(from);
      read(trained, "mlp/user", from);
      read(fresh, "mlp/user", to);
      assertThat(to).isNotEqualTo(from);
    }
  }

  private static void read(Params params, String path, double[] rows) {
    ((org.gradus.autograd.TableParameter) params.get(path)).table().read(0, rows);
  }
}
