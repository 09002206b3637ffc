// SPDX-License-Identifier: Apache-2.0

/// The contract of a device: what every kernel must compute, checked against `reference`.
///
/// The same short program runs on both devices over the same float32 inputs. Results of `reference` are taken as exact;
/// each bound follows from counting the roundings of a float32 evaluation, each of them at most u = 2⁻²⁴ relative.
/// Devices are opened with poison, so memory that nobody wrote holds NaN, padding included. What a device computes with
/// several threads must equal, bit for bit, what it computes with one.
@NullMarked
package org.gradus.tests.device;

import org.jspecify.annotations.NullMarked;
