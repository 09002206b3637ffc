// SPDX-License-Identifier: Apache-2.0
/// Time series of several stations: windows that no boundary cuts, splits by time, scalers that know the training rows only, and the
/// forecasts that every model must beat.
///
/// A sample is a window, not a point. Windows may be shuffled, for order lives inside them; a model keeps nothing between two.
@NullMarked
package org.gradus.data.series;

import org.jspecify.annotations.NullMarked;
