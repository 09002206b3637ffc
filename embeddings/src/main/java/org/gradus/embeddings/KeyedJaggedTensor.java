// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.tensor.Scope;
import org.jspecify.annotations.Nullable;

/// Lists of ids of different lengths, for several keys and a batch of examples (TorchRec's KJT), on the host.
///
/// Bag s = f·B + b, of key f and example b, is `values[offsets[s] … offsets[s+1])`:
///
/// ```
/// keys f0, f1; B = 3          b=0      b=1   b=2
///                   f0        10 11    –     12
///                   f1        13       14    15 16 17
/// values  10 11 12 13 14 15 16 17
/// lengths  2  0  1  1  1  3       offsets  0 2 2 3 4 5 8
/// ```
///
/// Immutable: arrays given are taken over and must not be changed, arrays returned are the object's own. What is chosen for a
/// scope lives as long as it.
public final class KeyedJaggedTensor {
  /// Keys that are faster to compare one by one than to hash.
  private static final int FEW = 8;

  private final List<String> keys;
  private final int[] values;
  private final float @Nullable [] weights;
  private final int[] offsets;
  private final int stride;
  private final Map<String, Integer> indexPerKey; // empty for a few keys

  private KeyedJaggedTensor(
      List<String> keys, int[] values, float @Nullable [] weights, int[] offsets, int stride) {
    this.keys = List.copyOf(keys);
    this.values = values;
    this.weights = weights;
    this.offsets = offsets;
    this.stride = stride;
    this.indexPerKey = keys.size() > FEW ? new HashMap<>() : Map.of();
    for (int f = 0; f < keys.size(); f++) {
      boolean again =
          keys.size() > FEW
              ? indexPerKey.put(keys.get(f), f) != null
              : keys.indexOf(keys.get(f)) < f;
      if (again) {
        throw bad("key " + keys.get(f) + " appears twice. Expected unique keys");
      }
    }
    if (weights != null && weights.length != values.length) {
      throw bad(weights.length + " weights for " + values.length + " values. Expected one each");
    }
    check(offsets, values.length);
  }

  /// From lengths `[F·B]`, key by key. The stride B is their number divided by F.
  public static KeyedJaggedTensor fromLengths(List<String> keys, int[] values, int[] lengths) {
    return fromOffsets(keys, values, null, prefixSum(lengths));
  }

  /// From offsets `[F·B + 1]`.
  public static KeyedJaggedTensor fromOffsets(List<String> keys, int[] values, int[] offsets) {
    return fromOffsets(keys, values, null, offsets);
  }

  /// From offsets `[F·B + 1]`, with one weight per value.
  public static KeyedJaggedTensor fromOffsets(
      List<String> keys, int[] values, float @Nullable [] weights, int[] offsets) {
    int bags = offsets.length - 1;
    if (bags < 0 || (keys.isEmpty() ? bags != 0 : bags % keys.size() != 0)) {
      throw bad(
          offsets.length
              + " offsets for "
              + keys.size()
              + " keys. Expected F·B + 1: one bag per key and example, and the end");
    }
    return new KeyedJaggedTensor(
        keys, values, weights, offsets, keys.isEmpty() ? 0 : bags / keys.size());
  }

  /// One id per key and example: `values` is `[F, B]`, key by key.
  public static KeyedJaggedTensor oneHot(List<String> keys, int[] values, int stride) {
    if (values.length != keys.size() * stride) {
      throw bad(values.length + " values for " + keys.size() + " keys and " + stride + " examples");
    }
    int[] offsets = new int[values.length + 1];
    Arrays.setAll(offsets, i -> i);
    return new KeyedJaggedTensor(keys, values, null, offsets, stride);
  }

  /// The same lists with other ids in the same places; weights and offsets are shared.
  public KeyedJaggedTensor withValues(int[] other) {
    if (other.length != values.length) {
      throw bad(other.length + " values instead of " + values.length + ". Expected as many");
    }
    return new KeyedJaggedTensor(keys, other, weights, offsets, stride);
  }

