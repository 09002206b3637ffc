// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.gradus.autograd.Masks.End;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MasksTest {
  private final Bench bench = new Bench();
  private final Scope scope = bench.tape.scope();

  @AfterEach
  void close() {
    bench.close();
  }

  private static String bits(Tensor mask) {
    StringBuilder bits = new StringBuilder();
    for (boolean b : mask.toBooleans()) {
      bits.append(b ? '1' : '0');
    }
    return bits.toString();
  }

  @Test
  void aSequenceMaskIsTrueBeforeTheEnd() {
    Tensor mask = Masks.sequenceMask(scope, new int[] {2, 2, 4}, 6);
    assertThat(mask.shape()).isEqualTo(Shape.of(3, 6));
    assertThat(bits(mask)).isEqualTo("110000" + "110000" + "111100");
    Tensor nested = Masks.sequenceMask(scope, Shape.of(2, 2), new int[] {0, 1, 2, 3}, 3);
    assertThat(nested.shape()).isEqualTo(Shape.of(2, 2, 3));
    assertThat(bits(nested)).isEqualTo("000100110111");
    assertThatThrownBy(() -> Masks.sequenceMask(scope, new int[] {2, 7}, 6))
        .hasMessage(
            "sequenceMask: length 7 at position 1. Expected lengths from 0 to 6; cut longer lists"
                + " with padSequences.");
  }

  @Test
  void listsArePaddedAndCutAtEitherEnd() {
    int[][] lists = {{2, 3, 4}, {}, {5, 6, 7, 8, 9}};
    assertThat(Masks.padSequences(new int[][] {{2, 3, 4}}, 10))
        .containsExactly(2, 3, 4, 0, 0, 0, 0, 0, 0, 0);
    assertThat(Masks.padSequences(lists, 4)).containsExactly(2, 3, 4, 0, 0, 0, 0, 0, 6, 7, 8, 9);
    assertThat(Masks.padSequences(lists, 4, End.PRE, End.POST, -1))
        .containsExactly(-1, 2, 3, 4, -1, -1, -1, -1, 5, 6, 7, 8);
    assertThat(Masks.padSequences(lists, 2, End.PRE, End.PRE, 0)).containsExactly(3, 4, 0, 0, 8, 9);
    assertThat(Masks.padSequences(lists, 2, End.POST, End.POST, 0))
        .containsExactly(2, 3, 0, 0, 5, 6);
  }

  @Test
  void bandsAndLogic() {
    assertThat(bits(Masks.band(scope, 4, 5, 2, 1)))
        .isEqualTo("11000" + "11100" + "11110" + "01111");
    Tensor causal = Masks.band(scope, 3, 3, -1, 0);
    assertThat(bits(causal)).isEqualTo("100" + "110" + "111");
    Tensor keys = bench.mask(Shape.of(2, 1, 3), 1, 1, 0, 0, 1, 1);
    Tensor both = Masks.and(scope, causal, keys);
    assertThat(both.shape()).isEqualTo(Shape.of(2, 3, 3));
    assertThat(bits(both)).isEqualTo("100110110" + "000010011");
    assertThat(bits(Masks.not(scope, causal))).isEqualTo("011" + "001" + "000");
    Tensor x = scope.upload(Shape.of(2, 2), 0.0, -1.0, 1e-300, -0.0);
    assertThat(bits(Masks.nonZero(scope, x))).isEqualTo("0110");
    assertThat(Masks.toReal(scope, causal).toDoubles()).containsExactly(1, 0, 0, 1, 1, 0, 1, 1, 1);
    assertThatThrownBy(() -> Masks.not(scope, bench.ints(1)))
        .hasMessage("not: a mask of kind INT. Expected kind MASK, true for real elements.");
  }
}
