// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.List;
import org.gradus.tensor.Counter;

/// Which derivatives of one tensor are taken: along every axis, or along random directions when it is large.
final class Plan {
  private final Target target;
  private final boolean directions;
  private final long seed;
  private final int size;
  private List<Integer> pending = new ArrayList<>();

  Plan(Target target, GradCheck.Settings settings) {
    this.target = target;
    this.seed = settings.seed();
    int n = target.shape().elements();
    this.directions = n > settings.extent().coordinates();
    for (int i = 0; i < (directions ? settings.extent().directions() : n); i++) {
      if (directions || !target.fixed(i)) {
        pending.add(i);
      }
    }
    this.size = pending.size();
  }

  Target target() {
    return target;
  }

  /// Number of derivatives.
  int size() {
    return size;
  }

  boolean directions() {
    return directions;
  }

  /// The coordinates, or numbers of directions, whose derivative is still to be taken.
  List<Integer> pending() {
    return pending;
  }

  /// What is left for another point.
  void postpone(List<Integer> again) {
    pending = again;
  }

  /// A random unit vector ±1/√n, zero where numbers are fixed: moving along it changes a sum as little as moving one
  /// coordinate does.
  double[] direction(int number) {
    long key = Counter.key(Counter.key(Counter.key(seed, "direction"), target.path()), number);
    double[] v = new double[target.shape().elements()];
    int free = 0;
    for (int i = 0; i < v.length; i++) {
      if (!target.fixed(i)) {
        v[i] = Counter.bits(key, i) < 0 ? -1 : 1;
        free++;
      }
    }
    double length = Math.sqrt(free);
    for (int i = 0; i < v.length; i++) {
      v[i] /= length;
    }
    return v;
  }
}
