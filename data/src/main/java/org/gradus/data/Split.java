// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.util.Locale;

/// What a row is used for.
public enum Split {
  /// to learn from
  TRAIN,
  /// to choose by
  VALID,
  /// to report on
  TEST;

  /// The word in file names and messages.
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
