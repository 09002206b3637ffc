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

  /// Rate, from the first rows, and count, from all, of an id.
  private static double[] known(List<At> rows, int before, String table, int id) {
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
            n += i < before ? 1 : 0;
            clicks += i < before ? r.batch.label("click")[r.row] : 0;
          }
        }
      }
    }
    return new double[] {(clicks - all / rows.size() * n) / (n + SMOOTHING), count};
  }

  private static double[] expected(List<At> rows, int before, At at) {
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
            double[] one = known(rows, before, ids.table(), id);
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
        TreeFeatures features = new TreeFeatures(schema, SMOOTHING, params);
        TreeLibrary.Examples found =
            features.learn(in(first, second), new TreeFeatures.Choice("click", sampling, 7));
        int d = found.columns();
        assertThat(found.y()).hasSize(rows.size());
        assertThat(found.weights()).isNull();
        for (int i = 0; i < rows.size(); i++) {
          At at = rows.get(i);
          assertThat(found.y()[i]).isEqualTo(at.batch.label("click")[at.row]);
          assertClose(numbers(found.x(), i, d), expected(rows, i, at), FLOAT32);
        }
        float[] later = new float[2 * d];
        TreeFeatures.Numbers numbers = features.of(second, tape); // knows all rows
        for (int b = 1; b < second.size(); b++) {
          numbers.write(b - 1, b + 1, later);
          double[] all = expected(rows, rows.size(), new At(second, b));
          assertClose(numbers(later, 1, d), all, FLOAT32);
        }
        padding(params);
      }
    }
  }

  private static void padding(Params params) {
    for (var p : params.all()) {
      float[] row = new float[2];
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
          new TreeFeatures(schema, 1, params)
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
      TreeFeatures features = new TreeFeatures(schema, 1, params);
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
