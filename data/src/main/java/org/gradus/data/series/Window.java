// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

/// A sample: a stretch of one station.
///
/// @param station its number in the panel
/// @param start place of the first value that a model sees
/// @param firstTarget place of the first value that it predicts
public record Window(int station, int start, int firstTarget) {}
