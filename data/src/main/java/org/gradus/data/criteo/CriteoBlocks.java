// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A pass over raw rows, block by block, in order.
interface CriteoBlocks extends AutoCloseable {
  /// The next block, or null at the end. It may be used until the next call.
  @Nullable CriteoBlock next();

  @Override
  void close();

  /// Opens passes over the same rows.
  interface Source {
    /// A pass that does some work on every block before it is taken: several threads at once, on different blocks.
    CriteoBlocks open(Consumer<CriteoBlock> work);
  }
}
