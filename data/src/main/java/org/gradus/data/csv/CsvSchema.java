// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import org.gradus.data.DataException;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Field.LabelKind;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Pooling;

/// What the columns of a table are: a text file with one column per line, `kind name option=value …`, in the order in
/// which the model's schema shall have them. Columns of the table that it does not name are left out.
///
/// ```
/// # text after a hash is a comment
/// separator   tab                          comma unless said otherwise
/// names       user item city click         of all columns, in a table whose first line is a row already
/// label       click                        kind=binary or regression
/// mask        click_seen  label=click      1 where the label counts
/// weight      importance
/// group       user                         a whole number, or any text
/// domain      page        domains=3        0, 1 or 2
/// timestamp   time
/// dense       price       transform=log1p  or none, standardise; missing=0 is what an empty cell becomes
/// categorical city        min-count=2      missing=oov, own-value or padding; hash=1000 instead of a vocabulary
/// multi       tags        split=| max-length=10 pooling=mean
/// categorical item
/// sequence    history     split=| max-length=50 table=item
/// sessions    visits      session-split=; split=| max-sessions=5 max-length=20 table=item
/// ```
///
/// Fields with the same `table` share one vocabulary; a field's own name is the preset.
///
/// @param separator between columns
/// @param names of the columns of the table, where its first line does not say them; else empty
/// @param columns in order
public record CsvSchema(char separator, List<String> names, List<Column> columns) {
  /// Rows of the smallest table: padding, out of vocabulary, and a value.
  private static final int FEWEST = 3;

  /// What a column is for.
  enum Kind {
    LABEL(Set.of("kind")),
    MASK(Set.of("label")),
    WEIGHT(Set.of()),
    GROUP(Set.of()),
    DOMAIN(Set.of("domains")),
    TIMESTAMP(Set.of()),
    DENSE(Set.of("transform", "missing")),
    CATEGORICAL(Set.of("table", "min-count", "missing", "hash")),
    MULTI(Set.of("table", "min-count", "hash", "split", "max-length", "pooling")),
    SEQUENCE(Set.of("table", "min-count", "hash", "split", "max-length")),
    SESSIONS(
        Set.of(
            "table", "min-count", "hash", "split", "session-split", "max-sessions", "max-length"));

    final ImmutableSet<String> options;

    Kind(Set<String> options) {
      this.options = ImmutableSet.copyOf(options);
    }

    boolean ids() {
      return options.contains("table");
    }

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// One column.
  ///
  /// @param options as written
  /// @param place where it stands, for messages: `FILE:LINE`
  public record Column(Kind kind, String name, Map<String, String> options, String place) {
    String option(String key, String preset) {
      return options.getOrDefault(key, preset);
    }

    int number(String key, int preset, int min) {
      String given = option(key, "" + preset);
      try {
        int n = Integer.parseInt(given);
        if (n >= min) {
          return n;
        }
      } catch (NumberFormatException e) {
        // reported below, like a number out of range
      }
      throw bad(key, "a whole number of at least " + min);
    }

    <E extends Enum<E>> E choice(String key, E preset) {
      String given = option(key, preset.name()).replace('-', '_');
      for (E e : preset.getDeclaringClass().getEnumConstants()) {
        if (e.name().equalsIgnoreCase(given)) {
          return e;
        }
      }
      throw bad(
          key, "one of: " + List.of(preset.getDeclaringClass().getEnumConstants()).toString());
    }

    String table() {
      return option("table", name);
    }

    DataException bad(String key, String expected) {
      return new DataException(
          place
              + ": column "
              + name
              + ": "
              + key
              + "="
              + option(key, "")
              + ". Expected "
              + expected
              + ".");
    }
  }

  /// Reads a schema file.
  public static CsvSchema read(Path file) {
    try {
      return parse(file, Files.readString(file));
    } catch (IOException e) {
      throw DataException.io("reading the schema", file, e);
    }
  }

  /// The schema of a text.
  ///
  /// @param file for messages
  public static CsvSchema parse(Path file, String text) {
    char separator = ',';
    List<String> names = List.of();
    List<Column> columns = new ArrayList<>();
    long number = 0;
    for (String line : Splitter.on('\n').split(text)) {
      number++;
      int comment = line.indexOf('#');
      List<String> words =
          Splitter.onPattern("\\s+")
              .omitEmptyStrings()
              .splitToList(comment < 0 ? line : line.substring(0, comment));
      if (words.isEmpty()) {
        continue;
      }
      if (words.size() < 2) {
        throw DataException.row(file, number, "\"" + line + "\". Expected a kind and a name.");
      }
      if (words.get(0).equals("separator")) {
        separator = separator(file, number, words.get(1));
      } else if (words.get(0).equals("names")) {
        names = List.copyOf(words.subList(1, words.size()));
      } else {
        Column column = column(file, number, words);
        refuseTwice(column, columns);
        columns.add(column);
      }
    }
    if (columns.isEmpty()) {
      throw new DataException(file + ": no columns. Expected lines such as \"label click\".");
    }
    CsvSchema schema = new CsvSchema(separator, names, List.copyOf(columns));
    try {
      schema.schema(FEWEST); // options that are wrong are wrong before a row is read
    } catch (IllegalArgumentException e) {
      throw new DataException(file + ": " + e.getMessage(), e);
    }
    return schema;
  }

