// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.gradus.autograd.OpCase.ints;
import static org.gradus.autograd.OpCase.shape;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.gradus.autograd.Recurrent.GruInputs;
import org.gradus.autograd.Recurrent.LstmInputs;
import org.gradus.tensor.Device;
import org.gradus.tensor.RecurrentKernels.Mixing;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients of recurrent layers in all their forms, on rows of all lengths.
class RecurrentGradCheckTest {
  private static final int T = 3;
  private static final int H = 2;

  /// No lengths, and rows of length 0, 1, 2 and T.
  private static final List<int[]> LENGTHS =
      List.of(new int[] {}, new int[] {0, 1, 2, T}, new int[] {T, 1});

  @ParameterizedTest
  @MethodSource({"grus", "lstms"})
  void gradientsAreRightAndMutantsFail(OpCase c) {
    try (Device reference = Device.open("reference")) {
      c.verify(reference);
    }
  }

  static Stream<OpCase> grus() {
    List<OpCase> cases = new ArrayList<>();
    for (Reset reset : Reset.values()) {
      for (Mixing mixing : Mixing.values()) {
        for (int[] lengths : LENGTHS) {
          cases.add(gru(reset, mixing, lengths));
        }
      }
    }
    return cases.stream();
  }

  static Stream<OpCase> lstms() {
    return LENGTHS.stream().map(RecurrentGradCheckTest::lstm);
  }

  static OpCase gru(Reset reset, Mixing mixing, int... lengths) {
    int batch = lengths.length == 0 ? 2 : lengths.length;
    GradCheck check =
        GradCheck.of(0)
            .input("p", shape(batch, T, 3 * H))
            .input("u", shape(H, 3 * H))
            .input("h", shape(batch, H));
    if (reset == Reset.AFTER) {
      check = check.input("b", shape(H));
    }
    if (mixing.attends()) {
      check = check.input("a", shape(batch, T));
    }
    return OpCase.of(
        "gru %s %s %s".formatted(reset, mixing, java.util.Arrays.toString(lengths)),
        check,
        (mode, in) ->
            Recurrent.gru(
                in.get("p"),
                in.get("u"),
                reset,
                mixing,
                new GruInputs(
                    reset == Reset.AFTER ? in.get("b") : null,
                    in.get("h"),
                    mixing.attends() ? in.get("a") : null,
                    lengths(mode, lengths))));
  }

  static OpCase lstm(int... lengths) {
    int batch = lengths.length == 0 ? 2 : lengths.length;
    return OpCase.of(
        "lstm " + java.util.Arrays.toString(lengths),
        GradCheck.of(0)
            .input("p", shape(batch, T, 4 * H))
            .input("u", shape(H, 4 * H))
            .input("h", shape(batch, H))
            .input("c", shape(batch, H)),
        (mode, in) ->
            Recurrent.lstm(
                in.get("p"),
                in.get("u"),
                new LstmInputs(in.get("h"), in.get("c"), lengths(mode, lengths))));
  }

  private static @Nullable Tensor lengths(Mode mode, int... lengths) {
    return lengths.length == 0 ? null : ints(mode, shape(lengths.length), lengths);
  }
}
