// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.vocabulary;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Ids of texts, and what happens to missing ones.
public final class TextVocabulary {
  private static final int FIRST = IntVocabulary.FIRST;

  private final MissingPolicy missing;
  private final Object2IntOpenHashMap<String> ids;
  private final List<String> values;

  private TextVocabulary(MissingPolicy missing, List<String> values) {
    this.missing = missing;
    this.values = List.copyOf(values);
    this.ids = new Object2IntOpenHashMap<>(values.size());
    ids.defaultReturnValue(IntVocabulary.OOV);
    for (int i = 0; i < values.size(); i++) {
      ids.put(values.get(i), FIRST + i);
    }
  }

  /// Number of rows that a table needs: known values + 2.
  public int size() {
    return FIRST + values.size();
  }

  /// The id of a value; of the empty text, what the policy for missing values says.
  public int id(String value) {
    if (value.isEmpty()) {
      return switch (missing) {
        case OOV -> IntVocabulary.OOV;
        case PADDING -> 0;
        case OWN_VALUE -> ids.getInt(value);
      };
    }
    return ids.getInt(value);
  }

  /// The value behind an id.
  public String value(int id) {
    return id == 0 ? "(padding)" : id == 1 ? "(out of vocabulary)" : values.get(id - FIRST);
  }

  /// Writes the policy, and the values in the order of their ids.
  public void write(DataOutput out) throws IOException {
    out.writeUTF(missing.name());
    out.writeInt(values.size());
    for (String value : values) {
      out.writeUTF(value);
    }
  }

  /// Reads what [#write] wrote.
  public static TextVocabulary read(DataInput in) throws IOException {
    MissingPolicy missing = MissingPolicy.valueOf(in.readUTF());
    int n = in.readInt();
    List<String> values = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      values.add(in.readUTF());
    }
    return new TextVocabulary(missing, values);
  }

  /// Collects values in first-seen order.
  public static final class Builder {
    private final int minCount;
    private final MissingPolicy missing;
    private final int kept;
    private final Object2IntOpenHashMap<String> seen = new Object2IntOpenHashMap<>();
    private final List<String> values = new ArrayList<>();
    private final IntArrayList counts = new IntArrayList();

    /// @param minCount values seen fewer times stay out of the vocabulary; 0 or 1 keeps all
    public Builder(int minCount, MissingPolicy missing) {
      this(minCount, new TextVocabulary(missing, List.of()));
    }

    /// Starts from a vocabulary that keeps its ids, whatever is seen: new values are appended.
    public Builder(int minCount, TextVocabulary start) {
      this.minCount = minCount;
      this.missing = start.missing;
      this.kept = start.values.size();
      seen.defaultReturnValue(-1);
      start.values.forEach(this::add);
    }

    /// Sees a value once. The empty text counts only when it is a value of its own.
    public void add(String value) {
      if (value.isEmpty() && missing != MissingPolicy.OWN_VALUE) {
        return;
      }
      int place = seen.putIfAbsent(value, values.size());
      if (place < 0) {
        values.add(value);
        counts.add(1);
      } else {
        counts.set(place, counts.getInt(place) + 1);
      }
    }

    /// The vocabulary of the values seen often enough.
    public TextVocabulary build() {
      List<String> often = new ArrayList<>();
      for (int i = 0; i < values.size(); i++) {
        if (i < kept || counts.getInt(i) >= minCount) {
          often.add(values.get(i));
        }
      }
      return new TextVocabulary(missing, often);
    }
  }
}
