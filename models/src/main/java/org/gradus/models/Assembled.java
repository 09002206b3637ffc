// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.List;

/// A model that can begin as several models that were trained before, each on its own.
public interface Assembled extends Model {
  /// Takes over the parameters of the parts, which stay as they are. Parts that do not fit are an error.
  ///
  /// @param parts models of the same spec, for the same schema, in any order
  void startFrom(List<Model> parts);
}
