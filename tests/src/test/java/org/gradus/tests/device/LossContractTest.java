// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Counter;

/// Losses and random numbers.
class LossContractTest {
  @OnEveryDevice
  void crossEntropyAndItsBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int n : Samples.sizes()) {
        float[] z = Samples.normal(1, n);
        float[] t = new float[n];
        float[] far = {0f, -0f, 30f, -30f, 100f, -100f, 10_000f, -10_000f};
        for (int i = 0; i < n; i++) {
          z[i] = i % 5 == 0 ? far[i / 5 % far.length] : 4 * z[i];
          t[i] = i % 3 == 2 ? 0.25f : i % 3;
        }
        float[] dy = Samples.normal(2, n);
        twin.compare(
            "crossEntropy of " + n,
            side -> {
              Buffer logits = side.real(z);
              Buffer targets = side.real(t);
              Buffer loss = side.blank(n);
              side.kernels().loss().crossEntropy(loss, logits, targets, n);
              side.result(
                  loss,
                  (i, exact) -> {
                    double tail = Math.log1p(Math.exp(-Math.abs(z[i])));
                    return Bound.U
                        * (2 * Math.max(z[i], 0)
                            + 2 * Math.abs(z[i] * t[i])
                            + (Bound.ELEMENTARY + 2) * tail);
                  });
              Buffer dz = side.blank(n);
              side.kernels().loss().crossEntropyBackward(dz, side.real(dy), logits, targets, n);
              side.result(
                  dz,
                  (i, exact) -> {
                    double p = 1 / (1 + Math.exp(-z[i]));
                    return Bound.U * (Bound.ELEMENTARY * p * Math.abs(dy[i]) + 2 * Math.abs(exact));
                  });
            });
      }
    }
  }

  @OnEveryDevice
  void uniform(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int n : Samples.sizes()) {
        for (long key : new long[] {0, 1, -1, Counter.key(7, "dropout"), Long.MIN_VALUE}) {
          twin.compare(
              "uniform of " + n + " under " + key,
              side -> {
                Buffer y = side.blank(n);
                side.kernels().random().uniform(y, key, n);
                side.exact(y);
              });
        }
      }
    }
  }

  @OnEveryDevice
  void dropout(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int n : Samples.sizes()) {
        for (double keep : new double[] {0.5, 0.9, 0.1, 1, 0x1p-10}) {
          twin.compare(
              "dropout of " + n + " keeping " + keep,
              side -> {
                Buffer y = side.blank(n);
                side.kernels().random().dropout(y, n, keep, n);
                side.result(y, Bound.relative(2)); // 1/keep, of a rounded keep
              });
        }
      }
    }
  }

  /// Where float32 rounds keep onto a draw, or past it, the decision is still that of the exact numbers.
  @OnEveryDevice
  void dropoutDecidesExactlyAtTheEdge(DeviceUnderTest device) {
    float draw = Counter.uniform(5, 3);
    try (Twin twin = device.open()) {
      for (double keep :
          new double[] {draw, Math.nextUp((double) draw), Math.nextDown((double) draw)}) {
        twin.compare(
            "dropout keeping " + keep,
            side -> {
              Buffer y = side.blank(17);
              side.kernels().random().dropout(y, 5, keep, 17);
              side.result(y, Bound.relative(2));
            });
      }
    }
  }
}
