// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

/// A named set of numbers that training changes.
public sealed interface Parameter permits DenseParameter, TableParameter {
  /// Where it stands in the model: `deep/0/weight`.
  String path();

  /// What it is for, which decides about regularisation.
  Role role();

  /// Number of elements.
  long elements();

  /// Whether it is left as it is: no update, no regularisation, no moments.
  boolean frozen();

  /// Freezes or thaws it.
  void freeze(boolean frozen);

  /// What a parameter is for.
  enum Role {
    /// A kernel or any other weight: regularised when asked for.
    WEIGHT,
    /// An additive constant: never regularised.
    BIAS,
    /// Scale or shift of a normalisation: never regularised.
    NORM,
    /// An embedding table: regularised by its own rules.
    TABLE,
    /// Moving statistics: saved with the model, never trained.
    STATE
  }
}
