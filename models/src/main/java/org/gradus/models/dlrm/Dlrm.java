// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dlrm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.EmbeddingBagCollection;
import org.gradus.embeddings.EmbeddingBagConfig;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Linear;
import org.gradus.layers.LinearInit;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// **DLRM** — Naumov, Mudigere, Shi et al. 2019, [arXiv:1906.00091](https://arxiv.org/abs/1906.00091)
///
/// ```
/// dense  [B, c] ── bottom tower, ReLU after every layer ──► d  [B, D] ─┐
///                                                                      ├─ interaction ─► [B, R] ─ top tower ─► z [B]
/// ids of F fields ── one table each, bags pooled (EB-1) ──► S [B, F, D] ┘
///
/// s = Σ_id E[id], of each field: a row of S                  (EB-1)
/// T = [d; s₀; …; s_{F−1}]                                    (DI-1)
/// ```
///
/// B is the number of examples in a batch, c that of dense fields, F that of fields with ids, D the width of a vector, R that of what
/// the top tower reads, and z the score of an example; brackets hold shapes. d is what the bottom tower makes of the dense fields;
/// E is the table of a field, `E[id]` a row of it, and s the sum of the rows of the field's ids, its bag (a mean or a maximum where
/// the field says so). s₀ … s_{F−1} are those of all fields, the rows of S. A tower is fully connected layers with ReLU; the last
/// layer of the top one has one output and no ReLU.
///
/// [Interaction] says what becomes of T: dot products as in the paper, a cross network as in DLRM-DCN, or a projection. The numbers
/// of equations are ours.
///
/// Departs from the paper in five places: the sigmoid lives in the loss; bags are pooled as their field says, where the
/// paper sums; dot products stand in upper row-major order unless set otherwise, where the original script has the lower
/// one; cross networks and the projection are from later work; and without dense fields, which the paper does not foresee,
/// there is no bottom tower and no d, or the tower reads the number 1, so that d is one learned vector for all examples.
public final class Dlrm implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim D
  /// @param bottom sizes of the bottom tower; the last must be D; not read where there is none
  /// @param top sizes of the top tower without its last layer, which has one output
  /// @param interaction how vectors meet
  /// @param init how layers of towers start; tables and cross networks do not heed it
  /// @param constantInput whether the bottom tower reads the number 1 where there is no dense field; with one it changes nothing
  public record Config(
      int embeddingDim,
      List<Integer> bottom,
      List<Integer> top,
      Interaction.Config interaction,
      LinearInit init,
      boolean constantInput) {
    /// Small enough to learn in a minute on two cores; a starting point of this library, not the paper's.
    public static final Config DEFAULT =
        new Config(
            16,
            List.of(64, 16),
            List.of(128, 64),
            Interaction.Config.DOT,
            LinearInit.PYTORCH,
            false);

    /// The public training script's Criteo setting: D = 64, bottom 512-256-64, top 512-512-256-1.
    public static final Config SCRIPT =
        new Config(
            64,
            List.of(512, 256, 64),
            List.of(512, 512, 256),
            Interaction.Config.DOT,
            LinearInit.PYTORCH,
            false);
  }

  private final EmbeddingBagCollection tables; // E of each field: s₀ … s_{F−1} of an example
  private final @Nullable Mlp bottom; //          dense fields → d; null without an input
  private final Interaction interaction; //       T → what the top tower reads, R numbers
  private final Mlp top; //                       the top tower but for its last layer
  private final Linear out; //                    its last layer, one output
  private final int numbers; //                   inputs of the bottom tower: c, or 1
  private final boolean constant; //              whether it reads the number 1
  private final int dim; //                       D
  private final Target target;

  /// A model for the only label of the schema.
  public Dlrm(Config config, Schema schema, Params params) {
    dim = config.embeddingDim;
    constant = config.constantInput && schema.dense().isEmpty();
    numbers = constant ? 1 : schema.dense().size();
    // null for the initial values: uniform in ±1/√rows
    tables = new EmbeddingBagCollection(tables(schema, dim), params.at("tables"), null);
    // how all towers are: ReLU after every layer
    Mlp.Style style = Mlp.Style.RELU.withInit(config.init);
    if (numbers == 0) {
      bottom = null;
    } else {
      if (config.bottom.isEmpty() || config.bottom.getLast() != dim) {
        throw new IllegalArgumentException(
            "dlrm: bottom tower "
                + config.bottom
                + " with embedding width "
                + dim
                + ". Expected its last size to be the embedding width.");
      }
      bottom = new Mlp(numbers, config.bottom, style, params.at("bottom"));
    }
    interaction =
        Interaction.of(
            config.interaction,
            new Interaction.Vectors(tables.features().size(), numbers > 0, dim, style),
            params.at("interaction"));
    top = new Mlp(interaction.out(), config.top, style, params.at("top"));
    out = new Linear(top.out(), 1, Activation.IDENTITY, config.init, params.at("out"));
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Var s = tables.forward(batch.sparse(), tape).values(); //            [B, F·D]  (EB-1)
    Var d = null; // as it stays without bottom tower
    if (bottom != null) {
      Var x = tape.constant(constant ? ones(batch.size(), tape) : numbers(batch, tape)); // [B, c]
      d = bottom.forward(x, mode); //                                    [B, D]
    }
    Var y = interaction.forward(d, s.reshape(batch.size(), -1, dim), mode); // [B, R]  (DI-1)
    Var z = out.forward(top.forward(y, mode)).squeeze(1); //              [B]
    return target.outputs(z);
  }

  /// The dense fields, `[B, c]`.
  private Tensor numbers(Batch batch, Tape tape) {
    return tape.scope().upload(Shape.of(batch.size(), numbers), batch.dense());
  }

  /// The constant input, `[B, 1]`.
  private static Tensor ones(int size, Tape tape) {
    Tensor ones = tape.scope().real("constant", Shape.of(size, 1));
    tape.kernels().elementwise().fill(ones.buffer(), 1, size);
    return ones;
  }

  /// One table per categorical or multi-valued field; fields with the same table name share it.
  private static List<EmbeddingBagConfig> tables(Schema schema, int dim) {
    Map<String, EmbeddingBagConfig> byTable = new LinkedHashMap<>();
    for (Field.Ids f : schema.ids()) {
      Pooling pooling = pooling(f, schema);
      if (pooling != null) {
        byTable.merge(
            f.table(),
            new EmbeddingBagConfig(
                f.table(), f.size(), dim, List.of(f.name()), pooling, TableParameter.NO_PADDING),
            Dlrm::share);
      }
    }
    if (byTable.isEmpty()) {
      throw new IllegalArgumentException(
          "dlrm: "
              + schema
              + " has no categorical or multi-valued field. Expected at least one table.");
    }
    return List.copyOf(byTable.values());
  }

  /// How a field is pooled, or null when it is not: DLRM knows no order. Of one id every pooling is the id's row, so a
  /// categorical field goes along with the bags that share its table.
  private static @Nullable Pooling pooling(Field.Ids field, Schema schema) {
    return switch (field) {
      case Field.MultiValued m -> m.pooling();
      case Field.Categorical c ->
          schema.all(Field.MultiValued.class).stream()
              .filter(m -> m.table().equals(c.table()))
              .map(Field.MultiValued::pooling)
              .findFirst()
              .orElse(Pooling.SUM);
      case Field.Sequence _, Field.Sessions _ -> null;
    };
  }

  /// One table for the fields of two, which pool alike.
  private static EmbeddingBagConfig share(EmbeddingBagConfig a, EmbeddingBagConfig b) {
    if (a.pooling() != b.pooling()) {
      throw new IllegalArgumentException(
          "dlrm: fields of table "
              + a.name()
              + " pool by "
              + a.pooling()
              + " and "
              + b.pooling()
              + ". Expected one way.");
    }
    List<String> features = new ArrayList<>(a.featureNames());
    features.addAll(b.featureNames());
    return new EmbeddingBagConfig(
        a.name(), a.numEmbeddings(), a.embeddingDim(), features, a.pooling(), a.paddingId());
  }
}
