// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import java.io.DataInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
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

/// From events to examples, with the vocabularies of the training rows: `user_id`, `item_id`, `category`, the log's context, `history` and
/// `history_category`, the labels, `user` as group, and `timestamp`.
final class EventEncoder implements DataSource.Encoder, FittedFields {
  private static final String FILE = "events.encoder";

  /// What is written, and how histories and items are found: other folders than those of an older one.
  static final String KIND = "events encoder 2";

  private static final String USER = "user_id";
  private static final String ITEM = "item_id";
  private static final String CATEGORY = "category";
  private static final String HISTORY = "history";

  private final EventLog log;
  private final List<TextVocabulary> vocabularies; // user, item, category, context
  private final Histories histories;
  private final EventColumns known;
  private final Map<String, String> categories;
  private final Schema schema;

  /// @param vocabularies of users, items, categories, and each word of context
  /// @param known events that histories of new rows may hold
  /// @param categories of items, for logs that do not say them
  EventEncoder(
      EventLog log,
      List<TextVocabulary> vocabularies,
      Histories histories,
      EventColumns known,
      Map<String, String> categories) {
    this.log = log;
    this.vocabularies = List.copyOf(vocabularies);
    this.histories = histories;
    this.known = known;
    this.categories = Collections.unmodifiableMap(new LinkedHashMap<>(categories));
    List<Field> fields = new ArrayList<>();
    fields.add(new Field.Categorical(USER, size(0)));
    fields.add(new Field.Categorical(ITEM, size(1)));
    if (log.categories()) {
      fields.add(new Field.Categorical(CATEGORY, size(2)));
    }
    for (int c = 0; c < log.context().size(); c++) {
      fields.add(new Field.Categorical(log.context().get(c), size(3 + c)));
    }
    if (histories.length() > 0) {
      fields.add(histories.field(HISTORY, size(1), ITEM));
      if (log.categories()) {
        fields.add(histories.field(HISTORY + "_" + CATEGORY, size(2), CATEGORY));
      }
    }
    for (String label : log.labels()) {
      fields.add(new Field.Label(label, Field.LabelKind.BINARY));
    }
    fields.add(new Field.Group("user"));
    fields.add(new Field.Timestamp("timestamp"));
    this.schema = new Schema(fields);
  }

  private int size(int column) {
    return vocabularies.get(column).size();
  }

  Schema schema() {
    return schema;
  }

  /// Fills an example from the event at a place of the order by user and time.
  ///
  /// @param without rows that are in no history
  void encode(EventColumns events, int[] order, int place, BitSet without, Row to) {
    int row = order[place];
    to.clear();
    int at = 0;
    for (int c = 0; c < vocabularies.size(); c++) {
      if (c != 2 || log.categories()) {
        to.id(at++, id(events, row, c));
      }
    }
    int columns = log.categories() ? 2 : 1; // item and category
    for (int[] session : histories.sessionsBefore(events, order, place, without)) {
      for (int c = 0; c < columns; c++) {
        for (int earlier : session) {
          to.add(at + c, id(events, earlier, 1 + c));
        }
        if (histories.sessions() != null) {
          to.session(at + c, session.length);
        }
      }
    }
    for (int l = 0; l < log.labels().size(); l++) {
      to.real(l, events.label(row, l));
    }
    to.integer(0, events.user(row));
    to.integer(1, events.time(row));
  }

  private int id(EventColumns events, int row, int column) {
    return vocabularies.get(column).id(events.word(row, column));
  }

  /// Encodes a log of the same layout. Histories hold what is known from before, and earlier events of the log that say something
  /// new: where it repeats a known event, by user, item and time, the known one counts.
  @Override
  public Examples encode(Path file) {
    EventColumns all = new EventColumns(log.labels().size(), log.context().size());
    log.reader().read(file, BadRows.never(), e -> all.add(withCategory(e)));
    int asked = all.size();
    for (int row = 0; row < known.size(); row++) {
      all.add(known.event(row));
    }
    int[] order = all.byUserAndTime();
    int[] places = places(order);
    BitSet again = all.again(asked, order);
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

  /// A log alone may not say what its items are; the training data did.
  private Event withCategory(Event e) {
    String category = e.category().isEmpty() ? categories.getOrDefault(e.item(), "") : e.category();
    return new Event(e.user(), e.item(), category, e.time(), e.labels(), e.context());
  }

  /// Where each row stands in an order.
  static int[] places(int[] order) {
    int[] places = new int[order.length];
    for (int p = 0; p < order.length; p++) {
      places[order[p]] = p;
    }
    return places;
  }

  @Override
  public String value(String field, int id) {
    String table = schema.field(field) instanceof Field.Ids f ? f.table() : field;
    int column =
        switch (table) {
          case USER -> 0;
          case ITEM -> 1;
          case CATEGORY -> 2;
          default -> 3 + log.context().indexOf(table);
        };
    return vocabularies.get(column).value(id);
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
          out.writeUTF(log.memo());
          histories.write(out);
          out.writeInt(vocabularies.size());
          for (TextVocabulary v : vocabularies) {
            v.write(out);
          }
          known.write(out);
          out.writeInt(categories.size());
          for (Map.Entry<String, String> e : categories.entrySet()) {
            out.writeUTF(e.getKey());
            out.writeUTF(e.getValue());
          }
        });
  }

  /// Reads what [#save] wrote.
  ///
  /// @param layout from its memo
  static EventEncoder load(Path folder, Function<String, EventLog> layout) {
    return ChecksummedFile.read(folder.resolve(FILE), KIND, in -> read(in, layout));
  }

  private static EventEncoder read(DataInput in, Function<String, EventLog> layout)
      throws IOException {
    EventLog log = layout.apply(in.readUTF());
    Histories histories = Histories.read(in);
    List<TextVocabulary> vocabularies = new ArrayList<>();
    for (int n = in.readInt(); n > 0; n--) {
      vocabularies.add(TextVocabulary.read(in));
    }
    EventColumns known = EventColumns.read(in);
    Map<String, String> categories = new LinkedHashMap<>();
    for (int n = in.readInt(); n > 0; n--) {
      categories.put(in.readUTF(), in.readUTF());
    }
    return new EventEncoder(log, vocabularies, histories, known, categories);
  }
}
