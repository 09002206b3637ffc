// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.vocabulary;

/// Which id a missing value gets.
public enum MissingPolicy {
  /// id 1, out of vocabulary
  OOV,
  /// an id of its own, as if the empty text were a value
  OWN_VALUE,
  /// id 0, as if nothing stood there
  PADDING
}
