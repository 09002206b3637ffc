// SPDX-License-Identifier: Apache-2.0
/// What at least two papers share: fully connected layers, normalisation, dropout, interactions. What one paper uses
/// once stays with the paper.
///
/// Weights are stored `[in, out]` and y = x W + b.
@NullMarked
package org.gradus.layers;

import org.jspecify.annotations.NullMarked;
