// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Values for a model's [Option]s, checked against them: an unknown name or a value of the wrong type is an error.
public final class Settings {
  /// Whole numbers of any size, with commas between them.
  private static final Pattern WHOLE = Pattern.compile("[-+]?\\d+(?:\\s*,\\s*[-+]?\\d+)*");

  private final Map<String, Option> options = new LinkedHashMap<>();
  private final Map<String, String> values = new LinkedHashMap<>();

  /// The presets of `options`, overridden by `given`.
  public Settings(List<Option> options, Map<String, String> given) {
    for (Option o : options) {
      this.options.put(o.name(), o);
      this.values.put(o.name(), o.preset());
    }
    List<String> unknown =
        given.keySet().stream().filter(k -> !this.options.containsKey(k)).toList();
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "settings: unknown "
              + String.join(", ", unknown)
              + "."
              + Spelling.hint(unknown.getFirst(), this.options.keySet())
              + " Expected some of: "
              + String.join(", ", this.options.keySet()));
    }
    given.forEach(
        (name, value) -> {
          Option option = Objects.requireNonNull(this.options.get(name)); // known, see above
          check(option, value);
          String v = value.trim();
          boolean word = option.type() == Option.Type.CHOICE;
          values.put(name, word ? v.toUpperCase(Locale.ROOT) : v);
        });
  }

  private static void check(Option option, String value) {
    String v = value.trim();
    try {
      switch (option.type()) {
        case INTEGER -> Integer.parseInt(v);
        case REAL -> {
          if (!Double.isFinite(Double.parseDouble(v))) {
            throw wrong(option, value, "a finite number");
          }
        }
        case INTEGERS -> integers(v);
        case LISTS -> integerLists(v);
        case WORDS -> {
          if (words(v).contains("")) {
            throw wrong(option, value, "words with commas between them");
          }
        }
        case FLAG -> {
          if (!v.equals("true") && !v.equals("false")) {
            throw wrong(option, value, "true or false");
          }
        }
        case CHOICE -> {
          if (!option.choices().contains(v.toUpperCase(Locale.ROOT))) {
            throw wrong(option, value, "one of " + String.join(", ", option.choices()));
          }
        }
      }
    } catch (NumberFormatException e) {
      boolean whole = option.type() == Option.Type.INTEGER || option.type() == Option.Type.INTEGERS;
      if (whole && WHOLE.matcher(v).matches()) {
        throw wrong(
            option, value, "at least " + Integer.MIN_VALUE + " and at most " + Integer.MAX_VALUE);
      }
      throw wrong(
          option,
          value,
          switch (option.type()) {
            case INTEGERS -> "whole numbers with commas between them";
            case LISTS ->
                "whole numbers with commas between them, and a semicolon between lists of them";
            case REAL -> "a real number";
            default -> "a whole number";
          });
    }
  }

  private static IllegalArgumentException wrong(Option option, String value, String expected) {
    return new IllegalArgumentException(
        "settings: " + option.name() + "=" + value + ". Expected " + expected + ".");
  }

  private static List<Integer> integers(String v) {
    List<Integer> list = new ArrayList<>();
    if (!v.isBlank()) {
      for (String part : v.split(",", -1)) {
        list.add(Integer.parseInt(part.trim()));
      }
    }
    return List.copyOf(list);
  }

  private static List<List<Integer>> integerLists(String v) {
    return Arrays.stream(v.split(";", -1)).map(Settings::integers).toList();
  }

  private static List<String> words(String v) {
    return v.isBlank() ? List.of() : Arrays.stream(v.split(",", -1)).map(String::trim).toList();
  }

  private String value(String name) {
    String v = values.get(name);
    if (v == null) {
      throw new IllegalArgumentException("settings: the model declares no option " + name + ".");
    }
    return v;
  }

  /// A whole number.
  public int integer(String name) {
    return Integer.parseInt(value(name));
  }

  /// A real number.
  public double real(String name) {
    return Double.parseDouble(value(name));
  }

  /// True or false.
  public boolean flag(String name) {
    return Boolean.parseBoolean(value(name));
  }

  /// A constant of an enum.
  public <E extends Enum<E>> E choice(String name, Class<E> type) {
    return Enum.valueOf(type, value(name).toUpperCase(Locale.ROOT));
  }

  /// Whole numbers.
  public List<Integer> list(String name) {
    return integers(value(name));
  }

  /// Lists of whole numbers, at least one.
  public List<List<Integer>> lists(String name) {
    return integerLists(value(name));
  }

  /// Words.
  public List<String> wordList(String name) {
    return words(value(name));
  }

  /// Every setting by name, presets included: what repeats the model.
  public Map<String, String> toMap() {
    return new LinkedHashMap<>(values);
  }

  @Override
  public String toString() {
    return values.entrySet().stream()
        .map(e -> e.getKey() + "=" + e.getValue())
        .collect(Collectors.joining(" "));
  }
}
