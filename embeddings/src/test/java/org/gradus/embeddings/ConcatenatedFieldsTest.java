// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.ConcatenatedFields.Width;
import org.gradus.embeddings.ConcatenatedFields.Widths;
import org.gradus.tensor.Device;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConcatenatedFieldsTest {
  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 1);

  @AfterEach
  void close() {
    params.close();
    device.close();
  }

  private ConcatenatedFields fields(Schema schema, Widths widths) {
    return new ConcatenatedFields(schema, widths, params, Initializers.normal(0.01));
  }

  /// (S-1) for 100 and 10 000 values, rounded up; the two ids that are no values do not count.
  @ParameterizedTest
  @CsvSource({
    "LOG2,        0,  102,  7",
    "LOG2,        0,  10002, 14",
    "FOURTH_ROOT, 6,  102,  19",
    "FOURTH_ROOT, 6,  10002, 60",
    "FOURTH_ROOT, 16, 102,  51",
    "FOURTH_ROOT, 16, 10002, 160",
    "FIXED,       0,  102,  5",
    "LOG2,        0,  2,    1",
    "FOURTH_ROOT, 6,  2,    6",
  })
  void widthsFollowTheRule(Width rule, double factor, int size, int expected) {
    Widths widths = new Widths(rule, 5, factor);
    assertThat(widths.of(new Field.Categorical("user", size))).isEqualTo(expected);
  }

  /// ⌈2 · 4^¼⌉ = 3 and ⌈2 · 16^¼⌉ = 4, a shared table once, and numbers behind.
  private static final Schema SCHEMA =
      Schema.of(
          new Field.Dense("price"),
          new Field.Categorical("user", 6),
          new Field.Categorical("item", 18, "items"),
          new Field.Dense("age"),
          new Field.MultiValued("bought", 18, "items", Pooling.MEAN, 3),
          new Field.Sequence("history", 18, "items", 4),
          new Field.Label("click", Field.LabelKind.BINARY));

  private static final Widths ROOTS = new Widths(Width.FOURTH_ROOT, 0, 2);

  @Test
  void fieldsStandOneBehindTheOtherAndNumbersLast() {
    ConcatenatedFields fields = fields(SCHEMA, ROOTS);
    assertThat(params.all().stream().map(Parameter::path)).containsExactly("items", "user");
    assertThat(fields.width()).isEqualTo(3 + 4 + 4 + 2);
    for (Parameter p : params.all()) {
      TableParameter table = (TableParameter) p;
      double[] rows = new double[(int) table.elements()];
      for (int i = table.table().width(); i < rows.length; i++) {
        rows[i] = i + (p.path().equals("user") ? .5 : 0);
      }
      table.table().write(0, rows);
    }
    Batch batch =
        Batch.builder(SCHEMA, 2)
            .dense(new float[] {10, 11, 20, 21})
            .sparse(
                KeyedJaggedTensor.fromLengths(
                    List.of("user", "item", "bought", "history"),
                    new int[] {2, 0, 3, 5, 3, 0, 4, 7},
                    new int[] {1, 1, 1, 1, 3, 0, 1, 0}))
            .real("click", new float[2])
            .build();
    try (Tape tape = Tape.evaluating(device)) {
      var x = fields.lookup(batch, Mode.evaluation(tape));
      assertThat(x.shape()).isEqualTo(Shape.of(2, 13));
      assertThat(x.value().toDoubles())
          .containsExactly(
              6.5, 7.5, 8.5, 12, 13, 14, 15, 14, 15, 16, 17, 10, 11, //
              0, 0, 0, 20, 21, 22, 23, 0, 0, 0, 0, 20, 21);
    }
  }

  @Test
  void numbersAloneAreEnough() {
    Schema schema = Schema.of(new Field.Dense("price"));
    assertThat(fields(schema, ROOTS).width()).isEqualTo(1);
    assertThatThrownBy(() -> fields(Schema.of(new Field.Timestamp("when")), ROOTS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has nothing to read");
  }

  @Test
  void gradients() {
    ConcatenatedFields fields = fields(SCHEMA, ROOTS);
    Batch batch = SampleBatches.draw(SCHEMA, 5, 1);
    GradCheck.of(1).check(params, (mode, _) -> Map.of("x0", fields.lookup(batch, mode))).orFail();
  }
}
