// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// Counter-based random numbers: every draw is a hash of a key and a position.
///
/// The hash is the finaliser of SplitMix64 (Steele, Lea, Flood 2014) over key + position · γ with the key mixed
/// first, γ the golden ratio's odd fraction. Nothing is remembered between draws, so any part of a stream can be
/// drawn by any thread at any time.
public final class Counter {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  private Counter() {}

  /// 64 well-mixed bits for a position under a key.
  public static long bits(long key, long position) {
    return mix(mix(key) + position * GAMMA);
  }

  /// A uniform number in [0, 1) with 24 bits, exact in float32.
  public static float uniform(long key, long position) {
    return (bits(key, position) >>> 40) * 0x1p-24f;
  }

  /// A uniform number in [0, 1) with 53 bits.
  public static double uniform53(long key, long position) {
    return (bits(key, position) >>> 11) * 0x1p-53;
  }

  /// An integer in [0, bound), each as likely as the next within 2⁻⁶³ · bound.
  public static long below(long key, long position, long bound) {
    return Math.unsignedMultiplyHigh(bits(key, position), bound);
  }

  /// A new key from a key and a number: a seed and a step, a key and an index.
  public static long key(long key, long number) {
    return mix(mix(key) ^ (number * GAMMA + GAMMA));
  }

  /// A new key from a key and a name: a seed and a parameter's path.
  public static long key(long key, String name) {
    long h = mix(key);
    for (int i = 0; i < name.length(); i++) {
      h = mix(h ^ (name.charAt(i) + GAMMA));
    }
    return h;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
