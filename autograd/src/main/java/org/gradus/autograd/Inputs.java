// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.Map;

/// The differentiable inputs of one pass, by the names under which [GradCheck#input] announced them.
public final class Inputs {
  private final Map<String, Var> byName;

  Inputs(Map<String, Var> byName) {
    this.byName = byName;
  }

  /// An input on the tape of this pass.
  public Var get(String name) {
    Var x = byName.get(name);
    if (x == null) {
      throw new IllegalArgumentException(
          "gradcheck: no input "
              + name
              + ". Expected one of "
              + byName.keySet()
              + ", or GradCheck.input(\""
              + name
              + "\", …) before the check.");
    }
    return x;
  }
}
