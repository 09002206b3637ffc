// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.neuralcf;

import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// A vector for the user and a vector for the item, p and q, of `width` numbers each, from tables `user` and `item` of their own, whatever tables the fields
/// share elsewhere; of a multi-valued field the rows of its ids, pooled. Row 0 is padding: zero, never trained.
public final class UserAndItem {
  private final List<String> names; //    of the user's field, and of the item's
  private final List<Lookup.Bag> bags; // their tables, and how each is pooled
  private final int width; //             of p and of q

  /// Names of fields; of each list the first that the schema has is taken.
  ///
  /// @param user names that the user may have
  /// @param item names that the item may have
  public record Fields(List<String> user, List<String> item) {
    /// What the fields are called in ratings.
    public static final Fields USUAL = new Fields(List.of("user_id"), List.of("item_id"));
  }

  /// New tables under `params`, with numbers drawn normal with mean 0 and deviation 0.01.
  UserAndItem(Fields fields, Schema schema, int width, Params params) {
    Field.Ids user = find("user", fields.user, schema);
    Field.Ids item = find("item", fields.item, schema);
    if (user.equals(item)) {
      throw new IllegalArgumentException(
          "neural-cf: " + user.name() + " is both user and item. Expected two fields.");
    }
    names = List.of(user.name(), item.name());
    bags = List.of(bag("user", user, width, params), bag("item", item, width, params));
    this.width = width;
  }

  /// The first field of these names, among those that have an id or several.
  private static Field.Ids find(String role, List<String> names, Schema schema) {
    List<Field.Ids> pooled = schema.ids().stream().filter(f -> pooling(f) != null).toList();
    for (String name : names) {
      for (Field.Ids f : pooled) {
        if (f.name().equals(name)) {
          return f;
        }
      }
    }
    throw new IllegalArgumentException(
        "neural-cf: "
            + (names.isEmpty() ? role + "= is empty" : "no field " + String.join(" or ", names))
            + ". Expected the setting "
            + role
            + " to name one of: "
            + String.join(", ", pooled.stream().map(Field.Ids::name).toList())
            + ".");
  }

  /// How the rows of a field's ids become one vector; null for sequences, which do not.
  private static @Nullable Pooling pooling(Field.Ids field) {
    return switch (field) {
      case Field.Categorical _ -> Pooling.SUM; // of one
      case Field.MultiValued m -> m.pooling();
      case Field.Sequence _, Field.Sessions _ -> null;
    };
  }

  /// A table for the ids of a field, and how the rows that an example reads become one vector.
  private static Lookup.Bag bag(String role, Field.Ids field, int width, Params params) {
    Pooling pooling = pooling(field);
    return new Lookup.Bag(
        params.table(role, field.size(), width, 0, Initializers.normal(0.01)),
        pooling == null ? Pooling.SUM : pooling); // never null: find has left such fields out
  }

  /// p and q of each of B examples, `[B, 2, width]`.
  Var lookup(Batch batch, Mode mode) {
    KeyedJaggedTensor ids = batch.sparse().select(names, mode.tape().scope());
    float[] weights = ids.weights(); // one per id, or null where the data have none
    Var each = weights == null ? null : mode.tape().constant(Shape.of(weights.length), weights);
    return Lookup.bags(mode.tape(), bags, ids.values(), ids.offsets(), each)
        .reshape(batch.size(), 2, width);
  }
}
