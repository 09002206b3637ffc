// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/// Fully connected layers with ReLU or sigmoid between them, with the weights of ours.
final class TorchTower {
  private final List<Tensor> weights = new ArrayList<>();
  private final List<Tensor> biases = new ArrayList<>();
  private boolean sigmoid;

  /// Puts sigmoids where ReLU would be.
  TorchTower sigmoid() {
    sigmoid = true;
    return this;
  }

  /// Adds a layer.
  ///
  /// @param weight path of a weight `[in, out]`
  /// @param bias path of as many numbers as the layer has outputs
  TorchTower layer(Weights from, String weight, String bias) {
    weights.add(from.transposed(weight));
    biases.add(from.vector(bias));
    return this;
  }

  /// Adds the layers 0, 1, … of one of our towers.
  TorchTower layers(Weights from, String path, int count) {
    for (int i = 0; i < count; i++) {
      layer(from, path + "/" + i + "/weight", path + "/" + i + "/bias");
    }
    return this;
  }

  /// x `[B, in]` → `[B, out]`.
  ///
  /// @param activateLast whether the last layer ends in an activation as well
  Tensor forward(Tensor x, boolean activateLast) {
    Tensor h = x;
    for (int i = 0; i < weights.size(); i++) {
      h = torch.linear(h, weights.get(i), new TensorOptional(biases.get(i)));
      if (activateLast || i + 1 < weights.size()) {
        h = sigmoid ? h.sigmoid() : h.relu();
      }
    }
    return h;
  }

  /// Weights and biases.
  List<Tensor> parameters() {
    List<Tensor> all = new ArrayList<>(weights);
    all.addAll(biases);
    return all;
  }
}
