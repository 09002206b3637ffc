// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The loops behind the dense half of [CpuUpdate], over elements `from … to−1` in whole blocks of 16.
final class DenseUpdates {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  private DenseUpdates() {}

  private static FloatVector load(float[] x, int i) {
    return FloatVector.fromArray(S, x, i);
  }

  static void sgd(float[] w, float[] g, float rate, int from, int to) {
    for (int i = from; i < to; i += W) {
      Steps.sgd(load(w, i), load(g, i), rate).intoArray(w, i);
    }
  }

  static void momentum(
      float[] w, float[] v, float[] g, float rate, float momentum, int from, int to) {
    for (int i = from; i < to; i += W) {
      FloatVector speed = Steps.velocity(load(v, i), load(g, i), momentum);
      speed.intoArray(v, i);
      Steps.sgd(load(w, i), speed, rate).intoArray(w, i);
    }
  }

  static void nesterov(
      float[] w, float[] v, float[] g, float rate, float momentum, int from, int to) {
    for (int i = from; i < to; i += W) {
      FloatVector slope = load(g, i);
      FloatVector speed = Steps.velocity(load(v, i), slope, momentum);
      speed.intoArray(v, i);
      FloatVector ahead = Steps.velocity(speed, slope, momentum);
      Steps.sgd(load(w, i), ahead, rate).intoArray(w, i);
    }
  }

  static void adagrad(
      float[] w, float[] s, float[] g, float rate, float epsilon, int from, int to) {
    for (int i = from; i < to; i += W) {
      FloatVector slope = load(g, i);
      FloatVector squares = slope.fma(slope, load(s, i));
      squares.intoArray(s, i);
      Steps.adagrad(load(w, i), squares, slope, rate, epsilon).intoArray(w, i);
    }
  }

  static void adam(float[] w, float[] m, float[] v, float[] g, Steps.Adam adam, int from, int to) {
    for (int i = from; i < to; i += W) {
      adam(w, m, v, g, adam, i);
    }
  }

  // A method of its own: of a bias it is one call in a step, and the loop around it would not be
  // compiled for hundreds of steps.
  private static void adam(float[] w, float[] m, float[] v, float[] g, Steps.Adam adam, int i) {
    FloatVector slope = load(g, i);
    FloatVector first = adam.first(load(m, i), slope);
    FloatVector second = adam.second(load(v, i), slope);
    first.intoArray(m, i);
    second.intoArray(v, i);
    adam.weight(load(w, i), first, second).intoArray(w, i);
  }

  static void ftrl(float[] w, float[] z, float[] s, float[] g, Steps.Ftrl ftrl, int from, int to) {
    for (int i = from; i < to; i += W) {
      FloatVector slope = load(g, i);
      FloatVector before = load(s, i);
      FloatVector after = ftrl.squares(before, slope);
      FloatVector score = ftrl.score(load(z, i), slope, load(w, i), before, after);
      after.intoArray(s, i);
      score.intoArray(z, i);
      ftrl.weight(score, after).intoArray(w, i);
    }
  }
}
