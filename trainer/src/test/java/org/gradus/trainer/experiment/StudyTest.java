// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.experiment;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.data.csv.TasksSource;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.trainer.run.TrainConfig;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a study trains on what, what it chooses by, and its tables, with runs that are made up.
class StudyTest {
  private static final Map<String, String> FEW =
      Map.of(
          "fields",
          "4",
          "values",
          "4",
          "scenarios",
          "2",
          "rows",
          "90",
          "validRows",
          "40",
          "testRows",
          "60");

  private static final String FILE =
      """
      data: {name: tasks-synthetic}
      loop: {epochs: 2, batchSize: 16}
      stopping: {metric: valid.auc_macro, patience: 2}
      seeds: 2
      beside: alone
      entries:
        - {name: alone, model: shared-bottom, apart: BY_BOTH, settings: {embeddingDim: "2"}}
        - name: together
          model: mmoe
          settings: {embeddingDim: "2", towerUnits: ""}
          candidates: [{expertUnits: "3"}, {expertUnits: "4"}, {expertUnits: "5"}]
      """;

  @TempDir private Path folder;

  private Study read(String text) throws IOException {
    return Study.read(Files.writeString(folder.resolve("study.yaml"), text));
  }

  private DataSet data() {
    return new TasksSource()
        .open(new DataSource.Request(null, folder.resolve("cache"), 0, FEW, _ -> {}))
        .data();
  }

  /// A run as it was asked for.
  private record Asked(TrainConfig config, List<String> tasks, List<Integer> domains) {
    static Asked of(TrainConfig config, DataSet rows) {
      List<Integer> domains = new ArrayList<>();
      try (Examples.Stream stream = rows.train().stream(Examples.Pass.inOrder(1000))) {
        for (int d : requireNonNull(stream.next()).domains()) {
          if (!domains.contains(d)) {
            domains.add(d);
          }
        }
      }
      return new Asked(
          config,
          rows.schema().labels().stream().map(Field.Label::name).toList(),
          domains.stream().sorted().toList());
    }

    private String metric(String split, int domain, String task) {
      return split + ".domain." + domain + (tasks.size() == 1 ? "." : "." + task + ".") + "auc";
    }
  }

  /// Numbers that tell entry, candidate, seed and cell apart: on validation rows the second candidate is the best one, on test rows the third.
  private static Map<String, @Nullable Object> madeUp(Asked a) {
    boolean mmoe = a.config.model().name().equals("mmoe");
    String units = a.config.model().settings().getOrDefault("expertUnits", "");
    double seed = 0.01 * a.config.seed();
    double valid = units.equals("4") ? 0.8 : 0.7;
    double test = !mmoe ? 0.6 : units.equals("5") ? 0.9 : units.equals("4") ? 0.65 : 0.5;
    Map<String, @Nullable Object> metrics = new LinkedHashMap<>();
    metrics.put("parameters", 100L);
    for (int d : a.domains) {
      for (String task : a.tasks) {
        double cell = 0.1 * d + (task.equals("second") ? 0.05 : 0);
        metrics.put(a.metric("valid", d, task), valid);
        metrics.put(a.metric("test", d, task), test + cell + (mmoe ? -1 : 1) * seed);
      }
    }
    return metrics;
  }

