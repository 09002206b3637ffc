// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.gradus.tests.peers.Losses.Pair;
import org.junit.jupiter.api.Test;

/// Runs with `mvn -Ppeers test`; libtorch is not loaded.
class LossesTest {
  private static final double[] REFERENCE = {0.7, 0.6, 0.5};

  private static Losses of(double[] torch32, double[] torch64, double tables) {
    return new Losses(
        new Pair(new double[] {0.7, 0.6 + 1e-6, 0.5}, REFERENCE),
        Map.of("plain", new Pair(torch32, torch64)),
        Map.of("plain", tables));
  }

  @Test
  void roundingsAgree() {
    double[] narrow = {0.7 - 6e-4, 0.6, 0.5 + 4e-4};
    double[] wide = {0.7 - 6e-10, 0.6, 0.5 + 4e-10};
    assertThatCode(() -> of(narrow, wide, 0.01).check("m")).doesNotThrowAnyException();
  }

  @Test
  void anotherFormulaShowsInFloat64() {
    assertThatThrownBy(() -> of(REFERENCE, new double[] {0.7, 0.6, 0.5 + 1e-9}, 0).check("m"))
        .hasMessageContaining("m, plain in float64: loss of step 3 is 0.500000001");
    assertThatThrownBy(() -> of(REFERENCE, new double[] {0.7, Double.NaN, 0.5}, 0).check("m"))
        .hasMessageContaining("step 2");
  }

  @Test
  void aLossFarFromFloat64IsNotRounding() {
    assertThatThrownBy(() -> of(new double[] {0.7, 0.6, 0.501}, REFERENCE, 0).check("m"))
        .hasMessageContaining("m, plain in float32: loss of step 3");
    assertThatThrownBy(
            () ->
                new Losses(new Pair(new double[] {0.701, 0.6, 0.5}, REFERENCE), Map.of(), Map.of())
                    .check("m"))
        .hasMessageContaining("m, ours in float32: loss of step 1");
  }

  @Test
  void tablesThatWentAnotherWayAreTold() {
    assertThatThrownBy(() -> of(REFERENCE, REFERENCE, 0.2).check("m"))
        .hasMessageContaining("tables differ from ours by 0.200 of the way");
    assertThatThrownBy(() -> of(REFERENCE, REFERENCE, Double.NaN).check("m"))
        .hasMessageContaining("tables");
  }

  @Test
  void linesNameEachVariantWithBothWidths() {
    assertThat(of(REFERENCE, REFERENCE, 0).lines("m").get(1))
        .isEqualTo("m,2,0.600000000000000,0.600001000,plain,0.600000000000000,0.600000000");
  }
}
