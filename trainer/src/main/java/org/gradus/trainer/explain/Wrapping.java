// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.ArrayList;
import java.util.List;

/// Breaks a line at blanks.
final class Wrapping {
  private Wrapping() {}

  /// Lines of at most these widths, longer only where there is no blank.
  ///
  /// @param first width of the first line
  /// @param others width of the others
  static List<String> of(String text, int first, int others) {
    List<String> lines = new ArrayList<>();
    String rest = text;
    int width = first;
    while (rest.length() > width) {
      int blank = rest.lastIndexOf(' ', width);
      if (blank <= 0) {
        blank = rest.indexOf(' ');
      }
      if (blank < 0) {
        break;
      }
      lines.add(rest.substring(0, blank));
      rest = rest.substring(blank + 1);
      width = others;
    }
    lines.add(rest);
    return lines;
  }
}
