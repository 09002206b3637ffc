// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.RecurrentKernels.Mixing;

/// Recurrent layers written once more, one row after another, with bounds for every number.
final class RecurrentOracle {
  /// What goes in.
  ///
  /// @param extra b′ of a GRU under a reset after the product, or else empty; c₀ `[B, H]` of an LSTM
  record Case(
      int batch,
      int time,
      int width,
      float[] projected,
      float[] u,
      float[] initial,
      int[] lengths,
      float[] attention,
      float[] extra,
      float[] dy) {}

  private final Case c;
  private final int gates;
  private final int stride;
  final Approx[] y;
  final Approx[] dProjected;
  final Approx[] dInitial;
  final Approx[] dExtra;
  final Approx[] dAttention;
  private final Approx.Sum[] du;
  private final Approx.Sum[] dBias;

  private RecurrentOracle(Case c, int gates, int stride) {
    this.c = c;
    this.gates = gates;
    this.stride = stride;
    y = zeros(c.batch * stride * c.width);
    dProjected = zeros(c.batch * c.time * gates * c.width);
    dInitial = zeros(c.batch * c.width);
    dExtra = zeros(c.extra.length);
    dAttention = zeros(c.batch * c.time);
    du = sums(c.width * gates * c.width);
    dBias = sums(c.width);
  }

  /// A distance from the exact result that the errors explain.
  static Bound bound(Approx[] numbers) {
    return (i, exact) -> numbers[i].error();
  }

  Approx[] weights() {
    return Arrays.stream(du).map(Approx.Sum::result).toArray(Approx[]::new);
  }

  Approx[] bias() {
    return Arrays.stream(dBias).map(Approx.Sum::result).toArray(Approx[]::new);
  }

  private static Approx[] zeros(int n) {
    Approx[] zeros = new Approx[n];
    Arrays.fill(zeros, Approx.exact(0));
    return zeros;
  }

  private static Approx.Sum[] sums(int n) {
    Approx.Sum[] sums = new Approx.Sum[n];
    Arrays.setAll(sums, _ -> new Approx.Sum());
    return sums;
  }

  /// One step of a row: what its derivative needs.
  private record GruStep(Approx[] h, Approx[] u, Approx[] r, Approx[] n, Approx[] q) {}

  static RecurrentOracle gru(Case c, boolean after, Mixing mixing) {
    RecurrentOracle oracle = new RecurrentOracle(c, 3, c.time);
    for (int b = 0; b < c.batch; b++) {
      List<GruStep> steps = new ArrayList<>();
      Approx[] h = Approx.exact(c.initial, b * c.width, c.width);
      for (int t = 0; t < c.time; t++) {
        if (t < c.lengths[b]) {
          GruStep step = oracle.gruStep(b, t, h, after);
          steps.add(step);
          h = h.clone();
          for (int j = 0; j < c.width; j++) {
            Approx w = oracle.share(mixing, b, t, step.u[j]);
            h[j] = h[j].towards(step.n[j], w);
          }
        }
        System.arraycopy(h, 0, oracle.y, (b * c.time + t) * c.width, c.width);
      }
      oracle.gruBack(b, steps, after, mixing);
    }
    return oracle;
  }

  private double alpha(int b, int t) {
    return c.attention.length == 0 ? 0 : c.attention[b * c.time + t];
  }

  private Approx slope(Mixing mixing, int b, int t) {
    double slope = mixing.slope(alpha(b, t));
    return new Approx(slope, Bound.U * Math.abs(slope));
  }

  private Approx share(Mixing mixing, int b, int t, Approx u) {
    return Approx.exact(mixing.offset(alpha(b, t))).plus(slope(mixing, b, t).times(u));
  }

