// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.gradus.autograd.OpCase.mask;
import static org.gradus.autograd.OpCase.shape;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients of standardisation over rows and over columns.
class NormalizationGradCheckTest {
  private static final double EPSILON = 1e-3;

  @ParameterizedTest
  @MethodSource("cases")
  void gradientsAreRightAndMutantsFail(OpCase c) {
    try (Device reference = Device.open("reference")) {
      c.verify(reference);
    }
  }

  static Stream<OpCase> cases() {
    List<OpCase> cases = new ArrayList<>();
    for (Shape s : List.of(shape(4, 1), shape(5, 3), shape(2, 3, 2))) {
      cases.add(OpCase.of("batchNorm", s, x -> x.batchNorm(null, EPSILON).y()));
    }
    for (Shape s : List.of(shape(5), shape(3, 7), shape(2, 2, 3))) {
      cases.add(OpCase.of("layerNorm", s, x -> x.layerNorm(EPSILON)));
    }
    cases.add(
        OpCase.of("batchNorm of one row", shape(1, 3), x -> x.batchNorm(null, EPSILON).y())
            .zero("x", "of one row it is 0"));
    cases.add(
        OpCase.of("layerNorm of one column", shape(3, 1), x -> x.layerNorm(EPSILON))
            .zero("x", "of one column it is 0"));
    cases.add(
        OpCase.of(
            "batchNorm, rows masked",
            GradCheck.of(0).input("x", shape(7, 2)),
            (m, in) -> in.get("x").batchNorm(mask(m, shape(7), "1101101"), EPSILON).y()));
    cases.add(
        OpCase.of(
                "batchNorm, every row masked",
                GradCheck.of(0).input("x", shape(3, 2)),
                (m, in) -> in.get("x").batchNorm(mask(m, shape(3), "000"), EPSILON).y())
            .zero("x", "masked"));
    cases.add(
        OpCase.of(
            "normalizeColumns",
            GradCheck.of(0).input("x", shape(3, 2)),
            (m, in) ->
                in.get("x")
                    .normalizeColumns(
                        m.tape().scope().upload(shape(2), 0.3, -1.0),
                        m.tape().scope().upload(shape(2), 0.5, 2.0),
                        EPSILON)));
    return cases.stream();
  }
}
