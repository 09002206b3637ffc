// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import it.unimi.dsi.fastutil.floats.FloatArrayList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Events in columns: 20 bytes each, and 4 for each label and each word of context, beside every different word once.
final class EventColumns {
  /// Words by number, in first-seen order.
  private static final class Words {
    private final Object2IntOpenHashMap<String> numbers = new Object2IntOpenHashMap<>();
    private final List<String> words = new ArrayList<>();

    Words() {
      numbers.defaultReturnValue(-1);
    }

    int number(String word) {
      int n = numbers.putIfAbsent(word, words.size());
      if (n < 0) {
        words.add(word);
        return words.size() - 1;
      }
      return n;
    }
  }

  private final int contexts;
  private final int labels;
  private final Words[] words; // user, item, category, context
  private final IntArrayList[] columns; // numbers of words
  private final FloatArrayList[] values; // labels
  private final LongArrayList times = new LongArrayList();

  EventColumns(int labels, int contexts) {
    this.labels = labels;
    this.contexts = contexts;
    words = new Words[3 + contexts];
    columns = new IntArrayList[words.length];
    for (int c = 0; c < words.length; c++) {
      words[c] = new Words();
      columns[c] = new IntArrayList();
    }
    values = new FloatArrayList[labels];
    for (int l = 0; l < labels; l++) {
      values[l] = new FloatArrayList();
    }
  }

  void add(Event e) {
    columns[0].add(words[0].number(e.user()));
    columns[1].add(words[1].number(e.item()));
    columns[2].add(words[2].number(e.category()));
    for (int c = 0; c < contexts; c++) {
      columns[3 + c].add(words[3 + c].number(e.context().get(c)));
    }
    for (int l = 0; l < labels; l++) {
      values[l].add(e.labels()[l]);
    }
    times.add(e.time());
  }

  /// An event of other columns of the same kind.
  Event event(int row) {
    float[] own = new float[labels];
    for (int l = 0; l < labels; l++) {
      own[l] = label(row, l);
    }
    List<String> context = new ArrayList<>();
    for (int c = 0; c < contexts; c++) {
      context.add(word(row, 3 + c));
    }
    return new Event(word(row, 0), word(row, 1), word(row, 2), time(row), own, context);
  }

  int size() {
    return times.size();
  }

  /// The number of the user of a row.
  int user(int row) {
    return columns[0].getInt(row);
  }

  long time(int row) {
    return times.getLong(row);
  }

  float label(int row, int label) {
    return values[label].getFloat(row);
  }

  /// A word of a row: 0 is the user, 1 the item, 2 its category, the others are context.
  String word(int row, int column) {
    return words[column].words.get(columns[column].getInt(row));
  }

  /// Rows by (user, time), users in first-seen order; ties keep the order of the file.
  int[] byUserAndTime() {
    int[] rows = new int[size()];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = i;
    }
    IntArrays.stableSort(
        rows,
        (a, b) -> {
          int c = Integer.compare(user(a), user(b));
          return c != 0 ? c : Long.compare(time(a), time(b));
        });
    return rows;
  }

  /// Of the first rows, which are asked about, those that say again what the others, which are known, say: that a user did something
  /// with an item at a time. In histories the known ones count, for they have labels.
  ///
  /// @param asked how many are asked about
  /// @param order rows by (user, time)
  BitSet again(int asked, int[] order) {
    BitSet again = new BitSet(asked);
    IntOpenHashSet known = new IntOpenHashSet(); // items, of one user at one time
    for (int from = 0; from < order.length; ) {
      int to = from;
      known.clear();
      for (; to < order.length && same(order[from], order[to]); to++) {
        if (order[to] >= asked) {
          known.add(columns[1].getInt(order[to]));
        }
      }
      for (int p = from; p < to && !known.isEmpty(); p++) {
        if (order[p] < asked && known.contains(columns[1].getInt(order[p]))) {
          again.set(order[p]);
        }
      }
      from = to;
    }
    return again;
  }

  private boolean same(int a, int b) {
    return user(a) == user(b) && time(a) == time(b);
  }

  /// The category of each item that has one, the last where there are several.
  Map<String, String> categories() {
    Map<String, String> categories = new LinkedHashMap<>();
    for (int row = 0; row < size(); row++) {
      if (!word(row, 2).isEmpty()) {
        categories.put(word(row, 1), word(row, 2));
      }
    }
    return categories;
  }

  void write(DataOutput out) throws IOException {
    out.writeInt(labels);
    out.writeInt(contexts);
    out.writeInt(size());
    for (int row = 0; row < size(); row++) {
      for (int c = 0; c < words.length; c++) {
        out.writeUTF(word(row, c));
      }
      for (int l = 0; l < labels; l++) {
        out.writeFloat(label(row, l));
      }
      out.writeLong(time(row));
    }
  }

  static EventColumns read(DataInput in) throws IOException {
    EventColumns events = new EventColumns(in.readInt(), in.readInt());
    for (int n = in.readInt(); n > 0; n--) {
      String user = in.readUTF();
      String item = in.readUTF();
      String category = in.readUTF();
      List<String> context = new ArrayList<>();
      for (int c = 0; c < events.contexts; c++) {
        context.add(in.readUTF());
      }
      float[] labels = new float[events.labels];
      for (int l = 0; l < labels.length; l++) {
        labels[l] = in.readFloat();
      }
      events.add(new Event(user, item, category, in.readLong(), labels, context));
    }
    return events;
  }
}
