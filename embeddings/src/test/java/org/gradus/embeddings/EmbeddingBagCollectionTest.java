// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Embedding bags (EB-1) to (EB-3): examples worked by hand, matrix products, and invariants.
class EmbeddingBagCollectionTest {
  /// Printed numbers have six decimals.
  private static final Offset<Double> PRINTED = within(1e-6);

  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 1);
  private final Tape tape = Tape.recording(device);

  @AfterEach
  void close() {
    tape.close();
    params.close();
    device.close();
  }

  private EmbeddingBagCollection collection(EmbeddingBagConfig... configs) {
    return new EmbeddingBagCollection(List.of(configs), params, null);
  }

  private TableParameter table(String path) {
    return (TableParameter) params.get(path);
  }

  @Test
  void workedExampleOfOneTable() {
    EmbeddingBagCollection bags = collection(EmbeddingBagConfig.sum("t", 4, 3, "f"));
    table("t").table().write(0, new double[] {.1, .2, .3, .4, .5, .6, -.7, .8, -.9, 1, -1.1, 1.2});
    KeyedJaggedTensor ids =
        KeyedJaggedTensor.fromLengths(List.of("f"), new int[] {0, 2, 2, 3, 0, 1}, new int[] {3, 3});
    KeyedTensor y = bags.forward(ids, tape);
    assertThat(y.lengthPerKey()).containsExactly(3);
    close(y.values().value().toDoubles(), -1.3, 1.8, -1.5, 1.5, -0.4, 2.1);
    var dy = tape.scope().upload(Shape.of(2, 3), new double[] {1, -2, .5, .3, .1, -.4});
    close(
        Tables.gradient(tape.backward(y.values(), dy), table("t")),
        1.3,
        -1.9,
        .1,
        .3,
        .1,
        -.4,
        2,
        -4,
        1,
        .3,
        .1,
        -.4);
  }

  /// The tables of an example of DLRM worked by hand: the id that occurs twice in a bag gets the gradient twice.
  @Test
  void workedExampleFromEndToEnd() {
    EmbeddingBagCollection bags =
        collection(
            EmbeddingBagConfig.sum("t0", 4, 2, "c0"), EmbeddingBagConfig.sum("t1", 5, 2, "c1"));
    table("t0").table().write(0, new double[] {.1, -.2, .3, .4, -.5, .6, .7, -.8});
    table("t1").table().write(0, new double[] {.2, .1, -.1, .5, .4, -.3, .6, .2, -.2, -.4});
    KeyedJaggedTensor ids =
        KeyedJaggedTensor.fromLengths(
            List.of("c0", "c1"), new int[] {2, 3, 0, 3}, new int[] {1, 3});
    KeyedTensor s = bags.forward(ids, tape);
    close(s.values().value().toDoubles(), -.5, .6, 1.4, .5);
    var ds =
        tape.scope().upload(Shape.of(1, 4), new double[] {0.265131, 0.050556, -0.172419, 0.015938});
    var gradients = tape.backward(s.values(), ds);
    double none = Double.NaN; // rows without a gradient
    close(
        Tables.gradient(gradients, table("t0")),
        none,
        none,
        none,
        none,
        0.265131,
        0.050556,
        none,
        none);
    // the specification doubles its unrounded numbers: −0.344837 where 2 · −0.172419 is −0.344838
    close(
        Tables.gradient(gradients, table("t1")),
        -0.172419,
        0.015938,
        none,
        none,
        none,
        none,
        -0.344838,
        0.031876,
        none,
        none);
  }

  private static final Schema SCHEMA =
      Schema.of(
          new Field.MultiValued("a", 6, "a", Pooling.SUM, 5),
          new Field.MultiValued("b", 6, "a", Pooling.SUM, 3),
          new Field.Categorical("c", 4));

  private static EmbeddingBagConfig shared(Pooling pooling, int paddingId) {
    return new EmbeddingBagConfig("ab", 6, 3, List.of("a", "b"), pooling, paddingId);
  }

  private static final EmbeddingBagConfig OWN = EmbeddingBagConfig.sum("c", 4, 2, "c");

  private static KeyedJaggedTensor ids(long seed) {
    return SampleBatches.draw(SCHEMA, 5, seed).sparse();
  }

  private static KeyedJaggedTensor weighted(KeyedJaggedTensor ids) {
    float[] weights = new float[ids.values().length];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = 0.5f + Counter.uniform(3, i);
    }
    return KeyedJaggedTensor.fromOffsets(ids.keys(), ids.values(), weights, ids.offsets());
  }

  @Test
  void keysAreFoundByName() {
    EmbeddingBagCollection bags = collection(shared(Pooling.SUM, 0), OWN);
    Tables.fill(table("ab"), 1);
    Tables.fill(table("c"), 2);
    for (KeyedJaggedTensor ids : List.of(ids(1), weighted(ids(2)))) {
      double[] expected = bags.forward(ids, tape).values().value().toDoubles();
      for (List<String> order : List.of(List.of("c", "b", "a"), List.of("b", "a", "c"))) {
        KeyedTensor y = bags.forward(ids.select(order), tape);
        assertThat(y.keys()).containsExactly("a", "b", "c");
        assertThat(y.values().value().toDoubles()).containsExactly(expected);
      }
    }
  }

  @Test
  void reorderingConfigurationsPermutesTheOutput() {
    EmbeddingBagCollection one = collection(shared(Pooling.SUM, 0), OWN);
    EmbeddingBagCollection other =
        new EmbeddingBagCollection(List.of(OWN, shared(Pooling.SUM, 0)), params.at("other"), null);
    for (String path : List.of("ab", "c")) {
      Tables.fill(table(path), 7);
      Tables.fill(table("other/" + path), 7);
    }
    KeyedTensor y = one.forward(ids(1), tape);
    KeyedTensor z = other.forward(ids(1), tape);
    assertThat(y.keys()).containsExactly("a", "b", "c");
    assertThat(y.lengthPerKey()).containsExactly(3, 3, 2);
    assertThat(z.keys()).containsExactly("c", "a", "b");
    assertThat(z.lengthPerKey()).containsExactly(2, 3, 3);
    for (String key : y.keys()) {
      assertThat(z.of(key).value().toDoubles()).containsExactly(y.of(key).value().toDoubles());
    }
  }

  /// The matrices of (EB-2) and (EB-3), with C built from counts or weights: both features add to one gradient, padding
  /// has no column, and empty bags have empty rows.
  @ParameterizedTest
  @EnumSource(names = {"SUM", "MEAN"})
  void equalsTheMatrixProduct(Pooling pooling) {
    EmbeddingBagCollection bags = collection(shared(pooling, 0), OWN);
    double[] w = Tables.fill(table("ab"), 1);
    for (KeyedJaggedTensor ids : List.of(ids(1), ids(2), weighted(ids(3)))) {
      KeyedTensor y = bags.forward(ids, tape);
      double[] dy = new double[5 * 8];
      Arrays.setAll(dy, i -> 2 * Counter.uniform53(9, i) - 1);
      double[] actual =
          Tables.gradient(
              tape.backward(y.values(), tape.scope().upload(Shape.of(5, 8), dy)), table("ab"));
      double[] expected = new double[6 * 3];
      boolean[] touched = new boolean[6];
      for (int f = 0; f < 2; f++) {
        double[][] c = counts(ids, f, pooling);
        double[] part = y.of(f == 0 ? "a" : "b").value().toDoubles();
        for (int b = 0; b < 5; b++) {
          for (int j = 0; j < 3; j++) {
            double sum = 0;
            for (int m = 0; m < 6; m++) {
              sum += c[b][m] * w[m * 3 + j];
              expected[m * 3 + j] += c[b][m] * dy[b * 8 + f * 3 + j];
              touched[m] |= c[b][m] != 0;
            }
            // sums of at most 5 terms below 2 in double: far below 1e-14
            assertThat(part[b * 3 + j]).isCloseTo(sum, within(1e-14));
          }
        }
      }
      for (int m = 0; m < 6; m++) {
        for (int j = 0; j < 3; j++) {
          double e = touched[m] ? expected[m * 3 + j] : Double.NaN;
          assertThat(actual[m * 3 + j]).as("row %s", m).isCloseTo(e, within(1e-13));
        }
      }
      assertThat(actual[0]).as("padding").isNaN();
    }
  }

  private static double[][] counts(KeyedJaggedTensor ids, int f, Pooling pooling) {
    double[][] c = new double[5][6];
    float[] weights = ids.weights();
    for (int b = 0; b < 5; b++) {
      double sum = 0;
      for (int i = ids.offsets()[f * 5 + b]; i < ids.offsets()[f * 5 + b + 1]; i++) {
        double a = weights == null ? 1 : weights[i];
        if (ids.values()[i] != 0) {
          c[b][ids.values()[i]] += a;
          sum += a;
        }
      }
      for (int m = 0; m < 6 && pooling == Pooling.MEAN && sum != 0; m++) {
        c[b][m] /= sum;
      }
    }
    return c;
  }

  @Test
  void withoutPaddingRowZeroIsTrained() {
    EmbeddingBagCollection bags = collection(shared(Pooling.SUM, TableParameter.NO_PADDING), OWN);
    KeyedTensor y = bags.forward(ids(1), tape); // example 0 of a: its third id is 0
    double[] g = Tables.gradient(tape.backward(y.values().sum()), table("ab"));
    assertThat(g[0]).isGreaterThanOrEqualTo(1);
  }

  @Test
  void startsWithinOneOverRootN() {
    var _ = collection(EmbeddingBagConfig.sum("t", 400, 8, "f"));
    float[] rows = new float[3200];
    table("t").table().read(0, rows);
    double largest = 0;
    for (float v : rows) {
      largest = Math.max(largest, Math.abs(v));
    }
    // 3200 uniform draws in ±1/√400 all below 0.99 of the bound: probability 1e-14
    assertThat(largest).isBetween(0.0495, 0.05);
  }

  @ParameterizedTest
  @EnumSource(names = {"SUM", "MEAN", "SQRTN"})
  void gradientsPassTheCheck(Pooling pooling) {
    GradCheck.of(1)
        .check(
            device,
            p -> {
              EmbeddingBagCollection bags =
                  new EmbeddingBagCollection(List.of(shared(pooling, 0), OWN), p, null);
              return (mode, _) -> Map.of("y", bags.forward(weighted(ids(4)), mode.tape()).values());
            })
        .orFail();
  }

  @Test
  void saysWhatIsWrong() {
    refuses(() -> new EmbeddingBagConfig("t", 4, 2, List.of(), Pooling.SUM, 0), "no features");
    refuses(
        () ->
            collection(
                EmbeddingBagConfig.sum("u", 4, 2, "f"), EmbeddingBagConfig.sum("v", 4, 2, "f")),
        "feature f is listed twice");
    EmbeddingBagCollection bags = collection(EmbeddingBagConfig.sum("t", 4, 2, "f"));
    refuses(
        () -> bags.forward(KeyedJaggedTensor.oneHot(List.of("g"), new int[1], 1), tape),
        "no key f. Expected one of: g");
    refuses(
        () -> bags.forward(KeyedJaggedTensor.oneHot(List.of("f"), new int[] {4}, 1), tape), "id 4");
  }

  private static void refuses(Runnable wrong, String message) {
    assertThatThrownBy(wrong::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  private static void close(double[] actual, double... expected) {
    assertThat(actual).hasSize(expected.length);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i]).as("number %s", i).isCloseTo(expected[i], PRINTED);
    }
  }
}
