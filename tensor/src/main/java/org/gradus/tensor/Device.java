// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// Where numbers live, and the kernels that work on them there.
///
/// Shapes and devices are checked before a kernel is called, and a kernel trusts its arguments. It
/// writes into a buffer that its caller allocated: outputs first, then inputs, then sizes.
///
/// A device is used from one thread at a time; what it runs inside is its own business.
public interface Device extends AutoCloseable {
  /// `reference`, `cpu` or `cuda:0`: what a user wrote after `--device`, made exact.
  String name();

  /// The name, and what its settings made of it: which library, which arithmetic.
  default String description() {
    return name();
  }

  /// The kernel families, a backend's table of contents.
  Kernels kernels();

  /// Whether `REAL` is float64 here.
  boolean float64();

  /// Memory for `elements` values, undefined until written.
  Buffer allocate(Kind kind, int elements);

  /// Takes memory back, for reuse.
  void release(Buffer buffer);

  /// What the device holds and how often memory was reused.
  MemoryUse memory();

  /// Arrays of the host for what steps make there.
  HostArrays host();

  /// A new table of zeros.
  Table table(int rows, int width);

  /// Copies host values into a `REAL` buffer, from its first element.
  void upload(Buffer to, float[] from);

  /// Copies host values into a `REAL` buffer; devices of float32 round.
  void upload(Buffer to, double[] from);

  /// Copies host values into an `INT` buffer.
  void upload(Buffer to, int[] from);

  /// Copies host values (0 or 1) into a `MASK` buffer.
  void upload(Buffer to, byte[] from);

  /// Copies a `REAL` buffer to the host, rounding to float32; waits for pending work.
  void download(float[] to, Buffer from);

  /// Copies a `REAL` buffer to the host in full width; waits for pending work.
  void download(double[] to, Buffer from);

  /// Copies an `INT` buffer to the host; waits for pending work.
  void download(int[] to, Buffer from);

  /// Copies a `MASK` buffer to the host; waits for pending work.
  void download(byte[] to, Buffer from);

  /// Ends the device: its threads, its pool, its context.
  @Override
  void close();

  /// Opens exactly the device asked for, or fails saying what is missing. Never falls back.
  static Device open(String name) {
    return Devices.open(name, DeviceOptions.defaults());
  }

  /// As [#open(String)], with options.
  static Device open(String name, DeviceOptions options) {
    return Devices.open(name, options);
  }
}
