// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.m2m;

import java.util.List;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.StepIds;
import org.gradus.layers.MultiHeadAttention;
import org.gradus.layers.PositionEncoding;
import org.gradus.layers.SequencePooling;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// A sequence as one vector: every step attends to all real steps, and what they find is pooled.
///
/// ```
/// x̄ = pool(MHA(X))                          (META-1)
/// ```
///
/// Padding is no key and has no part in the pooling: a row of padding alone is 0. Positions, where they are asked for, are the sinusoids of
/// [PositionEncoding], which nothing trains.
public final class SequenceView {
  private final String name;
  private final TableParameter table;
  private final PositionEncoding encoding;
  private final MultiHeadAttention attention;
  private final Config config;
  private final int width;

  /// How a step says where it stands.
  public enum Positions {
    /// not at all
    NONE,
    /// the position's vector is added
    ADD,
    /// the position's vector stands beside it, and the step is twice as wide
    CONCAT
  }

  /// How steps become one vector.
  public enum Pool {
    /// the mean of the real ones
    MEAN,
    /// their sum
    SUM,
    /// the last real one
    LAST
  }

  /// What a user may set.
  ///
  /// @param heads of the attention
  /// @param positions how a step says where it stands
  /// @param pool how steps become one vector
  public record Config(int heads, Positions positions, Pool pool) {}

  /// The attention's matrices under `params`.
  ///
  /// @param table of the steps
  SequenceView(Field.Sequence field, TableParameter table, Config config, Params params) {
    this.config = config;
    this.table = table;
    name = field.name();
    int dim = table.table().width();
    width = config.positions == Positions.CONCAT ? 2 * dim : dim;
    PositionEncoding.Kind kind =
        config.positions == Positions.NONE
            ? PositionEncoding.Kind.NONE
            : PositionEncoding.Kind.SINUSOIDAL;
    encoding = new PositionEncoding(kind, field.maxLength(), dim, params);
    attention =
        new MultiHeadAttention(width, config.heads, MultiHeadAttention.Config.PAPER, params);
  }

  /// Width of the vector.
  int width() {
    return width;
  }

  /// x̄ `[B, width]`
  Var forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Scope scope = tape.scope();
    StepIds ids = StepIds.of(batch.sparse(), List.of(name), scope);
    int longest = Math.max(1, ids.longest()); // an axis of size 0 would have no softmax
    int[] lengths = scope.ints(ids.rows());
    for (int b = 0; b < lengths.length; b++) {
      lengths[b] = ids.length(b);
    }
    Tensor ends = scope.upload(Shape.of(ids.ends().length), ids.ends());
    int from = ids.from()[0];
    Var steps = Lookup.rows(tape, table, ids.values()[0], from, from + ids.count()); // [N, D]
    Var x = placed(steps.pad(ends, longest)); //                                 [B, T, width]
    Tensor real = Masks.sequenceMask(scope, lengths, longest); //                [B, T]
    Tensor keys = scope.reshape(real, real.shape().insert(1, 1)); //             [B, 1, T]
    Var found = attention.forward(x, x, x, keys, mode); //                       [B, T, width]
    return pooled(
        found, real, lengths); //                                      [B, width]  (META-1)
  }

  /// x `[B, T, D]` with its positions, `[B, T, width]`.
  private Var placed(Var x) {
    if (config.positions != Positions.CONCAT) {
      return encoding.add(x, 0);
    }
    Var places = encoding.add(x.tape().constant(Shape.scalar(), 0f).expand(x.shape()), 0);
    return Var.concat(2, List.of(x, places));
  }

  private Var pooled(Var x, Tensor real, int[] lengths) {
    return switch (config.pool) {
      case MEAN -> SequencePooling.mean(x, real);
      case SUM -> x.tape().constant(Masks.toReal(x.tape().scope(), real)).weightedSum(x);
      case LAST -> SequencePooling.last(x, lengths);
    };
  }
}
