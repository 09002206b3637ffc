// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.tensor.Device;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FirstOrderTest {
  private static final Schema SCHEMA =
      Schema.of(
          new Field.Categorical("c", 5),
          new Field.MultiValued("m", 6, "m", Pooling.MEAN, 4),
          new Field.Dense("x"),
          new Field.Dense("y"));

  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 1);
  private final Tape tape = Tape.recording(device);
  private final Mode mode = Mode.training(tape, 1, 1);

  @AfterEach
  void close() {
    tape.close();
    params.close();
    device.close();
  }

  /// The linear part of an example of FM worked by hand: x = (1, 0.5, 2), w = (0.2, −0.3, 0.4); with w₀ = 0.1 it prints 0.95.
  @Test
  void workedExampleOfFm() {
    Schema schema =
        Schema.of(new Field.Categorical("c", 3), new Field.Dense("x"), new Field.Dense("y"));
    FirstOrder linear = new FirstOrder(schema, params);
    ((TableParameter) params.get("c")).table().write(2, new double[] {0.2});
    set("numeric", -0.3, 0.4);
    Batch batch =
        Batch.builder(schema, 1)
            .dense(new float[] {0.5f, 2})
            .sparse(KeyedJaggedTensor.oneHot(List.of("c"), new int[] {2}, 1))
            .build();
    assertThat(linear.forward(batch, mode).value().toDoubles()[0] + 0.1)
        .isCloseTo(0.95, within(1e-12));
  }

  private void set(String path, double... values) {
    device.upload(((DenseParameter) params.get(path)).value().buffer(), values);
  }

  /// (S-2) term by term.
  @Test
  void addsWhatItsDefinitionSays() {
    FirstOrder linear = new FirstOrder(SCHEMA, params);
    double[] c = Tables.fill((TableParameter) params.get("c"), 1);
    double[] m = Tables.fill((TableParameter) params.get("m"), 2);
    set("numeric", 0.7, -0.2);
    Batch batch = SampleBatches.draw(SCHEMA, 6, 3);
    var y = linear.forward(batch, mode);
    assertThat(y.shape()).isEqualTo(Shape.of(6));
    var bags = batch.sparse().of("m");
    for (int b = 0; b < 6; b++) {
      double sum = 0;
      int n = 0;
      for (int i = bags.offsets()[b]; i < bags.offsets()[b + 1]; i++) {
        sum += m[bags.values()[i]]; // padding's weight is 0
        n += bags.values()[i] == 0 ? 0 : 1;
      }
      double expected =
          c[batch.sparse().of("c").values()[b]]
              + (n == 0 ? 0 : sum / n)
              + 0.7 * batch.dense()[2 * b]
              - 0.2 * batch.dense()[2 * b + 1];
      assertThat(y.value().toDoubles()[b]).isCloseTo(expected, within(1e-14));
    }
  }

  @Test
  void startsAtZero() {
    FirstOrder linear = new FirstOrder(SCHEMA, params);
    assertThat(linear.forward(SampleBatches.draw(SCHEMA, 4, 1), mode).value().toDoubles())
        .containsOnly(0);
  }

  @Test
  void gradientsPassTheCheck() {
    Batch batch = SampleBatches.draw(SCHEMA, 5, 2);
    GradCheck.of(1)
        .check(
            device,
            p -> {
              FirstOrder linear = new FirstOrder(SCHEMA, p);
              return (checked, _) -> Map.of("y", linear.forward(batch, checked));
            })
        .orFail();
  }
}
