// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import org.gradus.layers.Gru;
import org.gradus.tensor.Device;

/// A [RecurrentStep] of a GRU in PyTorch's form, with 6,300 weights.
///
/// @param batch B
public record GruLayer(int batch) implements Workload {
  /// Checks the range.
  public GruLayer {
    RecurrentStep.check("gru", batch);
  }

  @Override
  public String name() {
    return "gru";
  }

  @Override
  public GruLayer withBatch(int size) {
    return new GruLayer(size);
  }

  @Override
  public RecurrentStep open(Device device, Stopwatch watch) {
    return new RecurrentStep(
        params -> {
          Gru gru = new Gru(RecurrentStep.WIDTH, RecurrentStep.WIDTH, Gru.Form.PYTORCH, params);
          return x -> gru.forward(x).last();
        },
        batch,
        device,
        watch);
  }
}
