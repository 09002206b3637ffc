// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import java.util.List;

/// One thing that a user did, as its line says it.
///
/// @param user who
/// @param item with what
/// @param category of the item; empty where it is unknown
/// @param time in the log's own unit
/// @param labels in the order of the log; NaN where a line has none
/// @param context further words about the line, in the order of the log
record Event(
    String user, String item, String category, long time, float[] labels, List<String> context) {}
