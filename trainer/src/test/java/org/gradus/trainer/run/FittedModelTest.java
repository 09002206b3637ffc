// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.autograd.Params;
import org.gradus.data.DataSet;
import org.gradus.data.Examples.Pass;
import org.gradus.data.Examples.Stream;
import org.gradus.data.prepared.PreparedFile;
import org.gradus.data.prepared.PreparedWriter;
import org.gradus.data.prepared.Row;
import org.gradus.embeddings.Batch;
import org.gradus.models.Fitted;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.tensor.Device;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A model with trees: fitted once, before the first step, saved and read with the rest, and trained on its own rows.
class FittedModelTest {
  private static final Map<String, String> SETTINGS =
      Map.of("trees", "8", "maxLeaves", "5", "minSplit", "8", "smoothing", "2");

  @TempDir private Path folder;
  private DataSet data = Toy.data();

  @BeforeEach
  void write() {
    DataSet toy = Toy.data();
    Path file = folder.resolve("train");
    try (PreparedWriter writer = new PreparedWriter(file, Toy.SCHEMA);
        Stream stream = toy.train().stream(Pass.inOrder(64))) {
      for (Batch b = stream.next(); b != null; b = stream.next()) {
        append(b, writer);
      }
      writer.finish();
    }
    data =
        new DataSet(
            toy.name(),
            toy.schema(),
            PreparedFile.open(file),
            toy.valid(),
            toy.test(),
            toy.facts(),
            toy.fingerprint());
  }

  @AfterEach
  void close() {
    data.close();
  }

  private static void append(Batch b, PreparedWriter writer) {
    Row row = new Row(Toy.SCHEMA);
    for (int i = 0; i < b.size(); i++) {
      row.clear();
      row.dense(0, b.dense()[i]);
      row.id(0, b.sparse().of("user").values()[i]);
      row.id(1, b.sparse().of("item").values()[i]);
      row.real(0, b.label("click")[i]);
      row.integer(0, Objects.requireNonNull(b.groups())[i]);
      writer.append(row);
    }
  }

  private static TrainConfig config(Map<String, String> more) {
    Map<String, String> settings = new java.util.HashMap<>(SETTINGS);
    settings.putAll(more);
    return Toy.of("gbdt-lr", settings);
  }

  /// What a run said, and how many rows its first epoch had.
  private static final class Heard implements Listener {
    private final List<String> notes = new ArrayList<>();
    private final long killedAfter;
    private int rows;

    Heard(long killedAfter) {
      this.killedAfter = killedAfter;
    }

    @Override
    public void note(String line) {
      notes.add(line);
    }

    @Override
    public void stepDone(long step, int n, Map<String, Double> parts) {
      rows += n;
      if (step == killedAfter) {
        throw new IllegalStateException("killed");
      }
    }
  }

  private RunResult run(TrainConfig config, String name, Listener listener) {
    return Toy.with(config, data, t -> t.run(RunFolder.create(folder.resolve(name)), listener));
  }

  @Test
  void treesAreGrownFromOneHalfOfTheRowsAndWeightsTrainedOnTheOther() {
    TrainConfig config = config(Map.of());
    TrainConfig once = config.with(new TrainConfig.Loop(1, 0, 16, false));
    Heard heard = new Heard(-1);
    run(once, "run", heard);
    assertThat(heard.notes).hasSize(1);
    String note = heard.notes.getFirst();
    assertThat(note).startsWith("8 trees with ").endsWith(" numbers");
    int grown = Integer.parseInt(note.replaceAll(".*grown from (\\d+) rows.*", "$1"));
    assertThat(grown + heard.rows).isEqualTo(150);
    assertThat(heard.rows).isBetween(40, 110); // 5 standard deviations of 150 coins
  }

  @Test
  void resumedItEndsTheSameWithoutFittingAgain() {
    TrainConfig config = config(Map.of());
    RunResult whole = run(config, "whole", Listener.SILENT);
    assertThatThrownBy(() -> run(config, "killed", new Heard(7))).hasMessage("killed");
    Heard heard = new Heard(-1);
    RunResult resumed =
        Toy.with(config, data, t -> t.resume(RunFolder.open(folder.resolve("killed")), heard));
    assertThat(heard.notes).hasSize(1).first().asString().startsWith("resumed after step");
    for (String name : List.of("last_parameters_sha256", "parameters_sha256", "test.auc")) {
      assertThat(resumed.metrics().get(name)).as(name).isEqualTo(whole.metrics().get(name));
    }
  }

  /// Killed before the first checkpoint there are no trees to read.
  @Test
  void resumedWithoutACheckpointItFits() {
    TrainConfig config = config(Map.of());
    RunResult whole = run(config, "whole", Listener.SILENT);
    assertThatThrownBy(() -> run(config, "killed", new Heard(2))).hasMessage("killed");
    RunResult resumed =
        Toy.with(
            config, data, t -> t.resume(RunFolder.open(folder.resolve("killed")), Listener.SILENT));
    assertThat(resumed.metrics().get("parameters_sha256"))
        .isEqualTo(whole.metrics().get("parameters_sha256"));
  }

  /// The paper's linear part is retrained far more often than the trees.
  @Test
  void fromAnotherRunItKeepsTheTrees() {
    run(config(Map.of()), "first", Listener.SILENT);
    TrainConfig again =
        config(Map.of()).withSeed(77).withInitFrom(folder.resolve("first").toString());
    Heard heard = new Heard(-1);
    run(again, "second", heard);
    assertThat(heard.notes).noneMatch(n -> n.contains("trees"));
    assertThat(trees("second")).isEqualTo(trees("first"));
    run(config(Map.of()).withSeed(77), "other", Listener.SILENT);
    assertThat(trees("other")).isNotEqualTo(trees("first"));
  }

  private String trees(String run) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      ModelSpec spec = Models.get("gbdt-lr");
      var model =
          (Fitted)
              spec.create(spec.settings(config(Map.of()).model().settings()), Toy.SCHEMA, params);
      assertThat(model.fitted()).isFalse();
      RunFolder.open(folder.resolve(run)).loadModel(params);
      assertThat(model.fitted()).isTrue();
      var nodes = (org.gradus.autograd.DenseParameter) params.get("trees/nodes");
      return java.util.Arrays.toString(nodes.value().toDoubles());
    }
  }

  @Test
  void rowsThatAreMadeAnewCannotBeChosen() {
    TrainConfig config = config(Map.of());
    assertThatThrownBy(() -> Toy.run(config, folder.resolve("run"), Listener.SILENT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith("made anew in every pass. Expected stored rows.");
    Heard heard = new Heard(-1);
    TrainConfig all = config(Map.of("splitTraining", "false"));
    Toy.run(all.with(new TrainConfig.Loop(1, 0, 16, false)), folder.resolve("all"), heard);
    assertThat(heard.rows).isEqualTo(150);
    assertThat(heard.notes.getFirst()).contains("grown from 150 rows of 5 numbers");
  }
}
