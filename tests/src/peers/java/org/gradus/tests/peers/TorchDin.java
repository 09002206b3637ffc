// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import static org.bytedeco.pytorch.global.torch.binary_cross_entropy_with_logits;
import static org.bytedeco.pytorch.global.torch.bmm;
import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.ones;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Adagrad;
import org.bytedeco.pytorch.AdagradOptions;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradus.embeddings.Batch;

/// DIN in libtorch with sigmoids in the activation unit: sparse gradients and Adagrad for the table of items, Adam for the rest.
final class TorchDin implements TorchStep {
  private final boolean once;
  private final List<Example> batches;
  private final Tensor items; // [rows, D]
  private final TorchTower unit;
  private final TorchTower tower;
  private final Adam adam;
  private final Adagrad adagrad;
  private int step;

  /// A batch of candidates and their histories, all of one length.
  ///
  /// @param candidate `[B]`
  /// @param history `[B, T]`
  /// @param both `[B, 1 + T]`
  /// @param mask `[B, T, 1]`, 1 at real steps
  /// @param label `[B, 1]`
  private record Example(Tensor candidate, Tensor history, Tensor both, Tensor mask, Tensor label) {
    static Example of(Batch batch, ScalarType type) {
      int size = batch.size();
      long[] candidate = longs(batch.sparse().of("item").values());
      long[] history = longs(batch.sparse().of("history").values());
      int time = history.length / size;
      Tensor one = Tensor.create(candidate, size);
      Tensor all = Tensor.create(history, size, time);
      return new Example(
          one,
          all,
          cat(new TensorVector(one.unsqueeze(1), all), 1),
          ones(size, time, 1).to(type),
          Tensor.create(batch.label("label"), size, 1).to(type));
    }

    private static long[] longs(int[] values) {
      return Arrays.stream(values).asLongStream().toArray();
    }
  }

  /// @param once looks candidate and history up as one, or each by itself
  TorchDin(Weights from, List<Batch> batches, boolean once) {
    this.once = once;
    this.batches = batches.stream().map(b -> Example.of(b, from.type())).toList();
    items = from.tables(List.of("v/item"));
    String path = "attention/history";
    unit =
        new TorchTower()
            .layers(from, path, 2)
            .layer(from, path + "/out/weight", path + "/out/bias")
            .sigmoid();
    tower = new TorchTower().layers(from, "deep", 2).layer(from, "out/weight", "out/bias");
    List<Tensor> dense = new ArrayList<>(unit.parameters());
    dense.addAll(tower.parameters());
    adam = new Adam(TorchStep.vector(dense), new AdamOptions(1e-3));
    adagrad = new Adagrad(new TensorVector(items), new AdagradOptions(1e-2));
  }

  @Override
  public List<Tensor> tables() {
    return List.of(items);
  }

  @Override
  public double run() {
    Example batch = batches.get(step++ % batches.size());
    adam.zero_grad();
    adagrad.zero_grad();
    long size = batch.history().size(0);
    long time = batch.history().size(1);
    Tensor e; //                                                               [B, T, D]
    Tensor a; //                                                               [B, D]
    if (once) {
      Tensor both = embedding(items, batch.both(), -1, false, true); //        [B, 1 + T, D]
      a = both.select(1, 0);
      e = both.narrow(1, 1, time);
    } else {
      e = embedding(items, batch.history(), -1, false, true);
      a = embedding(items, batch.candidate(), -1, false, true);
    }
    Tensor all = a.unsqueeze(1).expand(e.sizes(), false); //                   [B, T, D]
    Tensor z = cat(new TensorVector(all, e, all.sub(e), all.mul(e)), 2); //    [B, T, 4D]
    Tensor scores = unit.forward(z.view(size * time, -1), false);
    Tensor w = scores.view(size, time, 1).mul(batch.mask());
    Tensor v = bmm(w.transpose(1, 2), e).squeeze(1); //                        [B, D]
    Tensor logit = tower.forward(cat(new TensorVector(a, v), 1), false);
    Tensor loss = binary_cross_entropy_with_logits(logit, batch.label());
    loss.backward();
    adam.step();
    adagrad.step();
    return loss.item_double();
  }
}