  /// Six numbers of 0.6 or 0.65 + 0.1 d + 0.05 t ± 0.01 seed, of which the two seeds deviate by 0.01/√2.
  @Test
  void entriesAreTrainedAsTheFileSaysAndChosenByValidationRows() throws IOException {
    Study study = read(FILE);
    List<Asked> asked = new ArrayList<>();
    try (DataSet data = data()) {
      Trials trials =
          new Trials(
              study,
              data,
              (config, rows) -> {
                asked.add(Asked.of(config, rows));
                return madeUp(asked.getLast());
              },
              _ -> {});
      List<Trials.Outcome> outcomes = study.entries().stream().map(trials::of).toList();
      List<Asked> alone = asked.subList(0, 8);
      assertThat(alone.stream().map(a -> a.tasks + " " + a.domains + " " + a.config.seed()))
          .containsExactly(
              "[first] [0] 0",
              "[first] [1] 0",
              "[second] [0] 0",
              "[second] [1] 0",
              "[first] [0] 1",
              "[first] [1] 1",
              "[second] [0] 1",
              "[second] [1] 1");
      assertThat(alone)
          .allMatch(a -> requireNonNull(a.config.stopping()).metric().equals("valid.auc"));
      assertThat(
              asked.subList(8, asked.size()).stream()
                  .map(
                      a ->
                          a.tasks
                              + " "
                              + a.domains
                              + " "
                              + a.config.model().settings().get("expertUnits")
                              + " "
                              + a.config.seed()
                              + " "
                              + requireNonNull(a.config.stopping()).metric()))
          .containsExactly(
              "[first, second] [0, 1] 3 0 valid.auc_macro",
              "[first, second] [0, 1] 4 0 valid.auc_macro",
              "[first, second] [0, 1] 5 0 valid.auc_macro",
              "[first, second] [0, 1] 4 1 valid.auc_macro");
      assertThat(outcomes.get(0).parameters()).isEqualTo(400);
      StudyTable table = new StudyTable(trials.cells(), outcomes, Map.of());
      assertThat(table.scores())
          .isEqualTo(
              """
              | model | first · 0 | first · 1 | second · 0 | second · 1 | mean | parameters | chosen |
              | --- | --- | --- | --- | --- | --- | --- | --- |
              | alone | 0.6050 ± 0.0071 | 0.7050 ± 0.0071 | 0.6550 ± 0.0071 | 0.7550 ± 0.0071 | 0.6800 ± 0.0071 | 400 |  |
              | together | 0.6450 ± 0.0071 | 0.7450 ± 0.0071 | 0.6950 ± 0.0071 | 0.7950 ± 0.0071 | 0.7200 ± 0.0071 | 100 | `expertUnits=4`, of 3 |
              """);
      // seed by seed 0.05 and 0.03
      assertThat(table.gains(study.beside()))
          .isEqualTo(
              """
              | gain over alone | first · 0 | first · 1 | second · 0 | second · 1 | mean |
              | --- | --- | --- | --- | --- | --- |
              | together | +0.0400 ± 0.0141 | +0.0400 ± 0.0141 | +0.0400 ± 0.0141 | +0.0400 ± 0.0141 | +0.0400 ± 0.0141 |
              """);
      Map<String, Double> facts =
          Map.of(
              "bayes_auc_first_0",
              .7,
              "bayes_auc_first_1",
              .8,
              "bayes_auc_second_0",
              .9,
              "bayes_auc_second_1",
              .8);
      Map<String, Double> some = new LinkedHashMap<>(facts);
      some.remove("bayes_auc_second_0");
      assertThat(new StudyTable(trials.cells(), outcomes, some).scores()).isEqualTo(table.scores());
      assertThat(new StudyTable(trials.cells(), outcomes, facts).scores())
          .contains(
              "\n| the true probabilities | 0.7000 | 0.8000 | 0.9000 | 0.8000 | 0.8000 | | |\n");
    }
  }

