// SPDX-License-Identifier: Apache-2.0
/// The same work on libtorch and here, in turn: `mvn -B verify -Ppeers -DskipTests`.
///
/// [Peers] starts a process per fork and [PeerCase], in which both sides run alternately, and one per side alone. [Losses] proves beforehand
/// that both train the same model.
@NullMarked
package org.gradus.tests.peers;

import org.jspecify.annotations.NullMarked;
