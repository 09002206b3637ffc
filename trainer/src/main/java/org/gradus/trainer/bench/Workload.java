// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import org.gradus.tensor.Device;

/// What a benchmark runs: one step, over and over.
public sealed interface Workload permits TrainedModel, GruLayer, LstmLayer {
  /// The word on the command line.
  String name();

  /// B, the number of examples of a step.
  int batch();

  /// The same with another number of examples.
  Workload withBatch(int size);

  /// Parameters and batches on a device, ready to step.
  Step open(Device device, Stopwatch watch);

  /// A workload on a device. Closing it frees what it holds; the device stays open.
  interface Step extends AutoCloseable {
    /// Runs the next step; the batches come in turn.
    ///
    /// @return the loss
    double run();

    /// Operations that the last step recorded; each was walked back, too.
    int operations();

    @Override
    void close();
  }
}
