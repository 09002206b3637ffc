// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.gradus.data.BadRows;

/// A layout of logs.
///
/// @param memo what it takes to build this layout again, saved with an encoder
/// @param labels names of what is to be predicted
/// @param context names of further fields, each a category
/// @param categories whether items have one
/// @param reader of a file, or of a folder where the layout has several
record EventLog(
    String memo, List<String> labels, List<String> context, boolean categories, Reader reader) {
  /// Reads lines in the order of the file.
  @FunctionalInterface
  interface Reader {
    /// Hands out every event.
    void read(Path path, BadRows bad, Consumer<Event> each);
  }
}
