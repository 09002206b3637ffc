// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// One vector per field of ids, side by side: that of its id, or what its list is pooled to; sequences have their mean. Fields of
/// one table share its vectors. Sessions are not read.
final class PooledFields {
  private final List<String> names;
  private final List<Lookup.Bag> bags = new ArrayList<>();
  private final Map<String, TableParameter> tables = new LinkedHashMap<>();
  private int width;

  /// Vectors for the fields of a schema.
  ///
  /// @param except names of fields that are left out
  /// @param dim width of a vector; 0 for ⌈log₂ n⌉ of a table with n rows
  /// @param params gets a table of each name
  PooledFields(Schema schema, Set<String> except, int dim, Params params) {
    List<String> read = new ArrayList<>();
    for (Field.Ids f : schema.ids()) {
      if (except.contains(f.name()) || f instanceof Field.Sessions) {
        continue;
      }
      TableParameter table = tables.get(f.table());
      if (table == null) {
        int d = dim == 0 ? Math.max(1, 32 - Integer.numberOfLeadingZeros(f.size() - 1)) : dim;
        table = params.table(f.table(), f.size(), d, 0, Initializers.xavierUniform());
        tables.put(f.table(), table);
      }
      read.add(f.name());
      bags.add(new Lookup.Bag(table, pooling(f)));
      width += table.table().width();
    }
    names = List.copyOf(read);
  }

  private static Pooling pooling(Field.Ids field) {
    return switch (field) {
      case Field.Categorical _ -> Pooling.SUM; // of one
      case Field.MultiValued m -> m.pooling();
      case Field.Sequence _, Field.Sessions _ -> Pooling.MEAN;
    };
  }

  /// ΣD_f, the numbers of an example.
  int width() {
    return width;
  }

  /// The table of this name, or null.
  @Nullable TableParameter table(String name) {
    return tables.get(name);
  }

  /// The vectors of a batch, `[B, ΣD_f]`.
  Var lookup(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    KeyedJaggedTensor all = batch.sparse();
    KeyedJaggedTensor ids = all.keys().equals(names) ? all : all.select(names, tape.scope());
    float[] given = ids.weights();
    Var weights = given == null ? null : tape.constant(Shape.of(given.length), given);
    return Lookup.bags(tape, bags, ids.values(), ids.offsets(), weights); // [B, ΣD_f]
  }
}