  private static int[] prefixSum(int[] lengths) {
    int[] offsets = new int[lengths.length + 1];
    for (int i = 0; i < lengths.length; i++) {
      if (lengths[i] < 0) {
        throw bad("length " + lengths[i] + " of bag " + i + ". Expected at least 0");
      }
      offsets[i + 1] = Math.addExact(offsets[i], lengths[i]);
    }
    return offsets;
  }

  private static void check(int[] offsets, int values) {
    if (offsets[0] != 0 || offsets[offsets.length - 1] != values) {
      throw bad(
          "offsets run from "
              + offsets[0]
              + " to "
              + offsets[offsets.length - 1]
              + ". Expected 0 to "
              + values
              + ", the number of values");
    }
    for (int i = 1; i < offsets.length; i++) {
      if (offsets[i] < offsets[i - 1]) {
        throw bad(
            "offsets fall from " + offsets[i - 1] + " to " + offsets[i] + " at bag " + (i - 1));
      }
    }
  }

  private static IllegalArgumentException bad(String what) {
    return new IllegalArgumentException("keyed jagged tensor: " + what + ".");
  }

  /// F names.
  public List<String> keys() {
    return keys;
  }

  /// Every id, bag by bag.
  public int[] values() {
    return values;
  }

  /// One weight per id, or null when every id counts as 1.
  public float @Nullable [] weights() {
    return weights;
  }

  /// `[F·B + 1]`: where each bag starts, and the end.
  public int[] offsets() {
    return offsets;
  }

  /// B, the number of examples.
  public int stride() {
    return stride;
  }

  /// `[F·B]`: the size of each bag.
  public int[] lengths() {
    int[] lengths = new int[offsets.length - 1];
    Arrays.setAll(lengths, i -> offsets[i + 1] - offsets[i]);
    return lengths;
  }

  /// `[F]`: number of ids of each key.
  public int[] lengthPerKey() {
    int[] n = new int[keys.size()];
    Arrays.setAll(n, f -> offsets[(f + 1) * stride] - offsets[f * stride]);
    return n;
  }

  /// `[F + 1]`: where each key starts in `values`, and the end.
  public int[] offsetPerKey() {
    int[] n = new int[keys.size() + 1];
    Arrays.setAll(n, f -> offsets[f * stride]);
    return n;
  }

  /// Position of a key.
  public int index(String key) {
    Integer found = indexPerKey.get(key);
    int f = found != null ? found : keys.size() > FEW ? -1 : keys.indexOf(key);
    if (f < 0) {
      throw bad("no key " + key + ". Expected one of: " + String.join(", ", keys));
    }
    return f;
  }

  /// The lists of one key, with offsets that start at 0.
  public JaggedIds of(String key) {
    int n = count(index(key));
    return of(key, new int[n], weights == null ? null : new float[n], new int[stride + 1]);
  }

  /// As above, in arrays of a scope: for a step.
  public JaggedIds of(String key, Scope scope) {
    int n = count(index(key));
    return of(key, scope.ints(n), weights == null ? null : scope.floats(n), scope.ints(stride + 1));
  }

  private JaggedIds of(String key, int[] chosen, float @Nullable [] chosenWeights, int[] ends) {
    int first = index(key) * stride;
    int from = offsets[first];
    System.arraycopy(values, from, chosen, 0, chosen.length);
    if (weights != null && chosenWeights != null) {
      System.arraycopy(weights, from, chosenWeights, 0, chosen.length);
    }
    for (int b = 0; b <= stride; b++) {
      ends[b] = offsets[first + b] - from;
    }
    return new JaggedIds(chosen, chosenWeights, ends);
  }

  /// Number of ids of the f-th key.
  private int count(int f) {
    return offsets[(f + 1) * stride] - offsets[f * stride];
  }

  private int count(List<String> wanted) {
    int n = 0;
    for (String key : wanted) {
      n += count(index(key));
    }
    return n;
  }

