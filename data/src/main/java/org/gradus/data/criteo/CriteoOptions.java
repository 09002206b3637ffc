// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import java.util.Map;
import java.util.TreeMap;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.Settings;
import org.jspecify.annotations.Nullable;

/// How raw rows become examples.
///
/// @param transform of the integers
/// @param minCount tokens seen fewer times become out of vocabulary; 0 keeps all
/// @param hash takes ids modulo this number when it is not 0, as the reference pipeline does to cap tables
/// @param padShortRows whether rows whose trailing empty columns were stripped are read as missing values
/// @param onBadRow what happens to malformed rows
public record CriteoOptions(
    DenseTransform transform,
    int minCount,
    int hash,
    boolean padShortRows,
    BadRows.Policy onBadRow) {
  /// The reference pipeline's preprocessing.
  public static final CriteoOptions REFERENCE =
      new CriteoOptions(DenseTransform.logShift(3), 0, 0, false, BadRows.Policy.FAIL);

  /// The settings that [#of] reads, with their presets.
  static Map<String, String> presets() {
    return new TreeMap<>(
        Map.of(
            "transform", "log-shift",
            "shift", "3",
            "missingFill", "0",
            "clampMin", "",
            "minCount", "0",
            "hash", "0",
            "padShortRows", "false",
            "on-bad-row", "fail"));
  }

  /// What the settings say.
  ///
  /// @param clampPreset the clamp when none is set, or null
  static CriteoOptions of(Settings s, @Nullable Integer clampPreset) {
    DenseTransform.Kind kind = s.choice("transform", DenseTransform.Kind.class);
    Integer clamp = clampPreset;
    if (s.given("clampMin")) {
      clamp = whole(s, "clampMin");
    }
    boolean shifted = kind == DenseTransform.Kind.LOG_SHIFT;
    int hash = s.integer("hash", 0);
    if (hash == 1) {
      throw new DataException("setting hash is 1. Expected 0 for none, or at least 2 rows.");
    }
    try {
      return new CriteoOptions(
          new DenseTransform(
              kind,
              shifted ? s.integer("shift", 1) : 0,
              whole(s, "missingFill"),
              shifted ? clamp : null),
          s.integer("minCount", 0),
          hash,
          s.flag("padShortRows"),
          s.choice("on-bad-row", BadRows.Policy.class));
    } catch (IllegalArgumentException e) {
      throw new DataException(String.valueOf(e.getMessage()), e);
    }
  }

  private static int whole(Settings s, String name) {
    return s.integer(name, Integer.MIN_VALUE);
  }
}
