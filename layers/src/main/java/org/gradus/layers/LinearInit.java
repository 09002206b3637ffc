// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.Initializer;
import org.gradus.autograd.Initializers;

/// How a fully connected layer starts.
public enum LinearInit {
  /// W uniform in ±√(6/(in+out)), b = 0 (Glorot, Bengio 2010): the default of this library.
  XAVIER,
  /// W and b uniform in ±1/√in: what PyTorch, and so TorchRec, does.
  PYTORCH,
  /// W normal with variance 2/(in+out), b normal with variance 1/out: the scripts of the DLRM paper.
  DLRM_ORIGINAL;

  /// Initial values of W `[in, out]`.
  public Initializer weight(int in, int out) {
    return switch (this) {
      case XAVIER -> Initializers.xavierUniform();
      case PYTORCH -> Initializers.uniformOverRoot(in);
      case DLRM_ORIGINAL -> Initializers.normal(StrictMath.sqrt(2.0 / (in + out)));
    };
  }

  /// Initial values of b `[out]`.
  public Initializer bias(int in, int out) {
    return switch (this) {
      case XAVIER -> Initializers.zeros();
      case PYTORCH -> Initializers.uniformOverRoot(in);
      case DLRM_ORIGINAL -> Initializers.normal(StrictMath.sqrt(1.0 / out));
    };
  }
}
