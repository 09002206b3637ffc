// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.Collection;
import java.util.Locale;

/// Guesses which name was meant.
public final class Spelling {
  private Spelling() {}

  /// ` Did you mean deepfm?` for a word close to a name, otherwise nothing.
  ///
  /// @param given what was typed
  /// @param known names there are
  public static String hint(String given, Collection<String> known) {
    String word = plain(given);
    String nearest = "";
    int least = word.length() / 3 + 1; // a letter in three may be wrong, and one in any case
    for (String name : known) {
      String other = plain(name);
      int d = distance(word, other);
      if (d == Math.max(word.length(), other.length())) {
        continue; // nothing of one is in the other
      }
      if (d < least || (d == least && nearest.isEmpty())) {
        least = d;
        nearest = name;
      }
    }
    return nearest.isEmpty() ? "" : " Did you mean " + nearest + "?";
  }

  /// Hyphens and capitals are guessed by nobody.
  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[-_ ]", "");
  }

  /// The letters to add, to drop or to change (Levenshtein 1966).
  static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int changed = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(changed, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
