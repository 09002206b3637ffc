// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.gradus.data.Split;
import org.gradus.embeddings.Schema;

/// One writer per split, for a folder that is being built.
public final class SplitWriters implements AutoCloseable {
  private final Map<Split, PreparedWriter> writers = new EnumMap<>(Split.class);

  /// Starts the three files.
  public SplitWriters(Path folder, Schema schema) {
    for (Split split : Split.values()) {
      writers.put(split, new PreparedWriter(PreparedFolder.rows(folder, split), schema));
    }
  }

  /// The writer of a split.
  public PreparedWriter of(Split split) {
    return Objects.requireNonNull(writers.get(split));
  }

  /// Completes the three files.
  public void finish() {
    writers.values().forEach(PreparedWriter::finish);
  }

  @Override
  public void close() {
    writers.values().forEach(PreparedWriter::close);
  }
}
