// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.Fitted;
import org.gradus.models.ModelBench;
import org.gradus.models.Schemas;
import org.gradus.tensor.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What trees read, beside loops over all earlier rows.
class TreeFeaturesTest {
  /// A rate or a mean of counts, in float32.
  private static final double FLOAT32 = 1e-6;

  private static final double SMOOTHING = 2;
  private static final Rates ORDERED = new Rates(SMOOTHING, 0);

  static List<Schema> schemas() {
    return Schemas.of(new GbdtLrSpec());
  }

  private static Fitted.Rows in(Batch... batches) {
    return each -> Arrays.stream(batches).forEach(each);
  }

  /// Rows of a split, in order, as (batch, place in it).
  private record At(Batch batch, int row) {}

  private static List<At> rows(Sampling sampling, long seed, Batch... batches) {
    List<At> found = new ArrayList<>();
    long place = 0;
    for (Batch batch : batches) {
      for (int b = 0; b < batch.size(); b++) {
        if (sampling.forTrees(place++, batch.label("click")[b], seed)) {
          found.add(new At(batch, b));
        }
      }
    }
    return found;
  }

  /// Which rows count in a rate, by their places among those that are taken.
  private interface Told {
    boolean by(int place);
  }

  /// Rate, from the rows that tell, and count, from all, of an id.
  private static double[] known(List<At> rows, Told told, String table, int id) {
    double all = 0;
    for (At r : rows) {
      all += r.batch.label("click")[r.row];
    }
    double n = 0;
    double clicks = 0;
    double count = 0;
    for (int i = 0; i < rows.size(); i++) {
      At r = rows.get(i);
      for (Field.Ids f : r.batch.schema().ids()) {
        for (int other : ModelBench.bag(r.batch, f.name(), r.row)) {
          if (f.table().equals(table) && other == id) {
            count++;
            n += told.by(i) ? 1 : 0;
            clicks += told.by(i) ? r.batch.label("click")[r.row] : 0;
          }
        }
      }
    }
    return new double[] {(clicks - all / rows.size() * n) / (n + SMOOTHING), count};
  }

  private static double[] expected(List<At> rows, Told told, At at) {
    List<Double> x = new ArrayList<>();
    for (Field f : NaiveTrees.fields(at.batch)) {
      if (f instanceof Field.Dense d) {
        int c = at.batch.schema().dense().indexOf(d);
        x.add((double) at.batch.dense()[at.row * at.batch.schema().dense().size() + c]);
      } else if (f instanceof Field.Ids ids) {
        double[] sum = new double[2];
        int n = 0;
        for (int id : ModelBench.bag(at.batch, f.name(), at.row)) {
          if (id != 0) {
            double[] one = known(rows, told, ids.table(), id);
            sum[0] += one[0];
            sum[1] += one[1];
            n++;
          }
        }
        x.add(n == 0 ? 0 : sum[0] / n);
        x.add(n == 0 ? 0 : sum[1] / n);
      }
    }
    return x.stream().mapToDouble(d -> d).toArray();
  }

  private static Told before(int row) {
    return i -> i < row;
  }

  @ParameterizedTest
  @MethodSource("schemas")
  void aRowIsToldWhatRowsBeforeItSaid(Schema schema) {
    Batch first = SampleBatches.draw(schema, 17, 1);
    Batch second = SampleBatches.draw(schema, 12, 2);
    for (Sampling sampling :
        new Sampling[] {new Sampling(false, 1, 100), new Sampling(true, .5, 100)}) {
      List<At> rows = rows(sampling, 7, first, second);
      try (Device device = Device.open("reference");
          Params params = Params.create(device, 1);
          Tape tape = Tape.evaluating(device)) {
        TreeFeatures features = new TreeFeatures(schema, ORDERED, params);
        TreeLibrary.Examples found =
            features.learn(in(first, second), new TreeFeatures.Choice("click", sampling, 7));
        int d = found.columns();
        assertThat(found.y()).hasSize(rows.size());
        assertThat(found.weights()).isNull();
        for (int i = 0; i < rows.size(); i++) {
          At at = rows.get(i);
          assertThat(found.y()[i]).isEqualTo(at.batch.label("click")[at.row]);
          assertClose(numbers(found.x(), i, d), expected(rows, before(i), at), FLOAT32);
        }
        float[] later = new float[2 * d];
        TreeFeatures.Numbers numbers = features.of(second, true, tape); // knows all rows
        for (int b = 1; b < second.size(); b++) {
          numbers.write(b - 1, b + 1, later);
          double[] all = expected(rows, _ -> true, new At(second, b));
          assertClose(numbers(later, 1, d), all, FLOAT32);
        }
        padding(params);
      }
    }
  }

