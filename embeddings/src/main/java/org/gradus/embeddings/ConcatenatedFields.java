// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.Initializer;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// The fields of an example one behind the other, each with a width of its own, then its numbers:
///
/// ```
/// x₀ = [e₁; …; e_F; x_num]
/// ```
///
/// F is the number of categorical and multi-valued fields, e₁ … e_F are their embeddings, that of field f of D_f numbers, x_num
/// the dense fields, and [;] puts vectors one behind the other; x₀ has d = Σ_f D_f + c numbers, c being those of x_num.
///
/// For models that never multiply two embeddings number by number (Deep & Cross); those that do need [FieldEmbeddings], where
/// all widths are one. Row 0 of every table is padding: zero, never trained, not counted.
public final class ConcatenatedFields {
  private final List<String> names = new ArrayList<>();
  private final List<Lookup.Bag> bags = new ArrayList<>();
  private final Map<String, Place> places = new LinkedHashMap<>();
  private final int numbers;
  private final int width;

  /// How wide an embedding is.
  public enum Width {
    /// all alike
    FIXED,
    /// ⌈log₂ n⌉ for a field of n values, but at least 1
    LOG2,
    /// ⌈k · n^¼⌉ for a field of n values
    FOURTH_ROOT
  }

  /// Which widths.
  ///
  /// @param rule how wide an embedding is
  /// @param fixed every width, for [Width#FIXED]
  /// @param factor k, above 0 and at most 16, for [Width#FOURTH_ROOT]
  public record Widths(Width rule, int fixed, double factor) {
    /// The width of a field's table, whose ids 0 and 1 are no values.
    public int of(Field.Ids field) {
      long values = Math.max(1, field.size() - 2);
      return switch (rule) {
        case FIXED -> fixed;
        case LOG2 -> EmbeddingDim.log2(values);
        case FOURTH_ROOT -> EmbeddingDim.fourthRoot(values, factor);
      };
    }
  }

  /// Where a field stands in x₀.
  ///
  /// @param from its first column
  /// @param to behind its last one
  public record Place(int from, int to) {
    /// How many columns it has.
    public int width() {
      return to - from;
    }
  }

  /// Tables for the fields of a schema, with the paths `<table name>`.
  public ConcatenatedFields(Schema schema, Widths widths, Params params, Initializer init) {
    Map<String, TableParameter> tables = new TreeMap<>();
    int sum = 0;
    for (Field.Ids f : schema.ids()) {
      @Nullable Pooling pooling =
          switch (f) {
            case Field.Categorical _ -> Pooling.SUM; // of one
            case Field.MultiValued m -> m.pooling();
            case Field.Sequence _, Field.Sessions _ -> null;
          };
      if (pooling != null) {
        TableParameter table = tables.get(f.table());
        if (table == null) {
          table = params.table(f.table(), f.size(), widths.of(f), 0, init);
          tables.put(f.table(), table);
        }
        names.add(f.name());
        bags.add(new Lookup.Bag(table, pooling));
        places.put(f.name(), new Place(sum, sum + table.table().width()));
        sum += table.table().width();
      }
    }
    numbers = schema.dense().size();
    for (Field.Dense f : schema.dense()) {
      places.put(f.name(), new Place(sum, ++sum));
    }
    width = sum;
    if (width == 0) {
      throw new IllegalArgumentException(
          "concatenated fields: "
              + schema
              + " has nothing to read. Expected a categorical, multi-valued or dense field.");
    }
  }

  /// d, the width of x₀.
  public int width() {
    return width;
  }

  /// Where each field stands in x₀, in that order.
  public Map<String, Place> places() {
    return Collections.unmodifiableMap(places);
  }

  /// x₀ of a batch of B examples, `[B, d]`: fields of ids in schema order, then numbers.
  public Var lookup(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    List<Var> parts = new ArrayList<>(2);
    if (!bags.isEmpty()) {
      KeyedJaggedTensor all = batch.sparse();
      KeyedJaggedTensor ids = all.keys().equals(names) ? all : all.select(names, tape.scope());
      float[] weights = ids.weights();
      Var each = weights == null ? null : tape.constant(Shape.of(weights.length), weights);
      parts.add(Lookup.bags(tape, bags, ids.values(), ids.offsets(), each)); // [B, Σ_f D_f]
    }
    if (numbers > 0) {
      parts.add(tape.constant(Shape.of(batch.size(), numbers), batch.dense())); // [B, c]
    }
    return Var.concat(1, parts); //                                               [B, d]
  }
}
