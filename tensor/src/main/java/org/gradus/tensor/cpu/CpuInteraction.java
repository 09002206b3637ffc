// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.InteractionKernels;
import org.gradus.tensor.host.Floats;

/// Fused interactions of field embeddings, one example after another, each out of the first cache.
final class CpuInteraction implements InteractionKernels {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  private final Chunks chunks;

  CpuInteraction(Chunks chunks) {
    this.chunks = chunks;
  }

  @Override
  public void pairwise(Buffer y, Buffer sums, Buffer e, int batch, int fields, int width) {
    float[] to = Floats.of(y);
    float[] sum = Floats.of(sums);
    float[] from = Floats.of(e);
    int each = fields * width;
    chunks.rows(
        batch,
        2L * each + 16,
        (lo, hi) -> {
          for (int b = lo; b < hi; b++) {
            Columns.sum(sum, b * width, from, b * each, fields, width);
            float squareOfSum = Lanes.sumOfSquares(sum, b * width, width);
            to[b] = 0.5f * (squareOfSum - Lanes.sumOfSquares(from, b * each, each));
          }
        });
  }

  @Override
  public void pairwiseBackward(
      Buffer de, Buffer dy, Buffer sums, Buffer e, int batch, int fields, int width) {
    float[] to = Floats.of(de);
    float[] from = Floats.of(dy);
    float[] sum = Floats.of(sums);
    float[] x = Floats.of(e);
    chunks.rows(
        batch,
        2L * fields * width + 16,
        (lo, hi) -> {
          for (int b = lo; b < hi; b++) {
            for (int f = b * fields; f < (b + 1) * fields; f++) {
              difference(to, f * width, from[b], sum, b * width, x, width);
            }
          }
        });
  }