  private GruStep gruStep(int b, int t, Approx[] h, boolean after) {
    int width = c.width;
    Approx[] p = Approx.exact(c.projected, (b * c.time + t) * 3 * width, 3 * width);
    GruStep step = new GruStep(h, new Approx[width], new Approx[width], zeros(width), zeros(width));
    for (int j = 0; j < width; j++) {
      step.u[j] = product(h, 0, j, p[j]).sigmoid();
      step.r[j] = product(h, 1, j, p[width + j]).sigmoid();
    }
    for (int j = 0; j < width; j++) {
      double bias = c.extra.length == 0 ? 0 : c.extra[j];
      step.q[j] = after ? product(h, 2, j, Approx.exact(bias)) : step.r[j].times(h[j]);
    }
    for (int j = 0; j < width; j++) {
      Approx pn = p[2 * width + j];
      Approx a = after ? pn.plus(step.r[j].times(step.q[j])) : product(step.q, 2, j, pn);
      step.n[j] = a.tanh();
    }
    return step;
  }

  private void gruBack(int b, List<GruStep> steps, boolean after, Mixing mixing) {
    int width = c.width;
    Approx[] d = zeros(width);
    for (int t = c.time - 1; t >= 0; t--) {
      addGradient(d, b, t);
      if (t >= steps.size()) {
        continue;
      }
      GruStep s = steps.get(t);
      Approx[][] da = new Approx[3][width];
      Approx[] through = new Approx[width];
      Approx.Sum attention = new Approx.Sum();
      for (int j = 0; j < width; j++) {
        Approx dw = d[j].times(s.n[j].minus(s.h[j]));
        Approx w = share(mixing, b, t, s.u[j]);
        Approx dn = d[j].times(w);
        da[0][j] = dw.times(slope(mixing, b, t)).times(s.u[j]).times(s.u[j].complement());
        da[2][j] = dn.times(s.n[j].times(s.n[j]).complement());
        through[j] = d[j].less(w);
        Approx byAttention =
            Approx.exact(mixing.offsetByAttention())
                .plus(Approx.exact(mixing.slopeByAttention()).times(s.u[j]));
        attention.add(dw.times(byAttention));
      }
      dAttention[b * c.time + t] = attention.result();
      Approx[] right = da[2].clone(); // of the recurrent product of the candidate
      for (int j = 0; j < width; j++) {
        Approx dr = da[2][j].times(s.q[j]);
        if (after) {
          right[j] = da[2][j].times(s.r[j]);
          dBias[j].add(right[j]);
        } else {
          Approx dq = transposed(da[2], 2, j).result();
          dr = dq.times(s.h[j]);
          through[j] = through[j].plus(dq.times(s.r[j]));
        }
        da[1][j] = dr.times(s.r[j]).times(s.r[j].complement());
      }
      for (int gate = 0; gate < 3; gate++) {
        System.arraycopy(da[gate], 0, dProjected, ((b * c.time + t) * 3 + gate) * width, width);
      }
      da[2] = right;
      d = back(da, through, s.h, after ? s.h : s.q, after);
    }
    System.arraycopy(d, 0, dInitial, b * width, width);
  }

  /// Adds hᵀ da to the gradient of U, and gives δ of the step before.
  private Approx[] back(
      Approx[][] da, Approx[] through, Approx[] h, Approx[] left, boolean candidate) {
    int width = c.width;
    Approx[] d = new Approx[width];
    for (int i = 0; i < width; i++) {
      Approx.Sum sum = new Approx.Sum();
      sum.add(through[i]);
      for (int gate = 0; gate < gates; gate++) {
        boolean last = gate == 2 && gates == 3;
        for (int j = 0; j < width; j++) {
          Approx from = last ? left[i] : h[i];
          du[(i * gates + gate) * width + j].add(from.times(da[gate][j]));
          if (!last || candidate) {
            sum.add(da[gate][j].times(u(i, gate, j)));
          }
        }
      }
      d[i] = sum.result();
    }
    return d;
  }

  private void addGradient(Approx[] d, int b, int t) {
    for (int j = 0; j < c.width; j++) {
      d[j] = d[j].plus(Approx.exact(c.dy[(b * stride + t) * c.width + j]));
    }
  }

