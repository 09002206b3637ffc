// SPDX-License-Identifier: Apache-2.0
/// Shapes, tensors, embedding tables, and the devices whose kernels work on them. No gradients.
///
/// Three ideas carry the module:
///
/// - A [Device] owns memory and answers for the [Kernels] that work on it. `reference` defines every
///   kernel by plain float64 loops; every other device is tested against it.
/// - A [Tensor] is a contiguous, row-major block of `REAL`, `INT` or `MASK` values on one device. It
///   lives in a [Scope] and dies with it.
/// - A [Table] holds embedding rows. It is reached only by row, never as a tensor, so that it may be
///   larger than the heap.
///
/// Notation used by all modules: B batch, F fields, D embedding width, T time, N ids in a jagged batch.
@NullMarked
package org.gradus.tensor;

import org.jspecify.annotations.NullMarked;
