// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import it.unimi.dsi.fastutil.longs.Long2ObjectOpenHashMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Arrays of the host that a step borrows for what it makes there: masks, lists of ids, weights; and the lists in which it keeps account
/// of its tensors. Kept for the next step, which mostly asks for the same lengths.
///
/// An array has exactly the length asked for, as uploads want it, and holds zeros. At most `capacity` bytes are kept; an array
/// that finds no room takes the place of all others, so that lists of another length in every batch do not fill the heap.
///
/// Belongs to a device, and like it to one thread at a time. [Scope] borrows here and gives back.
public final class HostArrays {
  /// Lists that are kept: those of a step, with one inside another.
  private static final int LISTS = 16;

  private final long capacity;
  private final boolean poison;
  private final Long2ObjectOpenHashMap<ArrayDeque<Object>> free = new Long2ObjectOpenHashMap<>();
  private final ArrayDeque<ArrayList<?>> lists = new ArrayDeque<>();
  private long kept;

  /// Keeps at most `capacity` bytes.
  ///
  /// @param poison whether arrays that were given back are spoilt, so that a later look into them cannot go unseen
  public HostArrays(long capacity, boolean poison) {
    this.capacity = capacity;
    this.poison = poison;
  }

  /// What arrays hold; one of each length is another list.
  private enum Of {
    INTS(0, Integer.BYTES),
    FLOATS(1, Float.BYTES),
    DOUBLES(2, Double.BYTES),
    BOOLEANS(3, 1),
    BYTES(4, 1);

    private final long code;
    private final int bytes; // of one

    Of(long code, int bytes) {
      this.code = code;
      this.bytes = bytes;
    }

    /// Kind and length in one number.
    private long size(int n) {
      return code << Integer.SIZE | n;
    }
  }

  /// n zeros.
  public int[] ints(int n) {
    if (take(Of.INTS, n) instanceof int[] used) {
      Arrays.fill(used, 0);
      return used;
    }
    return new int[n];
  }

  /// n zeros.
  public float[] floats(int n) {
    if (take(Of.FLOATS, n) instanceof float[] used) {
      Arrays.fill(used, 0);
      return used;
    }
    return new float[n];
  }

  /// n zeros.
  public double[] doubles(int n) {
    if (take(Of.DOUBLES, n) instanceof double[] used) {
      Arrays.fill(used, 0);
      return used;
    }
    return new double[n];
  }

  /// n times false.
  public boolean[] booleans(int n) {
    if (take(Of.BOOLEANS, n) instanceof boolean[] used) {
      Arrays.fill(used, false);
      return used;
    }
    return new boolean[n];
  }

  /// n zeros.
  public byte[] bytes(int n) {
    if (take(Of.BYTES, n) instanceof byte[] used) {
      Arrays.fill(used, (byte) 0);
      return used;
    }
    return new byte[n];
  }

  /// An empty list, with room for as many as one held before. It takes part in neither capacity nor poison.
  @SuppressWarnings("unchecked") // it is empty
  public <T> List<T> list() {
    ArrayList<?> used = lists.pollLast();
    return used == null ? new ArrayList<>() : (List<T>) used;
  }

  /// Takes an array or a list back that came from here; nobody may look into it any more.
  public void give(Object borrowed) {
    switch (borrowed) {
      case int[] a -> {
        if (poison) {
          Arrays.fill(a, Integer.MIN_VALUE);
        }
        keep(Of.INTS, a, a.length);
      }
      case float[] a -> {
        if (poison) {
          Arrays.fill(a, Float.NaN);
        }
        keep(Of.FLOATS, a, a.length);
      }
      case double[] a -> {
        if (poison) {
          Arrays.fill(a, Double.NaN);
        }
        keep(Of.DOUBLES, a, a.length);
      }
      case boolean[] a -> {
        if (poison) {
          Arrays.fill(a, true);
        }
        keep(Of.BOOLEANS, a, a.length);
      }
      case byte[] a -> {
        if (poison) {
          Arrays.fill(a, (byte) 0xFF);
        }
        keep(Of.BYTES, a, a.length);
      }
      case ArrayList<?> a -> {
        a.clear();
        if (lists.size() < LISTS) {
          lists.addLast(a);
        }
      }
      default ->
          throw new IllegalArgumentException(
              "host arrays: "
                  + borrowed.getClass().getSimpleName()
                  + ". Expected an array that was borrowed here, or a list.");
    }
  }

  /// Bytes that wait for the next step.
  public long kept() {
    return kept;
  }

  private @Nullable Object take(Of what, int n) {
    ArrayDeque<Object> queue = free.get(what.size(n));
    Object used = queue == null ? null : queue.pollLast();
    if (used != null) {
      kept -= (long) n * what.bytes;
    }
    return used;
  }

  private void keep(Of what, Object array, int n) {
    long more = (long) n * what.bytes;
    if (more > capacity) {
      return;
    }
    if (kept + more > capacity) {
      free.clear();
      kept = 0;
    }
    long size = what.size(n);
    ArrayDeque<Object> queue = free.get(size);
    if (queue == null) {
      queue = new ArrayDeque<>();
      free.put(size, queue);
    }
    queue.addLast(array);
    kept += more;
  }
}
