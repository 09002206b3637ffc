// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The sources of classes, each read once.
final class SourceFiles {
  private final Map<String, Optional<SourceFile>> byClass = new HashMap<>();

  /// The source of a class, or null where it does not lie beside the byte code.
  @Nullable SourceFile of(String className) {
    int nested = className.indexOf('$');
    return byClass
        .computeIfAbsent(
            nested < 0 ? className : className.substring(0, nested),
            top -> Optional.ofNullable(SourceFile.of(top)))
        .orElse(null);
  }
}
