// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.DataInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.data.FittedFields;
import org.gradus.data.Split;
import org.gradus.data.UserStates;
import org.gradus.data.nextitem.ExampleAge;
import org.gradus.data.nextitem.NextItems;
import org.gradus.data.nextitem.WatchLog;
import org.gradus.data.prepared.ChecksummedFile;
import org.gradus.data.prepared.PreparedFile;
import org.gradus.data.prepared.PreparedWriter;
import org.gradus.data.prepared.Row;
import org.gradus.data.vocabulary.TextVocabulary;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;

/// From what a user did to an example of what he does next. There is no label field: the item is what a model is asked for. What is
/// known about the item, its year and genre, is no field, for it would tell.
public final class NextItemEncoder implements DataSource.Encoder, FittedFields, UserStates {
  /// The field of the item.
  public static final String ITEM = "item_id";

  /// Fields of one id per example.
  static final List<String> FIELDS = List.of(ITEM, "age", "gender", "occupation", "zip");

  private static final String HISTORY = MovieLensEncoder.HISTORY;
  private static final String AGE = "example_age";
  private static final String KIND = "movielens next items 1";
  private static final String FILE = "next-items";

  private final MovieLensFiles layout;
  private final MovieLens known;
  private final List<TextVocabulary> vocabularies;
  private final ExampleAge age;
  private final Reach reach;
  private final Schema schema;

  /// What of the past counts.
  ///
  /// @param maxHistory items of a history
  /// @param positives which ratings
  record Reach(int maxHistory, NextItemRows.Positives positives) {}

  /// @param known users, items and ratings
  /// @param vocabularies one per field of [#FIELDS]
  /// @param age of the training examples
  NextItemEncoder(
      MovieLensFiles layout,
      MovieLens known,
      List<TextVocabulary> vocabularies,
      ExampleAge age,
      Reach reach) {
    this.layout = layout;
    this.known = new MovieLens(distinct(known.ratings()), known.users(), known.items());
    this.vocabularies = vocabularies;
    this.age = age;
    this.reach = reach;
    List<Field> fields = new ArrayList<>();
    for (int f = 0; f < FIELDS.size(); f++) {
      fields.add(new Field.Categorical(FIELDS.get(f), vocabularies.get(f).size()));
    }
    fields.add(
        new Field.Sequence(HISTORY, vocabularies.getFirst().size(), ITEM, reach.maxHistory()));
    fields.add(new Field.Dense(AGE));
    fields.add(new Field.Group("user"));
    fields.add(new Field.Timestamp("timestamp"));
    this.schema = new Schema(fields);
  }

  /// Ratings without exact duplicates: of one item by one user in one second the first counts.
  private static Ratings distinct(Ratings all) {
    int[] order = all.byUserAndTime();
    Ratings kept = new Ratings();
    for (int p = 0; p < order.length; p++) {
      int row = order[p];
      boolean again =
          p > 0
              && all.users.getInt(row) == all.users.getInt(order[p - 1])
              && all.items.getInt(row) == all.items.getInt(order[p - 1])
              && all.times.getLong(row) == all.times.getLong(order[p - 1]);
      if (!again) {
        kept.add(
            all.users.getInt(row),
            all.items.getInt(row),
            all.ratings.getFloat(row),
            all.times.getLong(row),
            Double.NaN);
      }
    }
    return kept;
  }

  Schema schema() {
    return schema;
  }

  /// Where an encoder lies in a folder.
  static Path file(Path folder) {
    return folder.resolve(FILE);
  }

  /// The positives of all ratings.
  static WatchLog log(MovieLens data, NextItemRows.Positives positives) {
    WatchLog log = new WatchLog();
    Ratings r = data.ratings();
    for (int i = 0; i < r.size(); i++) {
      if (positives == NextItemRows.Positives.ALL || r.label(i) == 1) {
        log.add(r.users.getInt(i), r.items.getInt(i), r.times.getLong(i));
      }
    }
    return log;
  }

  /// Raw values in the order of [#FIELDS].
  static String[] values(MovieLens data, int user, int item) {
    MovieLens.User u = data.users().getOrDefault(user, MovieLens.User.UNKNOWN);
    return new String[] {Integer.toString(item), u.age(), u.gender(), u.occupation(), u.zip()};
  }

  /// Fills a row.
  void encode(NextItems.Example e, Row to) {
    to.clear();
    String[] values = values(known, e.user(), e.item());
    for (int f = 0; f < values.length; f++) {
      to.id(f, vocabularies.get(f).id(values[f]));
    }
    for (int item : e.history()) {
      to.add(FIELDS.size(), id(item));
    }
    to.dense(0, age.of(e.time()));
    to.integer(0, e.user());
    to.integer(1, e.time());
  }

  private int id(int item) {
    return vocabularies.getFirst().id(Integer.toString(item));
  }

