// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Counter;
import org.gradus.tensor.RandomKernels;
import org.gradus.tensor.host.Doubles;

/// Counter-based random numbers.
final class ReferenceRandom implements RandomKernels {
  @Override
  public void uniform(Buffer yb, long key, int n) {
    double[] y = Doubles.of(yb);
    for (int i = 0; i < n; i++) {
      y[i] = Counter.uniform(key, i);
    }
  }

  @Override
  public void dropout(Buffer yb, long key, double keep, int n) {
    double[] y = Doubles.of(yb);
    for (int i = 0; i < n; i++) {
      y[i] = Counter.uniform(key, i) < keep ? 1 / keep : 0;
    }
  }
}
