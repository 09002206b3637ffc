// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.data.translation.TranslationSource;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.models.Models;
import org.gradus.models.transformer.Decoding;
import org.gradus.models.transformer.Decoding.Written;
import org.gradus.models.transformer.Transformer;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.Optimizer;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Rule;
import org.gradus.trainer.optim.Schedule;
import org.gradus.trainer.store.SafeTensors;
import org.gradus.trainer.store.Stored;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The Transformer learns, stops and goes on, and is trained further with parts that stay as they are.
class TransformerTrainingTest {
  private static final int BEGIN = 2;
  private static final int END = 3;

  private static final Map<String, String> SMALL =
      Map.of("width", "32", "layers", "1", "heads", "4", "hidden", "64", "dropout", "0");

  /// Adam and the schedule of the paper.
  private static final OptimizerConfig PAPER =
      OptimizerConfig.of(
          Group.all(new Rule.Adam(0.9, 0.98, 1e-9), 0.3).with(new Schedule.Noam(32, 60)));

  @TempDir private Path folder;

  /// Ten sentences of two to five words, and their reverse.
  private record Pairs(List<int[]> sources, List<int[]> targets) {
    static Pairs draw() {
      Pairs pairs = new Pairs(new ArrayList<>(), new ArrayList<>());
      for (int i = 0; i < 10; i++) {
        int n = 2 + i % 4;
        int[] source = new int[n + 1];
        int[] target = new int[n + 2];
        target[0] = BEGIN;
        for (int t = 0; t < n; t++) {
          source[t] = 4 + (int) Counter.below(11, 10 * i + t, 8);
          target[n - t] = source[t];
        }
        source[n] = END;
        target[n + 1] = END;
        pairs.sources.add(source);
        pairs.targets.add(target);
      }
      return pairs;
    }

    static Schema schema(String targetTable) {
      return Schema.of(
          new Field.Sequence("source", 12, "source", 6),
          new Field.Sequence("target", 12, targetTable, 7));
    }

    Batch batch(Schema schema) {
      List<int[]> all = new ArrayList<>(sources);
      all.addAll(targets);
      return Batch.builder(schema, sources.size())
          .sparse(
              KeyedJaggedTensor.fromLengths(
                  List.of("source", "target"),
                  all.stream().flatMapToInt(Arrays::stream).toArray(),
                  all.stream().mapToInt(ids -> ids.length).toArray()))
          .build();
    }
  }

  private static Transformer model(Schema schema, Params params) {
    var spec = Models.get("transformer");
    return (Transformer) spec.create(spec.settings(SMALL), schema, params);
  }

  /// Some steps on one batch; the last loss.
  private static double train(Transformer model, Params params, Batch batch, int steps) {
    double last = Double.NaN;
    try (Optimizer optimizer = new Optimizer(params, PAPER)) {
      for (int step = 1; step <= steps; step++) {
        try (Tape tape = Tape.recording(params.device())) {
          Var loss =
              Objects.requireNonNull(
                  model
                      .forward(batch, Mode.training(tape, 1, step))
                      .losses()
                      .get(Transformer.LOSS));
          last = loss.value().item();
          optimizer.step(tape.backward(loss), step);
        }
      }
    }
    return last;
  }

  @Test
  void tenPairsAreLearnedByHeart() {
    Pairs pairs = Pairs.draw();
    Schema schema = Pairs.schema("target");
    try (Device device = Device.open("cpu");
        Params params = Params.create(device, 1)) {
      Transformer model = model(schema, params);
      train(model, params, pairs.batch(schema), 160);
      Decoding decoding = model.decoding(device);
      List<Written> greedy = decoding.greedy(pairs.batch(schema));
      List<Written> beam = decoding.beam(pairs.batch(schema), Decoding.Beam.PAPER);
      for (int i = 0; i < 10; i++) {
        int[] whole = pairs.targets.get(i);
        int[] expected = Arrays.copyOfRange(whole, 1, whole.length - 1);
        assertThat(greedy.get(i).ids()).as("pair %d", i).isEqualTo(expected);
        assertThat(greedy.get(i).ended()).isTrue();
        assertThat(beam.get(i).ids()).as("pair %d", i).isEqualTo(expected);
      }
      var rates = model.rates(pairs.batch(schema), device);
      assertThat(rates.get("exact_sequences")).hasToString("Rate[hits=10, trials=10]");
      int tokens = pairs.targets.stream().mapToInt(t -> t.length - 1).sum();
      assertThat(rates.get("token_accuracy"))
          .hasToString("Rate[hits=" + tokens + ", trials=" + tokens + "]");
    }
  }

  private static SortedMap<String, double[]> values(Params params) {
    SortedMap<String, double[]> all = new TreeMap<>();
    for (Parameter p : params.all()) {
      double[] values = new double[(int) p.elements()];
      switch (p) {
        case DenseParameter d -> all.put(p.path(), d.value().toDoubles());
        case TableParameter t -> {
          t.table().read(0, values);
          all.put(p.path(), values);
        }
      }
    }
    return all;
  }

