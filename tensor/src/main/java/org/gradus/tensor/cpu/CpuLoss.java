// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.LossKernels;
import org.gradus.tensor.host.Floats;

/// Per-example losses.
final class CpuLoss implements LossKernels {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;
  private static final int COST = 8; // per example, a plain copy being 1

  private final Chunks chunks;

  CpuLoss(Chunks chunks) {
    this.chunks = chunks;
  }

  @Override
  public void crossEntropy(Buffer loss, Buffer logits, Buffer targets, int n) {
    float[] to = Floats.of(loss);
    float[] z = Floats.of(logits);
    float[] t = Floats.of(targets);
    chunks.blocks(n, COST, (lo, hi) -> crossEntropy(to, z, t, lo, hi));
  }

  private static void crossEntropy(float[] loss, float[] z, float[] t, int from, int to) {
    for (int i = from; i < to; i += W) {
      crossEntropy(loss, z, t, i);
    }
  }

  // A step calls a loss once. Vector by vector, its body is called often enough to be compiled
  // within some tens of steps.

  private static void crossEntropy(float[] loss, float[] z, float[] t, int i) {
    FloatVector x = FloatVector.fromArray(S, z, i);
    // Not softplus(z) − z·t: for a confident right answer it would cancel all digits.
    FloatVector positive = x.blend(0f, x.compare(VectorOperators.LE, 0f));
    FloatVector rest = Polynomials.softplus(x.abs().neg()); // ln(1 + e^−|z|)
    positive.sub(x.mul(FloatVector.fromArray(S, t, i))).add(rest).intoArray(loss, i); // (S-3)
  }

  @Override
  public void crossEntropyBackward(
      Buffer dLogits, Buffer dLoss, Buffer logits, Buffer targets, int n) {
    float[] to = Floats.of(dLogits);
    float[] from = Floats.of(dLoss);
    float[] z = Floats.of(logits);
    float[] t = Floats.of(targets);
    chunks.blocks(n, COST, (lo, hi) -> crossEntropyBackward(to, from, z, t, lo, hi));
  }

  private static void crossEntropyBackward(
      float[] dz, float[] dLoss, float[] z, float[] t, int from, int to) {
    for (int i = from; i < to; i += W) {
      crossEntropyBackward(dz, dLoss, z, t, i);
    }
  }

  private static void crossEntropyBackward(float[] dz, float[] dLoss, float[] z, float[] t, int i) {
    Polynomials.sigmoid(FloatVector.fromArray(S, z, i))
        .sub(FloatVector.fromArray(S, t, i))
        .mul(FloatVector.fromArray(S, dLoss, i))
        .intoArray(dz, i);
  }
}
