// SPDX-License-Identifier: Apache-2.0
/// The `reference` device: float64, one thread, plain loops in the order of the formula.
///
/// It defines what every kernel means. The other devices are tested against it, and gradient checks run on it,
/// so its code is written to be read and checked by eye: one class per kernel family, its methods in the order of the
/// interface, each adjoint under its forward. It is as slow as that makes it.
@NullMarked
package org.gradus.tensor.reference;

import org.jspecify.annotations.NullMarked;
