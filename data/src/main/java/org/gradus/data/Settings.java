// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// The settings of a source: what the user gave over the presets. Unknown names and unreadable values are errors.
public final class Settings {
  private final String source;
  private final Map<String, String> values;

  private Settings(String source, Map<String, String> values) {
    this.source = source;
    this.values = values;
  }

  /// What a request sets, over the presets of its source.
  public static Settings of(DataSource source, Map<String, String> given) {
    Map<String, String> values = new TreeMap<>(source.settings());
    for (var e : given.entrySet()) {
      if (values.replace(e.getKey(), e.getValue()) == null) {
        throw new DataException(
            "--data "
                + source.name()
                + " has no setting "
                + e.getKey()
                + ". Expected one of: "
                + String.join(", ", values.keySet())
                + ".");
      }
    }
    return new Settings(source.name(), values);
  }

  /// The value as it was written.
  public String text(String name) {
    String value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException(source + ": setting " + name + " has no preset");
    }
    return value;
  }

  /// Whether the value is not empty.
  public boolean given(String name) {
    return !text(name).isEmpty();
  }

  /// A whole number of at least `min`.
  public int integer(String name, int min) {
    try {
      int value = Integer.parseInt(text(name));
      if (value >= min) {
        return value;
      }
    } catch (NumberFormatException e) {
      // reported below, like a number out of range
    }
    throw bad(name, "a whole number of at least " + min);
  }

  /// A real number in [min, max].
  public double number(String name, double min, double max) {
    try {
      double value = Double.parseDouble(text(name));
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // reported below, like a number out of range
    }
    throw bad(name, "a number from " + min + " to " + max);
  }

  /// `true` or `false`.
  public boolean flag(String name) {
    return switch (text(name)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw bad(name, "true or false");
    };
  }

  /// A constant of an enum. `HALF_VALID` is written `half-valid`, `halfValid` or `HALF_VALID`.
  public <E extends Enum<E>> E choice(String name, Class<E> type) {
    String given = plain(text(name));
    StringBuilder words = new StringBuilder();
    for (E e : type.getEnumConstants()) {
      if (plain(e.name()).equals(given)) {
        return e;
      }
      words.append(words.isEmpty() ? "" : ", ").append(word(e));
    }
    throw bad(name, "one of: " + words);
  }

  /// Every setting, one per line, in the order of names: equal settings, equal text.
  public String canonical() {
    StringBuilder s = new StringBuilder();
    values.forEach((k, v) -> s.append(k).append('=').append(v).append('\n'));
    return s.toString();
  }

  private DataException bad(String name, String expected) {
    return new DataException(
        "--data "
            + source
            + ": setting "
            + name
            + " is \""
            + text(name)
            + "\". Expected "
            + expected
            + ".");
  }

  private static String plain(String s) {
    return s.replace("_", "").replace("-", "").toLowerCase(Locale.ROOT);
  }

  private static String word(Enum<?> e) {
    return e.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
