// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class SourceFileTest {
  private static final String SOURCE =
      """
      package p;

      /// A layer (Zhou et al. 2018): it adds. And more.
      ///
      /// ```
      /// y = f(x) + b            (A-1), where it starts
      /// z = y²                  (A-2, B-2)
      /// ```
      ///
      /// Unlike (A-9) of others.
      final class Layer {
        Var forward(Var x) {
          String brackets = "({;";
          Var y =
              x.add(tape.use(b)) // [B]
                  .add(1); // (A-1)
          for (int i = 0; i < 3; i++) {
            y = y.square(); // (A-2), per turn
          }
          return switch (kind) {
            case SUM -> y.sum(0);
            case EACH -> apply((v, w) -> v == null ? w : v.add(w));
          };
        }
      }
      """;

  /// What is said of a class reads without its source.
  @Test
  void linksAndWhatTheyAnnounceAreLeftOut() {
    String text =
        """
        /// The layer of [Pnn], after [#forward] of `[B, N]`, see [arXiv:1](https://a.b):
        ///
        /// ```
        /// y = x (A-1)
        /// z = y  (A-2)
        /// ```
        final class Layer {}
        """;
    assertThat(SourceFile.parse(text.lines().toList()).about())
        .containsExactly(
            "The layer of Pnn, after forward of `[B, N]`, see [arXiv:1](https://a.b).");
    String unnumbered = text.replaceAll(" +\\(A-.\\)", "");
    assertThat(SourceFile.parse(unnumbered.lines().toList()).about())
        .containsExactly(
            "The layer of Pnn, after forward of `[B, N]`, see [arXiv:1](https://a.b):",
            "y = x",
            "z = y");
  }

  private final SourceFile source = SourceFile.parse(SOURCE.lines().toList());

  private Statement at(int line) {
    return Objects.requireNonNull(source.statement(line));
  }

  @Test
  void aStatementHasAllItsLines() {
    for (int line = 14; line <= 16; line++) {
      assertThat(at(line))
          .isEqualTo(new Statement(14, "Var y = x.add(tape.use(b)).add(1)", "[B]; (A-1)", false));
    }
    assertThat(at(14).shown(false)).isEqualTo("y = x.add(b).add(1)");
  }

  @Test
  void aLoopRepeatsWhatItHolds() {
    assertThat(at(18)).isEqualTo(new Statement(18, "y = y.square()", "(A-2), per turn", true));
    assertThat(at(21).repeats()).isFalse();
  }

  @Test
  void ofACaseOrALambdaTheBodyIsShown() {
    assertThat(at(21).shown(false)).isEqualTo("y.sum(0)");
    assertThat(at(22).shown(true)).isEqualTo("v == null ? w : v.add(w)");
  }

  @Test
  void bracketsInAStringCountForNothing() {
    assertThat(at(13).code()).isEqualTo("String brackets = \"({;\"");
  }

  @Test
  void equationsAreFoundByTheirNumbers() {
    assertThat(source.equation("A-1")).containsExactly("y = f(x) + b");
    assertThat(source.equation("A-2")).containsExactly("z = y²");
    assertThat(source.equation("B-2")).containsExactly("z = y²");
    assertThat(source.equation("A-9")).isEmpty();
    assertThat(SourceFile.numbers("[B, (F+1)]  (DI-1, DI-2), then (2)"))
        .isEqualTo(List.of("DI-1", "DI-2", "2"));
    assertThat(SourceFile.numbers("[B, f, k]  (FB-1) to (FB-4), not (FB-7) and (FB-9)"))
        .isEqualTo(List.of("FB-1", "FB-2", "FB-3", "FB-4", "FB-7", "FB-9"));
    assertThat(SourceFile.numbers("(A-1) to (B-3)")).isEqualTo(List.of("A-1", "B-3"));
    assertThat(source.numbered()).containsExactlyInAnyOrder("A-1", "A-2", "B-2");
  }

  @Test
  void theFirstSentenceSaysWhatTheClassIs() {
    assertThat(source.about()).containsExactly("A layer (Zhou et al. 2018): it adds.");
  }
}
