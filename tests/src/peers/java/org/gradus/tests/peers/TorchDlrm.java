// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import static org.bytedeco.pytorch.global.torch.binary_cross_entropy_with_logits;
import static org.bytedeco.pytorch.global.torch.bmm;
import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.embedding_bag;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;

/// DLRM with dot products in libtorch, as its authors' script computes it: sparse gradients and plain gradient descent.
final class TorchDlrm implements TorchStep {
  private final boolean fused;
  private final boolean gathers;
  private final List<TorchBatch> batches;
  private final List<Tensor> tables = new ArrayList<>(); // [rows, D] each
  private final TorchTower bottom;
  private final TorchTower top;
  private final SGD sgd;
  private final Tensor bags; //  [B]: where the bag of each example starts
  private final Tensor pairs; // [P]: places of the strict upper triangle in a [N, N] matrix
  private final long vectors; // N
  private int step;

  /// @param fused one table for all fields, or one bag each
  /// @param gathers the pairs with `gather`, or selects them with `index_select`
  TorchDlrm(Weights from, List<Batch> batches, boolean fused, boolean gathers) {
    this.fused = fused;
    this.gathers = gathers;
    this.batches = TorchBatch.of(batches, fused, from.type());
    List<String> paths =
        batches.getFirst().schema().ids().stream()
            .map(Field.Ids::table)
            .map(t -> "tables/" + t)
            .toList();
    if (fused) {
      tables.add(from.tables(paths));
    } else {
      paths.forEach(p -> tables.add(from.tables(List.of(p))));
    }
    bottom = new TorchTower().layers(from, "bottom", 3);
    top = new TorchTower().layers(from, "top", 2).layer(from, "out/weight", "out/bias");
    List<Tensor> all = new ArrayList<>(tables);
    all.addAll(bottom.parameters());
    all.addAll(top.parameters());
    sgd = new SGD(TorchStep.vector(all), new SGDOptions(0.01));
    int size = batches.getFirst().size();
    long[] starts = new long[size];
    for (int b = 0; b < size; b++) {
      starts[b] = b;
    }
    bags = Tensor.create(starts, size);
    int n = paths.size() + 1;
    long[] places = new long[n * (n - 1) / 2];
    int at = 0;
    for (int i = 0; i < n; i++) {
      for (int j = i + 1; j < n; j++) {
        places[at++] = (long) i * n + j;
      }
    }
    Tensor each = Tensor.create(places, at);
    pairs = gathers ? each.unsqueeze(0).expand(new long[] {size, at}, false) : each;
    vectors = n;
  }

  @Override
  public double run() {
    TorchBatch batch = batches.get(step++ % batches.size());
    sgd.zero_grad();
    long size = batch.label().size(0);
    Tensor d = bottom.forward(batch.dense(), true); //                      [B, D]
    Tensor t = withFirst(d, batch); //                                      [B, N, D]
    Tensor z = bmm(t, t.transpose(1, 2)).view(size, vectors * vectors); //  [B, N·N]
    Tensor r =
        cat(
            new TensorVector(d, gathers ? z.gather(1, pairs) : z.index_select(1, pairs)),
            1); //    [B, D + P]
    Tensor loss = binary_cross_entropy_with_logits(top.forward(r, false), batch.label());
    loss.backward();
    sgd.step();
    return loss.item_double();
  }

  @Override
  public List<Tensor> tables() {
    return tables;
  }

  private Tensor withFirst(Tensor d, TorchBatch batch) {
    if (fused) {
      Tensor rows = embedding(tables.getFirst(), batch.ids(), -1, false, true);
      return cat(new TensorVector(d.unsqueeze(1), rows), 1);
    }
    List<Tensor> all = new ArrayList<>();
    all.add(d);
    for (int f = 0; f < tables.size(); f++) {
      all.add(
          embedding_bag(
                  tables.get(f),
                  batch.ids().select(0, f),
                  bags,
                  false,
                  0,
                  true,
                  new TensorOptional(),
                  false)
              .get0());
    }
    return cat(TorchStep.vector(all), 1).view(d.size(0), vectors, d.size(1));
  }
}
