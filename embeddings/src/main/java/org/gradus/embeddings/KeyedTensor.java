// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Var;

/// Pooled embeddings of several keys side by side (TorchRec's KT): `[B, ΣD_f]`, key by key.
public final class KeyedTensor {
  private final List<String> keys;
  private final Var values;
  private final int[] lengthPerKey;
  private final Map<String, Integer> indexPerKey = new LinkedHashMap<>();

  /// Columns of `values [B, ΣD_f]`, `lengthPerKey[f]` of them for key f.
  public KeyedTensor(List<String> keys, Var values, int[] lengthPerKey) {
    this.keys = List.copyOf(keys);
    this.values = values;
    this.lengthPerKey = lengthPerKey.clone();
    if (keys.size() != lengthPerKey.length) {
      throw new IllegalArgumentException(
          "keyed tensor: "
              + keys.size()
              + " keys and "
              + lengthPerKey.length
              + " widths. Expected one width per key.");
    }
    int sum = 0;
    for (int f = 0; f < keys.size(); f++) {
      sum += lengthPerKey[f];
      if (indexPerKey.put(keys.get(f), f) != null) {
        throw new IllegalArgumentException(
            "keyed tensor: key " + keys.get(f) + " appears twice. Expected unique keys.");
      }
    }
    if (values.shape().rank() != 2 || values.size(1) != sum) {
      throw new IllegalArgumentException(
          "keyed tensor: "
              + keys.size()
              + " keys of "
              + sum
              + " columns in all for values "
              + values.shape()
              + ". Expected values [B, "
              + sum
              + "].");
    }
  }

  /// F names.
  public List<String> keys() {
    return keys;
  }

  /// `[B, ΣD_f]`
  public Var values() {
    return values;
  }

  /// `[F]`: columns of each key.
  public int[] lengthPerKey() {
    return lengthPerKey.clone();
  }

  /// `[F + 1]`: first column of each key, and the end.
  public int[] offsetPerKey() {
    int[] offsets = new int[lengthPerKey.length + 1];
    for (int f = 0; f < lengthPerKey.length; f++) {
      offsets[f + 1] = offsets[f] + lengthPerKey[f];
    }
    return offsets;
  }

  /// `[B, D_f]`: the columns of one key.
  public Var of(String key) {
    Integer f = indexPerKey.get(key);
    if (f == null) {
      throw new IllegalArgumentException(
          "keyed tensor: no key " + key + ". Expected one of: " + String.join(", ", keys) + ".");
    }
    int from = offsetPerKey()[f];
    return values.slice(1, from, from + lengthPerKey[f]);
  }

  /// Every key with its columns, in key order.
  public Map<String, Var> toDict() {
    Map<String, Var> dict = new LinkedHashMap<>();
    for (String key : keys) {
      dict.put(key, of(key));
    }
    return dict;
  }
}
