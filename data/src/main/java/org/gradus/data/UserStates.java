// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.util.List;
import org.gradus.embeddings.Batch;

/// An encoder that knows what users did, and so what a user is like now: what `recommend` needs.
public interface UserStates {
  /// One example per user, with all that is known in its history; the item is padding.
  ///
  /// @param users as they are called in the raw data
  /// @throws IllegalArgumentException for a user that is not known
  Batch now(List<String> users);

  /// Takes what users did, one deed after the other.
  @FunctionalInterface
  interface Deed {
    /// A user met an item.
    ///
    /// @param user the group of his examples
    /// @param item by id; 1 out of vocabulary
    /// @param time as the timestamps of examples have it
    /// @param positive whether it counts as what an example asks for
    void accept(long user, int item, long time, boolean positive);
  }

  /// Hands out everything that users did, in any order: what examples were cut from, whatever was left out of them since.
  void past(Deed each);

  /// The items that a user met, by id, rising, each once; those out of vocabulary are left out.
  int[] met(String user);

  /// What a user would call an item.
  ///
  /// @param id of the field of items
  String item(int id);
}
