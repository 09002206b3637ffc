// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.apg;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.ConcatenatedFields;
import org.gradus.embeddings.ConcatenatedFields.Width;
import org.gradus.embeddings.ConcatenatedFields.Widths;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Dropout;
import org.gradus.layers.Linear;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.MatMulKernels.Activation;

/// **APG** — Yan, Wang, Zhang, Li, Deng, Xu, Zheng. NeurIPS 2022, [arXiv:2203.16218](https://arxiv.org/abs/2203.16218)
///
/// ```
/// c      = the vector of the group, of some fields, or h itself                    (APG-1)
/// full:    W_i = reshape(mlp(c_i)),   h ← φ(h W_i + b_i)                           (APG-2)
/// low:     V_i, S_i, U_i = reshape(mlp(c_i));  V and U of all samples if shared    (APG-3)
///          h ← φ(((h V_i) S_i) U_i + b_i)                                          (APG-4)
///          V = V^l V^r,  U = U^l U^r                                               (APG-5)
/// z      = h w + b,  h = x = [e₁; …; e_F; x_num] before the first layer
/// ```
///
/// A [Condition] says c, an [ApgLayer] is one layer. The gradient goes through what is generated into c, and where c is h itself, h gets it
/// twice: as input and as condition. With `sgCondition` it stops before c: generators learn, c learns nothing from them.
///
/// Departs from the paper in four places: z is made by an ordinary layer; the network is a tower on embeddings, the paper's parts being
/// fitted into other models; V stands on the side of the input and U on that of the output, rows being samples here; and sizes of layers, a
/// bias after every factor, activations between factors or on what is generated, a core that begins near the identity, and a condition that
/// learns nothing from what it generates are options that the paper does not have.
public final class Apg implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim D
  /// @param condition what weights are generated from
  /// @param layer what the layers are made of
  /// @param tower the layers
  public record Config(
      int embeddingDim, Condition.Config condition, ApgLayer.Config layer, Tower tower) {
    /// The product of the paper, on sizes of our own.
    public static final Config PRESET =
        new Config(
            16,
            Condition.Config.GROUP,
            ApgLayer.Config.PAPER,
            new Tower(List.of(256, 128), Activation.RELU, 0));

    /// As a published tutorial has it, whose layers say P = K: legal, and nothing gained by it.
    public static final Config TUTORIAL =
        new Config(
            8,
            Condition.Config.GROUP,
            ApgLayer.Config.TUTORIAL.withRank(new ApgLayer.Rank(0, 4, true, 4)),
            new Tower(List.of(256, 128), Activation.RELU, 0.2));
  }

  /// The layers.
  ///
  /// @param hidden sizes
  /// @param activation φ
  /// @param dropout share dropped after each
  public record Tower(List<Integer> hidden, Activation activation, double dropout) {
    /// Copies the list, of which at least one layer is generated.
    public Tower {
      hidden = List.copyOf(hidden);
      if (hidden.isEmpty()) {
        throw new IllegalArgumentException("apg: hidden is empty. Expected at least one layer.");
      }
    }
  }

  private final ConcatenatedFields v;
  private final Condition condition;
  private final List<ApgLayer> layers = new ArrayList<>();
  private final List<Dropout> dropouts = new ArrayList<>(); // one per layer
  private final Linear out;
  private final Activation activation;
  private final Target target;

  /// A model for the only label of the schema.
  public Apg(Config config, Schema schema, Params params) {
    target = Target.only(schema);
    v =
        new ConcatenatedFields(
            schema,
            new Widths(Width.FIXED, config.embeddingDim, 0),
            params.at("v"),
            Initializers.normal(0.01));
    condition = new Condition(config.condition, schema, config.embeddingDim, params);
    int width = v.width();
    for (int l = 0; l < config.tower.hidden.size(); l++) {
      int size = config.tower.hidden.get(l);
      Params p = params.at("layer").at(l);
      layers.add(new ApgLayer(width, size, config.layer, condition.widths(width), p));
      dropouts.add(new Dropout(config.tower.dropout, p));
      width = size;
    }
    out = new Linear(width, 1, params.at("out"));
    activation = config.tower.activation;
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var x = v.lookup(batch, mode); //                                   [B, d]
    List<Var> given = condition.of(batch, x, mode); //                  [B, D_c] each  (APG-1)
    Var h = x;
    for (int l = 0; l < layers.size(); l++) {
      List<Var> c = condition.at(h, given);
      h = layers.get(l).forward(h, c, activation, mode); //             [B, n]
      h = dropouts.get(l).forward(h, mode);
    }
    return target.outputs(out.forward(h).squeeze(1));
  }
}
