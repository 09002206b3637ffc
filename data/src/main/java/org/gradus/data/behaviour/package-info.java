// SPDX-License-Identifier: Apache-2.0
/// Logs of what users did: reviews, clicks, purchases, videos watched. Each row becomes an example with the items, and their categories, that
/// the user met strictly before.
///
/// Four public layouts are read; none is downloaded, and tests write files of the same layout.
@NullMarked
package org.gradus.data.behaviour;

import org.jspecify.annotations.NullMarked;
