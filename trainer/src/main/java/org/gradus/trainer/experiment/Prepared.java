// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.experiment;

import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.util.ArrayList;
import java.util.List;
import org.gradus.data.DataSet;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.jspecify.annotations.Nullable;

/// Rows as an experiment sees them: features, and the labels that are its tasks.
///
/// @param data training, validation and test rows; vocabularies and statistics come from the training rows
/// @param tasks names of the labels, in the order of the schema
public record Prepared(DataSet data, List<String> tasks) {
  private static final int SCANNED = 4096; // rows looked at at once

  /// Copies the list.
  public Prepared {
    tasks = List.copyOf(tasks);
  }

  /// Leaves out labels that are no tasks.
  ///
  /// @param tasks in any order; none for all labels
  static Prepared of(DataSet data, List<String> tasks) {
    List<String> known = data.schema().labels().stream().map(Field.Label::name).toList();
    if (tasks.isEmpty()) {
      return new Prepared(data, known);
    }
    for (String task : tasks) {
      if (!known.contains(task)) {
        throw new IllegalArgumentException(
            "experiment: task "
                + task
                + " of "
                + data.name()
                + ". Expected some of its labels: "
                + String.join(", ", known));
      }
    }
    List<String> kept = known.stream().filter(tasks::contains).toList();
    if (kept.equals(known)) {
      return new Prepared(data, known);
    }
    List<Field> fields = new ArrayList<>(data.schema().fields());
    fields.removeIf(
        f ->
            (f instanceof Field.Label label && !kept.contains(label.name()))
                || (f instanceof Field.LabelMask mask && !kept.contains(mask.label())));
    Schema schema = new Schema(fields);
    return new Prepared(
        new DataSet(
            data.name(),
            schema,
            new Chosen(data.train(), schema),
            new Chosen(data.valid(), schema),
            new Chosen(data.test(), schema),
            data.facts(),
            data.fingerprint() + " tasks " + String.join(",", kept)),
        kept);
  }

  /// The rows of one scenario. Vocabularies and statistics stay those of all training rows, and so does the number of scenarios.
  ///
  /// @param p number of the scenario, of a schema that has them
  Prepared scenario(int p) {
    return new Prepared(
        new DataSet(
            data.name(),
            data.schema(),
            of(data.train(), p),
            of(data.valid(), p),
            of(data.test(), p),
            data.facts(),
            data.fingerprint() + " scenario " + p),
        tasks);
  }

  private static Examples of(Examples all, int scenario) {
    LongArrayList places = new LongArrayList();
    long row = 0;
    try (Examples.Stream stream = all.stream(Examples.Pass.inOrder(SCANNED))) {
      for (Batch batch = stream.next(); batch != null; batch = stream.next()) {
        for (int domain : batch.domains()) {
          if (domain == scenario) {
            places.add(row);
          }
          row++;
        }
      }
    }
    return all.only(places.toLongArray());
  }

  /// Rows without some of their labels.
  private record Chosen(Examples all, Schema schema) implements Examples {
    @Override
    public long rows() {
      return all.rows();
    }

    @Override
    public long batches(Pass pass) {
      return all.batches(pass);
    }

    @Override
    public Examples only(long[] rows) {
      return new Chosen(all.only(rows), schema);
    }

    @Override
    public Stream stream(Pass pass) {
      Stream whole = all.stream(pass);
      return new Stream() {
        @Override
        public @Nullable Batch next() {
          Batch batch = whole.next();
          return batch == null ? null : batch.withLabels(schema);
        }

        @Override
        public void close() {
          whole.close();
        }
      };
    }
  }
}
