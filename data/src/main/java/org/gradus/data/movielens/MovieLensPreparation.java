// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.floats.FloatArrayList;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.Settings;
import org.gradus.data.Split;
import org.gradus.data.prepared.PreparedFolder;
import org.gradus.data.prepared.Row;
import org.gradus.data.prepared.SplitWriters;
import org.gradus.data.sessions.SessionDivision;
import org.gradus.data.synthetic.BayesScores;
import org.gradus.data.vocabulary.MissingPolicy;
import org.gradus.data.vocabulary.TextVocabulary;
import org.jspecify.annotations.Nullable;

/// The protocol: the rows of a user in the order (time, item id); the last ⌈10 %⌉ are test rows, the ⌈10 %⌉ before them
/// validation rows, the rest training rows. Vocabularies come from the training rows, in the order of the file.
///
/// @param testPercent of each user's rows, rounded up
/// @param validPercent of each user's rows, rounded up
/// @param tasks what is asked about a rating
/// @param nextItems rows of what comes next instead, or null for ratings
record MovieLensPreparation(
    int testPercent,
    int validPercent,
    MovieLensHistory history,
    int minCount,
    RatingTasks tasks,
    @Nullable NextItemRows nextItems) {
  /// Which earlier items an example has.
  private enum HistoryChoice {
    NONE,
    LIKED,
    ALL
  }

  /// What a row is.
  private enum Rows {
    RATINGS,
    NEXT_ITEMS
  }

  /// The settings that [#of] reads, with their presets.
  static Map<String, String> presets() {
    Map<String, String> presets = new TreeMap<>(NextItemRows.presets());
    presets.putAll(SessionDivision.presets());
    presets.putAll(
        Map.of(
            "examples", "ratings",
            "testPercent", "10",
            "validPercent", "10",
            "history", "none",
            "historyGenres", "false",
            "minCount", "0",
            "labels", "one",
            "domain", "none"));
    return presets;
  }

  /// What decides about the content of a prepared folder besides settings and files: the seed, where something is drawn by it.
  long seed(DataSource.Request request) {
    return nextItems != null && nextItems.draws() ? request.seed() : 0;
  }

  static MovieLensPreparation of(Settings s) {
    boolean next = s.choice("examples", Rows.class) == Rows.NEXT_ITEMS;
    RatingTasks tasks = RatingTasks.of(s);
    if (next && !tasks.equals(RatingTasks.PRESET)) {
      throw new DataException(
          "examples=next-items with labels="
              + s.text("labels")
              + " and domain="
              + s.text("domain")
              + ". Expected labels=one and domain=none: what comes next has no label.");
    }
    HistoryChoice choice = s.choice("history", HistoryChoice.class);
    SessionDivision sessions = SessionDivision.of(s);
    if (sessions != null && (next || choice == HistoryChoice.NONE)) {
      throw new DataException(
          "sessionPause="
              + s.text("sessionPause")
              + " with examples="
              + s.text("examples")
              + " and history="
              + s.text("history")
              + ". Expected examples=ratings and history=all or liked, which are divided.");
    }
    boolean genres = s.flag("historyGenres");
    if (genres && (next || choice == HistoryChoice.NONE)) {
      throw new DataException(
          "historyGenres=true with examples="
              + s.text("examples")
              + " and history="
              + s.text("history")
              + ". Expected examples=ratings and history=all or liked, whose items have genres.");
    }
    int length = sessions == null ? s.integer("historyLength", 1) : Integer.MAX_VALUE;
    return new MovieLensPreparation(
        (int) s.number("testPercent", 1, 99),
        (int) s.number("validPercent", 0, 99),
        new MovieLensHistory(
            choice == HistoryChoice.NONE ? 0 : length,
            choice == HistoryChoice.LIKED,
            genres,
            sessions),
        s.integer("minCount", 0),
        tasks,
        next ? NextItemRows.of(s) : null);
  }

  /// The split of every row of the ratings.
  Split[] splits(Ratings ratings, int[] order) {
    Split[] splits = new Split[order.length];
    for (int from = 0; from < order.length; ) {
      int user = ratings.users.getInt(order[from]);
      int to = from;
      while (to < order.length && ratings.users.getInt(order[to]) == user) {
        to++;
      }
      int rows = to - from;
      int test = roundedUp(rows, testPercent);
      int valid = Math.min(rows - test, roundedUp(rows, validPercent));
      for (int i = 0; i < rows; i++) {
        splits[order[from + i]] =
            i >= rows - test ? Split.TEST : i >= rows - test - valid ? Split.VALID : Split.TRAIN;
      }
      from = to;
    }
    return splits;
  }

  private static int roundedUp(int rows, int percent) {
    return (int) (((long) rows * percent + 99) / 100);
  }

  /// Fills a folder that is being built, and says what is known about the data.
  ///
  /// @param start an encoder whose ids stay as they are, or null
  /// @param seed of what is drawn
  Map<String, Double> run(
      Path folder,
      MovieLensFiles layout,
      MovieLens data,
      @Nullable MovieLensEncoder start,
      long seed) {
    if (nextItems != null) {
      return nextItems.run(folder, layout, data, seed);
    }
    Ratings ratings = data.ratings();
    int[] order = ratings.byUserAndTime();
    Split[] splits = splits(ratings, order);
    if (Arrays.stream(splits).noneMatch(s -> s == Split.TRAIN)) {
      throw new DataException("no training rows: no user has more than two ratings.");
    }
    MovieLensEncoder encoder =
        new MovieLensEncoder(layout, data, vocabularies(data, splits, start), history, tasks);
    encoder.save(folder);
    int[] places = new int[order.length];
    for (int p = 0; p < order.length; p++) {
      places[order[p]] = p;
    }
    DoubleArrayList probabilities = new DoubleArrayList();
    FloatArrayList labels = new FloatArrayList();
    BitSet none = new BitSet();
    try (SplitWriters writers = new SplitWriters(folder, encoder.schema())) {
      Row row = new Row(encoder.schema());
      for (int r = 0; r < order.length; r++) {
        encoder.encode(ratings, order, places[r], none, row);
        writers.of(splits[r]).append(row);
        if (splits[r] == Split.TEST && !Double.isNaN(ratings.probabilities.getDouble(r))) {
          probabilities.add(ratings.probabilities.getDouble(r));
          labels.add(ratings.label(r));
        }
      }
      writers.finish();
    }
    return labels.isEmpty() || tasks.labels() == RatingTasks.Labels.TWO // known of one
        ? Map.of()
        : BayesScores.of(probabilities.toDoubleArray(), labels.toFloatArray()).facts();
  }

  private List<TextVocabulary> vocabularies(
      MovieLens data, Split[] splits, @Nullable MovieLensEncoder start) {
    List<TextVocabulary.Builder> builders = new ArrayList<>();
    for (int f = 0; f < MovieLensEncoder.FIELDS.size(); f++) {
      builders.add(
          start == null
              ? new TextVocabulary.Builder(minCount, MissingPolicy.OOV)
              : new TextVocabulary.Builder(minCount, start.vocabulary(f)));
    }
    for (int r = 0; r < splits.length; r++) {
      if (splits[r] == Split.TRAIN) {
        String[] values = MovieLensEncoder.values(data, data.ratings(), r);
        for (int f = 0; f < values.length; f++) {
          builders.get(f).add(values[f]);
        }
      }
    }
    return builders.stream().map(TextVocabulary.Builder::build).toList();
  }

  /// Opens a prepared folder.
  static DataSource.Opened opened(PreparedFolder folder, String name) {
    return new DataSource.Opened(folder.open(name), encoder(folder.path()));
  }

  /// Reads the encoder of a prepared folder, or of a run.
  static DataSource.Encoder encoder(Path folder) {
    return Files.exists(NextItemEncoder.file(folder))
        ? NextItemEncoder.load(folder)
        : MovieLensEncoder.load(folder);
  }
}
