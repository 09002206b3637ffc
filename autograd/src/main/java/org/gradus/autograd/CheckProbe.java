// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.gradus.autograd.Mutation.Contribution;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Watches the passes of a gradient check: fingerprints the branches taken, replays what lies behind stop-gradient, and
/// puts a [Mutation] into the walk backward.
final class CheckProbe implements Probe {
  /// The operation that gathers the outputs; not one of those under check.
  static final String OBJECTIVE = "objective";

  private enum Stage {
    RECORD,
    REPLAY,
    BACKWARD
  }

  private final @Nullable Mutation mutation;
  private final Set<Contribution> contributions = new LinkedHashSet<>();
  private final List<double[]> stopped = new ArrayList<>();
  private Stage stage = Stage.RECORD;
  private int nextStopped;
  private long branches;
  private long unperturbed;
  private boolean struck;

  CheckProbe(@Nullable Mutation mutation) {
    this.mutation = mutation;
  }

  /// The pass at the unperturbed point begins.
  void record() {
    stage = Stage.RECORD;
    stopped.clear();
    branches = 0;
  }

  /// A pass at a perturbed point begins.
  void replay() {
    stage = Stage.REPLAY;
    nextStopped = 0;
    branches = 0;
  }

  /// The walk backward begins. Segments that it computes again are at the unperturbed point.
  void backward() {
    unperturbed = branches;
    stage = Stage.BACKWARD;
  }

  /// A fingerprint of the branches taken since the pass began.
  long branches() {
    return branches;
  }

  /// The fingerprint of the pass at the unperturbed point.
  long unperturbedBranches() {
    return unperturbed;
  }

  /// The contributions seen that were not zero.
  Set<Contribution> contributions() {
    return contributions;
  }

  /// Whether the mutation met the gradient it alters.
  boolean struck() {
    return struck;
  }

  @Override
  public boolean watchesBranches() {
    return stage != Stage.BACKWARD;
  }

  @Override
  public void branch(String op, int[] sides) {
    if (stage == Stage.BACKWARD) {
      return;
    }
    long h = branches * 31 + op.hashCode();
    for (int side : sides) {
      h = (h ^ side) * 0x9E3779B97F4A7C15L;
      h ^= h >>> 32;
    }
    branches = h;
  }

  @Override
  public Tensor stopped(Tensor value, Scope scope) {
    switch (stage) {
      case RECORD -> stopped.add(value.toDoubles());
      case REPLAY -> {
        double[] unperturbed = nextStopped < stopped.size() ? stopped.get(nextStopped++) : null;
        if (unperturbed == null || unperturbed.length != value.elements()) {
          throw new IllegalStateException(
              "gradcheck: two passes reach different stop-gradients. Expected an objective that"
                  + " runs the same operations at every point.");
        }
        return scope.upload(value.shape(), unperturbed);
      }
      case BACKWARD -> {}
    }
    return value;
  }

  @Override
  public Tensor gradient(String op, int input, Tensor gradient, Scope scope) {
    if (op.equals(OBJECTIVE)) {
      return gradient;
    }
    double[] values = gradient.toDoubles();
    boolean altered = see(op, input, values, values.length);
    if (!altered) {
      return gradient;
    }
    Tensor wrong = scope.upload(gradient.shape(), values);
    scope.release(gradient);
    return wrong;
  }

  @Override
  public Gradient.Rows rows(String op, Gradient.Rows gradient, Scope scope) {
    double[] values = gradient.values().toDoubles();
    int n = gradient.count() * gradient.values().shape().size(-1);
    if (!see(op, -1, values, n)) {
      return gradient;
    }
    Tensor wrong = scope.upload(gradient.values().shape(), values);
    scope.release(gradient.values());
    return new Gradient.Rows(gradient.rows(), wrong, gradient.count());
  }

  /// Notes a contribution, and alters it where the mutation says so.
  private boolean see(String op, int input, double[] values, int n) {
    boolean zero = true;
    for (int i = 0; i < n && zero; i++) {
      zero = values[i] == 0;
    }
    if (!zero) {
      contributions.add(new Contribution(op, input));
    }
    if (mutation == null || !mutation.strikes(op, input)) {
      return false;
    }
    mutation.alter(values, n);
    struck = true;
    return true;
  }
}
