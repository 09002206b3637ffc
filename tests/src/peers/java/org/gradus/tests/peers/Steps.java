// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Batch;
import org.gradus.tensor.Device;
import org.gradus.trainer.bench.Meter;
import org.gradus.trainer.bench.ModelStep;
import org.gradus.trainer.bench.Stopwatch;
import org.gradus.trainer.bench.TrainedModel;
import org.gradus.trainer.bench.Workloads;
import org.jspecify.annotations.Nullable;

/// A workload of `gradus bench` and how libtorch does the same.
///
/// @param workload ours
/// @param tables the path of our embeddings
/// @param variants libtorch's, by name
record Steps(TrainedModel workload, String tables, List<Variant> variants) {
  /// One way to write the model in libtorch.
  record Variant(String name, BiFunction<Params, List<Batch>, TorchStep> make) {}

  /// All of them.
  static List<Steps> all() {
    return List.of(
        new Steps(
            Workloads.deepFm(Workloads.ROWS),
            "v",
            List.of(
                new Variant("one table", (p, b) -> new TorchDeepFm(p, b, true)),
                new Variant("26 tables", (p, b) -> new TorchDeepFm(p, b, false)))),
        new Steps(
            Workloads.dlrm(Workloads.ROWS),
            "tables",
            List.of(
                new Variant("one table", (p, b) -> new TorchDlrm(p, b, true)),
                new Variant("26 tables", (p, b) -> new TorchDlrm(p, b, false)))));
  }

  /// The name in the tables.
  String name() {
    return workload.name();
  }

  /// Our step on a device.
  ModelStep open(Device device) {
    return workload.open(device, new Stopwatch(new Meter()));
  }

  /// The case that is timed, around our step as it stands.
  PeerCase peerCase(ModelStep ours, @Nullable Torch torch) {
    List<Side> sides = new ArrayList<>();
    sides.add(Side.ours(ours::run));
    if (torch != null) {
      for (Variant v : variants) {
        TorchStep step = torch.call(() -> v.make().apply(ours.params(), ours.batches()));
        sides.add(Side.torch(v.name(), step::run));
      }
    }
    return new PeerCase(name() + " step", "samples/s", workload.batch(), sides);
  }
}
