// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lsplm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;

/// Fields of a schema that a user chose by name, and those left over.
///
/// @param chosen the ids and numbers that were chosen
/// @param others the other ids and numbers
record FieldChoice(Schema chosen, Schema others) {

  /// Chooses by names, which must be there, and patterns, in which `*` stands for anything. No pattern chooses nothing.
  ///
  /// @param option said in messages
  static FieldChoice of(String option, List<String> patterns, Schema schema) {
    List<Field> features =
        schema.fields().stream()
            .filter(f -> f instanceof Field.Ids || f instanceof Field.Dense)
            .toList();
    List<String> names = features.stream().map(Field::name).toList();
    List<Field> chosen = new ArrayList<>();
    List<Field> others = new ArrayList<>();
    for (Field f : features) {
      boolean taken = patterns.stream().anyMatch(p -> matches(p, f.name()));
      (taken ? chosen : others).add(f);
    }
    boolean unknown = patterns.stream().anyMatch(p -> p.indexOf('*') < 0 && !names.contains(p));
    if (unknown || (chosen.isEmpty() && !patterns.isEmpty())) {
      throw new IllegalArgumentException(
          "ls-plm: "
              + option
              + "="
              + String.join(",", patterns)
              + (unknown ? " names a field that is not there" : " matches no field")
              + ". Expected some of: "
              + String.join(", ", names)
              + ".");
    }
    if (others.isEmpty()) {
      throw new IllegalArgumentException(
          "ls-plm: "
              + option
              + "="
              + String.join(",", patterns)
              + " leaves no field to the experts. Expected fewer of: "
              + String.join(", ", names)
              + ".");
    }
    return new FieldChoice(new Schema(chosen), new Schema(others));
  }

  private static boolean matches(String pattern, String name) {
    String regex =
        Arrays.stream(pattern.split("\\*", -1))
            .map(Pattern::quote)
            .collect(Collectors.joining(".*"));
    return name.matches(regex);
  }
}
