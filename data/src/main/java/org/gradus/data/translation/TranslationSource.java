// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.translation;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.NewFile;
import org.gradus.data.RawGenerator;
import org.gradus.data.Settings;
import org.gradus.data.Split;
import org.gradus.data.prepared.PreparedFolder;
import org.gradus.data.prepared.PreparedWriter;
import org.gradus.data.prepared.Row;
import org.gradus.data.prepared.SplitWriters;

/// `--data translation-synthetic`: generated sentences and their translations.
public final class TranslationSource implements DataSource, RawGenerator {
  private static final String NAME = "translation-synthetic";

  /// Changes when equal settings generate other rows.
  private static final String LAW = "law 1\n";

  /// For `ServiceLoader`.
  public TranslationSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "generated: sentences, and the same word by word in another language and in reverse"
        + " order; needs no path";
  }

  @Override
  public Map<String, String> settings() {
    return new TreeMap<>(
        Map.of(
            "words",
            "24",
            "shortest",
            "4",
            "longest",
            "8",
            "rows",
            "20000",
            "validRows",
            "500",
            "testRows",
            "1000"));
  }

  private TranslationGenerator generator(Settings s, long seed) {
    return new TranslationGenerator(
        new TranslationGenerator.Spec(
            s.integer("words", 2), s.integer("shortest", 1), s.integer("longest", 1)),
        seed);
  }

  @Override
  public Opened open(Request request) {
    request.refusePath(NAME);
    Settings s = Settings.of(this, request.settings());
    TranslationGenerator generator = generator(s, request.seed());
    int train = s.integer("rows", 1);
    int valid = s.integer("validRows", 0);
    int test = s.integer("testRows", 1);
    PreparedFolder folder =
        PreparedFolder.of(
            request.cache(),
            NAME,
            PreparedFolder.key(s, request.seed(), List.of()) + LAW,
            building -> {
              request.progress().accept("generating " + ((long) train + valid + test) + " pairs");
              TranslationEncoder encoder =
                  new TranslationEncoder(generator.spec().words(), generator.spec().longest());
              encoder.save(building);
              try (SplitWriters writers = new SplitWriters(building, encoder.schema())) {
                write(generator, encoder, 0, train, writers.of(Split.TRAIN));
                write(generator, encoder, train, valid, writers.of(Split.VALID));
                write(generator, encoder, (long) train + valid, test, writers.of(Split.TEST));
                writers.finish();
              }
              PreparedFolder.writeFacts(building, Map.of());
            });
    return new Opened(folder.open(NAME), TranslationEncoder.load(folder.path()));
  }

  private static void write(
      TranslationGenerator generator,
      TranslationEncoder encoder,
      long from,
      int rows,
      PreparedWriter to) {
    Row row = new Row(encoder.schema());
    for (long r = from; r < from + rows; r++) {
      int[] source = generator.source(r);
      encoder.encode(source, generator.target(source), row);
      to.append(row);
    }
  }

  /// Writes a sentence, a tab and its translation per line.
  @Override
  public long generate(Path file, long rows, long seed, Map<String, String> settings) {
    NewFile.check(file);
    TranslationGenerator generator = generator(Settings.of(this, settings), seed);
    Path temporary = file.resolveSibling("." + file.getFileName() + ".writing");
    try {
      try (BufferedWriter to = Files.newBufferedWriter(temporary)) {
        for (long r = 0; r < rows; r++) {
          int[] source = generator.source(r);
          to.write(text(source, 'a') + "\t" + text(generator.target(source), 'b') + "\n");
        }
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return rows;
    } catch (IOException e) {
      throw DataException.io("writing", file, e);
    } finally {
      temporary.toFile().delete();
    }
  }

  private static String text(int[] sentence, char letter) {
    StringBuilder text = new StringBuilder();
    for (int word : sentence) {
      text.append(text.isEmpty() ? "" : " ").append(letter).append(word);
    }
    return text.toString();
  }

  @Override
  public Encoder encoder(Path folder) {
    return TranslationEncoder.load(folder);
  }
}