  /// Parameters come from another model by name, the target's words are new, the encoder is frozen.
  @Test
  void fineTuningLeavesFrozenPartsAsTheyWere() {
    Pairs pairs = Pairs.draw();
    Schema old = Pairs.schema("target");
    Schema other = Pairs.schema("other");
    Path file = folder.resolve("model.safetensors");
    try (Device device = Device.open("cpu");
        Params first = Params.create(device, 1);
        Params second = Params.create(device, 2)) {
      train(model(old, first), first, pairs.batch(old), 20);
      SafeTensors.write(file, device, Stored.of(first), Map.of());
      Transformer tuned = model(other, second);
      WarmStart start = WarmStart.from(file, second);
      assertThat(start.fresh()).containsExactly("embeddings/other");
      assertThat(start.unused()).containsExactly("embeddings/target");
      second.freeze("encoder/*");
      second.freeze("embeddings/source");
      SortedMap<String, double[]> before = values(second);
      train(tuned, second, pairs.batch(other), 20);
      SortedMap<String, double[]> after = values(second);
      for (String path : before.keySet()) {
        boolean frozen = path.startsWith("encoder/") || path.equals("embeddings/source");
        if (frozen) {
          assertThat(after.get(path)).as(path).isEqualTo(before.get(path));
          assertThat(before.get(path)).as(path).isEqualTo(values(first).get(path));
        } else {
          assertThat(after.get(path)).as(path).isNotEqualTo(before.get(path));
        }
      }
    }
  }

  // Runs

  private DataSource.Opened data() {
    Map<String, String> tiny =
        Map.of(
            "words",
            "5",
            "shortest",
            "1",
            "longest",
            "3",
            "rows",
            "90",
            "validRows",
            "20",
            "testRows",
            "30");
    return new TranslationSource()
        .open(new DataSource.Request(null, folder.resolve("cache"), 0, tiny, _ -> {}));
  }

  private static TrainConfig config() {
    TrainConfig c = Toy.config();
    return new TrainConfig(
        new TrainConfig.ModelChoice(
            "transformer",
            Map.of("width", "8", "layers", "1", "heads", "2", "hidden", "8", "dropout", "0.2")),
        new TrainConfig.DataChoice("translation-synthetic", null, Map.of()),
        "cpu",
        Map.of(),
        5,
        new TrainConfig.Loop(2, 0, 16, false),
        PAPER,
        c.loss(),
        null,
        List.of(),
        null,
        new TrainConfig.Measure(12, c.measure().gauc()),
        new TrainConfig.Execution(1, 3));
  }

  private static double number(RunResult r, String name) {
    return ((Number) Objects.requireNonNull(r.metrics().get(name), name)).doubleValue();
  }

  /// Stopped in the middle of an epoch, behind a checkpoint, with dropout and a rate that changes at every step.
  @Test
  void resumedItEndsAsTheRunThatWasNotStopped() {
    try (DataSet data = data().data()) {
      RunResult whole =
          Toy.with(
              config(),
              data,
              t -> t.run(RunFolder.create(folder.resolve("whole")), Listener.SILENT));
      Listener stopping =
          new Listener() {
            private long steps;

            @Override
            public void stepDone(long step, int rows, Map<String, Double> parts) {
              steps = step;
            }

            @Override
            public boolean stopRequested() {
              return steps == 4;
            }
          };
      Path run = folder.resolve("run");
      assertThat(
              Toy.with(config(), data, t -> t.run(RunFolder.create(run), stopping)).interrupted())
          .isTrue();
      RunResult resumed =
          Toy.with(config(), data, t -> t.resume(RunFolder.open(run), Listener.SILENT));
      for (String name : List.of("test.loss", "parameters_sha256", "last_parameters_sha256")) {
        assertThat(resumed.metrics().get(name)).as(name).isEqualTo(whole.metrics().get(name));
      }
    }
  }

  /// The rates of a run are those of its rows taken one by one.
  @Test
  void aRunSaysHowOftenItIsRight() {
    TrainConfig longer = config().with(new TrainConfig.Loop(20, 0, 16, false));
    try (DataSet data = data().data()) {
      RunResult result =
          Toy.with(
              longer, data, t -> t.run(RunFolder.create(folder.resolve("run")), Listener.SILENT));
      try (Device device = Device.open("cpu");
          Params params = Params.create(device, 9)) {
        var spec = Models.get("transformer");
        Transformer model =
            (Transformer)
                spec.create(spec.settings(longer.model().settings()), data.schema(), params);
        RunFolder.open(folder.resolve("run")).loadModel(params);
        int exact = 0;
        try (Examples.Stream stream = data.test().stream(Examples.Pass.inOrder(1))) {
          for (Batch b = stream.next(); b != null; b = stream.next()) {
            int[] whole = b.sparse().of("target").values();
            Written w = model.decoding(device).greedy(b).getFirst();
            int[] found = new int[w.ids().length + 2];
            System.arraycopy(w.ids(), 0, found, 1, w.ids().length);
            found[0] = BEGIN;
            found[found.length - 1] = END;
            exact += Arrays.equals(found, whole) ? 1 : 0;
          }
        }
        assertThat(number(result, "test.exact_sequences")).isCloseTo(exact / 30.0, within(1e-12));
        assertThat(exact).as("some are right, some wrong").isBetween(1, 29);
      }
      assertThat(number(result, "test.token_accuracy"))
          .isGreaterThan(number(result, "test.exact_sequences"));
      assertThat(result.metrics()).containsKeys("valid.exact_sequences", "test.crossEntropy");
    }
  }
}
