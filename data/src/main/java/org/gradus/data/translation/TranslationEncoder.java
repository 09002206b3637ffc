// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.translation;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.data.FittedFields;
import org.gradus.data.prepared.ChecksummedFile;
import org.gradus.data.prepared.PreparedFile;
import org.gradus.data.prepared.PreparedWriter;
import org.gradus.data.prepared.Row;
import org.gradus.data.text.Lines;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;

/// From sentences to examples. Ids: 0 padding, 1 unknown, 2 the beginning of a target, 3 the end of a sentence, then the words.
///
/// A file has a sentence per line, words with spaces between them; behind a tab stands its translation, where there is one. Words
/// of the source are `a0`, `a1`, …, those of the target `b0`, `b1`, …; others are unknown.
final class TranslationEncoder implements DataSource.Encoder, FittedFields {
  private static final String KIND = "translation encoder 1";
  private static final String FILE = "encoder";
  private static final int UNKNOWN = 1;
  private static final int BEGIN = 2;
  private static final int END = 3;
  private static final int WORDS = 4; // the first of them

  private final int words;
  private final int longest;
  private final Schema schema;

  /// @param words of each language
  /// @param longest the most words of a sentence
  TranslationEncoder(int words, int longest) {
    this.words = words;
    this.longest = longest;
    this.schema =
        Schema.of(
            new Field.Sequence("source", words + WORDS, "source", longest + 1),
            new Field.Sequence("target", words + WORDS, "target", longest + 2));
  }

  /// Two sequences.
  Schema schema() {
    return schema;
  }

  /// Fills an example: a source with its end, and a target with its beginning and end.
  void encode(int[] source, int[] target, Row to) {
    to.clear();
    for (int word : source) {
      to.add(0, word < 0 ? UNKNOWN : WORDS + word);
    }
    to.add(0, END);
    to.add(1, BEGIN);
    for (int word : target) {
      to.add(1, word < 0 ? UNKNOWN : WORDS + word);
    }
    to.add(1, END);
  }

  /// Encodes sentences, with or without translations: without one a target is its beginning and its end.
  @Override
  public Examples encode(Path file) {
    try {
      Path encoded = Files.createTempFile("gradus-", ".rows");
      try (Lines lines = new Lines(file, "\t");
          PreparedWriter writer = new PreparedWriter(encoded, schema)) {
        Row row = new Row(schema);
        while (lines.next()) {
          if (lines.columns() > 2) {
            throw DataException.row(
                file,
                lines.number(),
                lines.columns() + " columns. Expected a sentence, a tab and its translation.");
          }
          int[] target = lines.columns() == 2 ? sentence(lines, 1, 'b') : new int[0];
          encode(sentence(lines, 0, 'a'), target, row);
          writer.append(row);
        }
        writer.finish();
      } catch (RuntimeException e) {
        Files.deleteIfExists(encoded);
        throw e;
      }
      return PreparedFile.openTemporary(encoded);
    } catch (IOException e) {
      throw DataException.io("writing temporary files, while encoding", file, e);
    }
  }

  /// The words of a column, −1 for unknown ones.
  private int[] sentence(Lines lines, int column, char letter) {
    String name = column == 0 ? "source" : "target";
    String text = lines.text(column, name, StandardCharsets.UTF_8).strip();
    String[] tokens = text.isEmpty() ? new String[0] : text.split(" +", -1);
    if (tokens.length > longest) {
      throw DataException.value(
          lines.file(),
          lines.number(),
          name,
          text,
          "It has " + tokens.length + " words. Expected at most " + longest + ".");
    }
    int[] sentence = new int[tokens.length];
    for (int t = 0; t < tokens.length; t++) {
      sentence[t] = word(tokens[t], letter);
    }
    return sentence;
  }

  private int word(String token, char letter) {
    if (!token.matches(letter + "(0|[1-9][0-9]{0,8})")) {
      return -1;
    }
    int number = Integer.parseInt(token.substring(1));
    return number < words ? number : -1;
  }

  @Override
  public String value(String field, int id) {
    String letter = schema.field(field).name().equals("source") ? "a" : "b";
    return switch (id) {
      case 0 -> "<pad>";
      case UNKNOWN -> "<unk>";
      case BEGIN -> "<s>";
      case END -> "</s>";
      default -> letter + (id - WORDS);
    };
  }

  @Override
  public double missingShare(String field) {
    return Double.NaN;
  }

  @Override
  public void save(Path folder) {
    ChecksummedFile.write(
        folder.resolve(FILE),
        KIND,
        out -> {
          out.writeInt(words);
          out.writeInt(longest);
        });
  }

  /// Reads what [#save] wrote.
  static TranslationEncoder load(Path folder) {
    return ChecksummedFile.read(
        folder.resolve(FILE), KIND, in -> new TranslationEncoder(in.readInt(), in.readInt()));
  }
}
