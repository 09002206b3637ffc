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

  /// The items that a user met, by id, rising, each once; those out of vocabulary are left out.
  int[] met(String user);

  /// What a user would call an item.
  ///
  /// @param id of the field of items
  String item(int id);
}
