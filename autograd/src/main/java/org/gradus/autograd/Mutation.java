// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.List;

/// An error put into a derivative on purpose, to prove that a gradient check would find it.
///
/// It strikes wherever the operation occurs.
///
/// @param op name of the operation
/// @param input which of its inputs gets the wrong gradient, from 0; −1 for its tables
/// @param kind what is wrong
public record Mutation(String op, int input, Kind kind) {
  /// What is wrong with a gradient.
  public enum Kind {
    /// Its sign.
    SIGN,
    /// A factor of 1.01.
    FACTOR,
    /// It is zero.
    DROP,
    /// The sign of one component, the largest.
    COMPONENT
  }

  /// A gradient that an operation passes to one of its inputs.
  ///
  /// @param op name of the operation
  /// @param input which input, from 0; −1 for the operation's tables
  public record Contribution(String op, int input) {
    /// Every way to get it wrong.
    public List<Mutation> mutations() {
      return java.util.Arrays.stream(Kind.values()).map(k -> new Mutation(op, input, k)).toList();
    }
  }

  boolean strikes(String givingOp, int toInput) {
    return input == toInput && op.equals(givingOp);
  }

  /// Alters the first n numbers of a gradient in place.
  void alter(double[] gradient, int n) {
    switch (kind) {
      case SIGN -> scale(gradient, n, -1);
      case FACTOR -> scale(gradient, n, 1.01);
      case DROP -> scale(gradient, n, 0);
      case COMPONENT -> {
        int largest = 0;
        for (int i = 1; i < n; i++) {
          if (Math.abs(gradient[i]) > Math.abs(gradient[largest])) {
            largest = i;
          }
        }
        if (n > 0) {
          gradient[largest] = -gradient[largest];
        }
      }
    }
  }

  private static void scale(double[] gradient, int n, double factor) {
    for (int i = 0; i < n; i++) {
      gradient[i] *= factor;
    }
  }
}
