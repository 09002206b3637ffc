// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.star;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.ConcatenatedFields;
import org.gradus.embeddings.ConcatenatedFields.Width;
import org.gradus.embeddings.ConcatenatedFields.Widths;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.ScenarioRows;
import org.gradus.models.Scenarios;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **STAR** — Sheng, Zhao, Zhou, Ding, Dai, Luo, Yang, Lv, Zhang, Deng, Zhu. CIKM 2021,
/// [arXiv:2101.11427](https://arxiv.org/abs/2101.11427)
///
/// ```
/// x      = [e₁; …; e_F; x_num],  p the scenario of the row
/// μ_p, v_p of the scenario's rows                                     (ST-1)
/// x′     = (γ ⊙ γ_p) ⊙ (x − μ_p) / √(v_p + ε) + (β + β_p)             (ST-2)
/// W*_p   = W_p ⊙ W,   b*_p = b_p + b                                  (ST-4)
/// h      = φ(h W*_p + b*_p), layer by layer from x′ to z_star         (ST-5)
/// z      = z_star + z_aux,   z_aux = mlp_aux([u_p; x])                (ST-6)
/// ```
///
/// A [PartitionedNorm], a [StarNetwork] of [StarLayer]s, and an [Auxiliary] network. Rows go through them scenario by scenario, and their
/// predictions come in the order of the rows.
///
/// Departs from the paper in five places: batches may mix scenarios, whose rows are taken apart inside, where the paper samples each
/// mini-batch from one, which is a setting of the data; a scenario with a single row in a batch is standardised by its moving statistics; the input of the auxiliary
/// network is not standardised; sizes of layers are ours; and W_p + W, networks without one of the three parts and a penalty that pulls
/// W_p towards 1 are options that the paper does not have, off by default.
public final class Star implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim D
  /// @param norm whether and how x is standardised
  /// @param network the star topology network
  /// @param auxiliary what the scenario adds
  /// @param style of the layers, without batch norm
  public record Config(
      int embeddingDim,
      Norm norm,
      StarNetwork.Config network,
      Auxiliary.Config auxiliary,
      Mlp.Style style) {
    /// A starting point; the auxiliary network has two layers, as in the paper.
    public static final Config PRESET =
        new Config(
            16,
            new Norm(
                true, new PartitionedNorm.Config(0.99, PartitionedNorm.SmallGroup.USE_RUNNING)),
            new StarNetwork.Config(List.of(128, 64), StarLayer.Combine.PRODUCT, 0),
            new Auxiliary.Config(true, 16, false, List.of(64)),
            Mlp.Style.RELU);
  }

  /// Standardisation by scenario.
  ///
  /// @param used whether there is any in front of the network
  /// @param config here and in the auxiliary network
  public record Norm(boolean used, PartitionedNorm.Config config) {}

  private final ConcatenatedFields v;
  private final @Nullable PartitionedNorm norm;
  private final StarNetwork network;
  private final @Nullable DenseParameter u; //    [P, D_u], one vector per scenario
  private final @Nullable Auxiliary auxiliary;
  private final Scenarios scenarios;
  private final Target target;
  private final double decay;

  /// A model for the only label of the schema.
  public Star(Config config, Schema schema, Params params) {
    target = Target.only(schema);
    scenarios = Scenarios.of("star", schema);
    int count = scenarios.count();
    v =
        new ConcatenatedFields(
            schema,
            new Widths(Width.FIXED, config.embeddingDim, 0),
            params.at("v"),
            Initializers.normal(0.01));
    norm = config.norm.used ? norm(v.width(), count, config, params.at("pn")) : null;
    network = new StarNetwork(v.width(), count, config.network, config.style, params.at("star"));
    Auxiliary.Config aux = config.auxiliary;
    if (aux.used()) {
      Params p = params.at("aux");
      PartitionedNorm own = aux.norm() ? norm(v.width(), count, config, p.at("pn")) : null;
      auxiliary = new Auxiliary(v.width(), aux, own, config.style, p);
      u = params.weight("u", Shape.of(count, aux.dim()), Initializers.normal(0.01));
    } else {
      auxiliary = null;
      u = null;
    }
    decay = config.network.decay();
  }

  private static PartitionedNorm norm(int width, int count, Config config, Params params) {
    return new PartitionedNorm(width, count, config.norm.config, params);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    int[] scenario = scenarios.of(batch);
    ScenarioRows rows = new ScenarioRows(scenario, scenarios.count(), tape);
    Var x = v.lookup(batch, mode); //                               [B, d]
    List<Var> parts = new ArrayList<>();
    for (ScenarioRows.Group g : rows.groups()) {
      int p = g.scenario();
      Var h = g.of(x); //                                           [N, d]
      h = norm == null ? h : norm.forward(h, p, mode); //           [N, d]  (ST-1), (ST-2)
      parts.add(network.forward(h, p, mode)); //                    [N]  (ST-4), (ST-5)
    }
    Var z = rows.inOrder(parts); //                                 [B]
    if (auxiliary != null && u != null) {
      Var at = tape.use(u).gather(0, tape.scope().upload(Shape.of(scenario.length), scenario));
      z = z.add(auxiliary.forward(at, x, rows, mode)); //           [B]  (ST-6)
    }
    Outputs outputs = target.outputs(z);
    return decay == 0
        ? outputs
        : outputs.withLoss("domainDecay", network.distance(tape).multiply(decay));
  }
}
