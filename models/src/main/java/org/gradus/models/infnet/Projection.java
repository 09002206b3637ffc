// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.Linear;
import org.gradus.layers.LinearInit;
import org.gradus.layers.Mlp;
import org.gradus.tensor.MatMulKernels.Activation;

/// An MLP of which the paper gives no sizes: layers with ReLU, and a last one with another activation or none. Its layers have the
/// paths `<i>`, the last one `out`.
public final class Projection {
  private final Mlp hidden;
  private final Linear out;

  /// Layers in front of the last one.
  ///
  /// @param sizes of them; none for a single dense layer
  /// @param dropout share dropped behind each in training
  public record Hidden(List<Integer> sizes, double dropout) {
    /// Copies the list.
    public Hidden {
      sizes = List.copyOf(sizes);
    }
  }

  Projection(int in, Hidden hidden, int out, Activation last, Params params) {
    Mlp.Style style = Mlp.Style.RELU.withDropout(hidden.dropout);
    this.hidden = new Mlp(in, hidden.sizes, style, params);
    this.out = new Linear(this.hidden.out(), out, last, LinearInit.XAVIER, params.at("out"));
  }

  /// x `[…, in]` → `[…, out]`
  Var forward(Var x, Mode mode) {
    return out.forward(hidden.forward(x, mode));
  }
}
