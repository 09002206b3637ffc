// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Tensor;

/// Shows the operations of a tape to a [Watcher].
final class WatcherProbe implements Probe {
  private final Watcher watcher;
  private final List<Tensor> constants = new ArrayList<>(); // of the operation at work
  private final Set<TableParameter> tables = new LinkedHashSet<>();

  WatcherProbe(Watcher watcher) {
    this.watcher = watcher;
  }

  @Override
  public boolean watchesHost() {
    return true;
  }

  @Override
  public void reads(Tensor constant) {
    constants.add(constant);
  }

  @Override
  public void reads(TableParameter table) {
    tables.add(table);
  }

  @Override
  public void value(String op, Tensor value, Var[] inputs) {
    List<Tensor> operands = new ArrayList<>();
    for (Var x : inputs) {
      operands.add(x.value());
    }
    operands.addAll(constants);
    watcher.operation(new Watcher.Operation(op, value, operands, List.copyOf(tables)));
    constants.clear();
    tables.clear();
  }

  @Override
  public Tensor constant(Tensor value, Scope scope) {
    watcher.operation(new Watcher.Operation("constant", value, List.of(), List.of()));
    return value;
  }
}
