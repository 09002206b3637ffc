// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.nextitem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.gradus.data.Split;
import org.gradus.data.nextitem.NextItems.By;
import org.gradus.data.nextitem.NextItems.Cap;
import org.gradus.data.nextitem.NextItems.Context;
import org.gradus.data.nextitem.NextItems.Division;
import org.gradus.data.nextitem.NextItems.Example;
import org.gradus.data.nextitem.NextItems.Keep;
import org.gradus.data.nextitem.NextItems.Rules;
import org.gradus.tensor.Counter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The rules and invariants of retrieval, sections 1 and 3. In random logs an item's number is its time, so that histories tell when
/// they happened.
class NextItemsTest {
  private static final Division EIGHTY = new Division(By.USER, 10, 10);

  private static NextItems of(WatchLog log, Division division) {
    return NextItems.of(log, Rules.PAPER, division, Cap.NONE, 1);
  }

  private static List<String> text(NextItems examples) {
    List<String> lines = new ArrayList<>();
    for (Example e : examples.examples()) {
      lines.add(
          e.user() + " " + Arrays.toString(e.history()) + " " + e.item() + " " + e.split().word());
    }
    return lines;
  }

  /// Twelve users with 2 to 40 watches at times below 300, some in the same second; item = 1000 · user + time.
  private static List<int[]> random() {
    List<int[]> rows = new ArrayList<>();
    for (int user = 0; user < 12; user++) {
      int n = 2 + (int) Counter.below(3, user, 39);
      for (int i = 0; i < n; i++) {
        int time = (int) Counter.below(Counter.key(4, user), i, 300);
        rows.add(new int[] {user, 1000 * user + time, time});
      }
    }
    return rows;
  }

  private static WatchLog log(List<int[]> rows) {
    WatchLog log = new WatchLog();
    rows.forEach(r -> log.add(r[0], r[1], r[2]));
    return log;
  }

  @Test
  void byHand() {
    WatchLog log = new WatchLog();
    for (int[] row :
        new int[][] {{7, 40, 4}, {7, 10, 1}, {9, 50, 2}, {7, 31, 3}, {7, 30, 3}, {7, 60, 6}}) {
      log.add(row[0], row[1], row[2]);
    }
    log.add(7, 10, 1); // once more
    NextItems found = of(log, Division.LAST_OUT);
    assertThat(text(found))
        .containsExactly(
            "7 [10] 30 train", // the first positive is no label; 31, of the same second, is not
            // before
            "7 [10] 31 train",
            "7 [10, 30, 31] 40 valid",
            "7 [10, 30, 31, 40] 60 test");
    assertThat(found.duplicates()).isEqualTo(1);
    assertThat(found.cappedUsers()).isZero();
  }

