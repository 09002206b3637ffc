// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.snippets;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Linear;
import org.gradus.models.Model;
import org.gradus.models.ModelCheck;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Outputs;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.Target;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// What `README.md` and `docs/core.md` say about models, operations and gradient checks of one's own.
class ExtendingTest {

  // @start region="own-model"
  /// z = w₀ + Σ_d Π_f e_{f,d}: what every field agrees on.
  static final class Agreement implements Model {
    private final FieldEmbeddings v;
    private final DenseParameter bias; // w₀
    private final Target target;

    Agreement(int dim, Schema schema, Params params) {
      v =
          new FieldEmbeddings(
              schema, dim, Numeric.SCALED_EMBEDDING, params.at("v"), Initializers.normal(0.3));
      bias = params.bias("bias", Shape.scalar());
      target = Target.only(schema);
    }

    @Override
    public Outputs forward(Batch batch, Mode mode) {
      Var e = v.lookup(batch, mode); //                       [B, F, D]
      Var product = e.index(1, 0); //                         [B, D]
      for (int f = 1; f < v.count(); f++) {
        product = product.multiply(e.index(1, f));
      }
      return target.outputs(product.sum(1).add(mode.tape().use(bias))); // [B]
    }
  }

  // @end

  // @start region="own-spec"
  /// `--model agreement`.
  public static final class AgreementSpec implements ModelSpec {
    @Override
    public String name() {
      return "agreement";
    }

    @Override
    public Paper paper() {
      return new Paper("Fields that agree", "A. Nonymous", 2025, "none", "https://example.org");
    }

    @Override
    public List<Option> options() {
      return List.of(Option.integer("embeddingDim", 8, List.of(2, 3), "width of an embedding"));
    }

    @Override
    public Model create(Settings settings, Schema schema, Params params) {
      return new Agreement(settings.integer("embeddingDim"), schema, params);
    }
  }

  // @end

  @Test
  void aModelIsChecked() {
    // @start region="check-model"
    ModelSpec spec = new AgreementSpec();
    Settings settings = spec.settings(Map.of("embeddingDim", "3"));
    Batch batch = SampleBatches.draw(spec.exampleSchema(settings), 5, 42);
    try (Device reference = Device.open("reference")) {
      ModelCheck.check(spec, settings, 42)
          .check(reference, ModelCheck.objective(spec, settings, batch))
          .orFail();
    }
    // @end
  }

  // @start region="own-operation"
  /// y = x³;  dx = dy · 3x²
  static Var cube(Var x) {
    Tape tape = x.tape();
    double[] values = x.value().toDoubles();
    double[] y = new double[values.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = values[i] * values[i] * values[i];
    }
    return tape.record(
        "cube",
        tape.scope().upload(x.shape(), y),
        (dy, dx) -> {
          double[] d = dy.toDoubles();
          for (int i = 0; i < d.length; i++) {
            d[i] *= 3 * values[i] * values[i];
          }
          dx.give(0, tape.scope().upload(x.shape(), d));
        },
        x);
  }

  // @end

  @Test
  void anOperationIsChecked() {
    // @start region="check-operation"
    try (Device reference = Device.open("reference");
        Params params = Params.create(reference, 1)) {
      GradCheck.of(42)
          .input("x", Shape.of(3, 5))
          .check(params, (mode, in) -> Map.of("y", cube(in.get("x"))))
          .orFail();
    }
    // @end
  }

  @Test
  void aTapeIsWalkedBackward() {
    try (Device device = Device.open("cpu");
        Params params = Params.create(device, 42)) {
      // @start region="tape"
      DenseParameter w = params.weight("w", Shape.of(3, 1), Initializers.xavierUniform());
      double[] values = w.value().toDoubles(); // a copy
      try (Tape tape = Tape.recording(device)) {
        Var x = tape.constant(Shape.of(2, 3), 1f, 2f, 3f, 4f, 5f, 6f); // [2, 3]
        Var loss = x.matmul(tape.use(w)).square().mean(); //               []
        Gradients gradients = tape.backward(loss);
        if (gradients.of(w) instanceof Gradient.Dense g) { // null if loss is no function of w
          double[] dw = g.values().toDoubles();
          for (int i = 0; i < dw.length; i++) {
            values[i] -= 0.01 * dw[i];
          }
          w.write(values);
        }
      } // every tensor of the step dies here; its memory goes back to the device's pool
      // @end
      try (Params again = Params.create(device, 42)) { // initial values follow from seed and path
        DenseParameter first = again.weight("w", Shape.of(3, 1), Initializers.xavierUniform());
        double before = lossOf(first.value().toDoubles());
        assertThat(lossOf(w.value().toDoubles())).isLessThan(before);
      }
    }
  }

  private static double lossOf(double[] w) {
    double first = w[0] + 2 * w[1] + 3 * w[2];
    double second = 4 * w[0] + 5 * w[1] + 6 * w[2];
    return (first * first + second * second) / 2;
  }

  @Test
  void aPartIsComputedAgain() {
    try (Device device = Device.open("cpu");
        Params params = Params.create(device, 42);
        Tape tape = Tape.recording(device)) {
      Mode mode = Mode.training(tape, 42, 1);
      Linear first = new Linear(3, 4, params.at("first"));
      Linear second = new Linear(4, 1, params.at("second"));
      Var x = tape.constant(Shape.of(2, 3), 1f, 2f, 3f, 4f, 5f, 6f);
      // @start region="checkpoint"
      Var y =
          tape.checkpoint(
              mode, List.of(x), (m, in) -> second.forward(first.forward(in.get(0)).tanh()));
      // @end
      Tensor plain = second.forward(first.forward(x).tanh()).value();
      assertThat(y.value().toFloats()).isEqualTo(plain.toFloats());
      assertThat(tape.backward(y.sum()).parameters()).hasSize(4);
    }
  }
}
