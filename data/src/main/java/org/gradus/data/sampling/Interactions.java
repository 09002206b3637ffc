// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.sampling;

import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import it.unimi.dsi.fastutil.longs.LongOpenHashSet;
import org.gradus.data.Examples;
import org.gradus.data.Examples.Pass;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Counter;

/// Which user met which item, in some rows. Takes 8 bytes and some slack for every pair.
public final class Interactions {
  private static final int BATCH = 4096;

  /// Draws that may hit an item that the user met, before the items left are counted.
  private static final int DRAWS = 32;

  private final Field.Categorical user;
  private final Field.Categorical item;
  private final LongOpenHashSet pairs = new LongOpenHashSet();
  private final Int2IntOpenHashMap items = new Int2IntOpenHashMap(); // known items by user

  private Interactions(Field.Categorical user, Field.Categorical item) {
    this.user = user;
    this.item = item;
  }

  /// The pairs of all rows.
  ///
  /// @param user name of the field of the user, one id per row
  /// @param item name of the field of the item, one id per row
  public static Interactions of(Examples rows, String user, String item) {
    Interactions found =
        new Interactions(categorical(rows.schema(), user), categorical(rows.schema(), item));
    try (Examples.Stream stream = rows.stream(Pass.inOrder(BATCH))) {
      for (Batch b = stream.next(); b != null; b = stream.next()) {
        int[] users = b.sparse().of(user).values();
        int[] met = b.sparse().of(item).values();
        for (int i = 0; i < users.length; i++) {
          if (found.pairs.add(pair(users[i], met[i])) && met[i] >= 2) {
            found.items.addTo(users[i], 1);
          }
        }
      }
    }
    return found;
  }

  private static Field.Categorical categorical(Schema schema, String name) {
    if (schema.field(name) instanceof Field.Categorical c) {
      return c;
    }
    throw new IllegalArgumentException(
        "interactions: "
            + schema.field(name)
            + " is no categorical field. Expected one id per row for user and item.");
  }

  private static long pair(int user, int item) {
    return (long) user << 32 | item;
  }

  /// The field of the user.
  public Field.Categorical user() {
    return user;
  }

  /// The field of the item.
  public Field.Categorical item() {
    return item;
  }

  /// Whether the user met the item.
  public boolean contains(int user, int item) {
    return pairs.contains(pair(user, item));
  }

  /// An item that the user did not meet, all equally likely: ids from 2, for 0 is padding and 1 no item of its own.
  ///
  /// @param but an item that is not drawn either
  /// @param key decides, and nothing else does
  public int unmet(int user, int but, long key) {
    for (int i = 0; i < DRAWS && item.size() > 2; i++) {
      int drawn = 2 + (int) Counter.below(key, i, item.size() - 2L);
      if (drawn != but && !contains(user, drawn)) {
        return drawn;
      }
    }
    int left = item.size() - 2 - items.get(user);
    left -= but >= 2 && !contains(user, but) ? 1 : 0;
    if (left < 1) {
      throw new IllegalArgumentException(
          "interactions: user "
              + user
              + " met every item, all "
              + (item.size() - 2)
              + ". Expected at least one that is left, to be a negative.");
    }
    int skip = (int) Counter.below(key, DRAWS, left);
    for (int drawn = 2; ; drawn++) {
      if (drawn != but && !contains(user, drawn) && skip-- == 0) {
        return drawn;
      }
    }
  }
}
