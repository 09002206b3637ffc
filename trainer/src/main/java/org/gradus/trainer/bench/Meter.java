// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

/// What the kernels of a [MeteredDevice] did, summed since it was opened: one count per kind of work, and the time inside it.
public final class Meter {
  private long lookupNanos;
  private final Work products = new Work();
  private final Work moves = new Work();

  /// One kind of work.
  private static final class Work {
    private double amount;
    private long nanos;
  }

  /// A reading. The difference of two is what happened between them.
  ///
  /// @param lookupNanos time inside the gathering of table rows
  /// @param flops additions and multiplications of matrix products, fully connected and recurrent layers and dot interactions
  /// @param productNanos time inside them
  /// @param bytes read and written by lookups, by the summing of row gradients and by the updates of optimisers
  /// @param moveNanos time inside them
  public record Reading(
      long lookupNanos, double flops, long productNanos, double bytes, long moveNanos) {
    /// What happened since an earlier reading.
    public Reading since(Reading earlier) {
      return new Reading(
          lookupNanos - earlier.lookupNanos,
          flops - earlier.flops,
          productNanos - earlier.productNanos,
          bytes - earlier.bytes,
          moveNanos - earlier.moveNanos);
    }
  }

  /// Everything so far.
  public Reading read() {
    return new Reading(lookupNanos, products.amount, products.nanos, moves.amount, moves.nanos);
  }

  /// Time inside the gathering of table rows so far.
  long lookupNanos() {
    return lookupNanos;
  }

  /// A product of so many floating-point operations, begun at this time.
  void product(double flops, long begun) {
    products.amount += flops;
    products.nanos += System.nanoTime() - begun;
  }

  /// So many bytes read and written, begun at this time.
  void move(double bytes, long begun) {
    moves.amount += bytes;
    moves.nanos += System.nanoTime() - begun;
  }

  /// As [#move], of rows that a forward pass looks up.
  void lookup(double bytes, long begun) {
    long taken = System.nanoTime() - begun;
    moves.amount += bytes;
    moves.nanos += taken;
    lookupNanos += taken;
  }
}
