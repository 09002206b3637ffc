// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;

class ScenarioRowsTest {
  /// Scenario 1 of four has no row; rows of the others come mixed.
  @Test
  void rowsGoApartAndComeBackInTheirOrder() {
    int[] scenarios = {2, 0, 3, 2, 2, 0};
    try (Device device = Device.open("reference");
        Tape tape = Tape.recording(device)) {
      Var x =
          tape.constant(Shape.of(6, 2), 10f, 11f, 20f, 21f, 30f, 31f, 40f, 41f, 50f, 51f, 60f, 61f);
      ScenarioRows rows = new ScenarioRows(scenarios, 4, tape);
      List<Integer> seen = new ArrayList<>();
      List<Var> parts = new ArrayList<>();
      for (ScenarioRows.Group g : rows.groups()) {
        seen.add(g.scenario());
        parts.add(g.of(x).add(g.scenario() * 1000.0));
      }
      assertThat(seen).containsExactly(0, 2, 3);
      assertThat(rows.groups().stream().map(ScenarioRows.Group::size)).containsExactly(2, 3, 1);
      assertThat(parts.get(1).value().toDoubles())
          .containsExactly(2010, 2011, 2040, 2041, 2050, 2051);
      assertThat(rows.inOrder(parts).value().toDoubles())
          .containsExactly(2010, 2011, 20, 21, 3030, 3031, 2040, 2041, 2050, 2051, 60, 61);
    }
  }
}
