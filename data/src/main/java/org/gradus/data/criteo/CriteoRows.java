// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

/// Raw rows, one after the other.
public interface CriteoRows extends AutoCloseable {
  /// Fills a row with the next one; false at the end.
  boolean next(CriteoRow row);

  @Override
  void close();
}
