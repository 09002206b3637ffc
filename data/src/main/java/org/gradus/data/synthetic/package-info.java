// SPDX-License-Identifier: Apache-2.0
/// What generators of data sets share: power laws, latent factors that are hashes, and the scores that no model can
/// beat.
@NullMarked
package org.gradus.data.synthetic;

import org.jspecify.annotations.NullMarked;
