// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.tensor.ElementwiseKernels.Binary;
import org.gradus.tensor.Kernels;
import org.gradus.tensor.LayoutKernels.View;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// One walk backward: visits the recorded operations from last to first, and lets each gradient die as soon as it has
/// been passed on.
final class Walk implements Tape.Sink {
  private static final int TABLES = 2; // of a small model

  private final Tape tape;
  private final Scope scope;
  private final List<Tape.Node> nodes;
  private final InOrder<DenseParameter, Var> parameters;
  private @Nullable Tensor[] pending; // sums so far, by the number of the value
  private final Gradients found; // of a table the first that it is given
  private final Map<TableParameter, List<Gradient.Rows>> more = new LinkedHashMap<>();
  private Tape.@Nullable Node current;

  Walk(Tape tape, List<Tape.Node> nodes, InOrder<DenseParameter, Var> parameters) {
    this.tape = tape;
    this.scope = tape.scope();
    this.nodes = nodes;
    this.parameters = parameters;
    this.pending = new Tensor[tape.numbered()];
    this.found = new Gradients(parameters.keys().size() + TABLES);
  }

  Gradients from(Var output, Tensor seed) {
    Tensor held = scope.share(seed); // so that no derivative takes the caller's numbers for its own
    visit(output, seed);
    scope.release(held);
    for (DenseParameter parameter : parameters.keys()) {
      Tensor g = remove(tape.use(parameter));
      if (g != null) {
        found.put(parameter, new Gradient.Dense(g));
      }
    }
    found.variables(tape, pending);
    more.forEach(
        (table, others) ->
            found.put(table, RowGradients.merge(scope, table, parts(found.rows(table), others))));
    return found;
  }

  private void visit(Var output, Tensor seed) {
    if (output.needsGradient()) {
      accumulate(output, seed);
    }
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Tape.Node node = nodes.get(i);
      Tensor dy = remove(node.output());
      if (dy != null) {
        current = node;
        node.backward().run(dy, this);
        scope.release(dy);
      }
    }
  }

  /// Walks through the inside of a checkpoint as if its operations stood on this tape: sums go on where they are, so
  /// that the order of every addition is that of a walk without checkpoints.
  ///
  /// @param outer values on this tape
  /// @param inner the same values on the tape of the inside
  void through(Tape inside, Var output, Tensor dy, List<Var> outer, List<Var> inner) {
    Walk walk = new Walk(inside, inside.nodes(), inside.parameters());
    List<Var> here = new ArrayList<>(outer);
    List<Var> there = new ArrayList<>(inner);
    for (DenseParameter parameter : inside.parameters().keys()) {
      here.add(tape.use(parameter));
      there.add(inside.use(parameter));
    }
    for (int i = 0; i < here.size(); i++) {
      Tensor sum = remove(here.get(i));
      if (sum != null) {
        walk.accumulate(there.get(i), moved(sum, scope, inside.scope()));
      }
    }
    walk.visit(output, inside.scope().share(dy));
    for (int i = 0; i < here.size(); i++) {
      Tensor sum = walk.remove(there.get(i));
      if (sum != null) {
        accumulate(here.get(i), moved(sum, inside.scope(), scope));
      }
    }
    walk.found
        .tables()
        .forEach(
            table -> {
              List<Gradient.Rows> others = walk.more.getOrDefault(table, List.of());
              for (Gradient.Rows part : parts(walk.found.rows(table), others)) {
                Tensor ids = moved(part.rows(), inside.scope(), scope);
                Tensor values = moved(part.values(), inside.scope(), scope);
                add(table, new Gradient.Rows(ids, values, part.count()));
              }
            });
  }

  private static Tensor moved(Tensor x, Scope from, Scope to) {
    Tensor y = to.share(x);
    from.release(x);
    return y;
  }

  private Tape.Node current() {
    if (current == null) {
      throw new IllegalStateException("backward: a gradient was given outside of a walk");
    }
    return current;
  }

  @Override
  public boolean wants(int input) {
    return current().inputs()[input].needsGradient();
  }

  @Override
  public void give(int input, Tensor gradient) {
    Tape.Node node = current();
    Var x = node.inputs()[input];
    if (!gradient.shape().equals(x.shape())) {
      throw new IllegalStateException(
          node.op()
              + ": its derivative gave "
              + gradient.shape()
              + " for input "
              + input
              + " of shape "
              + x.shape());
    }
    if (!x.needsGradient()) {
      scope.release(gradient);
      return;
    }
    accumulate(x, tape.probe().gradient(node.op(), input, gradient, scope));
  }

  /// The sum for a value, which has none from here on; null when it had none.
  private @Nullable Tensor remove(Var x) {
    if (!x.needsGradient()) {
      return null;
    }
    Tensor sum = pending[x.number()];
    pending[x.number()] = null;
    return sum;
  }

  private void accumulate(Var x, Tensor g) {
    Tensor sum = pending[x.number()];
    if (sum == null) {
      pending[x.number()] = g;
      return;
    }
    Kernels k = tape.kernels();
    if (sum.sole()) {
      k.elementwise().addScaled(sum.buffer(), g.buffer(), 1, g.elements());
    } else {
      Tensor total = scope.real("backward", x.shape());
      k.elementwise().binary(Binary.ADD, total.buffer(), sum.buffer(), g.buffer(), g.elements());
      scope.release(sum);
      pending[x.number()] = total;
    }
    scope.release(g);
  }

  @Override
  public void give(int input, View part, Tensor gradient) {
    Var x = current().inputs()[input];
    Tensor sum = x.needsGradient() ? pending[x.number()] : null;
    if (sum == null || !sum.sole() || !tape.probe().equals(Probe.NONE)) {
      Tensor whole = Layout.zeros(scope, current().op(), x.shape());
      tape.kernels().layout().write(whole.buffer(), gradient.buffer(), part);
      give(input, whole);
    } else {
      tape.kernels().layout().add(sum.buffer(), gradient.buffer(), part);
    }
    scope.release(gradient);
  }

  @Override
  public void give(TableParameter table, Gradient.Rows gradient) {
    if (table.frozen()) {
      gradient.release(scope);
      return;
    }
    add(table, tape.probe().rows(current().op(), gradient, scope));
  }

  private void add(TableParameter table, Gradient.Rows gradient) {
    if (!found.putFirst(table, gradient)) { // most tables are looked up once
      more.computeIfAbsent(table, _ -> new ArrayList<>()).add(gradient);
    }
  }

  private static List<Gradient.Rows> parts(Gradient.Rows first, List<Gradient.Rows> others) {
    List<Gradient.Rows> all = new ArrayList<>(others.size() + 1);
    all.add(first);
    all.addAll(others);
    return all;
  }
}
