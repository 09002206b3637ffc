// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.sourceattention;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.layers.Tower;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.models.sourceattention.SharedSourceAttention.Source;
import org.gradus.tensor.Scope;
import org.jspecify.annotations.Nullable;

/// **Source attention**, after SKES — Chen, Fang, Wang, Cao, King. AAAI 2024, [arXiv:2402.12411](https://arxiv.org/abs/2402.12411) — and
/// HAN — Wang, Ji, Shi, Wang, Ye, Cui, Yu. WWW 2019, [arXiv:1903.07293](https://arxiv.org/abs/1903.07293)
///
/// ```
/// Z_r = ψ(K_r W₁ + b₁)                                                        (SA-1)
/// U_r = tanh(Z_r W₂ + b₂)                                                     (SA-2)
/// e_r = U_r · q                                                               (SA-3)
/// α   = softmax of e / τ over the sources that a node has                     (SA-4)
/// h   = Σ_r α_r Z_r                                                           (SA-5)
/// ```
///
/// A source is a field. [SharedSourceAttention] runs twice: over the numbers of a node, such as its centralities, and over its fields of
/// ids, such as neighbours along a metapath, with what the first found as one source more. A tower predicts from h.
///
/// Departs from the paper in three places: its equations were not at hand, so that the attention has the standard form of HAN; a field is a
/// source, in place of the paper's features of a graph; and the tower on top is ours.
public final class SourceAttention implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim n, the width of a source
  /// @param stages how often attention runs
  /// @param attention of each stage
  /// @param hidden layers of the tower
  /// @param style of the tower
  public record Config(
      int embeddingDim,
      Stages stages,
      SharedSourceAttention.Config attention,
      List<Integer> hidden,
      Mlp.Style style) {
    /// A starting point of ours.
    public static final Config PRESET =
        new Config(
            16, Stages.TWO, SharedSourceAttention.Config.PRESET, List.of(64), Mlp.Style.RELU);
  }

  /// How often attention runs.
  public enum Stages {
    /// over numbers, then over fields of ids and what came of the numbers
    TWO,
    /// over all fields at once
    ONE
  }

  private static final String STRUCTURAL = "structural";

  private final FieldEmbeddings v;
  private final @Nullable SharedSourceAttention structural;
  private final SharedSourceAttention semantic;
  private final Tower tower;
  private final Target target;
  private final int ids; // sources of ids, which come first

  /// A model for the only label of the schema.
  public SourceAttention(Config config, Schema schema, Params params) {
    target = Target.only(schema);
    int n = config.embeddingDim;
    v =
        new FieldEmbeddings(
            schema,
            n,
            FieldEmbeddings.Numeric.SCALED_EMBEDDING,
            params.at("v"),
            Initializers.normal(1 / StrictMath.sqrt(n)));
    List<Source> fields = v.names().stream().map(name -> new Source(name, n)).toList();
    boolean apart =
        config.stages == Stages.TWO && !v.fields().isEmpty() && !schema.dense().isEmpty();
    ids = apart ? v.fields().size() : fields.size();
    List<Source> second = new ArrayList<>(fields.subList(0, ids));
    if (apart) {
      checkName(schema);
      structural =
          new SharedSourceAttention(
              fields.subList(ids, fields.size()), n, config.attention, params.at(STRUCTURAL));
      second.add(new Source(STRUCTURAL, structural.width()));
    } else {
      structural = null;
    }
    semantic = new SharedSourceAttention(second, n, config.attention, params.at("semantic"));
    tower = new Tower(semantic.width(), config.hidden, config.style, params.at("tower"));
  }

  private static void checkName(Schema schema) {
    for (Field.Ids f : schema.ids()) {
      if (f.name().equals(STRUCTURAL)) {
        throw new IllegalArgumentException(
            "source-attention: a field is called structural, as is what the first stage finds."
                + " Expected another name, or stages=ONE.");
      }
    }
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var k = v.lookup(batch, mode); //                               [B, F, n]
    Scope scope = mode.tape().scope();
    boolean[] present = v.present(batch, scope);
    int rows = batch.size();
    List<Var> sources = sources(k, 0, ids);
    boolean[] has =
        columns(present, scope.booleans(rows * (ids + (structural == null ? 0 : 1))), rows, 0, ids);
    if (structural != null) {
      List<Var> numbers = sources(k, ids, v.count());
      boolean[] all =
          columns(present, scope.booleans(rows * (v.count() - ids)), rows, ids, v.count());
      sources.add(structural.forward(numbers, all, mode)); //       [B, H·d]  (SA-5)
    }
    Var h = semantic.forward(sources, has, mode); //                [B, H·d]  (SA-5)
    return target.outputs(tower.forward(h, mode));
  }

  private static List<Var> sources(Var k, int from, int to) {
    List<Var> some = new ArrayList<>();
    for (int f = from; f < to; f++) {
      some.add(k.index(1, f)); //                                   [B, n]
    }
    return some;
  }

  /// Columns of `[B, F]`, and behind them some that are true.
  private static boolean[] columns(boolean[] all, boolean[] some, int rows, int from, int to) {
    int width = all.length / rows;
    int n = some.length / rows;
    Arrays.fill(some, true);
    for (int b = 0; b < rows; b++) {
      System.arraycopy(all, b * width + from, some, b * n, to - from);
    }
    return some;
  }
}
