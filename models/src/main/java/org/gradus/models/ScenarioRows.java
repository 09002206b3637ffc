// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// The rows of a batch apart by scenario, and together again in the order in which they came.
///
/// ```
/// for (Group g : rows.groups()) {
///   parts.add(tower(g.scenario(), g.of(x)));   // what the scenario makes of its rows
/// }
/// Var y = rows.inOrder(parts);                 // row b of y comes from row b of x
/// ```
///
/// A scenario without a row has no group, so that nothing of it is touched, and nothing of it has a gradient.
public final class ScenarioRows {
  private final List<Group> groups = new ArrayList<>();
  private final Tensor places; // [B]: where row b stands when groups lie one behind the other

  /// The rows of one scenario, in the order of the batch.
  ///
  /// @param scenario 0 … P−1
  /// @param rows `[N]` INT
  public record Group(int scenario, Tensor rows) {
    /// x `[B, …]` → its rows of this scenario, `[N, …]`.
    public Var of(Var x) {
      return x.gather(0, rows);
    }

    /// N
    public int size() {
      return rows.elements();
    }
  }

  /// Groups in the order of their scenarios.
  ///
  /// @param scenarios of each row, from [Scenarios#of]
  /// @param count P
  public ScenarioRows(int[] scenarios, int count, Tape tape) {
    Scope scope = tape.scope();
    int[] sizes = scope.ints(count);
    for (int p : scenarios) {
      sizes[p]++;
    }
    int[][] rows = new int[count][];
    int[] starts = scope.ints(count);
    for (int p = 0; p < count; p++) {
      rows[p] = scope.ints(sizes[p]);
      starts[p] = p == 0 ? 0 : starts[p - 1] + sizes[p - 1];
    }
    int[] seen = scope.ints(count);
    int[] place = scope.ints(scenarios.length);
    for (int b = 0; b < scenarios.length; b++) {
      int p = scenarios[b];
      place[b] = starts[p] + seen[p];
      rows[p][seen[p]++] = b;
    }
    for (int p = 0; p < count; p++) {
      if (sizes[p] > 0) {
        groups.add(new Group(p, scope.upload(Shape.of(sizes[p]), rows[p])));
      }
    }
    places = scope.upload(Shape.of(place.length), place);
  }

  /// The scenarios that occur, with their rows.
  public List<Group> groups() {
    return List.copyOf(groups);
  }

  /// What was made of each group, `[N, …]` each and in the order of [#groups], as rows of the batch: `[B, …]`.
  public Var inOrder(List<Var> parts) {
    return Var.concat(0, parts).gather(0, places);
  }
}
