// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.List;

/// The same work on both sides.
///
/// @param name its row in the table
/// @param unit of a speed
/// @param amount what a call does, in units times seconds
/// @param sides ours, and the variants of libtorch
record PeerCase(String name, String unit, double amount, List<Side> sides) {}
