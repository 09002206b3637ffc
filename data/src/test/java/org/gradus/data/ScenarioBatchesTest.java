// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.data.Examples.Pass;
import org.gradus.data.csv.TasksSource;
import org.gradus.embeddings.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Passes over generated rows of three scenarios.
class ScenarioBatchesTest {
  private static final Map<String, String> ROWS =
      Map.of("fields", "4", "values", "9", "rows", "100", "validRows", "1", "testRows", "1");

  @TempDir private Path folder;

  private DataSet data(int scenarios) {
    Map<String, String> settings = new HashMap<>(ROWS);
    settings.put("scenarios", Integer.toString(scenarios));
    return new TasksSource()
        .open(new DataSource.Request(null, folder, 0, settings, _ -> {}))
        .data();
  }

  private static List<Batch> batches(Examples examples, Pass pass) {
    List<Batch> all = new ArrayList<>();
    try (Examples.Stream stream = examples.stream(pass)) {
      for (Batch b = stream.next(); b != null; b = stream.next()) {
        all.add(b);
      }
    }
    return all;
  }

  /// A row as text.
  private static List<String> rows(List<Batch> batches) {
    List<String> rows = new ArrayList<>();
    for (Batch b : batches) {
      for (int i = 0; i < b.size(); i++) {
        StringBuilder row = new StringBuilder(b.domains()[i] + ":" + b.label("first")[i]);
        for (String field : b.sparse().keys()) {
          row.append(' ').append(b.sparse().of(field).values()[i]);
        }
        rows.add(row.toString());
      }
    }
    return rows;
  }

  @Test
  void everyBatchComesFromOneScenarioAndEveryRowComesOnce() {
    try (DataSet data = data(3)) {
      Examples single = new ScenarioBatches(data.train());
      Pass pass = Pass.shuffled(8, 5, 2);
      List<Batch> found = batches(single, pass);
      int[] counts = new int[3];
      List<Integer> order = new ArrayList<>();
      for (Batch b : found) {
        assertThat(Arrays.stream(b.domains()).distinct().count()).isEqualTo(1);
        counts[b.domains()[0]] += b.size();
        order.add(b.domains()[0]);
      }
      int expected = Arrays.stream(counts).map(n -> (n + 7) / 8).sum();
      assertThat(found).hasSize(expected);
      assertThat(single.batches(pass)).isEqualTo(expected);
      assertThat(order).as("scenarios take turns").isNotEqualTo(order.stream().sorted().toList());
      assertThat(rows(found))
          .containsExactlyInAnyOrderElementsOf(rows(batches(data.train(), Pass.inOrder(100))));
      assertThat(rows(batches(single, pass))).isEqualTo(rows(found));
      assertThat(rows(batches(single, Pass.shuffled(8, 5, 3)))).isNotEqualTo(rows(found));
      List<Batch> whole = batches(single, new Pass(8, true, 5, 2, 0, true));
      assertThat(whole).allMatch(b -> b.size() == 8);
      assertThat(whole).hasSize(Arrays.stream(counts).map(n -> n / 8).sum());
    }
  }

  @Test
  void aPassThatGoesOnIsTheRestOfThePass() {
    try (DataSet data = data(3)) {
      Examples single = new ScenarioBatches(data.train());
      Pass pass = Pass.shuffled(8, 5, 2);
      List<Batch> whole = batches(single, pass);
      for (int skip = 0; skip <= whole.size(); skip++) {
        assertThat(rows(batches(single, pass.skipping(skip))))
            .isEqualTo(rows(whole.subList(skip, whole.size())));
      }
    }
  }

  @Test
  void storedOrderStays() {
    try (DataSet data = data(3)) {
      Examples single = new ScenarioBatches(data.train());
      assertThat(rows(batches(single, Pass.inOrder(7))))
          .isEqualTo(rows(batches(data.train(), Pass.inOrder(7))));
      assertThat(single.batches(Pass.inOrder(7))).isEqualTo(15);
    }
  }

  @Test
  void withoutScenariosThereIsNothingToTakeApart() {
    try (DataSet data = data(1)) {
      assertThatThrownBy(() -> new ScenarioBatches(data.train()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("batches of one scenario: ")
          .hasMessageContaining("has no domain");
    }
  }
}
