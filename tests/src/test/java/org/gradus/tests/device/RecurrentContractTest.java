// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import static org.gradus.tests.device.RecurrentOracle.bound;

import java.util.Arrays;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.RecurrentKernels.Gru;
import org.gradus.tensor.RecurrentKernels.GruGradients;
import org.gradus.tensor.RecurrentKernels.LstmGradients;
import org.gradus.tensor.RecurrentKernels.Mixing;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.RecurrentKernels.Sequences;
import org.gradus.tensor.RecurrentKernels.Size;
import org.gradus.tests.device.RecurrentOracle.Case;

class RecurrentContractTest {
  /// batch, time, width: no rows, no steps, around the tiles of rows and the vectors, more steps than are taken at once,
  /// more tiles than parts of a gradient, and states of several vectors.
  private static final int[][] SIZES = {
    {0, 3, 2},
    {2, 0, 3},
    {1, 1, 1},
    {3, 4, 5},
    {12, 2, 16},
    {13, 2, 17},
    {25, 23, 2},
    {205, 2, 3},
    {13, 3, 40},
    {5, 22, 100}
  };

  /// Everything but the bias of a GRU's candidate, drawn; a third of the rows is empty, another full.
  private static Case draw(int[] size, int gates, int extra, boolean attends) {
    int batch = size[0];
    int time = size[1];
    int width = size[2];
    int[] lengths = Samples.ids(5, batch, time + 1);
    for (int b = 0; b < batch; b++) {
      lengths[b] = b % 3 == 0 ? time : b % 3 == 1 ? 0 : lengths[b];
    }
    float[] u = Samples.normal(2, width * gates * width);
    for (int i = 0; i < u.length; i++) {
      u[i] *= 0.5f / width; // so that errors shrink from step to step
    }
    float[] attention = Samples.positive(4, attends ? batch * time : 0);
    for (int i = 0; i < attention.length; i++) {
      attention[i] /= 2.1f; // up to 1: beyond, errors would grow from step to step
    }
    return new Case(
        batch,
        time,
        width,
        Samples.normal(1, batch * time * gates * width),
        u,
        Samples.normal(3, batch * width),
        lengths,
        attention,
        Samples.normal(6, extra),
        Samples.normal(7, batch * (gates == 3 ? time : time + 1) * width));
  }

  private static Sequences sequences(Side side, Case c) {
    return new Sequences(
        side.real(c.projected()),
        side.real(c.u()),
        side.real(c.initial()),
        side.ints(c.lengths()),
        new Size(c.batch(), c.time(), c.width()));
  }

  @OnEveryDevice
  void gruAndItsBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] size : SIZES) {
        gru(twin, size, Reset.AFTER, Mixing.KEEP);
        gru(twin, size, Reset.BEFORE, Mixing.ATTENTION_UPDATE);
      }
      for (Reset reset : Reset.values()) {
        for (Mixing mixing : Mixing.values()) {
          gru(twin, new int[] {7, 4, 3}, reset, mixing);
        }
      }
    }
  }

  private static void gru(Twin twin, int[] size, Reset reset, Mixing mixing) {
    boolean after = reset == Reset.AFTER;
    Case c = draw(size, 3, after ? size[2] : 0, mixing.attends());
    RecurrentOracle oracle = RecurrentOracle.gru(c, after, mixing);
    twin.compare(
        "gru %s %s of %s".formatted(reset, mixing, Arrays.toString(size)),
        side -> {
          var kernels = side.kernels().recurrent();
          Sequences x = sequences(side, c);
          Gru gru =
              new Gru(
                  reset,
                  mixing,
                  after ? side.real(c.extra()) : null,
                  mixing.attends() ? side.real(c.attention()) : null);
          Buffer y = side.blank(c.dy().length);
          Buffer kept = side.blank(kernels.gruKept(x.size()));
          kernels.gru(y, kept, x, gru);
          side.result(y, bound(oracle.y));
          Buffer dProjected = side.blank(c.projected().length);
          Buffer du = side.blank(c.u().length);
          Buffer dInitial = side.blank(c.initial().length);
          Buffer dBias = after ? side.blank(c.width()) : null;
          Buffer dAttention = mixing.attends() ? side.blank(c.attention().length) : null;
          GruGradients to = new GruGradients(dProjected, du, dInitial, dBias, dAttention);
          kernels.gruBackward(to, side.real(c.dy()), y, kept, x, gru);
          side.result(dProjected, bound(oracle.dProjected));
          side.result(du, bound(oracle.weights()));
          side.result(dInitial, bound(oracle.dInitial));
          if (dBias != null) {
            side.result(dBias, bound(oracle.bias()));
          }
          if (dAttention != null) {
            side.result(dAttention, bound(oracle.dAttention));
          }
        });
  }

  @OnEveryDevice
  void lstmAndItsBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] size : SIZES) {
        Case c = draw(size, 4, size[0] * size[2], false);
        RecurrentOracle oracle = RecurrentOracle.lstm(c);
        twin.compare(
            "lstm of " + Arrays.toString(size),
            side -> {
              var kernels = side.kernels().recurrent();
              Sequences x = sequences(side, c);
              Buffer y = side.blank(c.dy().length);
              Buffer kept = side.blank(kernels.lstmKept(x.size()));
              kernels.lstm(y, kept, x, side.real(c.extra()));
              side.result(y, bound(oracle.y));
              Buffer dProjected = side.blank(c.projected().length);
              Buffer du = side.blank(c.u().length);
              Buffer dInitial = side.blank(c.initial().length);
              Buffer dCell = side.blank(c.extra().length);
              LstmGradients to = new LstmGradients(dProjected, du, dInitial, dCell);
              kernels.lstmBackward(to, side.real(c.dy()), y, kept, x);
              side.result(dProjected, bound(oracle.dProjected));
              side.result(du, bound(oracle.weights()));
              side.result(dInitial, bound(oracle.dInitial));
              side.result(dCell, bound(oracle.dExtra));
            });
      }
    }
  }
}
