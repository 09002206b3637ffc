// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.sessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.gradus.data.sessions.SessionDivision.Order;
import org.gradus.data.sessions.SessionDivision.Pause;
import org.junit.jupiter.api.Test;

class SessionDivisionTest {
  private static final long[] TIMES = {0, 600, 2400, 4201, 4300, 9000};
  private static final long LATER = 1_000_000;

  /// The times of the behaviours of each session.
  private static List<List<Long>> times(SessionDivision division, long[] times, long before) {
    return division.divide(times, before).stream()
        .map(s -> Arrays.stream(s).mapToObj(i -> times[i]).toList())
        .toList();
  }

  private static SessionDivision with(
      boolean inclusive, int min, int sessions, int length, Order order) {
    return new SessionDivision(new Pause(1800, inclusive), min, sessions, length, order);
  }

  @Test
  void theWorkedExample() {
    assertThat(times(SessionDivision.PAPER, TIMES, LATER))
        .containsExactly(List.of(0L, 600L, 2400L), List.of(4201L, 4300L), List.of(9000L));
    assertThat(times(with(true, 1, 5, 10, Order.OLDEST_FIRST), TIMES, LATER))
        .containsExactly(List.of(0L, 600L), List.of(2400L), List.of(4201L, 4300L), List.of(9000L));
  }

  @Test
  void shortSessionsAreDroppedAndTheLatestStay() {
    assertThat(times(with(false, 3, 5, 10, Order.OLDEST_FIRST), TIMES, LATER))
        .containsExactly(List.of(0L, 600L, 2400L));
    assertThat(times(with(false, 2, 1, 10, Order.OLDEST_FIRST), TIMES, LATER))
        .containsExactly(List.of(4201L, 4300L));
    assertThat(times(with(false, 1, 2, 1, Order.OLDEST_FIRST), TIMES, LATER))
        .containsExactly(List.of(4300L), List.of(9000L));
    // A session's length is counted before it is cut.
    assertThat(times(with(false, 3, 5, 2, Order.OLDEST_FIRST), TIMES, LATER))
        .containsExactly(List.of(600L, 2400L));
    assertThat(times(with(false, 1, 2, 10, Order.NEWEST_FIRST), TIMES, LATER))
        .containsExactly(List.of(9000L), List.of(4201L, 4300L));
  }

  /// A sample builder that takes a user's latest sessions takes some from after the label.
  @Test
  void sessionsAfterTheLabelAreNotRead() {
    assertThat(times(SessionDivision.PAPER, TIMES, 4300))
        .containsExactly(List.of(0L, 600L, 2400L), List.of(4201L));
    assertThat(times(SessionDivision.PAPER, TIMES, 0)).isEmpty();
    // Whatever is added at the moment of the example, or later, changes nothing.
    long[] more = {0, 600, 2400, 4201, 4300, 4300, 4301, 9000, 90_000};
    assertThat(times(SessionDivision.PAPER, more, 4300))
        .isEqualTo(times(SessionDivision.PAPER, TIMES, 4300));
  }

  @Test
  void behavioursAreSortedAndThoseOfOneMomentKeepTheirOrder() {
    long[] times = {9000, 600, 0, 600, 600};
    assertThat(SessionDivision.PAPER.divide(times, LATER))
        .usingElementComparator(Arrays::compare)
        .containsExactly(new int[] {2, 1, 3, 4}, new int[] {0});
    assertThat(SessionDivision.PAPER.divide(new long[0], LATER)).isEmpty();
  }

  @Test
  void whatDoesNotFitIsRefused() {
    assertThatThrownBy(() -> new Pause(-1, false))
        .hasMessage("sessions: a pause of -1. Expected at least 0.");
    assertThatThrownBy(() -> with(false, 0, 1, 1, Order.OLDEST_FIRST))
        .hasMessageContaining("Expected at least 1 each.");
  }
}
