// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/// A training step in libtorch, with our weights and our batches.
interface TorchStep {
  /// Runs the next step and returns its loss.
  double run();

  /// Tensors as libtorch takes several.
  static TensorVector vector(List<Tensor> tensors) {
    return new TensorVector(tensors.toArray(Tensor[]::new));
  }
}
