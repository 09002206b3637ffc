// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import org.gradus.layers.Lstm;
import org.gradus.tensor.Device;

/// A [RecurrentStep] of an LSTM, with 8,300 weights.
///
/// @param batch B
public record LstmLayer(int batch) implements Workload {
  /// Checks the range.
  public LstmLayer {
    RecurrentStep.check("lstm", batch);
  }

  @Override
  public String name() {
    return "lstm";
  }

  @Override
  public LstmLayer withBatch(int size) {
    return new LstmLayer(size);
  }

  @Override
  public RecurrentStep open(Device device, Stopwatch watch) {
    return new RecurrentStep(
        params -> {
          Lstm lstm =
              new Lstm(
                  RecurrentStep.WIDTH, RecurrentStep.WIDTH, Lstm.BiasInit.ZERO_FORGET_ONE, params);
          return x -> lstm.forward(x).states().last();
        },
        batch,
        device,
        watch);
  }
}
