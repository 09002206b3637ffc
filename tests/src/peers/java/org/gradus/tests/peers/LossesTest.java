// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

/// Runs with `mvn -Ppeers test`; libtorch is not loaded.
class LossesTest {
  private static final double[] REFERENCE = {0.7, 0.6, 0.5};
  private static final double[] OURS = {0.7, 0.6 + 1e-6, 0.5};

  private static Losses of(double[] torch, double tables) {
    return new Losses(REFERENCE, OURS, Map.of("plain", torch), Map.of("plain", tables));
  }

  @Test
  void boundsGrowWithTheLargestDistanceSoFar() {
    double u = 0x1p-24;
    double d = OURS[1] - REFERENCE[1];
    assertThat(of(OURS, 0).bounds())
        .containsExactly(16 * u * 0.7, 8 * d + 16 * u * 0.6, 8 * d + 16 * u * 0.5);
  }

  @Test
  void roundingsAgree() {
    assertThatCode(() -> of(new double[] {0.7 - 6e-7, 0.6 - 8e-6, 0.5 + 8e-6}, 0.01).check("m"))
        .doesNotThrowAnyException();
  }

  @Test
  void oneLossOutsideItsBoundIsToldWithItsStep() {
    assertThatThrownBy(() -> of(new double[] {0.7, 0.6, 0.50002}, 0).check("m"))
        .hasMessageContaining("m, plain: loss of step 3 is 0.500020000, in float64 0.500000000");
    assertThatThrownBy(() -> of(new double[] {0.7, 0.6, Double.NaN}, 0).check("m"))
        .hasMessageContaining("step 3");
  }

  @Test
  void tablesThatWentAnotherWayAreTold() {
    assertThatThrownBy(() -> of(OURS, 0.2).check("m"))
        .hasMessageContaining("tables differ from ours by 0.200 of the way");
    assertThatThrownBy(() -> of(OURS, Double.NaN).check("m")).hasMessageContaining("tables");
  }

  @Test
  void lossesThatHardlyMoveProveNothing() {
    double[] still = {0.7, 0.7, 0.7};
    assertThatThrownBy(() -> new Losses(still, still, Map.of(), Map.of()).check("m"))
        .hasMessageContaining("agreement proves nothing");
  }
}
