// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.vocabulary;

import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// Ids of 32-bit tokens: 8 to 16 bytes of memory per known value in the map, and 4 to name it again.
public final class IntVocabulary {
  /// The id of an unknown value.
  public static final int OOV = 1;

  /// The id of the first known value.
  public static final int FIRST = 2;

  private final Int2IntOpenHashMap ids;
  private final IntArrayList tokens;

  private IntVocabulary(IntArrayList tokens) {
    this(tokens, new Int2IntOpenHashMap(tokens.size()));
    for (int i = 0; i < tokens.size(); i++) {
      ids.put(tokens.getInt(i), FIRST + i);
    }
  }

  /// With a map that holds the tokens, or will.
  private IntVocabulary(IntArrayList tokens, Int2IntOpenHashMap ids) {
    this.tokens = tokens;
    this.ids = ids;
    ids.defaultReturnValue(OOV);
  }

  /// Number of rows that a table needs: known values + 2.
  public int size() {
    return FIRST + tokens.size();
  }

  /// The id of a token, or [#OOV].
  public int id(int token) {
    return ids.get(token);
  }

  /// The token of a known id, from [#FIRST] on.
  public int token(int id) {
    return tokens.getInt(id - FIRST);
  }

  /// Writes the tokens in the order of their ids.
  public void write(DataOutput out) throws IOException {
    out.writeInt(tokens.size());
    for (int i = 0; i < tokens.size(); i++) {
      out.writeInt(tokens.getInt(i));
    }
  }

  /// Reads what [#write] wrote.
  public static IntVocabulary read(DataInput in) throws IOException {
    int n = in.readInt();
    IntArrayList tokens = new IntArrayList();
    for (int i = 0; i < n; i++) {
      tokens.add(in.readInt());
    }
    return new IntVocabulary(tokens);
  }

  /// Collects values in first-seen order.
  public static final class Builder {
    private final int minCount;
    private final int kept;
    private final Int2IntOpenHashMap seen = new Int2IntOpenHashMap(); // token to id
    private final IntArrayList tokens = new IntArrayList();
    private final IntArrayList counts = new IntArrayList();

    /// @param minCount values seen fewer times stay out of the vocabulary; 0 or 1 keeps all
    public Builder(int minCount) {
      this(minCount, new IntVocabulary(new IntArrayList()));
    }

    /// Starts from a vocabulary that keeps its ids, whatever is seen: new values are appended.
    public Builder(int minCount, IntVocabulary start) {
      this.minCount = minCount;
      this.kept = start.tokens.size();
      seen.defaultReturnValue(-1);
      for (int i = 0; i < kept; i++) {
        add(start.tokens.getInt(i));
      }
    }

    /// Sees a value once.
    public void add(int token) {
      int id = seen.putIfAbsent(token, FIRST + tokens.size());
      if (id < 0) {
        tokens.add(token);
        if (minCount > 1) {
          counts.add(1);
        }
      } else if (minCount > 1) {
        int place = id - FIRST;
        counts.set(place, counts.getInt(place) + 1);
      }
    }

    /// The vocabulary of the values seen often enough. It takes over the memory, so nothing can be added any more.
    public IntVocabulary build() {
      if (minCount <= 1) {
        return new IntVocabulary(tokens, seen);
      }
      IntArrayList often = new IntArrayList();
      for (int i = 0; i < tokens.size(); i++) {
        if (i < kept || counts.getInt(i) >= minCount) {
          often.add(tokens.getInt(i));
        }
      }
      seen.clear();
      seen.trim();
      return new IntVocabulary(often);
    }
  }
}
