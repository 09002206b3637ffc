// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.models.Option;
import org.gradus.models.Settings;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.trainer.loss.Balancing.Now;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Losses over label masks, of every model of several labels but forecasts, whose labels are steps of one series.
class MultiTaskLossTest {

  static Stream<ModelSpec> models() {
    return Models.all().stream().filter(MultiTaskLossTest::hasTasks);
  }

  private static boolean hasTasks(ModelSpec spec) {
    Schema schema = spec.exampleSchema(spec.settings(Map.of()));
    return schema.labels().size() > 1 && schema.series().isEmpty();
  }

  private static Settings small(ModelSpec spec) {
    Map<String, String> given = new TreeMap<>();
    for (Option o : spec.options()) {
      if (o.choices().isEmpty() && !o.samples().contains("true")) {
        given.put(o.name(), o.samples().getFirst());
      }
    }
    return spec.settings(given);
  }

  /// The labels of the model, each with a mask.
  private static Schema schema(ModelSpec spec) {
    List<Field> fields = new ArrayList<>(spec.exampleSchema(small(spec)).fields());
    fields.removeIf(f -> f instanceof Field.LabelMask);
    for (Field.Label label : new Schema(fields).labels()) {
      fields.add(new Field.LabelMask(label.name() + "_seen", label.name()));
    }
    return new Schema(fields);
  }

  /// The labels of a sample, NaN where they are masked, and one masked in all rows.
  private static Batch masked(Schema schema, Batch drawn, String absent) {
    Batch.Builder builder =
        Batch.builder(schema, drawn.size()).dense(drawn.dense()).sparse(drawn.sparse());
    for (Field.Domain domain : schema.all(Field.Domain.class)) {
      builder.integer(domain.name(), Arrays.stream(drawn.domains()).asLongStream().toArray());
    }
    for (Field.Label label : schema.labels()) {
      float[] y = drawn.label(label.name()).clone();
      float[] mask = new float[y.length];
      for (int b = 0; b < y.length; b++) {
        boolean seen = !label.name().equals(absent) && b != y.length - 1;
        mask[b] = seen ? 1 : 0;
        y[b] = seen ? y[b] : Float.NaN;
      }
      builder.real(label.name(), y).real(label.name() + "_seen", mask);
    }
    return builder.build();
  }

  /// Every parameter drawn from N(0, 0.5²).
  private static void draw(Params params) {
    for (Parameter p : params.all()) {
      double[] values = new double[(int) p.elements()];
      for (int i = 0; i < values.length; i++) {
        values[i] = 0.5 * Initializers.normalAt(Counter.key(3, p.path()), i);
      }
      switch (p) {
        case org.gradus.autograd.DenseParameter d -> d.write(values);
        case TableParameter t -> {
          Arrays.fill(values, 0, t.table().width(), 0); // padding
          t.table().write(0, values);
        }
      }
    }
  }

  private static Map<String, double[]> read(Gradients gradients, Params params) {
    Map<String, double[]> all = new TreeMap<>();
    for (Parameter p : params.all()) {
      double[] values = new double[(int) p.elements()];
      switch (gradients.of(p)) {
        case null -> {}
        case Gradient.Dense(var g) -> values = g.toDoubles();
        case Gradient.Rows g -> {
          int width = g.values().shape().size(1);
          double[] rows = g.values().toDoubles();
          for (int r = 0; r < g.count(); r++) {
            System.arraycopy(rows, r * width, values, g.rows().toInts()[r] * width, width);
          }
        }
      }
      all.put(p.path(), values);
    }
    return all;
  }

  /// The whole of what training differentiates: heads, masks, and what is measured only.
  @ParameterizedTest
  @MethodSource("models")
  void gradientsOfMaskedLossesAreRight(ModelSpec spec) {
    Schema schema = schema(spec);
    Settings settings = small(spec);
    Batch batch = masked(schema, SampleBatches.draw(schema, 6, 1), "");
    try (Device reference = Device.open("reference")) {
      GradCheck.of(1)
          .check(
              reference,
              params -> {
                Model model = spec.createExample(settings, schema, params);
                Objective objective = new Objective(LossConfig.ALL, schema);
                return (mode, _) ->
                    Map.of("loss", objective.of(model.forward(batch, mode), batch).total());
              })
          .orFail();
    }
  }

  /// Masking a task away in all rows is training without it: its own parameters have gradient 0, all others that of the other
  /// tasks, however the losses are balanced.
  @ParameterizedTest
  @MethodSource("models")
  void aTaskThatABatchDoesNotHoldIsNotThere(ModelSpec spec) {
    Schema schema = schema(spec);
    Batch drawn = SampleBatches.draw(schema, 6, 2);
    Settings settings = small(spec);
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      Model model = spec.createExample(settings, schema, params);
      draw(params);
      for (Field.Label absent : schema.labels()) {
        Map<String, Double> factors = new LinkedHashMap<>();
        schema
            .labels()
            .forEach(label -> factors.put(label.name(), label.equals(absent) ? 0.0 : 1.0));
        Batch batch = masked(schema, drawn, absent.name());
        for (Balance balance :
            List.of(
                Balance.SUM,
                new Balance.Uncertainty(.1, 0),
                new Balance.PcGrad(
                    Balance.PcGrad.Reach.GLOBAL,
                    Balance.PcGrad.Order.FIXED,
                    Balance.PcGrad.Reduction.SUM),
                new Balance.MinNorm(Map.of()))) {
          Map<String, double[]> found =
              gradients(model, params, batch, LossConfig.ALL.with(balance));
          Map<String, double[]> expected =
              gradients(model, params, batch, new LossConfig(factors, Map.of()).with(balance));
          found.forEach(
              (path, g) -> {
                double[] e = expected.getOrDefault(path, new double[0]);
                assertThat(g).as(path).hasSameSizeAs(e).doesNotContain(Double.NaN);
                boolean own = path.startsWith("tower/" + absent.name() + "/");
                for (int i = 0; i < g.length; i++) {
                  // sums in another order, of numbers of size one
                  assertThat(g[i]).as("%s of %s", balance, path).isCloseTo(e[i], within(1e-12));
                  assertThat(own && g[i] != 0).as("%s of %s", balance, path).isFalse();
                }
              });
        }
      }
    }
  }

  private static Map<String, double[]> gradients(
      Model model, Params params, Batch batch, LossConfig config) {
    Objective objective = new Objective(config, batch.schema());
    Balancing balancing =
        Balancing.of(
            config.balance(), new Balancing.Training(objective.tasks(), params, List.of(), 1));
    try (Tape tape = Tape.recording(params.device())) {
      Objective.Loss loss = objective.of(model.forward(batch, Mode.evaluation(tape)), batch);
      return read(balancing.step(tape, loss, new Now(1, 0)).gradients(), params);
    }
  }
}
