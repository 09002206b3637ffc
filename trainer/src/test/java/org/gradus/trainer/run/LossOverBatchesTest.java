// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.autograd.Params;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.models.Fitted;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.trainer.loss.LossConfig;
import org.gradus.trainer.loss.Objective;
import org.gradus.trainer.metrics.GroupedAuc;
import org.gradus.trainer.metrics.Metric;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// A loss is the mean over what it is about, known labels or real tokens, however many rows are measured at once.
class LossOverBatchesTest {
  /// Rows of ids, field by field.
  private record Rows(Schema schema, List<int[][]> all) implements Examples {
    @Override
    public long rows() {
      return all.size();
    }

    @Override
    public Stream stream(Pass pass) {
      int[] next = {0};
      return new Stream() {
        @Override
        public @Nullable Batch next() {
          int from = next[0];
          next[0] = Math.min(all.size(), from + pass.batchSize());
          return from == all.size() ? null : batch(all.subList(from, next[0]));
        }

        @Override
        public void close() {}
      };
    }

    private Batch batch(List<int[][]> rows) {
      List<String> keys = schema.ids().stream().map(Field.Ids::name).toList();
      List<Integer> ids = new ArrayList<>();
      List<Integer> lengths = new ArrayList<>();
      for (int f = 0; f < keys.size(); f++) {
        for (int[][] row : rows) {
          lengths.add(row[f].length);
          for (int id : row[f]) {
            ids.add(id);
          }
        }
      }
      return Batch.builder(schema, rows.size())
          .sparse(KeyedJaggedTensor.fromLengths(keys, ints(ids), ints(lengths)))
          .build();
    }

    private static int[] ints(List<Integer> list) {
      return list.stream().mapToInt(Integer::intValue).toArray();
    }
  }

  private static Metric loss(
      String model, Map<String, String> settings, Rows rows, String name, int batchSize) {
    ModelSpec spec = Models.get(model);
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 5)) {
      Model made = spec.create(spec.settings(settings), rows.schema, params);
      if (made instanceof Fitted fitted) {
        fitted.fit(each -> each.accept(rows.batch(rows.all)), 1);
      }
      Objective objective = new Objective(LossConfig.ALL, rows.schema);
      Evaluator evaluator =
          new Evaluator(
              made, device, new TrainConfig.Measure(batchSize, GroupedAuc.Weighting.IMPRESSIONS));
      Evaluation found = evaluator.evaluate("test", rows, objective);
      assertThat(found.metric("test.loss")).isEqualTo(found.metric("test." + name));
      return Objects.requireNonNull(found.metric("test.loss"));
    }
  }

  /// @param kept the rows that the loss is about, when it is a mean over rows
  private static void sameForAnyBatch(
      String model, Map<String, String> settings, Rows rows, String name, @Nullable Rows kept) {
    double whole = loss(model, settings, rows, name, rows.all.size()).value();
    assertThat(whole).isFinite().isPositive();
    for (int batchSize : new int[] {1, 2, 3, 7, 64}) {
      // sums of some tens of float64 numbers of about this size
      assertThat(loss(model, settings, rows, name, batchSize).value())
          .as("batches of %d", batchSize)
          .isCloseTo(whole, within(1e-13 * whole));
    }
    if (kept != null) {
      assertThat(loss(model, settings, kept, name, 4).value())
          .isCloseTo(whole, within(1e-13 * whole));
    }
  }

  /// Every third label is unknown; a row without a known one counts for nothing.
  @Test
  void theNextItemOfKnownLabels() {
    Schema schema =
        Schema.of(new Field.Categorical("item", 9), new Field.Sequence("watched", 9, "item", 6));
    List<int[][]> all = new ArrayList<>();
    for (int r = 0; r < 20; r++) {
      int label = r % 3 == 0 ? r % 2 : 2 + r % 7;
      all.add(new int[][] {{label}, {2 + r % 5, 2 + r % 3}});
    }
    Map<String, String> settings =
        new HashMap<>(Map.of("embeddingDim", "3", "hidden", "4,3", "outputActivation", "LINEAR"));
    Rows rows = new Rows(schema, all);
    Rows known = new Rows(schema, all.stream().filter(row -> row[0][0] >= 2).toList());
    sameForAnyBatch("youtube-dnn", settings, rows, "next_item", known);
    Rows unknown = new Rows(schema, all.stream().filter(row -> row[0][0] < 2).toList());
    assertThat(loss("youtube-dnn", settings, unknown, "next_item", 4).defined()).isFalse();
  }

  /// Targets of one to seven tokens.
  @Test
  void theTokensOfATranslation() {
    Schema schema =
        Schema.of(
            new Field.Sequence("source", 11, "token", 8),
            new Field.Sequence("target", 11, "token", 8));
    List<int[][]> all = new ArrayList<>();
    for (int r = 0; r < 12; r++) {
      int[] source = new int[1 + r % 4];
      int[] target = new int[1 + r % 7];
      for (int i = 0; i < source.length; i++) {
        source[i] = 4 + (int) Counter.below(3, 10 * r + i, 7);
      }
      for (int i = 0; i < target.length; i++) {
        target[i] = i == 0 ? 2 : 4 + (int) Counter.below(4, 10 * r + i, 7);
      }
      all.add(new int[][] {source, target});
    }
    Map<String, String> settings =
        new HashMap<>(
            Map.of("width", "8", "heads", "2", "layers", "1", "hidden", "8", "dropout", "0"));
    sameForAnyBatch("transformer", settings, new Rows(schema, all), "crossEntropy", null);
  }
}
