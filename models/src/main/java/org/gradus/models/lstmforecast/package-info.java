// SPDX-License-Identifier: Apache-2.0
/// **LSTM forecaster**: S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9, 1997,
/// [doi:10.1162/neco.1997.9.8.1735](https://doi.org/10.1162/neco.1997.9.8.1735), with the forget gate of Gers, Schmidhuber, Cummins (2000); the horizon
/// at once, by recursion, or by a second LSTM as in I. Sutskever, O. Vinyals, Q. V. Le, "Sequence to Sequence Learning with Neural Networks", NIPS 2014.
///
/// A window of the past goes in, the horizon comes out. A sample is a window, so that batches mix windows freely and order lives
/// inside them.
///
/// | Paper | Here |
/// | --- | --- |
/// | LSTM over the window | `encoder/<l>/weight`, `…/recurrent`, `…/bias` |
/// | which series it is | `station/<table>` |
/// | second LSTM over the horizon | `decoder/…` |
/// | W, b | `head/weight`, `head/bias` |
@NullMarked
package org.gradus.models.lstmforecast;

import org.jspecify.annotations.NullMarked;
