// SPDX-License-Identifier: Apache-2.0
/// **DLRM**: M. Naumov, D. Mudigere, H.-J. M. Shi et al., "Deep Learning Recommendation Model for Personalization and
/// Recommendation Systems", 2019, [arXiv:1906.00091](https://arxiv.org/abs/1906.00091).
///
/// Numbers go through a bottom tower that ends in the embedding width; every categorical field is looked up and summed in
/// its own table; an explicit interaction combines the F + 1 vectors; a top tower makes one logit.
///
/// | Paper | Here |
/// | --- | --- |
/// | bottom MLP | `bottom/<l>/weight`, `bottom/<l>/bias`, l counting layers from 0 |
/// | embedding tables W | E: `tables/<table>` |
/// | dot products, or another interaction | `interaction/…` (the dot product has no parameters) |
/// | top MLP | `top/<l>/…`, its last layer `out/…` |
@NullMarked
package org.gradus.models.dlrm;

import org.jspecify.annotations.NullMarked;