  /// Encodes a file of ratings in the layout of the source: user, item, and if known, rating and time. Histories hold what is known
  /// from before, and earlier rows of the file that say something new.
  @Override
  public Examples encode(Path file) {
    Ratings asked = new Ratings();
    layout.ratings(file, asked, BadRows.never());
    Ratings all = new Ratings();
    all.addAll(asked);
    all.addAll(known.ratings());
    int[] order = all.byUserAndTime();
    BitSet again = all.again(asked.size(), order, true);
    int[] places = new int[order.length];
    for (int p = 0; p < order.length; p++) {
      places[order[p]] = p;
    }
    MovieLensHistory before =
        new MovieLensHistory(reach.maxHistory(), reach.positives() == NextItemRows.Positives.LIKED);
    try {
      Path encoded = Files.createTempFile("gradus-", ".rows");
      try (PreparedWriter writer = new PreparedWriter(encoded, schema)) {
        Row row = new Row(schema);
        for (int i = 0; i < asked.size(); i++) {
          encode(
              new NextItems.Example(
                  all.users.getInt(i),
                  before.before(all, order, places[i], again),
                  new int[0],
                  all.items.getInt(i),
                  all.times.getLong(i),
                  Split.TEST),
              row);
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

  // What a user is like now

  @Override
  public Batch now(List<String> users) {
    IntArrayList ids = new IntArrayList();
    int b = users.size();
    int[] lengths = new int[(FIELDS.size() + 1) * b];
    Arrays.fill(lengths, 0, FIELDS.size() * b, 1);
    for (int f = 0; f < FIELDS.size(); f++) {
      for (String name : users) {
        String value = values(known, user(name), 0)[f];
        ids.add(f == 0 ? 0 : vocabularies.get(f).id(value)); // nobody knows the item
      }
    }
    long[] groups = new long[b];
    long[] times = new long[b];
    for (int i = 0; i < b; i++) {
      groups[i] = user(users.get(i));
      times[i] = age.latest(); // age 0, whatever the clock says
      int[] items = positives((int) groups[i]);
      int from = Math.max(0, items.length - reach.maxHistory());
      lengths[FIELDS.size() * b + i] = items.length - from;
      for (int j = from; j < items.length; j++) {
        ids.add(id(items[j]));
      }
    }
    List<String> keys = new ArrayList<>(FIELDS);
    keys.add(HISTORY);
    return Batch.builder(schema, b)
        .dense(new float[b])
        .sparse(KeyedJaggedTensor.fromLengths(keys, ids.toIntArray(), lengths))
        .integer("user", groups)
        .integer("timestamp", times)
        .build();
  }

  @Override
  public void past(Deed each) {
    Ratings r = known.ratings();
    boolean liked = reach.positives() == NextItemRows.Positives.LIKED;
    for (int row = 0; row < r.size(); row++) {
      each.accept(
          r.users.getInt(row),
          id(r.items.getInt(row)),
          r.times.getLong(row),
          !liked || r.label(row) == 1);
    }
  }

  @Override
  public int[] met(String user) {
    return Arrays.stream(rated(user(user), false))
        .map(this::id)
        .filter(id -> id >= 2)
        .sorted()
        .distinct()
        .toArray();
  }

  /// Items that a user took, oldest first.
  private int[] positives(int user) {
    return rated(user, reach.positives() == NextItemRows.Positives.LIKED);
  }

  private int[] rated(int user, boolean liked) {
    Ratings r = known.ratings();
    IntArrayList items = new IntArrayList();
    for (int row : r.byUserAndTime()) {
      if (r.users.getInt(row) == user && (!liked || r.label(row) == 1)) {
        items.add(r.items.getInt(row));
      }
    }
    return items.toIntArray();
  }

  private int user(String name) {
    try {
      int user = Integer.parseInt(name);
      if (known.users().containsKey(user) || known.ratings().users.contains(user)) {
        return user;
      }
    } catch (NumberFormatException e) {
      // reported below, like a number that is no user's
    }
    throw new IllegalArgumentException(
        "user " + name + " is not known. Expected the number of a user of the data.");
  }

  @Override
  public String item(int id) {
    String number = vocabularies.getFirst().value(id);
    try {
      MovieLens.Item item = known.items().get(Integer.parseInt(number));
      return item == null ? number : number + " (" + item.genre() + ", " + item.year() + ")";
    } catch (NumberFormatException e) {
      return number; // padding, or no value of its own
    }
  }

  @Override
  public String value(String field, int id) {
    int f = field.equals(HISTORY) ? 0 : FIELDS.indexOf(field);
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
          out.writeInt(reach.maxHistory());
          out.writeUTF(reach.positives().name());
          out.writeLong(age.earliest());
          out.writeLong(age.latest());
          for (TextVocabulary v : vocabularies) {
            v.write(out);
          }
          known.write(out, true);
        });
  }

  /// Reads what [#save] wrote.
  static NextItemEncoder load(Path folder) {
    return ChecksummedFile.read(file(folder), KIND, NextItemEncoder::read);
  }

  private static NextItemEncoder read(DataInput in) throws IOException {
    MovieLensFiles layout = MovieLensFiles.valueOf(in.readUTF());
    int length = in.readInt();
    Reach reach = new Reach(length, NextItemRows.Positives.valueOf(in.readUTF()));
    ExampleAge age = new ExampleAge(in.readLong(), in.readLong());
    List<TextVocabulary> vocabularies = new ArrayList<>();
    for (int f = 0; f < FIELDS.size(); f++) {
      vocabularies.add(TextVocabulary.read(in));
    }
    return new NextItemEncoder(layout, MovieLens.read(in), vocabularies, age, reach);
  }
}
