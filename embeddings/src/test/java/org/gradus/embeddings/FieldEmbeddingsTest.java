// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FieldEmbeddingsTest {
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

  private FieldEmbeddings embeddings(Schema schema, int dim, Numeric numeric) {
    return new FieldEmbeddings(schema, dim, numeric, params, Initializers.normal(0.01));
  }

  private static Field.MultiValued bag(String name, Pooling pooling) {
    return new Field.MultiValued(name, 4, "items", pooling, 4);
  }

  /// Worked by hand: four poolings of the bag 2, 3, 3 and one padding id.
  @Test
  void workedExampleOfPooling() {
    Schema schema =
        Schema.of(
            bag("sum", Pooling.SUM),
            bag("mean", Pooling.MEAN),
            bag("sqrtn", Pooling.SQRTN),
            bag("max", Pooling.MAX));
    FieldEmbeddings e = embeddings(schema, 2, Numeric.RAW);
    TableParameter table = e.table("items");
    table.table().write(0, new double[] {0, 0, .1, .2, -.3, .4, .5, -.6});
    int[] ids = {2, 3, 3, 0, 2, 3, 3, 0, 2, 3, 3, 0, 2, 3, 3, 0};
    Batch batch =
        Batch.builder(schema, 1)
            .sparse(
                KeyedJaggedTensor.fromLengths(
                    List.of("sum", "mean", "sqrtn", "max"), ids, new int[] {4, 4, 4, 4}))
            .build();
    Var y = e.lookup(batch, mode);
    assertThat(y.shape()).isEqualTo(Shape.of(1, 4, 2));
    double[] expected = {.7, -.8, .233333, -.266667, .404145, -.461880, .5, .4};
    assertClose(y.value().toDoubles(), expected, 1e-6);
    // upstream (1, −1) at the mean only
    var dy = tape.scope().upload(Shape.of(1, 4, 2), new double[] {0, 0, 1, -1, 0, 0, 0, 0});
    double[] g = Tables.gradient(tape.backward(y, dy), table);
    assertThat(Arrays.copyOf(g, 4)).containsOnly(Double.NaN); // rows 0 and 1: no gradient
    assertClose(
        Arrays.copyOfRange(g, 4, 8), new double[] {.333333, -.333333, .666667, -.666667}, 1e-6);
  }

  /// A public library fills padding with 1e-8 before it takes the largest, so that padding wins over every negative number. Here the largest
  /// of negative numbers is negative, in value and gradient, whatever padding stands beside them; a list of padding alone is 0.
  @Test
  void paddingDoesNotWinOverNegativeNumbersInAMaximum() {
    FieldEmbeddings e = embeddings(Schema.of(bag("max", Pooling.MAX)), 2, Numeric.RAW);
    TableParameter table = e.table("items");
    table.table().write(2, new double[] {-.3, -.4, -.5, -.2});
    int[] ids = {0, 2, 0, 3, 0, 0};
    Batch batch =
        Batch.builder(Schema.of(bag("max", Pooling.MAX)), 2)
            .sparse(KeyedJaggedTensor.fromLengths(List.of("max"), ids, new int[] {4, 2}))
            .build();
    Var y = e.lookup(batch, mode);
    assertClose(y.value().toDoubles(), new double[] {-.3, -.2, 0, 0}, 1e-7); // float32 numbers
    var dy = tape.scope().upload(Shape.of(2, 1, 2), new double[] {1, 10, 100, 1000});
    double[] g = Tables.gradient(tape.backward(y, dy), table);
    assertThat(Arrays.copyOf(g, 4)).containsOnly(Double.NaN); // rows 0 and 1: no gradient
    assertThat(Arrays.copyOfRange(g, 4, 8)).containsExactly(1, 0, 0, 10);
  }

  private static final Schema MIXED =
      Schema.of(
          new Field.Dense("x"),
          new Field.Categorical("user", 5),
          new Field.Sequence("history", 7, "items", 3),
          new Field.Categorical("item", 7, "items"),
          new Field.Dense("y"));

  @Test
  void fieldsOfIdsComeFirstThenNumbers() {
    FieldEmbeddings e = embeddings(MIXED, 2, Numeric.SCALED_EMBEDDING);
    assertThat(e.count()).isEqualTo(4); // sequences are no fields here
    double[] users = Tables.fill(e.table("user"), 1);
    double[] items = Tables.fill(e.table("items"), 2);
    DenseParameter numeric = (DenseParameter) params.get("numeric");
    double[] v = numeric.value().toDoubles(); // [2, D]
    Batch batch = SampleBatches.draw(MIXED, 3, 5);
    double[] actual = e.lookup(batch, mode).value().toDoubles();
    for (int b = 0; b < 3; b++) {
      int user = batch.sparse().of("user").values()[b];
      int item = batch.sparse().of("item").values()[b];
      for (int d = 0; d < 2; d++) {
        int at = b * 8 + d;
        assertThat(actual[at]).isEqualTo(users[user * 2 + d]);
        assertThat(actual[at + 2]).isEqualTo(items[item * 2 + d]);
        assertThat(actual[at + 4]).isEqualTo(batch.dense()[b * 2] * v[d]);
        assertThat(actual[at + 6]).isEqualTo(batch.dense()[b * 2 + 1] * v[2 + d]);
      }
    }
  }

  @Test
  void rawNumbersAreLeftToTheModel() {
    FieldEmbeddings e = embeddings(MIXED, 3, Numeric.RAW);
    assertThat(e.count()).isEqualTo(2);
    assertThat(e.lookup(SampleBatches.draw(MIXED, 4, 1), mode).shape())
        .isEqualTo(Shape.of(4, 2, 3));
    assertThat(params.all()).hasSize(2);
  }

  @Test
  void paddingIsZeroAndUntrained() {
    Schema schema = Schema.of(bag("tags", Pooling.MEAN), new Field.Categorical("c", 4, "items"));
    FieldEmbeddings e = embeddings(schema, 2, Numeric.RAW);
    float[] row = {9, 9};
    e.table("items").table().read(0, row);
    assertThat(row).containsOnly(0);
    Batch batch =
        Batch.builder(schema, 2)
            .sparse(
                KeyedJaggedTensor.fromLengths(
                    List.of("tags", "c"), new int[] {0, 2, 0, 0, 3}, new int[] {2, 1, 1, 1}))
            .build();
    Var pairs = Objects.requireNonNull(e.pairsInsideBags(batch, mode));
    Var y = e.lookup(batch, mode);
    assertThat(Arrays.copyOfRange(y.value().toDoubles(), 4, 6)).containsOnly(0); // only padding
    double[] g =
        Tables.gradient(tape.backward(y.square().sum().add(pairs.sum())), e.table("items"));
    assertThat(Arrays.copyOf(g, 4)).containsOnly(Double.NaN); // rows 0 and 1
    assertThat(Arrays.copyOfRange(g, 4, 8)).doesNotContain(Double.NaN);
  }

  private static Schema fm(Pooling pooling) {
    return Schema.of(
        new Field.Categorical("c", 5),
        new Field.MultiValued("m", 6, "m", pooling, 4),
        new Field.Dense("x"),
        new Field.MultiValued("n", 6, "m", pooling, 3));
  }

  /// A feature of an example: its vector and its value.
  private record Feature(double[] v, double x) {}

  /// FM-2 against the double loop over features: pairs of pooled vectors and pairs inside bags are all pairs.
  @ParameterizedTest
  @CsvSource({
    "SUM, false", "MEAN, false", "SQRTN, false", "MEAN_COUNT, false",
    "SUM, true", "MEAN, true", "SQRTN, true", "MEAN_COUNT, true"
  })
  void pairsInsideBagsCompleteTheDoubleLoop(Pooling pooling, boolean weighted) {
    Schema schema = fm(pooling);
    FieldEmbeddings e = embeddings(schema, 3, Numeric.SCALED_EMBEDDING);
    double[] c = Tables.fill(e.table("c"), 1);
    double[] m = Tables.fill(e.table("m"), 2);
    double[] numeric = ((DenseParameter) params.get("numeric")).value().toDoubles();
    for (long seed = 1; seed <= 4; seed++) {
      Batch batch = fmBatch(schema, seed, weighted);
      double[] vectors = e.lookup(batch, mode).value().toDoubles(); // [6, 4, 3]
      double[] inside = Objects.requireNonNull(e.pairsInsideBags(batch, mode)).value().toDoubles();
      for (int b = 0; b < 6; b++) {
        List<Feature> features = new ArrayList<>();
        add(features, batch, "c", b, c, Pooling.SUM);
        add(features, batch, "m", b, m, pooling);
        add(features, batch, "n", b, m, pooling);
        features.add(new Feature(numeric, batch.dense()[b]));
        double all = 0;
        for (int i = 0; i < features.size(); i++) {
          for (int j = i + 1; j < features.size(); j++) {
            Feature p = features.get(i);
            Feature q = features.get(j);
            for (int d = 0; d < 3; d++) {
              all += p.v[d] * q.v[d] * p.x * q.x;
            }
          }
        }
        double between = 0;
        for (int f = 0; f < 4; f++) {
          for (int g = f + 1; g < 4; g++) {
            for (int d = 0; d < 3; d++) {
              between += vectors[b * 12 + f * 3 + d] * vectors[b * 12 + g * 3 + d];
            }
          }
        }
        // about a hundred terms of at most 2 in double
        assertThat(between + inside[b]).as("example %s", b).isCloseTo(all, within(1e-12));
      }
      assertThat(inside[1]).as("empty bags").isZero();
    }
  }

  /// The products of one field before they are summed, for some columns, against the double loop; ‖x‖², and who is there.
  @ParameterizedTest
  @CsvSource({
    "SUM, false", "MEAN, false", "SQRTN, false", "MEAN_COUNT, false",
    "SUM, true", "MEAN, true", "SQRTN, true", "MEAN_COUNT, true"
  })
  void productsNormsAndPresenceOfFeatures(Pooling pooling, boolean weighted) {
    Schema schema = fm(pooling);
    FieldEmbeddings e = embeddings(schema, 3, Numeric.SCALED_EMBEDDING);
    double[] c = Tables.fill(e.table("c"), 1);
    double[] m = Tables.fill(e.table("m"), 2);
    Batch batch = fmBatch(schema, 3, weighted);
    int field = e.fields().indexOf(schema.field("n"));
    double[] products = e.productsInside(field, 1, 3, batch, mode).value().toDoubles(); // [6, 2]
    double[] norms = e.squaredNorms(batch, mode.tape().scope());
    boolean[] present = e.present(batch, mode.tape().scope()); // [6, 4]
    for (int b = 0; b < 6; b++) {
      List<Feature> inside = new ArrayList<>();
      add(inside, batch, "n", b, m, pooling);
      for (int d = 1; d < 3; d++) {
        double sum = 0;
        for (int i = 0; i < inside.size(); i++) {
          for (int j = i + 1; j < inside.size(); j++) {
            sum += inside.get(i).v[d] * inside.get(j).v[d] * inside.get(i).x * inside.get(j).x;
          }
        }
        assertThat(products[b * 2 + d - 1]).isCloseTo(sum, within(1e-12));
      }
      assertThat(present[b * 4 + field]).isEqualTo(!inside.isEmpty());
      int[] ends = batch.sparse().of("n").offsets();
      double[] x =
          Arrays.stream(Arrays.copyOfRange(e.values(field, batch), ends[b], ends[b + 1]))
              .filter(value -> value != 0) // padding
              .toArray();
      assertThat(x)
          .containsExactly(inside.stream().mapToDouble(Feature::x).toArray(), within(1e-12));
      assertThat(present[b * 4 + 3]).as("a number is always there").isTrue();
      add(inside, batch, "c", b, c, Pooling.SUM);
      add(inside, batch, "m", b, m, pooling);
      double norm = (double) batch.dense()[b] * batch.dense()[b];
      for (Feature f : inside) {
        norm += f.x * f.x;
      }
      assertThat(norms[b]).isCloseTo(norm, within(1e-12));
    }
    assertThat(present[4 + field]).as("an empty bag").isFalse();
  }

  private static Batch fmBatch(Schema schema, long seed, boolean weighted) {
    Batch batch = SampleBatches.draw(schema, 6, seed);
    KeyedJaggedTensor ids = batch.sparse();
    float[] weights = new float[ids.values().length];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = 0.5f + Counter.uniform(seed, i);
    }
    return weighted
        ? batch.withSparse(
            schema, KeyedJaggedTensor.fromOffsets(ids.keys(), ids.values(), weights, ids.offsets()))
        : batch;
  }

  private static void add(
      List<Feature> features, Batch batch, String key, int b, double[] table, Pooling pooling) {
    var ids = batch.sparse().of(key);
    float[] weights = ids.weights();
    double count = 0;
    double sum = 0;
    double squares = 0;
    for (int i = ids.offsets()[b]; i < ids.offsets()[b + 1]; i++) {
      double a = weights == null ? 1 : weights[i];
      if (ids.values()[i] != 0) {
        count++;
        sum += a;
        squares += a * a;
      }
    }
    for (int i = ids.offsets()[b]; i < ids.offsets()[b + 1]; i++) {
      int id = ids.values()[i];
      double a = weights == null ? 1 : weights[i];
      double x =
          switch (pooling) {
            case SUM -> a;
            case MEAN -> a / sum;
            case MEAN_COUNT -> a / count;
            case SQRTN -> a / Math.sqrt(squares);
            case MAX -> throw new AssertionError();
          };
      if (id != 0) {
        features.add(new Feature(Arrays.copyOfRange(table, id * 3, id * 3 + 3), x));
      }
    }
  }

  @Test
  void withoutBagsThereAreNoPairsInside() {
    FieldEmbeddings e = embeddings(MIXED, 2, Numeric.RAW);
    assertThat(e.pairsInsideBags(SampleBatches.draw(MIXED, 2, 1), mode)).isNull();
  }

  @ParameterizedTest
  @CsvSource({"SUM, false", "MEAN, false", "SQRTN, true", "MEAN, true"})
  void gradientsPassTheCheck(Pooling pooling, boolean weighted) {
    Schema schema = fm(pooling);
    Batch batch = fmBatch(schema, 3, weighted);
    GradCheck.of(1)
        .check(
            device,
            p -> {
              FieldEmbeddings e =
                  new FieldEmbeddings(schema, 3, Numeric.SCALED_EMBEDDING, p, Initializers.zeros());
              return (checked, _) -> {
                Var pairs = Objects.requireNonNull(e.pairsInsideBags(batch, checked));
                return Map.of("y", e.lookup(batch, checked), "pairs", pairs);
              };
            })
        .orFail();
  }

  @Test
  void saysWhatIsWrong() {
    refuses(
        () -> embeddings(Schema.of(new Field.Dense("x")), 2, Numeric.RAW),
        "nothing to embed, for no field is categorical or multi-valued; there are [x]");
    refuses(
        () -> embeddings(fm(Pooling.SUM), -3, Numeric.RAW),
        "The number of columns is an option of the model, most often embeddingDim");
    FieldEmbeddings e = embeddings(fm(Pooling.MAX), 2, Numeric.RAW);
    refuses(() -> e.table("k"), "Expected one of: ");
    Batch batch = SampleBatches.draw(fm(Pooling.MAX), 3, 1);
    refuses(() -> e.pairsInsideBags(batch, mode), "field m: FM with MAX pooling");
    refuses(() -> e.lookup(SampleBatches.draw(MIXED, 3, 1), mode), "no key c");
  }

  private static void refuses(Runnable wrong, String message) {
    assertThatThrownBy(wrong::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  private static void assertClose(double[] actual, double[] expected, double bound) {
    assertThat(actual).hasSize(expected.length);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i]).as("number %s", i).isCloseTo(expected[i], within(bound));
    }
  }

  /// One path cannot be a table and a matrix. Without dense fields, or with another table name, there is no such conflict.
  @Test
  void aTableMayNotHaveTheNameOfTheVectorsOfDenseFields() {
    Field clash = new Field.Categorical("numeric", 4);
    Field price = new Field.Dense("price");
    assertThatThrownBy(() -> embeddings(Schema.of(clash, price), 2, Numeric.SCALED_EMBEDDING))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a table is called numeric")
        .hasMessageContaining("table=");
    try (Params others = Params.create(device, 1)) {
      Schema renamed = Schema.of(new Field.Categorical("numeric", 4, "kind"), price);
      FieldEmbeddings both =
          new FieldEmbeddings(
              renamed, 2, Numeric.SCALED_EMBEDDING, others, Initializers.normal(0.01));
      assertThat(both.count()).isEqualTo(2);
      assertThat(others.get("numeric")).isInstanceOf(DenseParameter.class);
    }
    try (Params others = Params.create(device, 1)) {
      new FieldEmbeddings(
          Schema.of(clash, price), 2, Numeric.RAW, others, Initializers.normal(0.01));
      assertThat(others.get("numeric")).isInstanceOf(TableParameter.class);
    }
  }

  /// Embeddings of some fields read batches of all: numbers, too, are found by name.
  @Test
  void aSchemaMayBeAPartOfThatOfTheBatch() {
    Schema all =
        Schema.of(
            new Field.Dense("a"),
            new Field.Categorical("user", 4),
            new Field.Dense("b"),
            new Field.Categorical("item", 4),
            new Field.Dense("c"));
    Schema some =
        Schema.of(new Field.Dense("c"), new Field.Categorical("item", 4), new Field.Dense("a"));
    FieldEmbeddings e = embeddings(some, 2, Numeric.SCALED_EMBEDDING);
    ((DenseParameter) params.get("numeric")).write(new double[] {1, 10, 2, 20}); // c, a
    ((TableParameter) params.get("item")).table().write(3, new double[] {5, 6});
    Batch batch =
        Batch.builder(all, 2)
            .dense(new float[] {1, 2, 3, 4, 5, 6})
            .sparse(
                KeyedJaggedTensor.fromLengths(
                    List.of("user", "item"), new int[] {2, 2, 3, 3}, new int[] {1, 1, 1, 1}))
            .build();
    assertThat(e.lookup(batch, mode).value().toDoubles())
        .containsExactly(5, 6, 3, 30, 2, 20, 5, 6, 6, 60, 8, 80);
    assertThat(e.squaredNorms(batch, mode.tape().scope())).containsExactly(1 + 9 + 1, 1 + 36 + 16);
  }

  /// Each row once, although three fields share a table and ids repeat; no padding.
  @Test
  void distinctRowsAreThoseThatABatchReads() {
    Schema schema =
        Schema.of(
            bag("seen", Pooling.SUM),
            new Field.Dense("price"),
            new Field.Categorical("item", 4, "items"),
            new Field.Categorical("user", 3));
    FieldEmbeddings e = embeddings(schema, 1, Numeric.SCALED_EMBEDDING);
    ((TableParameter) params.get("items")).table().write(1, new double[] {10, 20, 30});
    ((DenseParameter) params.get("numeric")).write(new double[] {7});
    Batch batch =
        Batch.builder(schema, 2)
            .dense(new float[] {0, 0})
            .sparse(
                KeyedJaggedTensor.fromLengths(
                    List.of("seen", "item", "user"),
                    new int[] {3, 0, 3, 1, 3, 0, 0},
                    new int[] {3, 0, 1, 1, 1, 1}))
            .build();
    List<Var> rows = e.distinctRows(batch, mode);
    assertThat(rows).hasSize(3);
    assertThat(rows.get(0).value().toDoubles()).containsExactly(10, 30);
    assertThat(rows.get(1).shape()).isEqualTo(Shape.of(0, 1));
    assertThat(rows.get(2).value().toDoubles()).containsExactly(7);
  }
}
