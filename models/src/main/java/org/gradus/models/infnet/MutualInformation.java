// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.stream.IntStream;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// How well the proxies of an example tell which tokens they were made of: a bound of their mutual information, from the batch
/// (InfoNCE: van den Oord, Li, Vinyals 2018, [arXiv:1807.03748](https://arxiv.org/abs/1807.03748)), as a loss.
///
/// ```
/// L_MI = −1/B Σ_i ln (exp(cos(u_i, v_i)/τ) / Σ_j exp(cos(u_i, v_j)/τ))        (IN-22)
/// ```
///
/// u_i is the mean proxy of example i, v_i its mean token. The paper has no such term. ln B is what it is where proxies say nothing.
final class MutualInformation {
  /// τ
  static final double TEMPERATURE = 0.5;

  /// Added to ‖x‖² under the root: a group without tokens is 0, and has a gradient that is finite.
  private static final double TINY = 1e-12;

  private MutualInformation() {}

  /// L_MI `[]`.
  ///
  /// @param proxies u `[B, d]`
  /// @param tokens v `[B, d]`
  static Var loss(Var proxies, Var tokens) {
    Var cosines = direction(proxies).matmul(direction(tokens), false, true); // [B, …, B]
    int rows = proxies.size(0);
    Tensor own = proxies.tape().scope().upload(Shape.of(rows), IntStream.range(0, rows).toArray());
    Var log = cosines.multiply(1 / TEMPERATURE).logSoftmax().pick(own); //      [B]
    return log.mean().negate(); //                                              (IN-22)
  }

  /// x / √(‖x‖² + 1e-12)
  private static Var direction(Var x) {
    return x.multiply(x.square().sum(-1, true).add(TINY).rsqrt());
  }
}
