// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/// The loops of a query that faces the T keys of its example, and of the sum of vectors by weight.
///
/// A sum over steps is one chain per column, in the order of the steps, kept in a register: one column of vectors after the
/// other, since the rows of an example lie in the first cache. The last columns go through the same operations under a mask.
final class QueryKeys {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  private QueryKeys() {}

  /// Where the gradients of query and keys go.
  @SuppressWarnings("ArrayRecordComponent") // a bundle of arguments
  record Slopes(float[] query, float[] keys) {}

  /// z = `[q, k, q − k, q ⊙ k]`, each n wide
  static void facing(float[] z, int at, float[] q, int qAt, float[] k, int kAt, int n) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector query = FloatVector.fromArray(S, q, qAt + i);
      FloatVector key = FloatVector.fromArray(S, k, kAt + i);
      query.intoArray(z, at + i);
      key.intoArray(z, at + n + i);
      query.sub(key).intoArray(z, at + 2 * n + i);
      query.mul(key).intoArray(z, at + 3 * n + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector query = FloatVector.fromArray(S, q, qAt + whole, rest);
      FloatVector key = FloatVector.fromArray(S, k, kAt + whole, rest);
      query.intoArray(z, at + whole, rest);
      key.intoArray(z, at + n + whole, rest);
      query.sub(key).intoArray(z, at + 2 * n + whole, rest);
      query.mul(key).intoArray(z, at + 3 * n + whole, rest);
    }
  }

  /// The gradients of example b's query and keys.
  static void facingBackward(Slopes to, float[] dz, float[] q, float[] k, int b, int steps, int n) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      back(to, dz, q, k, b * n + i, b * steps * n + i, steps, n);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      backRest(to, dz, q, k, b * n + whole, b * steps * n + whole, steps, n, rest);
    }
  }

  private static void back(
      Slopes to, float[] dz, float[] q, float[] k, int qAt, int kAt, int steps, int n) {
    float[] dk = to.keys;
    FloatVector query = FloatVector.fromArray(S, q, qAt);
    FloatVector sum = FloatVector.zero(S);
    int key = kAt;
    int at = qAt % n + (kAt - qAt % n) * 4;
    for (int t = 0; t < steps; t++) {
      FloatVector difference = FloatVector.fromArray(S, dz, at + 2 * n);
      FloatVector product = FloatVector.fromArray(S, dz, at + 3 * n);
      query.fma(product, FloatVector.fromArray(S, dz, at + n).sub(difference)).intoArray(dk, key);
      FloatVector here = FloatVector.fromArray(S, dz, at).add(difference);
      sum = FloatVector.fromArray(S, k, key).fma(product, here).add(sum);
      key += n;
      at += 4 * n;
    }
    sum.intoArray(to.query, qAt);
  }

  private static void backRest(
      Slopes to,
      float[] dz,
      float[] q,
      float[] k,
      int qAt,
      int kAt,
      int steps,
      int n,
      VectorMask<Float> rest) {
    float[] dk = to.keys;
    FloatVector query = FloatVector.fromArray(S, q, qAt, rest);
    FloatVector sum = FloatVector.zero(S);
    int key = kAt;
    int at = qAt % n + (kAt - qAt % n) * 4;
    for (int t = 0; t < steps; t++) {
      FloatVector difference = FloatVector.fromArray(S, dz, at + 2 * n, rest);
      FloatVector product = FloatVector.fromArray(S, dz, at + 3 * n, rest);
      query
          .fma(product, FloatVector.fromArray(S, dz, at + n, rest).sub(difference))
          .intoArray(dk, key, rest);
      FloatVector here = FloatVector.fromArray(S, dz, at, rest).add(difference);
      sum = FloatVector.fromArray(S, k, key, rest).fma(product, here).add(sum);
      key += n;
      at += 4 * n;
    }
    sum.intoArray(to.query, qAt, rest);
  }

  /// y`[b]` = Σ_t w_t x_t of example b
  static void weightedSum(float[] y, float[] w, float[] x, int b, int steps, int n) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector sum = FloatVector.zero(S);
      int at = b * steps * n + i;
      for (int t = b * steps; t < (b + 1) * steps; t++) {
        sum = FloatVector.fromArray(S, x, at).fma(FloatVector.broadcast(S, w[t]), sum);
        at += n;
      }
      sum.intoArray(y, b * n + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector sum = FloatVector.zero(S);
      int at = b * steps * n + whole;
      for (int t = b * steps; t < (b + 1) * steps; t++) {
        sum = FloatVector.fromArray(S, x, at, rest).fma(FloatVector.broadcast(S, w[t]), sum);
        at += n;
      }
      sum.intoArray(y, b * n + whole, rest);
    }
  }
}
