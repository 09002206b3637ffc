// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.gradus.autograd.WeightsWatcher.Weights;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;

/// By what weights a model mixed something that one row holds.
///
/// @param name path of what made the weights
/// @param over fields whose steps are mixed; empty when what is mixed has no field of its own
/// @param parts what is mixed, oldest step first
/// @param weights one per part
public record Mixture(String name, List<String> over, List<String> parts, double[] weights) {
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
    int real = length;
    if (seen.mask() != null) {
      real = 0;
      for (boolean there : seen.mask().toBooleans()) {
        real += there ? 1 : 0;
      }
    }
    List<String> parts = seen.over().isEmpty() ? numbers(real) : steps(seen.over(), row, names);
    if (parts.size() != real) {
      throw new IllegalStateException(
          seen.name()
              + ": weights over "
              + real
              + " real steps of "
              + seen.over()
              + ", of which the row has "
              + parts.size()
              + ".");
    }
    List<Mixture> found = new ArrayList<>();
    for (int q = 0; q < queries; q++) {
      double[] own = new double[real];
      System.arraycopy(values, q * length, own, 0, real); // what is real stands in front
      found.add(
          new Mixture(queries == 1 ? seen.name() : seen.name() + "/" + q, seen.over(), parts, own));
    }
    return found;
  }

  private static List<String> numbers(int n) {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      parts.add(Integer.toString(i));
    }
    return parts;
  }

  /// The real steps of the row, a name per column.
  private static List<String> steps(
      List<String> over, Batch row, BiFunction<String, Integer, String> names) {
    List<JaggedIds> columns = over.stream().map(field -> row.sparse().of(field)).toList();
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < columns.getFirst().values().length; i++) {
      StringBuilder part = new StringBuilder();
      boolean padding = true;
      for (int c = 0; c < over.size(); c++) {
        int id = columns.get(c).values()[i];
        padding &= id == 0;
        part.append(c == 0 ? "" : " · ").append(names.apply(over.get(c), id));
      }
      if (!padding) {
        parts.add(part.toString());
      }
    }
    return parts;
  }
}
