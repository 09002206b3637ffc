// SPDX-License-Identifier: Apache-2.0
/// Buffers that are plain Java arrays, shared by the devices that compute on the heap.
///
/// `reference` keeps `REAL` values in [Doubles] and `cpu` in [Floats]; both keep `INT` values in [Ints] and `MASK`
/// values in [Flags]. An array may be longer than the buffer: what lies beyond `length` is the device's padding.
@NullMarked
package org.gradus.tensor.host;

import org.jspecify.annotations.NullMarked;