  private record LstmStep(Approx[] h, Approx[] cell, Approx[][] gates, Approx[] tanh) {}

  static RecurrentOracle lstm(Case c) {
    RecurrentOracle oracle = new RecurrentOracle(c, 4, c.time + 1);
    int width = c.width;
    for (int b = 0; b < c.batch; b++) {
      List<LstmStep> steps = new ArrayList<>();
      Approx[] h = Approx.exact(c.initial, b * width, width);
      Approx[] cell = Approx.exact(c.extra, b * width, width);
      for (int t = 0; t < c.time; t++) {
        if (t < c.lengths[b]) {
          LstmStep step = new LstmStep(h, cell, new Approx[4][width], new Approx[width]);
          Approx[] p = Approx.exact(c.projected, (b * c.time + t) * 4 * width, 4 * width);
          h = h.clone();
          cell = cell.clone();
          for (int j = 0; j < width; j++) {
            for (int gate = 0; gate < 4; gate++) {
              Approx a = oracle.product(step.h, gate, j, p[gate * width + j]);
              step.gates[gate][j] = gate == 2 ? a.tanh() : a.sigmoid();
            }
            Approx added = step.gates[0][j].times(step.gates[2][j]);
            cell[j] = step.gates[1][j].times(cell[j]).plus(added);
            step.tanh[j] = cell[j].tanh();
            h[j] = step.gates[3][j].times(step.tanh[j]);
          }
          steps.add(step);
        }
        System.arraycopy(h, 0, oracle.y, (b * oracle.stride + t) * width, width);
      }
      System.arraycopy(cell, 0, oracle.y, (b * oracle.stride + c.time) * width, width);
      oracle.lstmBack(b, steps);
    }
    return oracle;
  }

  private void lstmBack(int b, List<LstmStep> steps) {
    int width = c.width;
    Approx[] d = zeros(width);
    Approx[] dc = zeros(width);
    addGradient(dc, b, c.time);
    for (int t = c.time - 1; t >= 0; t--) {
      addGradient(d, b, t);
      if (t >= steps.size()) {
        continue;
      }
      LstmStep s = steps.get(t);
      Approx[][] da = new Approx[4][width];
      for (int j = 0; j < width; j++) {
        Approx i = s.gates[0][j];
        Approx f = s.gates[1][j];
        Approx g = s.gates[2][j];
        Approx o = s.gates[3][j];
        Approx slope = s.tanh[j].times(s.tanh[j]).complement();
        Approx all = dc[j].plus(d[j].times(o).times(slope));
        da[0][j] = all.times(g).times(i).times(i.complement());
        da[1][j] = all.times(s.cell[j]).times(f).times(f.complement());
        da[2][j] = all.times(i).times(g.times(g).complement());
        da[3][j] = d[j].times(s.tanh[j]).times(o).times(o.complement());
        dc[j] = all.times(f);
      }
      for (int gate = 0; gate < 4; gate++) {
        System.arraycopy(da[gate], 0, dProjected, ((b * c.time + t) * 4 + gate) * width, width);
      }
      d = back(da, zeros(width), s.h, s.h, true);
    }
    System.arraycopy(d, 0, dInitial, b * width, width);
    System.arraycopy(dc, 0, dExtra, b * width, width);
  }

  private Approx u(int i, int gate, int j) {
    return Approx.exact(c.u[(i * gates + gate) * c.width + j]);
  }

  /// from + Σ h U, in any order
  private Approx product(Approx[] h, int gate, int j, Approx from) {
    Approx.Sum sum = new Approx.Sum();
    sum.add(from);
    for (int i = 0; i < c.width; i++) {
      sum.add(h[i].times(u(i, gate, j)));
    }
    return sum.result();
  }

  private Approx.Sum transposed(Approx[] d, int gate, int i) {
    Approx.Sum sum = new Approx.Sum();
    for (int j = 0; j < c.width; j++) {
      sum.add(d[j].times(u(i, gate, j)));
    }
    return sum;
  }
}
