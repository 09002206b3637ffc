// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.nio.file.Path;
import java.util.Map;

/// A source that can also write its generated rows as a raw file, in the layout of the real data.
public interface RawGenerator {
  /// Writes rows to a file, compressed when its name ends in `.gz`. Memory does not grow with the rows.
  ///
  /// @param rows how many
  /// @param seed of everything
  /// @param settings of the source; what speaks of splits does not matter here
  /// @return the number of rows written
  long generate(Path file, long rows, long seed, Map<String, String> settings);
}
