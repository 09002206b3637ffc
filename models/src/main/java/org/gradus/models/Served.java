// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import org.jspecify.annotations.Nullable;

/// A model of one label whose score stands for another number, which is the one that is served.
public interface Served extends Model {
  /// What the number is called, beside the label in a file of predictions; null where the data give it no meaning.
  @Nullable String servedName();

  /// The number.
  ///
  /// @param score of the head, in evaluation
  double served(double score);
}
