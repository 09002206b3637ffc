// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

/// The driver refused something, or a kernel failed. The device is of no use after a failed kernel.
public final class GpuException extends RuntimeException {
  private static final long serialVersionUID = 1;

  GpuException(String message) {
    super(message);
  }
}