  /// de = dy (sum − e)
  private static void difference(
      float[] de, int at, float dy, float[] sum, int sumAt, float[] e, int n) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector.fromArray(S, sum, sumAt + i)
          .sub(FloatVector.fromArray(S, e, at + i))
          .mul(dy)
          .intoArray(de, at + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector.fromArray(S, sum, sumAt + whole, rest)
          .sub(FloatVector.fromArray(S, e, at + whole, rest))
          .mul(dy)
          .intoArray(de, at + whole, rest);
    }
  }

  @Override
  public void dots(
      Buffer y, Vectors e, int batch, int fields, int width, boolean lower, boolean self) {
    float[] to = Floats.of(y);
    GramTiles tiles = new GramTiles(fields, width, lower, self);
    GramTiles.Vectors x = vectors(e, fields, width);
    chunks.rows(
        batch,
        tiles.cost(),
        (lo, hi) -> {
          float[] scratch = chunks.scratch(tiles.scratch());
          for (int b = lo; b < hi; b++) {
            tiles.dots(to, b * tiles.pairs(), x, b, scratch);
          }
        });
  }

  private static GramTiles.Vectors vectors(Vectors e, int fields, int width) {
    Buffer first = e.first();
    float[] rest = Floats.of(e.rest());
    return first == null
        ? new GramTiles.Vectors(rest, fields * width, 0, rest, fields * width, 0)
        : new GramTiles.Vectors(Floats.of(first), width, 0, rest, (fields - 1) * width, -width);
  }

  @Override
  public void dotsBackward(
      Vectors de,
      Buffer dy,
      Vectors e,
      int batch,
      int fields,
      int width,
      boolean lower,
      boolean self) {
    float[] from = Floats.of(dy);
    GramTiles tiles = new GramTiles(fields, width, lower, self);
    GramTiles.Vectors to = vectors(de, fields, width);
    GramTiles.Vectors x = vectors(e, fields, width);
    chunks.rows(
        batch,
        tiles.cost(),
        (lo, hi) -> {
          float[] scratch = chunks.scratch(tiles.scratch());
          for (int b = lo; b < hi; b++) {
            tiles.dotsBackward(to, from, b * tiles.pairs(), x, b, scratch);
          }
        });
  }

  @Override
  public void facing(Buffer z, Buffer q, Buffer k, int batch, int steps, int width) {
    float[] to = Floats.of(z);
    float[] query = Floats.of(q);
    float[] key = Floats.of(k);
    chunks.rows(
        batch,
        5L * steps * width + 16,
        (lo, hi) -> {
          for (int row = lo * steps; row < hi * steps; row++) {
            QueryKeys.facing(
                to, row * 4 * width, query, row / steps * width, key, row * width, width);
          }
        });
  }

  @Override
  public void facingBackward(
      Buffer dq, Buffer dk, Buffer dz, Buffer q, Buffer k, int batch, int steps, int width) {
    QueryKeys.Slopes to = new QueryKeys.Slopes(Floats.of(dq), Floats.of(dk));
    float[] from = Floats.of(dz);
    float[] query = Floats.of(q);
    float[] key = Floats.of(k);
    chunks.rows(
        batch,
        6L * steps * width + 16,
        (lo, hi) -> {
          for (int b = lo; b < hi; b++) {
            QueryKeys.facingBackward(to, from, query, key, b, steps, width);
          }
        });
  }

  @Override
  public void weightedSum(Buffer y, Buffer w, Buffer x, int batch, int steps, int width) {
    float[] to = Floats.of(y);
    float[] weights = Floats.of(w);
    float[] from = Floats.of(x);
    chunks.rows(
        batch,
        (long) steps * width + 16,
        (lo, hi) -> {
          for (int b = lo; b < hi; b++) {
            QueryKeys.weightedSum(to, weights, from, b, steps, width);
          }
        });
  }

  @Override
  public void weightedSumBackward(
      Buffer dw, Buffer dx, Buffer dy, Buffer w, Buffer x, int batch, int steps, int width) {
    float[] ofWeights = Floats.of(dw);
    float[] to = Floats.of(dx);
    float[] from = Floats.of(dy);
    float[] weights = Floats.of(w);
    float[] vectors = Floats.of(x);
    chunks.rows(
        batch,
        3L * steps * width + 16,
        (lo, hi) -> {
          for (int row = lo * steps; row < hi * steps; row++) {
            int at = row / steps * width;
            ofWeights[row] = Lanes.dot(from, at, vectors, row * width, width);
            Rows.scale(to, row * width, weights[row], from, at, width);
          }
        });
  }

  @Override
  public void cross(
      Buffer yb, Buffer x0b, Buffer zb, Buffer xb, int rows, int width, boolean perRow) {
    float[] y = Floats.of(yb);
    float[] x0 = Floats.of(x0b);
    float[] z = Floats.of(zb);
    float[] x = Floats.of(xb);
    chunks.rows(
        rows,
        2L * width + 16,
        (lo, hi) -> {
          for (int row = lo; row < hi; row++) {
            if (perRow) {
              Rows.scaleAdd(y, z[row], x0, x, row * width, width);
            } else {
              Rows.multiplyAdd(y, x0, z, x, row * width, width);
            }
          }
        });
  }

  @Override
  public void crossBackward(
      Buffer dx0b,
      Buffer dzb,
      Buffer dyb,
      Buffer x0b,
      Buffer zb,
      int rows,
      int width,
      boolean perRow) {
    float[] dx0 = Floats.of(dx0b);
    float[] dz = Floats.of(dzb);
    float[] dy = Floats.of(dyb);
    float[] x0 = Floats.of(x0b);
    float[] z = Floats.of(zb);
    chunks.rows(
        rows,
        3L * width + 16,
        (lo, hi) -> {
          for (int row = lo; row < hi; row++) {
            int at = row * width;
            if (perRow) {
              Rows.scale(dx0, at, z[row], dy, at, width);
              dz[row] = Lanes.dot(dy, at, x0, at, width);
            } else {
              Rows.products(dx0, dz, dy, x0, z, at, width);
            }
          }
        });
  }
}
