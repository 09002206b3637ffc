// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A map by identity that knows in which order its keys came. A step makes several with an entry for each parameter: a linked map has
/// an object for each, this one none.
final class InOrder<K, V> {
  private final IdentityHashMap<K, V> values;
  private final List<K> keys;

  /// Room for about so many.
  InOrder(int expected) {
    values = new IdentityHashMap<>(expected);
    keys = new ArrayList<>(expected);
  }

  @Nullable V get(K key) {
    return values.get(key);
  }

  /// A value for a key, in place of the one before it; null when it had none.
  @Nullable V put(K key, V value) {
    V before = values.put(key, value);
    if (before == null) {
      keys.add(key);
    }
    return before;
  }

  /// The keys, in the order in which they came first.
  List<K> keys() {
    return keys;
  }

  void clear() {
    values.clear();
    keys.clear();
  }
}