  /// A scenario has its own rows, all of them, as they are.
  @Test
  void rowsOfAScenarioAreItsOwn() {
    try (DataSet data = data()) {
      Batch all = whole(data.test());
      Prepared one = Prepared.of(data, List.of("second")).scenario(1);
      Batch own = whole(one.data().test());
      List<String> expected = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        if (all.domains()[i] == 1) {
          expected.add(all.label("second")[i] + " " + all.sparse().of("f2").values()[i]);
        }
      }
      List<String> found = new ArrayList<>();
      for (int i = 0; i < own.size(); i++) {
        found.add(own.label("second")[i] + " " + own.sparse().of("f2").values()[i]);
      }
      assertThat(found).isEqualTo(expected).hasSizeGreaterThan(5);
      assertThat(own.domains()).containsOnly(1);
      assertThat(whole(one.data().train()).domains()).containsOnly(1).hasSizeGreaterThan(5);
      assertThat(whole(one.data().valid()).domains()).containsOnly(1).hasSizeGreaterThan(5);
      Prepared other = Prepared.of(data, List.of("second"));
      assertThat(
              List.of(
                  data.fingerprint(),
                  other.data().fingerprint(),
                  other.scenario(0).data().fingerprint(),
                  one.data().fingerprint()))
          .doesNotHaveDuplicates();
    }
  }

  /// A label goes with its mask, and stays with it.
  @Test
  void masksGoWithTheirLabels() {
    Map<String, String> settings = new LinkedHashMap<>(FEW);
    settings.putAll(Map.of("funnel", "true", "given", "true"));
    try (DataSet data =
        new TasksSource()
            .open(new DataSource.Request(null, folder.resolve("cache"), 0, settings, _ -> {}))
            .data()) {
      assertThat(Prepared.of(data, List.of("second")).data().schema().all(Field.LabelMask.class))
          .isEmpty();
      Prepared given = Prepared.of(data, List.of("second_of_first")).scenario(0);
      Batch rows = whole(given.data().train());
      assertThat(requireNonNull(rows.labelMask("second_of_first"))).contains(0, 1);
    }
  }

  /// Of candidates that are equally good on validation rows the first is taken; what a candidate says goes over the entry's settings.
  @Test
  void theFirstOfEqualCandidatesIsTaken() throws IOException {
    Study study =
        read(
            FILE.replace("towerUnits: \"\"}", "towerUnits: \"\", expertUnits: \"4\"}")
                .replace("{expertUnits: \"4\"}, ", ""));
    try (DataSet data = data()) {
      Trials trials =
          new Trials(study, data, (config, rows) -> madeUp(Asked.of(config, rows)), _ -> {});
      Trials.Outcome found = trials.of(study.entries().getLast());
      assertThat(found.chosen()).isEqualTo(Map.of("expertUnits", "3"));
      assertThat(found.valid()).hasSize(2).containsOnly(found.valid().getFirst());
      assertThat(found.test().getFirst().getFirst()).isEqualTo(0.5);
    }
  }

  /// A scenario that nobody is in has no model of its own: the message says which, and of what rows.
  @Test
  void aScenarioWithoutRowsIsSaid() throws IOException {
    Study study = read(FILE);
    Map<String, String> settings = new LinkedHashMap<>(FEW);
    settings.putAll(Map.of("scenarios", "3", "skew", "0.001"));
    try (DataSet data =
        new TasksSource()
            .open(new DataSource.Request(null, folder.resolve("cache"), 0, settings, _ -> {}))
            .data()) {
      Trials trials =
          new Trials(study, data, (config, rows) -> madeUp(Asked.of(config, rows)), _ -> {});
      assertThatThrownBy(() -> trials.of(study.entries().getFirst()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "study: scenario 1 of tasks-synthetic has no training rows. Expected some for a model"
                  + " of its own: more rows, fewer scenarios, or another word for apart.");
    }
  }

  private static Batch whole(Examples examples) {
    try (Examples.Stream stream = examples.stream(Examples.Pass.inOrder(1000))) {
      return requireNonNull(stream.next());
    }
  }

  @Test
  void someEntriesMayBeLeftOut() throws IOException {
    Study study = read(FILE);
    assertThat(study.only(List.of("together")).entries()).hasSize(1);
    assertThat(study.only(List.of("together")).beside()).isEmpty();
    assertThat(study.only(List.of("alone")).beside()).isEqualTo("alone");
    assertThatThrownBy(() -> study.only(List.of("apart")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("study: no entry apart. Expected some of: alone, together");
  }

  @Test
  void whatNobodyUnderstandsIsAnError() {
    assertThatThrownBy(() -> read("seeds: 3\n")).hasMessageContaining("no entries");
    assertThatThrownBy(() -> read(FILE + "model: {name: mmoe}\n"))
        .hasMessageContaining("model for all entries");
    assertThatThrownBy(() -> read(FILE.replace("seeds: 2", "seeds: many")))
        .hasMessageContaining("seeds \"many\". Expected how many");
    assertThatThrownBy(() -> read(FILE.replace("beside: alone", "beside: none")))
        .hasMessageContaining("beside none. Expected one of the entries: alone, together");
    assertThatThrownBy(() -> read(FILE.replace("BY_BOTH", "both")))
        .hasMessageContaining("entry alone: apart both. Expected TOGETHER, BY_TASK");
    assertThatThrownBy(() -> read(FILE.replace("apart:", "part:")))
        .hasMessageContaining("Expected name and model, perhaps apart");
    assertThatThrownBy(() -> read(FILE.replace("expertUnits: \"4\"", "bottomUnits: \"4\"")))
        .hasMessageContaining("entry together: ")
        .hasMessageContaining("bottomUnits");
    assertThatThrownBy(() -> read(FILE.replace("name: together", "name: \"a, b\"")))
        .hasMessageContaining("name \"a, b\". Expected words without a comma");
    assertThatThrownBy(() -> read(FILE.replace("name: together", "name: alone")))
        .hasMessageContaining("each name once");
    assertThatThrownBy(() -> read(FILE.replace("expertUnits: \"4\"", "expertUnits: [4, 8]")))
        .hasMessageContaining("a list of numbers is a text");
    assertThatThrownBy(
            () -> read(FILE.replace("settings: {embeddingDim: \"2\"}}", "settings: [a]}")))
        .hasMessageContaining("settings [\"a\"]. Expected names with a value each");
    assertThatThrownBy(() -> read(FILE + "epochs: 3\n"))
        .hasMessageContaining("unknown keys epochs");
  }
}
