// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

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
import org.gradus.data.RawGenerator;
import org.gradus.data.Settings;
import org.gradus.data.Split;
import org.gradus.data.prepared.PreparedFolder;
import org.gradus.data.prepared.PreparedWriter;
import org.gradus.data.prepared.Row;
import org.gradus.data.prepared.SplitWriters;
import org.gradus.data.synthetic.BayesScores;

/// `--data interactions-synthetic`: generated rows that hold interactions of one order alone, to see which models can express it.
public final class InteractionsSource implements DataSource, RawGenerator {
  private static final String NAME = "interactions-synthetic";

  /// Changes when equal settings generate other rows.
  private static final String LAW = "law 1\n";

  /// For `ServiceLoader`.
  public InteractionsSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "generated: products of so many fields as data.order says, and nothing else, known Bayes"
        + " AUC; needs no path";
  }

  @Override
  public Map<String, String> settings() {
    return new TreeMap<>(
        Map.of(
            "order",
            "3",
            "fields",
            "6",
            "values",
            "6",
            "strength",
            "2",
            "rows",
            "100000",
            "validRows",
            "20000",
            "testRows",
            "50000"));
  }

  private InteractionsGenerator generator(Map<String, String> given, long seed) {
    Settings s = Settings.of(this, given);
    return new InteractionsGenerator(
        new InteractionsGenerator.Spec(
            s.integer("order", 1),
            s.integer("fields", 1),
            s.integer("values", 2),
            s.number("strength", 0, 1e3)),
        seed);
  }

  @Override
  public Opened open(Request request) {
    request.refusePath(NAME);
    Settings s = Settings.of(this, request.settings());
    InteractionsGenerator generator = generator(request.settings(), request.seed());
    int train = s.integer("rows", 1);
    int valid = s.integer("validRows", 0);
    int test = s.integer("testRows", 1);
    PreparedFolder folder =
        PreparedFolder.of(
            request.cache(),
            NAME,
            PreparedFolder.key(s, request.seed(), List.of()) + LAW,
            building -> {
              request.progress().accept("generating " + ((long) train + valid + test) + " rows");
              CsvEncoder encoder = fit(generator, train);
              encoder.save(building);
              try (SplitWriters writers = new SplitWriters(building, encoder.schema())) {
                write(generator, encoder, 0, train, writers.of(Split.TRAIN));
                write(generator, encoder, train, valid, writers.of(Split.VALID));
                write(generator, encoder, (long) train + valid, test, writers.of(Split.TEST));
                writers.finish();
              }
              PreparedFolder.writeFacts(
                  building, scores(generator, (long) train + valid, test).facts());
            });
    return new Opened(folder.open(NAME), CsvEncoder.load(folder.path()));
  }

  private static CsvEncoder fit(InteractionsGenerator generator, int train) {
    CsvEncoder.Fit fit = new CsvEncoder.Fit(generator.schema(), null);
    CsvRow row = new CsvRow(generator.schema());
    for (int r = 0; r < train; r++) {
      generator.fill(r, row);
      fit.add(row);
    }
    return fit.build();
  }

  private static void write(
      InteractionsGenerator generator, CsvEncoder encoder, long from, int rows, PreparedWriter to) {
    CsvRow raw = new CsvRow(generator.schema());
    Row row = new Row(encoder.schema());
    for (long r = from; r < from + rows; r++) {
      generator.fill(r, raw);
      encoder.encode(raw, row);
      to.append(row);
    }
  }

  private static BayesScores scores(InteractionsGenerator generator, long from, int rows) {
    double[] probabilities = new double[rows];
    float[] labels = new float[rows];
    for (int i = 0; i < rows; i++) {
      probabilities[i] = generator.probability(from + i);
      labels[i] = generator.label(from + i);
    }
    return BayesScores.of(probabilities, labels);
  }

  /// Writes a table for `--data csv`, and its schema file beside it.
  @Override
  public long generate(Path file, long rows, long seed, Map<String, String> settings) {
    InteractionsGenerator generator = generator(settings, seed);
    Path temporary = file.resolveSibling("." + file.getFileName() + ".writing");
    try {
      try (BufferedWriter to = Files.newBufferedWriter(temporary)) {
        to.write("label");
        for (int f = 1; f <= generator.spec().fields(); f++) {
          to.write(",f" + f);
        }
        to.write('\n');
        CsvRow row = new CsvRow(generator.schema());
        for (long r = 0; r < rows; r++) {
          generator.fill(r, row);
          to.write("" + (int) row.reals[0]);
          for (int f = 1; f <= generator.spec().fields(); f++) {
            to.write("," + row.tokens.get(f).getFirst());
          }
          to.write('\n');
        }
      }
      Files.writeString(
          file.resolveSibling(file.getFileName() + ".schema"), generator.schema().text());
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return rows;
    } catch (IOException e) {
      throw DataException.io("writing", file, e);
    } finally {
      temporary.toFile().delete();
    }
  }

  @Override
  public Encoder encoder(Path folder) {
    return CsvEncoder.load(folder);
  }
}
