// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Tensor;

/// Tells a gradient check on which side of its kinks an operation is. Does nothing, at no cost, when none watches.
final class Kinks {
  private Kinks() {}

  /// The side of each x: its sign, or for a clip whether it lies below, inside or above.
  static void unary(Tape tape, String name, Unary op, Tensor x, double p, double q) {
    if (!tape.probe().watchesBranches()) {
      return;
    }
    switch (op) {
      // Not smooth in the second derivative either, so ELU counts for every p.
      case ABS, RELU, LEAKY_RELU, ELU -> tape.probe().branch(name, sides(x, 0, 0));
      case CLIP -> tape.probe().branch(name, sides(x, p, q));
      default -> {}
    }
  }

  private static int[] sides(Tensor x, double lo, double hi) {
    double[] values = x.toDoubles();
    int[] sides = new int[values.length];
    for (int i = 0; i < sides.length; i++) {
      sides[i] = values[i] < lo ? -1 : values[i] > hi ? 1 : 0;
    }
    return sides;
  }

  /// Which of two operands was taken.
  static void mask(Tape tape, String name, Tensor mask) {
    if (!tape.probe().watchesBranches()) {
      return;
    }
    boolean[] taken = mask.toBooleans();
    int[] sides = new int[taken.length];
    for (int i = 0; i < sides.length; i++) {
      sides[i] = taken[i] ? 1 : 0;
    }
    tape.probe().branch(name, sides);
  }

  /// Where the maximum was.
  static void places(Tape tape, String name, Tensor argmax) {
    if (tape.probe().watchesBranches()) {
      tape.probe().branch(name, argmax.toInts());
    }
  }
}