  @Test
  void aWatchCountsWhenItWasLongEnough() {
    WatchLog log = new WatchLog();
    log.add(1, 10, 1, 30, 100);
    log.add(1, 11, 2, 29, 20); // below 30 seconds
    log.add(1, 12, 3, 60, 200); // 30 % of its length
    log.add(1, 13, 4, 90, 200);
    log.add(1, 14, 5); // nobody knows
    log.add(1, 15, 6, 40, Double.NaN); // nobody knows of what
    Rules rules = new Rules(30, 0.4, 50, Context.BEFORE, false);
    NextItems found = NextItems.of(log, rules, new Division(By.USER, 0, 0), Cap.NONE, 1);
    assertThat(text(found)).containsExactly("1 [13] 14 train", "1 [13, 14] 15 train");
    assertThatThrownBy(() -> log.add(1, 1, 1, -1, 5)).hasMessageContaining("-1.0 of 5.0 seconds");
    assertThatThrownBy(() -> new Rules(0, 2, 50, Context.BEFORE, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("minFraction 2.0");
  }

  @ParameterizedTest
  @EnumSource
  void noHistoryKnowsWhatCameLater(By by) {
    int cut = 0;
    Rules rules = new Rules(0, 0, 7, Context.BEFORE, false);
    Division division = new Division(by, 15, 10);
    List<Example> examples = NextItems.of(log(random()), rules, division, Cap.NONE, 1).examples();
    assertThat(examples).hasSizeGreaterThan(100);
    for (Example e : examples) {
      int[] all =
          random().stream()
              .filter(r -> r[0] == e.user() && r[2] < e.time())
              .mapToInt(r -> r[1])
              .distinct()
              .sorted()
              .toArray();
      // the newest, oldest first
      int[] newest = Arrays.copyOfRange(all, Math.max(0, all.length - 7), all.length);
      assertThat(e.history()).isEqualTo(newest);
      cut += all.length > 7 ? 1 : 0;
    }
    assertThat(cut).isPositive();
  }

  @ParameterizedTest
  @EnumSource
  void theOrderOfTheLogDoesNotMatter(By by) {
    List<int[]> rows = random();
    Division division = new Division(by, 15, 10);
    List<String> expected = text(of(log(rows), division));
    Collections.reverse(rows);
    assertThat(text(of(log(rows), division))).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource
  void splitsFollowTime(By by) {
    Map<Integer, Map<Split, List<Long>>> byUser = new HashMap<>();
    for (Example e : of(log(random()), new Division(by, 15, 10)).examples()) {
      int user = by == By.TIME ? 0 : e.user(); // two moments for all
      byUser
          .computeIfAbsent(user, _ -> new HashMap<>())
          .computeIfAbsent(e.split(), _ -> new ArrayList<>())
          .add(e.time());
    }
    byUser.forEach(
        (user, splits) -> {
          List<Long> train = splits.getOrDefault(Split.TRAIN, List.of());
          List<Long> valid = splits.getOrDefault(Split.VALID, List.of());
          List<Long> test = splits.getOrDefault(Split.TEST, List.of());
          if (by == By.TIME) {
            assertThat(Collections.max(train)).isLessThan(Collections.min(valid));
            assertThat(Collections.max(valid)).isLessThan(Collections.min(test));
          } else {
            // within a second, the smaller item comes first
            valid.forEach(v -> train.forEach(t -> assertThat(t).isLessThanOrEqualTo(v)));
            test.forEach(v -> train.forEach(t -> assertThat(t).isLessThanOrEqualTo(v)));
          }
          if (by == By.LAST_OUT) {
            assertThat(test).as("user %d", user).hasSize(1);
          }
        });
  }

  /// Users with one to six watches of items of their own, at so few times that several fall into one second.
  private static List<int[]> few() {
    List<int[]> rows = new ArrayList<>();
    for (int user = 0; user < 120; user++) {
      for (int i = 0; i <= user % 6; i++) {
        int time = (int) Counter.below(Counter.key(5, user), i, 1 + user / 6 % 4);
        int item = 100 * user + (int) Counter.below(Counter.key(6, user), i, 9) * 10 + i;
        rows.add(new int[] {user, item, time});
      }
    }
    return rows;
  }

  /// Of a user's watches, by time and, within a second, by item, the last is for the test and the one before for validation; the
  /// first is no label. With one there is nothing, with two a test, with three both and nothing to train on.
  @Test
  void theLastIsForTheTestAndTheOneBeforeForValidation() {
    Map<Integer, List<Example>> byUser = new HashMap<>();
    for (Example e : of(log(few()), Division.LAST_OUT).examples()) {
      byUser.computeIfAbsent(e.user(), _ -> new ArrayList<>()).add(e);
    }
    int together = 0;
    for (int u = 0; u < 120; u++) {
      int user = u;
      List<int[]> watches =
          few().stream()
              .filter(r -> r[0] == user)
              .sorted(Comparator.<int[]>comparingInt(r -> r[2]).thenComparingInt(r -> r[1]))
              .toList();
      List<String> expected = new ArrayList<>();
      for (int i = 1; i < watches.size(); i++) {
        int behind = watches.size() - 1 - i;
        Split split = behind == 0 ? Split.TEST : behind == 1 ? Split.VALID : Split.TRAIN;
        expected.add(watches.get(i)[1] + " " + split);
        together += watches.get(i)[2] == watches.get(i - 1)[2] ? 1 : 0;
      }
      assertThat(byUser.getOrDefault(user, List.of()))
          .extracting(e -> e.item() + " " + e.split())
          .as("user %d, %d watches", user, watches.size())
          .containsExactlyElementsOf(expected);
    }
    assertThat(together).isGreaterThan(50);
  }

  @Test
  void sharesOfAUserAreRoundedUp() {
    WatchLog log = new WatchLog();
    IntStream.range(0, 11).forEach(i -> log.add(1, i, i));
    List<Example> examples = of(log, EIGHTY).examples();
    assertThat(examples.stream().filter(e -> e.split() == Split.TEST)).hasSize(2);
    assertThat(examples.stream().filter(e -> e.split() == Split.VALID)).hasSize(2);
    assertThat(examples).hasSize(10); // all but the first
  }

  @ParameterizedTest
  @EnumSource
  void noUserHasMoreTrainingExamplesThanAllowed(Keep keep) {
    List<Example> all = of(log(random()), EIGHTY).examples();
    NextItems capped = NextItems.of(log(random()), Rules.PAPER, EIGHTY, new Cap(5, keep), 1);
    int over = 0;
    for (int user = 0; user < 12; user++) {
      int u = user;
      List<Example> own = all.stream().filter(e -> e.user() == u && train(e)).toList();
      List<Example> kept =
          capped.examples().stream().filter(e -> e.user() == u && train(e)).toList();
      assertThat(kept).hasSize(Math.min(5, own.size()));
      over += own.size() > 5 ? 1 : 0;
      if (keep == Keep.NEWEST) {
        assertThat(kept.stream().map(Example::item))
            .containsExactlyElementsOf(
                own.subList(Math.max(0, own.size() - 5), own.size()).stream()
                    .map(Example::item)
                    .toList());
      }
    }
    assertThat(capped.cappedUsers()).isEqualTo(over).isPositive();
    assertThat(capped.examples().stream().filter(e -> !train(e)))
        .hasSize((int) all.stream().filter(e -> !train(e)).count());
    NextItems other = NextItems.of(log(random()), Rules.PAPER, EIGHTY, new Cap(5, keep), 2);
    assertThat(text(other).equals(text(capped))).isEqualTo(keep == Keep.NEWEST);
  }

  private static boolean train(Example e) {
    return e.split() == Split.TRAIN;
  }

  /// What it is there to show: with a label taken out of the middle, most histories hold what came later.
  @Test
  void aRandomlyHeldOutLabelSeesItsFuture() {
    Rules leaky = new Rules(0, 0, 50, Context.RANDOM_HELD_OUT, false);
    List<Example> examples = NextItems.of(log(random()), leaky, EIGHTY, Cap.NONE, 1).examples();
    long sees =
        examples.stream()
            .filter(NextItemsTest::train)
            .filter(e -> Arrays.stream(e.history()).anyMatch(i -> i > e.item()))
            .count();
    assertThat(sees).isGreaterThan(examples.stream().filter(NextItemsTest::train).count() / 2);
    for (Example e : examples) {
      assertThat(e.history()).doesNotContain(e.item());
      if (!train(e)) {
        assertThat(Arrays.stream(e.history()))
            .allMatch(i -> i < e.item()); // measured as it would be served
      }
    }
  }

  @Test
  void searchesAfterTheLabelAreNotKnown() {
    WatchLog log = new WatchLog();
    log.add(1, 10, 10);
    log.add(1, 20, 20);
    log.add(2, 10, 15);
    log.add(2, 20, 25);
    log.search(1, 9, 19); // two tokens of one search
    log.search(1, 5, 19);
    log.search(1, 7, 3);
    log.search(1, 5, 2);
    log.search(1, 4, 20); // in the second of the label
    log.search(1, 3, 30);
    log.search(2, 8, 1);
    Division none = new Division(By.USER, 0, 0);
    List<Example> all = of(log, none).examples();
    assertThat(all.get(0).tokens()).containsExactly(5, 5, 7, 9);
    assertThat(all.get(1).tokens()).containsExactly(8);
    Rules drops = new Rules(0, 0, 50, Context.BEFORE, true);
    List<Example> some = NextItems.of(log, drops, none, Cap.NONE, 1).examples();
    assertThat(some.get(0).tokens()).containsExactly(5, 7);
    assertThat(some.get(1).tokens()).isEmpty();
  }

  // Example age

  @Test
  void agesOfTheSpecification() {
    ExampleAge age = new ExampleAge(100, 250);
    assertThat(age.of(100) * 150).isEqualTo(150);
    assertThat(age.of(160) * 150).isEqualTo(90);
    assertThat(age.of(250)).isZero();
    assertThat(age.of(400)).as("later than training").isZero();
    assertThat(new ExampleAge(5, 5).of(5)).isZero();
    assertThatThrownBy(() -> new ExampleAge(6, 5)).isInstanceOf(IllegalArgumentException.class);
  }

  /// t_max is that of training labels alone, and a shift of all times changes no age.
  @Test
  void agesDependOnTrainingAndOnDifferencesAlone() {
    List<Example> examples = of(log(random()), EIGHTY).examples();
    ExampleAge age = ExampleAge.of(examples);
    assertThat(age.latest())
        .isEqualTo(
            examples.stream()
                .filter(NextItemsTest::train)
                .mapToLong(Example::time)
                .max()
                .orElseThrow());
    List<int[]> later = random().stream().map(r -> new int[] {r[0], r[1], r[2] + 5000}).toList();
    List<Example> shifted = of(log(later), EIGHTY).examples();
    ExampleAge other = ExampleAge.of(shifted);
    assertThat(shifted.stream().map(e -> other.of(e.time())).toList())
        .isEqualTo(examples.stream().map(e -> age.of(e.time())).toList());
    assertThatThrownBy(() -> ExampleAge.of(List.of())).isInstanceOf(IllegalArgumentException.class);
  }
}
