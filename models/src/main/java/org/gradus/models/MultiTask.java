// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.List;

/// A model whose tasks share parameters.
public interface MultiTask extends Model {
  /// Patterns of the weights of the last layer that all tasks share. GradNorm compares there how hard each task pulls.
  List<String> lastShared();
}
