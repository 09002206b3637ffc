// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradus.autograd.TableParameter;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.tensor.Device;
import org.gradus.trainer.bench.GruLayer;
import org.gradus.trainer.bench.Meter;
import org.gradus.trainer.bench.ModelStep;
import org.gradus.trainer.bench.RecurrentStep;
import org.gradus.trainer.bench.Stopwatch;
import org.gradus.trainer.bench.TrainedModel;
import org.gradus.trainer.bench.Workload;
import org.gradus.trainer.bench.Workloads;
import org.jspecify.annotations.Nullable;

/// A workload of `gradus bench` and how libtorch does the same.
sealed interface Steps {
  /// All of them.
  static List<Steps> all() {
    return List.of(
        new OfModel(
            Workloads.deepFm(Workloads.ROWS),
            "v",
            Map.of(
                "one table", (w, b) -> new TorchDeepFm(w, b, TorchDeepFm.Layout.ONE),
                "one table of both", (w, b) -> new TorchDeepFm(w, b, TorchDeepFm.Layout.JOINED),
                "26 tables", (w, b) -> new TorchDeepFm(w, b, TorchDeepFm.Layout.APART))),
        new OfModel(
            Workloads.dlrm(Workloads.ROWS),
            "tables",
            Map.of(
                "one table", (w, b) -> new TorchDlrm(w, b, true, false),
                "one gathered table", (w, b) -> new TorchDlrm(w, b, true, true),
                "26 tables", (w, b) -> new TorchDlrm(w, b, false, false))),
        new OfModel(
            Workloads.din(Workloads.ROWS),
            "v",
            Map.of(
                "two lookups", (w, b) -> new TorchDin(w, b, false),
                "one lookup", (w, b) -> new TorchDin(w, b, true))),
        new OfGru(Workloads.gru()));
  }

  /// Ours.
  Workload workload();

  /// Our step on a device, from its initial weights.
  Opened open(Device device);

  /// Our step, and libtorch's from the weights that ours has when they are made.
  interface Opened extends AutoCloseable {
    /// Ours.
    Workload.Step step();

    /// libtorch's variants by name; to be called on its thread.
    ///
    /// @param type of its numbers
    Map<String, TorchStep> torch(ScalarType type);

    /// The embeddings that are compared, as they stand: of the first and of the last field; none without fields.
    List<float[]> tables();

    /// The same of libtorch.
    List<float[]> tables(TorchStep torch);

    @Override
    default void close() {
      step().close();
    }
  }

  /// The name in the tables.
  default String name() {
    return workload().name();
  }

  /// The case that is timed, around our step as it stands.
  default PeerCase peerCase(Opened ours, @Nullable Torch torch) {
    List<Side> sides = new ArrayList<>();
    sides.add(Side.ours(() -> ours.step().run()));
    if (torch != null) {
      torch
          .call(() -> ours.torch(ScalarType.Float))
          .forEach((name, step) -> sides.add(Side.torch(name, step::run)));
    }
    return new PeerCase(name() + " step", "samples/s", workload().batch(), sides);
  }

  private static Stopwatch watch() {
    return new Stopwatch(new Meter());
  }

  /// A model.
  ///
  /// @param path of our embeddings
  /// @param variants libtorch's, by name
  record OfModel(
      TrainedModel workload,
      String path,
      Map<String, BiFunction<Weights, List<Batch>, TorchStep>> variants)
      implements Steps {
    @Override
    public Opened open(Device device) {
      return new OpenModel(this, workload.open(device, watch()));
    }
  }

  /// A model on a device.
  record OpenModel(OfModel of, ModelStep step) implements Opened {
    /// The tables, in the order of the fields that read them first.
    private List<String> names() {
      return of.workload.schema().ids().stream().map(Field.Ids::table).distinct().toList();
    }

    @Override
    public Map<String, TorchStep> torch(ScalarType type) {
      Map<String, TorchStep> made = new LinkedHashMap<>();
      Weights from = new Weights(step.params(), type);
      of.variants.forEach((name, make) -> made.put(name, make.apply(from, step.batches())));
      return made;
    }

    @Override
    public List<float[]> tables() {
      return List.of(table(names().getFirst()), table(names().getLast()));
    }

    private float[] table(String name) {
      if (!(step.params().get(of.path + "/" + name) instanceof TableParameter t)) {
        throw new IllegalArgumentException("peers: " + name + " is no table.");
      }
      return Weights.values(t.table());
    }

    @Override
    public List<float[]> tables(TorchStep torch) {
      int last = names().size() - 1;
      int rows = of.workload.schema().rows(names().getFirst());
      return List.of(torch.table(0, rows), torch.table(last, rows));
    }
  }

  /// The GRU.
  record OfGru(GruLayer workload) implements Steps {
    @Override
    public Opened open(Device device) {
      return new OpenGru(workload.open(device, watch()));
    }
  }

  /// The GRU on a device.
  record OpenGru(RecurrentStep step) implements Opened {
    @Override
    public Map<String, TorchStep> torch(ScalarType type) {
      return Map.of(
          "batch first", new TorchGru(step, type, false),
          "time first", new TorchGru(step, type, true));
    }

    @Override
    public List<float[]> tables() {
      return List.of();
    }

    @Override
    public List<float[]> tables(TorchStep torch) {
      return List.of();
    }
  }
}
