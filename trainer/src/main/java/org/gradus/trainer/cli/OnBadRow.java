// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.gradus.data.BadRows;
import org.gradus.data.DataSource;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// `--on-bad-row`, of the commands that read raw data. It stands for the setting of the same name.
final class OnBadRow {
  private static final String SETTING = "on-bad-row";

  @Option(
      names = "--on-bad-row",
      paramLabel = "fail|skip",
      description =
          "what a malformed row does: stops the command (default), or is left out and counted")
  private BadRows.@Nullable Policy policy;

  /// Whether it stands on the line.
  boolean given() {
    return policy != null;
  }

  /// Settings of a source, this one among them if it was given.
  ///
  /// @param set what `--set` says about the source
  Map<String, String> over(DataSource source, Map<String, String> set) {
    if (policy == null) {
      return set;
    }
    if (!source.settings().containsKey(SETTING)) {
      throw new IllegalArgumentException(
          "--on-bad-row: "
              + source.name()
              + " reads no raw rows. Expected it with one of: "
              + Gradus.words(
                  Sources.all().stream()
                      .filter(s -> s.settings().containsKey(SETTING))
                      .map(DataSource::name)
                      .toList())
              + ".");
    }
    Map<String, String> all = new LinkedHashMap<>(set);
    if (all.put(SETTING, policy.name().toLowerCase(Locale.ROOT)) != null) {
      throw new IllegalArgumentException(
          "--on-bad-row and --set data." + SETTING + ": both given. Expected one of them.");
    }
    return all;
  }
}
