// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import static org.bytedeco.pytorch.global.torch.binary_cross_entropy_with_logits;
import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.stack;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Adagrad;
import org.bytedeco.pytorch.AdagradOptions;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;

/// DeepFM in libtorch, as a practised user writes it: sparse gradients and Adagrad for tables, Adam for the rest.
final class TorchDeepFm implements TorchStep {
  /// How the rows of all fields are kept.
  enum Layout {
    /// a table of vectors and a table of weights for each field
    APART,
    /// a table of vectors and a table of weights for all fields
    ONE,
    /// one table for all fields, each row a vector and behind it its weight: one lookup, one update
    JOINED
  }

  private final Layout layout;
  private final List<TorchBatch> batches;
  private final List<Tensor> vectors = new ArrayList<>(); // [rows, D] each, or [rows, D + 1]
  private final List<Tensor> weights = new ArrayList<>(); // [rows, 1] each; none when joined
  private final long width; //                               D
  private final Tensor numeric; //                           [1, c]
  private final TorchTower tower;
  private final Adam adam;
  private final Adagrad adagrad;
  private int step;

  TorchDeepFm(Weights from, List<Batch> batches, Layout layout) {
    this.layout = layout;
    this.batches = TorchBatch.of(batches, layout != Layout.APART, from.type());
    List<String> tables = batches.getFirst().schema().ids().stream().map(Field.Ids::table).toList();
    List<String> v = tables.stream().map(t -> "v/" + t).toList();
    List<String> w = tables.stream().map(t -> "w/" + t).toList();
    switch (layout) {
      case APART -> {
        v.forEach(t -> vectors.add(from.tables(List.of(t))));
        w.forEach(t -> weights.add(from.tables(List.of(t))));
      }
      case ONE -> {
        vectors.add(from.tables(v));
        weights.add(from.tables(w));
      }
      case JOINED -> vectors.add(from.joined(v, w));
    }
    width = vectors.getFirst().size(1) - (layout == Layout.JOINED ? 1 : 0);
    numeric = from.transposed("w/numeric");
    // the model's constant is the bias of the last layer
    tower = new TorchTower().layers(from, "deep", 3).layer(from, "out", "bias");
    List<Tensor> dense = new ArrayList<>(tower.parameters());
    dense.add(numeric);
    adam = new Adam(TorchStep.vector(dense), new AdamOptions(1e-3));
    List<Tensor> sparse = new ArrayList<>(vectors);
    sparse.addAll(weights);
    adagrad = new Adagrad(TorchStep.vector(sparse), new AdagradOptions(1e-2));
  }

  @Override
  public double run() {
    TorchBatch batch = batches.get(step++ % batches.size());
    adam.zero_grad();
    adagrad.zero_grad();
    long size = batch.label().size(0);
    Tensor rows = rows(batch); //                                             [B, F, D], or D + 1
    Tensor e = layout == Layout.JOINED ? rows.narrow(2, 0, width) : rows; //  [B, F, D]
    Tensor sum = e.sum(1);
    Tensor pairs = overAll(sum.mul(sum).sub(e.mul(e).sum(1))).mul(new Scalar(0.5f)); //  [B, 1]
    Tensor deep =
        tower.forward(cat(new TensorVector(e.reshape(size, -1), batch.dense()), 1), false);
    Tensor logit = deep.add(pairs).add(first(batch, rows)).add(linear(batch.dense(), numeric));
    Tensor loss = binary_cross_entropy_with_logits(logit, batch.label());
    loss.backward();
    adam.step();
    adagrad.step();
    return loss.item_double();
  }

  @Override
  public List<Tensor> tables() {
    return layout == Layout.JOINED
        ? List.of(vectors.getFirst().detach().narrow(1, 0, width))
        : vectors;
  }

  private Tensor rows(TorchBatch batch) {
    if (layout != Layout.APART) {
      return embedding(vectors.getFirst(), batch.ids(), -1, false, true);
    }
    return stack(columns(vectors, batch), 1);
  }

  /// Σ of the weights of the ids, `[B, 1]`.
  private Tensor first(TorchBatch batch, Tensor rows) {
    return switch (layout) {
      case APART -> overAll(cat(columns(weights, batch), 1));
      case ONE -> embedding(weights.getFirst(), batch.ids(), -1, false, true).sum(1);
      case JOINED -> rows.narrow(2, width, 1).sum(1);
    };
  }

  private static TensorVector columns(List<Tensor> tables, TorchBatch batch) {
    List<Tensor> columns = new ArrayList<>();
    for (int f = 0; f < tables.size(); f++) {
      columns.add(embedding(tables.get(f), batch.ids().select(0, f), -1, false, true));
    }
    return TorchStep.vector(columns);
  }

  private static Tensor overAll(Tensor x) {
    return x.sum(new long[] {1}, true, new ScalarTypeOptional());
  }
}
