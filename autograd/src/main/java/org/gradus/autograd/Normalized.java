// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Tensor;

/// What [Var#batchNorm] gives.
///
/// @param y the standardised values, without scale and shift
/// @param mean `[n]`, of the batch; for moving statistics
/// @param variance `[n]`, of the batch, biased (divided by the count)
public record Normalized(Var y, Tensor mean, Tensor variance) {}
