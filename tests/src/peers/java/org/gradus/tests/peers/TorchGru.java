// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.GRUImpl;
import org.bytedeco.pytorch.GRUOptions;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradus.trainer.bench.RecurrentStep;

/// libtorch's GRU with our weights: blocks r, z, n where ours are u, r, n, and z is our u.
final class TorchGru implements TorchStep {
  private static final int H = RecurrentStep.WIDTH;

  private final boolean timeFirst;
  private final GRUImpl gru;
  private final SGD sgd;
  private final Tensor recurrentBias; // [3H]
  private final List<Tensor> batches = new ArrayList<>(); // [B, T, D] or [T, B, D] each
  private int step;

  /// @param timeFirst keeps the sequences as `[T, B, D]`, or as `[B, T, D]`
  TorchGru(RecurrentStep ours, ScalarType type, boolean timeFirst) {
    this.timeFirst = timeFirst;
    GRUOptions options = new GRUOptions(H, H);
    options.batch_first().put(!timeFirst);
    gru = new GRUImpl(options);
    gru.to(type, false);
    Weights from = new Weights(ours.params(), type);
    TensorVector all = gru.parameters();
    all.get(0).data().copy_(reordered(from.transposed("weight").data()));
    all.get(1).data().copy_(reordered(from.transposed("recurrent").data()));
    all.get(2).data().copy_(reordered(from.vector("bias").data()));
    recurrentBias = all.get(3);
    recurrentBias.data().zero_();
    recurrentBias.data().narrow(0, 2L * H, H).copy_(from.vector("candidateBias").data());
    sgd = new SGD(all, new SGDOptions(RecurrentStep.RATE));
    for (org.gradus.tensor.Tensor x : ours.batches()) {
      Tensor batch = Tensor.create(x.toFloats(), x.shape().size(0), RecurrentStep.TIME, H).to(type);
      batches.add(timeFirst ? batch.transpose(0, 1).contiguous() : batch);
    }
  }

  /// Blocks u, r, n as r, u, n.
  private static Tensor reordered(Tensor blocks) {
    return torch.cat(
        new TensorVector(
            blocks.narrow(0, H, H), blocks.narrow(0, 0, H), blocks.narrow(0, 2L * H, H)),
        0);
  }

  @Override
  public double run() {
    sgd.zero_grad();
    Tensor x = batches.get(step++ % batches.size()).detach(); // a leaf with a gradient of its own
    x.set_requires_grad(true);
    Tensor last = gru.forward(x).get0().select(timeFirst ? 0 : 1, RecurrentStep.TIME - 1);
    Tensor loss = last.mul(last).mean();
    loss.backward();
    // libtorch adds two biases for r and z where we have one: the second stays, or their sum would
    // go twice as far
    recurrentBias.grad().narrow(0, 0, 2L * H).zero_();
    sgd.step();
    return loss.item_double();
  }
}
