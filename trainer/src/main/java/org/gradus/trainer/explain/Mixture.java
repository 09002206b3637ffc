// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.gradus.autograd.WeightsWatcher.Weights;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.jspecify.annotations.Nullable;

/// By what weights a model mixed something that one row holds.
///
/// @param name path of what made the weights
/// @param unit what a part is: a `step` or a `session` of the fields, or a `part`
/// @param over fields whose steps or sessions are mixed; empty when what is mixed has no field of its own
/// @param parts what is mixed, the oldest first
/// @param weights one per part
public record Mixture(
    String name, String unit, List<String> over, List<String> parts, double[] weights) {
  /// Copies the lists.
  public Mixture {
    over = List.copyOf(over);
    parts = List.copyOf(parts);
    if (parts.size() != weights.length) {
      throw new IllegalArgumentException(
          name
              + ": "
              + weights.length
              + " weights for "
              + parts.size()
              + " parts. Expected one each.");
    }
  }

  /// The mixtures of a batch of one row: one, or one for each query that asked.
  ///
  /// @param names the text of an id, by field and id
  static List<Mixture> of(Weights seen, Batch row, BiFunction<String, Integer, String> names) {
    double[] values = seen.values().toDoubles();
    int length = seen.values().shape().size(-1);
    int queries = values.length / Math.max(1, length);
    boolean[] there = seen.mask() == null ? null : seen.mask().toBooleans();
    int[] real = IntStream.range(0, length).filter(i -> there == null || there[i]).toArray();
    List<String> over = seen.over();
    boolean sessions =
        !over.isEmpty() && row.schema().field(over.getFirst()) instanceof Field.Sessions;
    String unit = over.isEmpty() ? "part" : sessions ? "session" : "step";
    List<String> parts =
        over.isEmpty()
            ? named(seen.parts(), real)
            : sessions ? sessions(over, row, names) : steps(over, row, names);
    if (parts.size() != real.length) {
      throw new IllegalStateException(
          seen.name()
              + ": weights over "
              + real.length
              + " real "
              + unit
              + "s of "
              + seen.over()
              + ", of which the row has "
              + parts.size()
              + ".");
    }
    List<Mixture> found = new ArrayList<>();
    for (int q = 0; q < queries; q++) {
      double[] own = new double[real.length];
      for (int i = 0; i < own.length; i++) {
        own[i] = values[q * length + real[i]];
      }
      found.add(new Mixture(name(seen, queries, q), unit, over, parts, own));
    }
    return found;
  }

  /// Who asked, below the path: a part by its head and name, anything else by its number.
  private static String name(Weights seen, int queries, int q) {
    if (queries == 1) {
      return seen.name();
    }
    int n = seen.parts().size();
    boolean partsAsk = n > 0 && seen.values().shape().rank() == 4;
    return seen.name() + "/" + (partsAsk ? q / n + "/" + seen.parts().get(q % n) : q);
  }

  /// The names of the parts at these places, or their numbers where they have no names.
  private static List<String> named(List<String> parts, int[] places) {
    List<String> named = new ArrayList<>();
    for (int i : places) {
      named.add(parts.isEmpty() ? Integer.toString(i) : parts.get(i));
    }
    return named;
  }

  /// The real steps of the row, a name per column.
  private static List<String> steps(
      List<String> over, Batch row, BiFunction<String, Integer, String> names) {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < row.sparse().of(over.getFirst()).values().length; i++) {
      String step = step(over, row, i, names);
      if (step != null) {
        parts.add(step);
      }
    }
    return parts;
  }

  /// The real sessions of the row, each with the names of its steps.
  private static List<String> sessions(
      List<String> over, Batch row, BiFunction<String, Integer, String> names) {
    List<String> parts = new ArrayList<>();
    int i = 0;
    for (int size : row.sessions(over.getFirst()).values()) {
      List<String> steps = new ArrayList<>();
      for (int end = i + size; i < end; i++) {
        String step = step(over, row, i, names);
        if (step != null) {
          steps.add(step);
        }
      }
      if (!steps.isEmpty()) {
        parts.add(String.join(", ", steps));
      }
    }
    return parts;
  }

  /// The names of step i, column by column; null for padding.
  private static @Nullable String step(
      List<String> over, Batch row, int i, BiFunction<String, Integer, String> names) {
    List<String> step = new ArrayList<>();
    boolean padding = true;
    for (String field : over) {
      int id = row.sparse().of(field).values()[i];
      padding &= id == 0;
      step.add(names.apply(field, id));
    }
    return padding ? null : String.join(" · ", step);
  }
}
