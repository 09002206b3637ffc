// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.m2m;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.Schema;
import org.jspecify.annotations.Nullable;

/// Some fields that speak for something: their vectors, in the order in which they are named, then their numbers.
final class NamedFields {
  private final List<Integer> vectors = new ArrayList<>(); // places among the fields that have one
  private final List<Integer> numbers = new ArrayList<>(); // columns

  /// @param setting that names them, for messages
  NamedFields(String setting, List<String> names, Schema schema, FieldEmbeddings v) {
    List<String> embedded = v.names();
    List<String> columns = schema.dense().stream().map(Field::name).toList();
    for (String name : names) {
      if (embedded.contains(name)) {
        vectors.add(embedded.indexOf(name));
      } else if (columns.contains(name)) {
        numbers.add(columns.indexOf(name));
      } else {
        List<String> all = new ArrayList<>(embedded);
        all.addAll(columns);
        throw new IllegalArgumentException(
            "m2m: setting "
                + setting
                + " names "
                + name
                + ". Expected some of: "
                + String.join(", ", all)
                + ".");
      }
    }
  }

  /// Width of all together.
  ///
  /// @param dim of a vector
  int width(int dim) {
    return vectors.size() * dim + numbers.size();
  }

  /// Adds what they say to the parts of an input, `[B, …]` each.
  ///
  /// @param e vectors of all fields, `[B, F, D]`
  /// @param x all numbers, `[B, c]`; null where there are none
  void addTo(List<Var> parts, Var e, @Nullable Var x) {
    for (int f : vectors) {
      parts.add(e.index(1, f));
    }
    if (x != null) {
      for (int c : numbers) {
        parts.add(x.slice(1, c, c + 1));
      }
    }
  }
}