  private static void refuseTwice(Column column, List<Column> before) {
    for (Column other : before) {
      if (other.name.equals(column.name)) {
        throw new DataException(
            column.place
                + ": column "
                + column.name
                + " as "
                + column.kind.word()
                + ", and as "
                + other.kind.word()
                + " at "
                + other.place
                + ". Expected each column once; to use one in two ways, copy it in the table under"
                + " another name, and name the copy here.");
      }
    }
  }

  private static char separator(Path file, long line, String word) {
    return switch (word) {
      case "tab" -> '\t';
      case "comma" -> ',';
      case "semicolon" -> ';';
      default -> {
        if (word.length() != 1) {
          throw DataException.value(
              file, line, "separator", word, "Expected tab, comma, semicolon or one character.");
        }
        yield word.charAt(0);
      }
    };
  }

  private static Column column(Path file, long line, List<String> words) {
    Kind kind = null;
    StringBuilder kinds = new StringBuilder();
    for (Kind k : Kind.values()) {
      kind = k.name().equalsIgnoreCase(words.get(0)) ? k : kind;
      kinds.append(kinds.isEmpty() ? "" : ", ").append(k.word());
    }
    if (kind == null) {
      throw DataException.value(
          file, line, "kind", words.get(0), "Expected separator, names or one of: " + kinds + ".");
    }
    Map<String, String> options = new TreeMap<>();
    for (String word : words.subList(2, words.size())) {
      int equals = word.indexOf('=');
      String key = equals < 0 ? word : word.substring(0, equals);
      if (equals < 0 || !kind.options.contains(key)) {
        throw DataException.value(
            file,
            line,
            words.get(1),
            word,
            "Expected option=value, with an option of: "
                + new java.util.TreeSet<>(kind.options)
                + ".");
      }
      if (options.put(key, word.substring(equals + 1)) != null) {
        throw DataException.value(
            file, line, words.get(1), word, "Expected " + key + "= once, not twice.");
      }
    }
    return new Column(kind, words.get(1), Map.copyOf(options), file + ":" + line);
  }

  /// What batches of the columns look like when every table has as many rows, but for hashed ones, whose rows are told.
  ///
  /// @param rows of a table; the data decide when there are some
  public Schema schema(int rows) {
    return schema(c -> c.number("hash", rows, 3));
  }

  /// What batches of the columns look like.
  ///
  /// @param size rows of the table that a column reads
  Schema schema(ToIntFunction<Column> size) {
    List<Field> fields = new ArrayList<>();
    for (Column c : columns) {
      fields.add(field(c, size));
    }
    return new Schema(fields);
  }

  private static Field field(Column c, ToIntFunction<Column> size) {
    String name = c.name();
    String table = c.table();
    return switch (c.kind()) {
      case LABEL -> new Field.Label(name, c.choice("kind", LabelKind.BINARY));
      case MASK -> new Field.LabelMask(name, c.option("label", ""));
      case WEIGHT -> new Field.SampleWeight(name);
      case GROUP -> new Field.Group(name);
      case DOMAIN -> new Field.Domain(name, c.number("domains", 1, 1));
      case TIMESTAMP -> new Field.Timestamp(name);
      case DENSE -> new Field.Dense(name);
      case CATEGORICAL -> new Field.Categorical(name, size.applyAsInt(c), table);
      case MULTI ->
          new Field.MultiValued(
              name, size.applyAsInt(c), table, c.choice("pooling", Pooling.MEAN), maxLength(c));
      case SEQUENCE -> new Field.Sequence(name, size.applyAsInt(c), table, maxLength(c));
      case SESSIONS ->
          new Field.Sessions(
              name, size.applyAsInt(c), table, c.number("max-sessions", 5, 1), maxLength(c));
    };
  }

  private static int maxLength(Column c) {
    return c.number("max-length", 50, 1);
  }

  /// The schema as a text that [#parse] reads.
  public String text() {
    StringBuilder s = new StringBuilder();
    s.append("separator ").append(separator == '\t' ? "tab" : separator).append('\n');
    if (!names.isEmpty()) {
      s.append("names ").append(String.join(" ", names)).append('\n');
    }
    for (Column c : columns) {
      s.append(c.kind()).append(' ').append(c.name());
      new TreeMap<>(c.options()).forEach((k, v) -> s.append(' ').append(k).append('=').append(v));
      s.append('\n');
    }
    return s.toString();
  }
}