  /// While trees are grown and weights are trained, rows of the same fold are left out; later all rows count.
  @ParameterizedTest
  @MethodSource("schemas")
  void withFoldsARowIsToldWhatOtherFoldsSaid(Schema schema) {
    int folds = 3;
    Batch batch = SampleBatches.draw(schema, 25, 1);
    Sampling sampling = new Sampling(true, 1, 100);
    List<At> rows = rows(sampling, 7, batch);
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.evaluating(device)) {
      TreeFeatures features = new TreeFeatures(schema, new Rates(SMOOTHING, folds), params);
      TreeLibrary.Examples found =
          features.learn(in(batch), new TreeFeatures.Choice("click", sampling, 7));
      int d = found.columns();
      for (int i = 0; i < rows.size(); i++) {
        At at = rows.get(i);
        assertClose(
            numbers(found.x(), i, d), expected(rows, outside(rows, at, folds), at), FLOAT32);
      }
      float[] x = new float[25 * d];
      features.of(batch, true, tape).write(0, 25, x);
      for (int b = 0; b < 25; b++) { // the other half of the rows, too, has folds
        At at = new At(batch, b);
        assertClose(numbers(x, b, d), expected(rows, outside(rows, at, folds), at), FLOAT32);
      }
      features.of(batch, false, tape).write(0, 25, x);
      for (int b = 0; b < 25; b++) {
        assertClose(numbers(x, b, d), expected(rows, _ -> true, new At(batch, b)), FLOAT32);
      }
      padding(params);
    }
  }

  private static Told outside(List<At> rows, At at, int folds) {
    int own = NaiveTrees.fold(at.batch, at.row, folds);
    return i -> NaiveTrees.fold(rows.get(i).batch, rows.get(i).row, folds) != own;
  }

  /// Swaps the clicks of two rows that share no id, which leaves the average as it is: with folds neither row's numbers change.
  @Test
  void withFoldsARowsOwnClickDoesNotReachIt() {
    Schema schema = Schemas.CATEGORICAL;
    Batch batch = SampleBatches.draw(schema, 40, 3);
    float[] y = new float[40];
    for (int b = 0; b < 40; b += 2) {
      y[b] = 1;
    }
    int swaps = 0;
    for (int b = 1; b < 40; b += 2) {
      if (!sharesAnId(batch, 0, b)) {
        float[] swapped = y.clone();
        swapped[0] = 0;
        swapped[b] = 1;
        float[] before = inTraining(schema, withClicks(batch, y));
        float[] after = inTraining(schema, withClicks(batch, swapped));
        int d = before.length / 40;
        assertThat(numbers(after, 0, d)).isEqualTo(numbers(before, 0, d));
        assertThat(numbers(after, b, d)).isEqualTo(numbers(before, b, d));
        assertThat(after).isNotEqualTo(before);
        swaps++;
      }
    }
    assertThat(swaps).isPositive();
  }

  private static boolean sharesAnId(Batch batch, int a, int b) {
    return batch.schema().ids().stream()
        .anyMatch(
            f ->
                Arrays.equals(
                    ModelBench.bag(batch, f.name(), a), ModelBench.bag(batch, f.name(), b)));
  }

  private static Batch withClicks(Batch batch, float[] y) {
    return Batch.builder(batch.schema(), batch.size())
        .sparse(batch.sparse())
        .real("click", y)
        .build();
  }

  private static float[] inTraining(Schema schema, Batch batch) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      return new TreeFeatures(schema, new Rates(SMOOTHING, 4), params)
          .learn(in(batch), new TreeFeatures.Choice("click", new Sampling(false, 1, 100), 1))
          .x();
    }
  }

  private static void padding(Params params) {
    for (var p : params.all()) {
      float[] row = new float[((TableParameter) p).table().width()];
      ((TableParameter) p).table().read(0, row);
      assertThat(row).containsOnly(0);
      assertThat(p.frozen()).isTrue();
    }
  }

  private static double[] numbers(float[] x, int row, int columns) {
    double[] found = new double[columns];
    for (int c = 0; c < columns; c++) {
      found[c] = x[row * columns + c];
    }
    return found;
  }

  @Test
  void maskedLabelsAreNotReadAndWeightsAreKept() {
    Schema schema =
        Schema.of(
            new Field.Dense("price"),
            Schemas.CLICK,
            new Field.LabelMask("seen", "click"),
            new Field.SampleWeight("weight"));
    Batch batch =
        Batch.builder(schema, 3)
            .dense(new float[] {.5f, .25f, .125f})
            .real("click", new float[] {1, 1, 0})
            .real("seen", new float[] {1, 0, 1})
            .real("weight", new float[] {2, 3, 4})
            .build();
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      TreeLibrary.Examples found =
          new TreeFeatures(schema, ORDERED, params)
              .learn(in(batch), new TreeFeatures.Choice("click", new Sampling(false, 1, 10), 1));
      assertThat(found.x()).containsExactly(.5f, .125f);
      assertThat(found.y()).containsExactly(1, 0);
      assertThat(found.weights()).containsExactly(2, 4);
    }
  }

  @Test
  void withoutRowsThereAreNoTrees() {
    Schema schema = Schemas.CATEGORICAL;
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      TreeFeatures features = new TreeFeatures(schema, ORDERED, params);
      assertThatThrownBy(
              () -> features.learn(in(), new TreeFeatures.Choice("click", Sampling.USUAL, 1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("gbdt-lr: no row is left for the trees.");
    }
  }

  /// A row is seen by trees or weights, positives always are, and shares are what was asked for: within five standard
  /// deviations of n draws.
  @Test
  void sharesOfRows() {
    int n = 20_000;
    Sampling split = new Sampling(true, .3, 1000);
    Map<String, Integer> counts = new TreeMap<>();
    for (long row = 0; row < n; row++) {
      for (float y : new float[] {0, 1}) {
        boolean trees = split.forTrees(row, y, 9);
        boolean weights = split.forWeights(row, y, 9);
        assertThat(trees && weights).isFalse();
        if (y == 1) {
          assertThat(trees || weights).isTrue();
        }
        counts.merge(y + " trees", trees ? 1 : 0, Integer::sum);
        counts.merge(y + " kept", trees || weights ? 1 : 0, Integer::sum);
      }
      counts.merge("grown", split.isGrownFrom(row, n, 9) ? 1 : 0, Integer::sum);
    }
    Rates rates = new Rates(1, 5);
    for (long values = 0; values < n; values++) {
      counts.merge("fold " + rates.fold(values), 1, Integer::sum);
    }
    for (int k = 0; k < 5; k++) {
      share(counts, "fold " + k, .2, n);
    }
    share(counts, "1.0 trees", .5, n);
    share(counts, "0.0 trees", .15, n);
    share(counts, "0.0 kept", .3, n);
    share(counts, "grown", 1000.0 / n, n);
    assertThat(split.isGrownFrom(3, 1000, 9)).isTrue();
  }

  private static void share(Map<String, Integer> counts, String what, double p, int n) {
    double allowed = 5 * Math.sqrt(p * (1 - p) / n);
    assertThat(counts.getOrDefault(what, 0) / (double) n)
        .as(what)
        .isBetween(p - allowed, p + allowed);
  }
}
