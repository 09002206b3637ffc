// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.pepnet;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.ConcatenatedFields;
import org.gradus.embeddings.ConcatenatedFields.Place;
import org.gradus.embeddings.ConcatenatedFields.Width;
import org.gradus.embeddings.ConcatenatedFields.Widths;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.jspecify.annotations.Nullable;

/// What a gate is told besides the representation: some fields, in the order in which they are named, numbers last. Their vectors are
/// those of the representation, whose tables then learn from the gate too, or come from tables of the gate's own.
final class Prior {
  private final @Nullable ConcatenatedFields own;
  private final List<Place> places = new ArrayList<>(); // of what is cut out of x
  private int width;

  /// @param names of fields with ids or numbers
  /// @param all where the fields of the schema stand in x
  /// @param ownTables whether fields of ids have tables here, under `params`
  Prior(
      List<String> names, Schema schema, Map<String, Place> all, boolean ownTables, Params params) {
    int dim = 0;
    List<Field> embedded = new ArrayList<>();
    List<Place> numbers = new ArrayList<>();
    for (String name : names) {
      Place place = all.get(name);
      if (place == null) {
        throw new IllegalArgumentException(
            "pepnet: a gate cannot read "
                + name
                + ". Expected some of: "
                + String.join(", ", all.keySet())
                + ".");
      }
      Field field = schema.field(name);
      if (field instanceof Field.Dense) {
        numbers.add(place);
      } else if (ownTables) {
        embedded.add(field);
        dim = place.width(); // all fields of ids have one
      } else {
        places.add(place);
      }
      width += place.width();
    }
    places.addAll(numbers);
    own =
        embedded.isEmpty()
            ? null
            : new ConcatenatedFields(
                new Schema(embedded),
                new Widths(Width.FIXED, dim, 0),
                params,
                Initializers.normal(0.01));
  }

  /// The fields that a gate reads where nobody named any: all of ids, or, where there are none, all numbers.
  static List<String> everything(Schema schema) {
    List<String> ids = new ArrayList<>();
    for (Field.Ids f : schema.ids()) {
      if (f instanceof Field.Categorical || f instanceof Field.MultiValued) {
        ids.add(f.name());
      }
    }
    return ids.isEmpty() ? schema.dense().stream().map(Field.Dense::name).toList() : ids;
  }

  /// D_p; 0 where no field is named.
  int width() {
    return width;
  }

  /// The parts of E(F), `[B, …]` each, whose widths add up to D_p.
  ///
  /// @param x the representation, `[B, d]`
  List<Var> of(Batch batch, Var x, Mode mode) {
    List<Var> parts = new ArrayList<>();
    if (own != null) {
      parts.add(own.lookup(batch, mode));
    }
    for (Place place : places) {
      parts.add(x.slice(1, place.from(), place.to()));
    }
    return parts;
  }
}
