// SPDX-License-Identifier: Apache-2.0
/// Derivatives: a [Tape] records what was computed, and walks back over it.
///
/// - A [Var] is a tensor on a tape. Its methods are the operations; each is written once, in the class of its
///   family ([Elementwise], [MatMul], …), with its derivative beside it.
/// - [Params] hands out parameters by path. Initial values depend on seed and path, and on nothing else.
/// - [Tape#backward] returns [Gradients]: dense ones for weights, row-sparse ones for tables. A tape may be walked
///   several times before it closes.
@NullMarked
package org.gradus.autograd;

import org.jspecify.annotations.NullMarked;
