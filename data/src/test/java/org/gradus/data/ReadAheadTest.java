// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadAheadTest {
  private static final int PIECES = 100;

  private int made;

  /// The pieces 0 … 99, squared; reading piece `unreadable` fails, and so does the work on piece `unworkable`.
  private ReadAhead<int[]> squares(int threads, int unreadable, int unworkable) {
    return new ReadAhead<>(
        new ReadAhead.Pieces<>() {
          private int next;

          @Override
          public int[] make() {
            made++;
            return new int[1];
          }

          @Override
          public boolean read(int[] piece) {
            if (next == unreadable) {
              throw new IllegalStateException("unreadable " + next);
            }
            piece[0] = next++;
            return piece[0] < PIECES;
          }

          @Override
          public void work(int[] piece) {
            if (piece[0] == unworkable) {
              throw new IllegalStateException("unworkable " + piece[0]);
            }
            piece[0] *= piece[0];
          }
        },
        threads);
  }

  private static void take(ReadAhead<int[]> from, List<Integer> to) {
    for (int[] piece = from.next(); piece != null; piece = from.next()) {
      to.add(piece[0]);
    }
  }

  private static List<Integer> squares(int n) {
    return IntStream.range(0, n).map(i -> i * i).boxed().toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7})
  void piecesComeInTheirOrderAndAreUsedAgain(int threads) {
    List<Integer> taken = new ArrayList<>();
    try (ReadAhead<int[]> ahead = squares(threads, -1, -1)) {
      take(ahead, taken);
      assertThat(ahead.next()).isNull();
    }
    assertThat(taken).isEqualTo(squares(PIECES));
    assertThat(made).isLessThanOrEqualTo(2 * threads + 2);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7})
  void anErrorComesWhereItStandsWhicheverThreadMeetsItFirst(int threads) {
    List<Integer> taken = new ArrayList<>();
    try (ReadAhead<int[]> ahead = squares(threads, 11, 30)) {
      assertThatThrownBy(() -> take(ahead, taken)).hasMessage("unreadable 11");
    }
    assertThat(taken).isEqualTo(squares(11));
    taken.clear();
    try (ReadAhead<int[]> ahead = squares(threads, 12, 10)) {
      assertThatThrownBy(() -> take(ahead, taken)).hasMessage("unworkable 10");
    }
    assertThat(taken).isEqualTo(squares(10));
  }
}
