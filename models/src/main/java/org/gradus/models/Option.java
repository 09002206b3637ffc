// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.Arrays;
import java.util.List;

/// A setting of a model that a user may change: `--set name=value`.
///
/// @param name as in `--set`
/// @param type what a value looks like
/// @param preset the value when it is not set
/// @param choices the only values allowed, for [Type#CHOICE]; empty otherwise
/// @param samples values that a gradient check combines, small ones; for a choice or a flag, all of them
/// @param doc one sentence
public record Option(
    String name, Type type, String preset, List<String> choices, List<String> samples, String doc) {
  /// What a value looks like.
  public enum Type {
    /// a whole number
    INTEGER,
    /// a real number
    REAL,
    /// true or false
    FLAG,
    /// one of a few words
    CHOICE,
    /// whole numbers with commas between them, possibly none
    INTEGERS,
    /// such lists with semicolons between them, at least one
    LISTS,
    /// words with commas between them, possibly none
    WORDS
  }

  /// A whole number.
  public static Option integer(String name, int preset, List<Integer> samples, String doc) {
    return new Option(
        name,
        Type.INTEGER,
        Integer.toString(preset),
        List.of(),
        samples.stream().map(String::valueOf).toList(),
        doc);
  }

  /// A real number.
  public static Option real(String name, double preset, List<Double> samples, String doc) {
    return new Option(
        name,
        Type.REAL,
        Double.toString(preset),
        List.of(),
        samples.stream().map(String::valueOf).toList(),
        doc);
  }

  /// True or false.
  public static Option flag(String name, boolean preset, String doc) {
    return new Option(
        name, Type.FLAG, Boolean.toString(preset), List.of(), List.of("true", "false"), doc);
  }

  /// One of the constants of an enum.
  public static <E extends Enum<E>> Option choice(String name, E preset, String doc) {
    List<String> all =
        Arrays.stream(preset.getDeclaringClass().getEnumConstants()).map(Enum::name).toList();
    return new Option(name, Type.CHOICE, preset.name(), all, all, doc);
  }

  /// Whole numbers: layer sizes.
  ///
  /// @param samples lists in the form that a user types, `"4,3"`
  public static Option integers(
      String name, List<Integer> preset, List<String> samples, String doc) {
    return new Option(
        name,
        Type.INTEGERS,
        String.join(",", preset.stream().map(String::valueOf).toList()),
        List.of(),
        samples,
        doc);
  }

  /// Lists of whole numbers: layer sizes of several towers, or one list for all of them.
  ///
  /// @param samples in the form that a user types, `"4,3;2"`
  public static Option lists(
      String name, List<List<Integer>> preset, List<String> samples, String doc) {
    List<String> each =
        preset.stream()
            .map(list -> String.join(",", list.stream().map(String::valueOf).toList()))
            .toList();
    return new Option(name, Type.LISTS, String.join(";", each), List.of(), samples, doc);
  }

  /// Words that the model understands: names of fields, for one.
  ///
  /// @param samples lists in the form that a user types, `"user*city,age"`
  public static Option words(String name, List<String> preset, List<String> samples, String doc) {
    return new Option(name, Type.WORDS, String.join(",", preset), List.of(), samples, doc);
  }
}
