// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lsplm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.jspecify.annotations.Nullable;

/// Fields of a schema that a user chose by name, and those left over.
///
/// @param chosen the ids and numbers that were chosen
/// @param others the other ids and numbers, sequences too
record FieldChoice(Schema chosen, Schema others) {

  /// Chooses by names, which must be there, and patterns, in which `*` stands for anything, among what the model reads: single
  /// values, lists and numbers. No pattern chooses nothing.
  ///
  /// @param option said in messages
  static FieldChoice of(String option, List<String> patterns, Schema schema) {
    List<String> names = new ArrayList<>(); // of what the model reads
    List<Field> chosen = new ArrayList<>();
    List<Field> others = new ArrayList<>();
    for (Field f : schema.fields()) {
      boolean taken = read(f) && patterns.stream().anyMatch(p -> matches(p, f.name()));
      if (read(f)) {
        names.add(f.name());
      }
      if (taken) {
        chosen.add(f);
      } else if (f instanceof Field.Ids || f instanceof Field.Dense) {
        others.add(f);
      }
    }
    String problem = patterns.isEmpty() ? null : problem(patterns, schema, names, chosen.size());
    if (problem != null) {
      throw new IllegalArgumentException(
          "ls-plm: "
              + option
              + "="
              + String.join(",", patterns)
              + problem
              + String.join(", ", names)
              + ".");
    }
    return new FieldChoice(new Schema(chosen), new Schema(others));
  }

  /// Whether the model reads this field: it does not read sequences and sessions, and labels are no input.
  private static boolean read(Field f) {
    return f instanceof Field.Categorical
        || f instanceof Field.MultiValued
        || f instanceof Field.Dense;
  }

  /// What is wrong, in front of the names that were expected; null when nothing is.
  ///
  /// @param names of the fields that the model reads
  /// @param chosen how many of them were
  private static @Nullable String problem(
      List<String> patterns, Schema schema, List<String> names, int chosen) {
    for (String name : patterns) {
      if (name.indexOf('*') < 0 && !names.contains(name)) {
        boolean sequence = schema.ids().stream().anyMatch(f -> f.name().equals(name));
        return (sequence
                ? " names a sequence, which the model does not read"
                : " names a field that is not there")
            + ". Expected some of: ";
      }
    }
    if (chosen == 0) {
      return " matches no field. Expected some of: ";
    }
    return chosen == names.size() ? " leaves no field to the experts. Expected fewer of: " : null;
  }

  /// Whether the whole name is the pattern, with anything in the place of each `*`.
  private static boolean matches(String pattern, String name) {
    String regex =
        Arrays.stream(pattern.split("\\*", -1))
            .map(Pattern::quote)
            .collect(Collectors.joining(".*"));
    return name.matches(regex);
  }
}
