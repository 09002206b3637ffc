// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// A device could not do what it was asked for, though nothing was wrong with that: its memory is full, or it failed.
public class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /// @param message what could not be done, why, and what to do about it
  public DeviceException(String message) {
    super(message);
  }

  private DeviceException(String message, DeviceException cause) {
    super(message, cause);
  }

  /// The same with what it was asked for before its message: an operation and the shape of its result, a table.
  public final DeviceException during(String what) {
    return new DeviceException(what + ": " + getMessage(), this);
  }

  /// The same with a sentence behind its message: what else to do.
  public final DeviceException advising(String sentence) {
    return new DeviceException(getMessage() + " " + sentence, this);
  }
}
