// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.nio.file.Path;
import java.util.Map;

/// A source that can also write its generated rows raw, in the layout of the real data.
public interface RawGenerator {
  /// Writes rows. Memory does not grow with them.
  ///
  /// @param to a file, compressed when its name ends in `.gz`; or a new folder, where the layout has several files
  /// @param rows how many
  /// @param seed of everything
  /// @param settings of the source; what speaks of splits does not matter here
  /// @return the number of rows written
  long generate(Path to, long rows, long seed, Map<String, String> settings);
}
