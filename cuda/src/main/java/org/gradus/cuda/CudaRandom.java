// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.RandomKernels;

/// Random numbers from a counter: `random.cu`.
final class CudaRandom implements RandomKernels {
  private final Launch launch;
  private final Kernel uniform;
  private final Kernel dropout;

  CudaRandom(CudaDevice device) {
    launch = device.launch();
    Module module = device.module("random");
    uniform = module.kernel("uniform");
    dropout = module.kernel("dropout");
  }

  @Override
  public void uniform(Buffer y, long key, int n) {
    launch.of(uniform).buffer(y).big(key).number(n).each(n);
  }

  @Override
  public void dropout(Buffer y, long key, double keep, int n) {
    launch.of(dropout).buffer(y).big(key).wide(keep).real(1 / keep).number(n).each(n);
  }
}
