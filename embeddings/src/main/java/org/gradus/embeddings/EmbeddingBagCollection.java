// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.gradus.autograd.Initializer;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// Tables, each looked into by one or several features, all in one jagged lookup (TorchRec's EBC):
///
/// ```
/// s_f = Σᵢ aᵢ E[idᵢ] over the bag of f, or its mean, a = 1 without weights   (EB-1)
/// ```
///
/// Look-up is by name: the order of the batch's keys does not matter. Features come out in the order of the
/// configurations.
public final class EmbeddingBagCollection {
  private final List<String> features = new ArrayList<>();
  private final List<Lookup.Bag> bags = new ArrayList<>();
  private final int[] widths;

  /// New tables under `params`, uniform in ±1/√n unless `init` says otherwise.
  public EmbeddingBagCollection(
      List<EmbeddingBagConfig> configs, Params params, @Nullable Initializer init) {
    Set<String> seen = new HashSet<>();
    for (EmbeddingBagConfig c : configs) {
      TableParameter table =
          params.table(
              c.name(),
              c.numEmbeddings(),
              c.embeddingDim(),
              c.paddingId(),
              init == null ? Initializers.uniformOverRoot(c.numEmbeddings()) : init);
      for (String feature : c.featureNames()) {
        if (!seen.add(feature)) {
          throw new IllegalArgumentException(
              "embedding bags: feature "
                  + feature
                  + " is listed twice. Expected one table per feature.");
        }
        features.add(feature);
        bags.add(new Lookup.Bag(table, c.pooling()));
      }
    }
    widths = bags.stream().mapToInt(b -> b.table().table().width()).toArray();
  }

  /// Names of the features, in the order of the output.
  public List<String> features() {
    return List.copyOf(features);
  }

  /// Pooled vectors of every feature, `[B, ΣD_f]`.
  public KeyedTensor forward(KeyedJaggedTensor ids, Tape tape) {
    KeyedJaggedTensor own = ids.keys().equals(features) ? ids : ids.select(features, tape.scope());
    float[] weights = own.weights();
    return new KeyedTensor(
        features,
        Lookup.bags(
            tape,
            bags,
            own.values(),
            own.offsets(),
            weights == null ? null : tape.constant(Shape.of(weights.length), weights)),
        widths);
  }
}
