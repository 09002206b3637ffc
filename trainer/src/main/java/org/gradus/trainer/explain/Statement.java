// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One statement of a source.
///
/// @param start its first line, from 1
/// @param code as written, in one line
/// @param comment what is written behind it
/// @param repeats whether it stands in a loop
record Statement(int start, String code, String comment, boolean repeats) {
  /// `Var x = …`, but for x.
  private static final Pattern TYPE =
      Pattern.compile(
          "^(?:final )?(?:[A-Z][\\w.]*(?:<[^=]*>)?|int|long|float|double)(?:\\[])* (?=\\w+ = )");

  /// A parameter on the tape: `tape.use(`, `x.tape().use(`.
  private static final Pattern USE = Pattern.compile("\\b(?:\\w+\\.)?tape(?:\\(\\))?\\.use\\(");

  /// Something that the host found, said with [org.gradus.autograd.Tape#host].
  private static final Pattern HOST = Pattern.compile("^(?:\\w+\\.)*host\\(\"([^\"]*)\".*");

  private static final Pattern CASE = Pattern.compile("^case [^;]*? -> ");

  /// The statement without the type of its variable, and parameters without the tape; of a `case`, what stands behind the arrow.
  ///
  /// @param lambda whether only the body of its last lambda ran
  String shown(boolean lambda) {
    String s = code;
    int arrow = s.lastIndexOf("-> ");
    if (lambda && arrow >= 0) {
      s = balanced(s.substring(arrow + 3));
    }
    Matcher host = HOST.matcher(s);
    return host.matches()
        ? "on the host: " + host.group(1)
        : bare(TYPE.matcher(CASE.matcher(s).replaceFirst("")).replaceFirst(""));
  }

  /// The text with `w` for `tape.use(w)`: what is read is said of every statement.
  private static String bare(String code) {
    String s = code;
    for (Matcher m = USE.matcher(s); m.find(); m = USE.matcher(s)) {
      String parameter = balanced(s.substring(m.end()));
      s = s.substring(0, m.start()) + parameter + s.substring(m.end() + parameter.length() + 1);
    }
    return s;
  }

  /// The text up to the first bracket that closes what was not opened in it.
  private static String balanced(String s) {
    int open = 0;
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      open += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (open < 0) {
        return s.substring(0, i);
      }
    }
    return s;
  }
}
