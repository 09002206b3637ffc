// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import java.io.DataInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.data.FittedFields;
import org.gradus.data.prepared.ChecksummedFile;
import org.gradus.data.prepared.PreparedFile;
import org.gradus.data.prepared.PreparedWriter;
import org.gradus.data.prepared.Row;
import org.gradus.data.vocabulary.TextVocabulary;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;

/// From ratings to examples, with the vocabularies of the training rows.
public final class MovieLensEncoder implements DataSource.Encoder, FittedFields {
  /// The field of earlier items.
  public static final String HISTORY = "history";

  /// The field of their genres.
  public static final String HISTORY_GENRES = "history_genres";

  static final List<String> FIELDS =
      List.of("user_id", "item_id", "age", "gender", "occupation", "zip", "release_year", "genre");

  private static final String KIND = "movielens encoder 2";
  private static final String FILE = "encoder";
  private static final int ITEM = 1;
  private static final int GENRE = 7;

  private final MovieLensFiles layout;
  private final MovieLens known;
  private final List<TextVocabulary> vocabularies;
  private final MovieLensHistory history;
  private final RatingTasks tasks;
  private final Schema schema;

  /// @param known users and items, and the ratings that histories of new rows may hold
  /// @param vocabularies one per field of [#FIELDS]
  MovieLensEncoder(
      MovieLensFiles layout,
      MovieLens known,
      List<TextVocabulary> vocabularies,
      MovieLensHistory history,
      RatingTasks tasks) {
    this.layout = layout;
    this.known = known;
    this.vocabularies = vocabularies;
    this.history = history;
    this.tasks = tasks;
    List<Field> fields = new ArrayList<>();
    for (int f = 0; f < FIELDS.size(); f++) {
      fields.add(new Field.Categorical(FIELDS.get(f), vocabularies.get(f).size()));
    }
    if (history.length() > 0) {
      fields.add(history.field(HISTORY, vocabularies.get(ITEM).size(), FIELDS.get(ITEM)));
    }
    if (history.genres()) {
      fields.add(history.field(HISTORY_GENRES, vocabularies.get(GENRE).size(), FIELDS.get(GENRE)));
    }
    fields.addAll(tasks.labelFields());
    fields.add(new Field.Group("user"));
    fields.add(new Field.Timestamp("timestamp"));
    fields.addAll(tasks.domainFields());
    this.schema = new Schema(fields);
  }

  Schema schema() {
    return schema;
  }

  /// Where an encoder lies in a folder.
  static Path file(Path folder) {
    return folder.resolve(FILE);
  }

  /// The vocabulary of a field of [#FIELDS].
  TextVocabulary vocabulary(int field) {
    return vocabularies.get(field);
  }

  /// The raw values of a rating, in the order of [#FIELDS].
  static String[] values(MovieLens data, Ratings ratings, int row) {
    int user = ratings.users.getInt(row);
    int item = ratings.items.getInt(row);
    MovieLens.User u = data.users().getOrDefault(user, MovieLens.User.UNKNOWN);
    MovieLens.Item i = data.items().getOrDefault(item, MovieLens.Item.UNKNOWN);
    return new String[] {
      Integer.toString(user),
      Integer.toString(item),
      u.age(),
      u.gender(),
      u.occupation(),
      u.zip(),
      i.year(),
      i.genre()
    };
  }

  /// Fills an example from a rating.
  ///
  /// @param order rows of the ratings by user and time
  /// @param place where the rating stands in that order
  /// @param without rows that are in no history
  void encode(Ratings ratings, int[] order, int place, BitSet without, Row to) {
    int row = order[place];
    to.clear();
    String[] values = values(known, ratings, row);
    for (int f = 0; f < values.length; f++) {
      to.id(f, vocabularies.get(f).id(values[f]));
    }
    for (int[] session : history.sessionsBefore(ratings, order, place, without)) {
      for (int item : session) {
        to.add(FIELDS.size(), vocabularies.get(ITEM).id(Integer.toString(item)));
        if (history.genres()) {
          String genre = known.items().getOrDefault(item, MovieLens.Item.UNKNOWN).genre();
          to.add(FIELDS.size() + 1, vocabularies.get(GENRE).id(genre));
        }
      }
      if (history.sessions() != null) {
        to.session(FIELDS.size(), session.length);
        if (history.genres()) {
          to.session(FIELDS.size() + 1, session.length);
        }
      }
    }
    tasks.label(ratings, row, to);
    int user = ratings.users.getInt(row);
    to.integer(0, user);
    to.integer(1, ratings.times.getLong(row));
    if (tasks.domain() == RatingTasks.Domain.AGE) {
      to.integer(2, RatingTasks.group(known.users().getOrDefault(user, MovieLens.User.UNKNOWN)));
    }
  }

  /// Encodes a file of ratings in the layout of the source: user, item, and if known, rating and time. What is known
  /// about users and items comes from the data that the encoder was fitted to; labels of rows without ratings are NaN. Histories hold
  /// what is known from before, and earlier rows of the file that say something new.
  @Override
  public Examples encode(Path file) {
    Ratings all = new Ratings();
    layout.ratings(file, all, BadRows.never());
    int asked = all.size();
    all.addAll(known.ratings());
    int[] order = all.byUserAndTime();
    BitSet again = all.again(asked, order, false);
    int[] places = new int[order.length];
    for (int p = 0; p < order.length; p++) {
      places[order[p]] = p;
    }
    try {
      Path encoded = Files.createTempFile("gradus-", ".rows");
      try (PreparedWriter writer = new PreparedWriter(encoded, schema)) {
        Row row = new Row(schema);
        for (int i = 0; i < asked; i++) {
          encode(all, order, places[i], again, row);
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

  @Override
  public String value(String field, int id) {
    int f =
        switch (field) {
          case HISTORY -> ITEM;
          case HISTORY_GENRES -> GENRE;
          default -> FIELDS.indexOf(field);
        };
    return f < 0 ? "" + id : vocabularies.get(f).value(id);
  }

  @Override
  public double missingShare(String field) {
    return Double.NaN;
  }

  @Override
  public void save(Path folder) {
    ChecksummedFile.write(
        file(folder),
        KIND,
        out -> {
          out.writeUTF(layout.name());
          history.write(out);
          tasks.write(out);
          for (TextVocabulary v : vocabularies) {
            v.write(out);
          }
          known.write(out, history.length() > 0);
        });
  }

  /// Reads what [#save] wrote.
  public static MovieLensEncoder load(Path folder) {
    return ChecksummedFile.read(file(folder), KIND, MovieLensEncoder::read);
  }

  private static MovieLensEncoder read(DataInput in) throws IOException {
    MovieLensFiles layout = MovieLensFiles.valueOf(in.readUTF());
    MovieLensHistory history = MovieLensHistory.read(in);
    RatingTasks tasks = RatingTasks.read(in);
    List<TextVocabulary> vocabularies = new ArrayList<>();
    for (int f = 0; f < FIELDS.size(); f++) {
      vocabularies.add(TextVocabulary.read(in));
    }
    MovieLens known = MovieLens.read(in);
    return new MovieLensEncoder(layout, known, vocabularies, history, tasks);
  }
}
