// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

/// What an encoder can say about the fields it was fitted to.
public interface FittedFields {
  /// The raw value behind an id of a field.
  String value(String field, int id);

  /// The share of training rows in which a field was missing, or NaN where that was not counted.
  double missingShare(String field);
}