  /// Some of the keys, in the order asked for; their lists are copied.
  public KeyedJaggedTensor select(List<String> wanted) {
    int n = count(wanted);
    float[] chosenWeights = weights == null ? null : new float[n];
    return select(wanted, new int[n], chosenWeights, new int[wanted.size() * stride + 1]);
  }

  /// As above, in arrays of a scope: for a step.
  public KeyedJaggedTensor select(List<String> wanted, Scope scope) {
    int n = count(wanted);
    float[] chosenWeights = weights == null ? null : scope.floats(n);
    return select(wanted, scope.ints(n), chosenWeights, scope.ints(wanted.size() * stride + 1));
  }

  private KeyedJaggedTensor select(
      List<String> wanted, int[] chosen, float @Nullable [] chosenWeights, int[] ends) {
    int at = 0;
    int bag = 0;
    for (String key : wanted) {
      int f = index(key);
      int from = offsets[f * stride];
      int length = count(f);
      System.arraycopy(values, from, chosen, at, length);
      if (weights != null && chosenWeights != null) {
        System.arraycopy(weights, from, chosenWeights, at, length);
      }
      for (int b = 1; b <= stride; b++) {
        ends[++bag] = at + offsets[f * stride + b] - from;
      }
      at += length;
    }
    return new KeyedJaggedTensor(wanted, chosen, chosenWeights, ends, stride);
  }

  /// Every key with its lists, in key order.
  public Map<String, JaggedIds> toDict() {
    Map<String, JaggedIds> dict = new LinkedHashMap<>();
    for (String key : keys) {
      dict.put(key, of(key));
    }
    return dict;
  }

  /// The keys and lists of a dictionary, in its order; the inverse of [#toDict].
  public static KeyedJaggedTensor fromDict(Map<String, JaggedIds> dict) {
    int n = 0;
    int stride = -1;
    boolean weighted = false;
    for (var e : dict.entrySet()) {
      n += e.getValue().values().length;
      weighted |= e.getValue().weights() != null;
      if (stride >= 0 && stride != e.getValue().bags()) {
        throw bad(
            "key "
                + e.getKey()
                + " has "
                + e.getValue().bags()
                + " lists. Expected "
                + stride
                + ", as the keys before");
      }
      stride = e.getValue().bags();
    }
    stride = Math.max(stride, 0);
    int[] values = new int[n];
    float[] weights = new float[n];
    int[] offsets = new int[dict.size() * stride + 1];
    int at = 0;
    int bag = 0;
    for (JaggedIds lists : dict.values()) {
      System.arraycopy(lists.values(), 0, values, at, lists.values().length);
      float[] own = lists.weights();
      if (own == null) {
        Arrays.fill(weights, at, at + lists.values().length, 1);
      } else {
        System.arraycopy(own, 0, weights, at, own.length);
      }
      for (int b = 0; b < stride; b++) {
        offsets[++bag] = at + lists.offsets()[b + 1];
      }
      at += lists.values().length;
    }
    return fromOffsets(List.copyOf(dict.keySet()), values, weighted ? weights : null, offsets);
  }

  /// The lists of one key.
  ///
  /// @param values every id, list by list
  /// @param weights one per id, or null
  /// @param offsets `[B + 1]`, from 0
  public record JaggedIds(int[] values, float @Nullable [] weights, int[] offsets) {
    /// B, the number of lists.
    public int bags() {
      return offsets.length - 1;
    }

    /// `[B]`: the size of each list.
    public int[] lengths() {
      return lengths(new int[bags()]);
    }

    /// As above, in an array of a scope: for a step.
    public int[] lengths(Scope scope) {
      return lengths(scope.ints(bags()));
    }

    private int[] lengths(int[] lengths) {
      for (int b = 0; b < lengths.length; b++) {
        lengths[b] = offsets[b + 1] - offsets[b];
      }
      return lengths;
    }
  }
}
