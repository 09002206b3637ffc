// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.experiment;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataSet;
import org.gradus.data.Examples;
import org.gradus.data.csv.TasksSource;
import org.gradus.embeddings.Batch;
import org.gradus.trainer.run.BuiltModel;
import org.gradus.trainer.run.Listener;
import org.gradus.trainer.run.RunFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// From a file to a table, on a few generated rows.
class ExperimentTest {
  private static final String FILE =
      """
      tasks: [second, first]
      model:
        name: mmoe
        settings: {embeddingDim: "2", numExperts: "2", expertUnits: "4", towerUnits: ""}
      data:
        name: tasks-synthetic
        settings: {fields: "4", values: "4", scenarios: "2", rows: "300", validRows: "60", testRows: "200"}
      device: reference
      loop: {epochs: 1, batchSize: 50}
      measure: {gauc: UNIFORM}
      """;

  @TempDir private Path folder;

  private Experiment read(String text) throws IOException {
    return Experiment.read(Files.writeString(folder.resolve("experiment.yaml"), text));
  }

  private DataSet load(Experiment experiment) {
    return experiment.load(new TasksSource(), folder.resolve("cache"), _ -> {}).data();
  }

  private Results run(Experiment experiment, Prepared rows, String name) {
    Path run = folder.resolve(name);
    try (BuiltModel built = experiment.train(rows, () -> RunFolder.create(run), Listener.SILENT)) {
      return experiment.evaluate(built, rows);
    }
  }

  /// What is reported is what the run wrote into its folder, under other names.
  @Test
  void fiveCallsMakeATable() throws IOException {
    Experiment experiment = read(FILE);
    try (DataSet data = load(experiment)) {
      Prepared rows = experiment.prepare(data);
      assertThat(rows.tasks()).as("in the order of the schema").containsExactly("first", "second");
      Results results = run(experiment, rows, "run");
      assertThat(results.all().keySet())
          .containsExactlyInAnyOrder(
              "auc_first",
              "gauc_first",
              "valid_users_first",
              "auc_second",
              "gauc_second",
              "valid_users_second",
              "auc_macro",
              "gauc_macro");
      JsonNode json =
          JsonMapper.shared().readTree(Files.readString(folder.resolve("run/metrics.json")));
      for (String task : rows.tasks()) {
        String path = "test." + task + ".";
        assertThat(of(results.all(), "auc_" + task)).isEqualTo(json.path(path + "auc").asDouble());
        assertThat(of(results.all(), "gauc_" + task))
            .isEqualTo(json.path(path + "gauc").asDouble());
        assertThat(of(results.all(), "valid_users_" + task))
            .isEqualTo(json.path(path + "gauc_users").asInt())
            .isEqualTo(4);
      }
      assertThat(of(results.all(), "auc_macro"))
          .isEqualTo((of(results.all(), "auc_first") + of(results.all(), "auc_second")) / 2);
      assertThat(results.scenarios().keySet()).containsExactly(0, 1);
      assertThat(of(requireNonNull(results.scenarios().get(1)), "auc_second"))
          .isEqualTo(json.path("test.domain.1.second.auc").asDouble());
    }
  }

  private static double of(Map<String, Number> metrics, String name) {
    return requireNonNull(metrics.get(name), name).doubleValue();
  }

  /// The other label is gone from the rows, and the model has one head.
  @Test
  void oneTaskMayBeTrainedAlone() throws IOException {
    Experiment experiment = read(FILE).withTasks(List.of("second"));
    try (DataSet data = load(experiment)) {
      Prepared rows = experiment.prepare(data);
      try (Examples.Stream all = data.train().stream(Examples.Pass.shuffled(40, 3, 1));
          Examples.Stream one = rows.data().train().stream(Examples.Pass.shuffled(40, 3, 1))) {
        Batch both = requireNonNull(all.next());
        Batch alone = requireNonNull(one.next());
        assertThat(alone.label("second")).isEqualTo(both.label("second"));
        assertThat(alone.schema().labels()).hasSize(1);
        assertThat(alone.sparse().values()).isEqualTo(both.sparse().values());
      }
      assertThat(rows.data().fingerprint()).isNotEqualTo(data.fingerprint());
      assertThat(run(experiment, rows, "alone").all().keySet())
          .containsExactlyInAnyOrder("auc", "gauc", "valid_users");
      assertThatThrownBy(() -> experiment.withTasks(List.of("third")).prepare(data))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "experiment: task third of tasks-synthetic. Expected some of its labels: first,"
                  + " second");
    }
  }

  @Test
  void whatCannotBeginLeavesNoFolder() throws IOException {
    Experiment experiment = read(FILE + "loss: {balance: {name: Fixed, decay: {frst: 0.9}}}\n");
    try (DataSet data = load(experiment)) {
      Prepared rows = experiment.prepare(data);
      assertThatThrownBy(() -> run(experiment, rows, "none").all())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("balance: decay of frst, which is no task. Did you mean first?");
      assertThat(folder.resolve("none")).doesNotExist();
    }
  }

  @Test
  void everyRegisteredExperimentIsOfItsModel() {
    assertThat(Experiment.names()).contains("esmm", "mmoe", "ple", "shared-bottom");
    for (String name : Experiment.names()) {
      assertThat(Experiment.named(name).config().model().name()).isEqualTo(name);
    }
    assertThatThrownBy(() -> Experiment.named("mmoo"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("experiment mmoo: none of this name.")
        .hasMessageContaining("mmoe");
  }

  @Test
  void whatNobodyUnderstandsIsAnError() {
    assertThatThrownBy(() -> read(FILE + "task: first\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unknown keys task");
    assertThatThrownBy(() -> read(FILE.replace("[second, first]", "first")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tasks \"first\". Expected a list of labels");
    assertThatThrownBy(() -> read(FILE.replace("[second, first]", "[second, [first]]")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith(
            "experiment.yaml: [\"first\"] among tasks. Expected names of labels, such as [click,"
                + " like].");
    assertThatThrownBy(() -> read(""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith(
            "experiment.yaml: nothing in it. Expected keys and values, such as model: {name:"
                + " mmoe}.");
  }
}
