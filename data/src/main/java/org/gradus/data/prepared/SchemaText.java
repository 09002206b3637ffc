// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import com.google.common.base.Splitter;
import java.util.ArrayList;
import java.util.List;
import org.gradus.data.DataException;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Pooling;

/// A schema as text, one field per line, tabs between its parts: `categorical⇥city⇥1002⇥city`.
public final class SchemaText {
  private SchemaText() {}

  /// The text of a schema; equal schemas have equal texts.
  public static String write(Schema schema) {
    StringBuilder s = new StringBuilder();
    for (Field field : schema.fields()) {
      List<Object> parts =
          switch (field) {
            case Field.Dense f -> List.of("dense", f.name());
            case Field.Categorical f -> List.of("categorical", f.name(), f.size(), f.table());
            case Field.MultiValued f ->
                List.of("multi", f.name(), f.size(), f.table(), f.pooling(), f.maxLength());
            case Field.Sequence f ->
                List.of("sequence", f.name(), f.size(), f.table(), f.maxLength());
            case Field.Sessions f ->
                List.of("sessions", f.name(), f.size(), f.table(), f.maxSessions(), f.maxLength());
            case Field.Series f -> List.of("series", f.name(), f.steps(), f.ahead());
            case Field.Label f -> List.of("label", f.name(), f.kind());
            case Field.LabelMask f -> List.of("mask", f.name(), f.label());
            case Field.SampleWeight f -> List.of("weight", f.name());
            case Field.Group f -> List.of("group", f.name());
            case Field.Domain f -> List.of("domain", f.name(), f.domains());
            case Field.Timestamp f -> List.of("timestamp", f.name());
          };
      for (int i = 0; i < parts.size(); i++) {
        s.append(i == 0 ? "" : "\t").append(escaped(parts.get(i).toString()));
      }
      s.append('\n');
    }
    return s.toString();
  }

  /// The schema of a text.
  public static Schema read(String text) {
    List<Field> fields = new ArrayList<>();
    for (String line : Splitter.on('\n').split(text)) {
      if (!line.isEmpty()) {
        fields.add(field(line));
      }
    }
    return new Schema(fields);
  }

  private static Field field(String line) {
    String[] p = line.split("\t", -1);
    for (int i = 0; i < p.length; i++) {
      p[i] = unescaped(p[i]);
    }
    try {
      return switch (p[0]) {
        case "dense" -> new Field.Dense(p[1]);
        case "categorical" -> new Field.Categorical(p[1], number(p[2]), p[3]);
        case "multi" ->
            new Field.MultiValued(p[1], number(p[2]), p[3], Pooling.valueOf(p[4]), number(p[5]));
        case "sequence" -> new Field.Sequence(p[1], number(p[2]), p[3], number(p[4]));
        case "sessions" -> new Field.Sessions(p[1], number(p[2]), p[3], number(p[4]), number(p[5]));
        case "series" -> new Field.Series(p[1], number(p[2]), number(p[3]));
        case "label" -> new Field.Label(p[1], Field.LabelKind.valueOf(p[2]));
        case "mask" -> new Field.LabelMask(p[1], p[2]);
        case "weight" -> new Field.SampleWeight(p[1]);
        case "group" -> new Field.Group(p[1]);
        case "domain" -> new Field.Domain(p[1], number(p[2]));
        case "timestamp" -> new Field.Timestamp(p[1]);
        default -> throw new IllegalArgumentException("kind " + p[0]);
      };
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
      throw new DataException(
          "schema: the line \"" + line + "\" cannot be read: " + e.getMessage() + ".", e);
    }
  }

  private static int number(String s) {
    return Integer.parseInt(s);
  }

  private static String escaped(String s) {
    return s.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n");
  }

  private static String unescaped(String s) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c != '\\' || i + 1 == s.length()) {
        out.append(c);
        continue;
      }
      char next = s.charAt(++i);
      out.append(next == 't' ? '\t' : next == 'n' ? '\n' : next);
    }
    return out.toString();
  }
}
