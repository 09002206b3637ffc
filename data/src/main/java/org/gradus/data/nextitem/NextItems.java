// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.nextitem;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.longs.LongArrays;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.data.Split;
import org.gradus.tensor.Counter;

/// Examples of what comes next, after the section on label and context selection of Covington et al. (RecSys 2016).
///
/// 1. Rows are sorted by time, then item; exact duplicates count once.
/// 2. A watch is a positive if `seconds ≥ max(minSeconds, minFraction · length)`, and whenever seconds are not known. All watches
///    count, whatever led to them.
/// 3. Each positive of a user but the first is a label; its history is what came strictly before it, the newest `maxHistory`,
///    oldest first. What happened in the same second is not before.
/// 4. No user has more than so many training examples, so that all weigh about the same.
/// 5. Search tokens are those from before the label, in the order of their ids: which query came last is not told.
///
/// The order of the log does not matter.
///
/// @param examples by user, and by time
/// @param duplicates rows that were left out
/// @param cappedUsers users that had more training examples than allowed
public record NextItems(List<Example> examples, int duplicates, int cappedUsers) {

  /// One example.
  ///
  /// @param user whose it is
  /// @param history items, oldest first
  /// @param tokens of searches before the label, each as often as it was used, by id
  /// @param item the label
  /// @param time of the label
  /// @param split what it is used for
  public record Example(int user, int[] history, int[] tokens, int item, long time, Split split) {}

  /// What makes an example.
  ///
  /// @param minSeconds of a positive
  /// @param minFraction of its length
  /// @param maxHistory items of a history, 50 in the paper
  /// @param context what the history of a training example is
  /// @param dropLastQuery whether the tokens of the user's last search before the label are left out: they say what he looked for
  public record Rules(
      double minSeconds,
      double minFraction,
      int maxHistory,
      Context context,
      boolean dropLastQuery) {
    /// Everything counts, histories of 50.
    public static final Rules PAPER = new Rules(0, 0, 50, Context.BEFORE, false);

    /// Checks the ranges.
    public Rules {
      if (!(minSeconds >= 0) || !(minFraction >= 0 && minFraction <= 1) || maxHistory < 1) {
        throw new IllegalArgumentException(
            "next items: minSeconds "
                + minSeconds
                + ", minFraction "
                + minFraction
                + ", maxHistory "
                + maxHistory
                + ". Expected at least 0, 0 to 1, and at least 1.");
      }
    }
  }

  /// What the history of a training example is.
  public enum Context {
    /// what came before the label
    BEFORE,
    /// all training positives but the label, from both sides of it: it shows how much a leak flatters, and nothing else
    RANDOM_HELD_OUT
  }

  /// How many training examples a user may have.
  ///
  /// @param most 0 for any number
  /// @param keep which ones stay
  public record Cap(int most, Keep keep) {
    /// Any number.
    public static final Cap NONE = new Cap(0, Keep.NEWEST);
  }

  /// Which training examples of a user stay.
  public enum Keep {
    /// the newest
    NEWEST,
    /// drawn by seed and user
    RANDOM
  }

  /// Which examples are for what.
  ///
  /// @param by what they are divided by
  /// @param testPercent of positives, rounded up
  /// @param validPercent of positives, rounded up
  public record Division(By by, int testPercent, int validPercent) {
    /// The last of each user, and the one before.
    public static final Division LAST_OUT = new Division(By.LAST_OUT, 0, 0);
  }

  /// What examples are divided by.
  public enum By {
    /// the last positives of each user are test examples, those before them validation examples
    USER,
    /// the last positive of each user is a test example, the one before it a validation example
    LAST_OUT,
    /// two moments for all users: training before validation before test
    TIME
  }

  /// Cuts a log into examples.
  ///
  /// @param seed of [Keep#RANDOM]
  public static NextItems of(WatchLog log, Rules rules, Division division, Cap cap, long seed) {
    int[] rows = sorted(log);
    IntArrayList kept = new IntArrayList();
    int duplicates = 0;
    for (int i = 0; i < rows.length; i++) {
      if (i > 0 && same(log, rows[i - 1], rows[i])) {
        duplicates++;
      } else if (positive(log, rows[i], rules)) {
        kept.add(rows[i]);
      }
    }
    Cutting cutting = new Cutting(log, rules, cap, seed, new Searches(log));
    long[] moments = division.by == By.TIME ? moments(log, kept, division) : new long[0];
    for (int from = 0; from < kept.size(); ) {
      int user = log.users.getInt(kept.getInt(from));
      int to = from;
      while (to < kept.size() && log.users.getInt(kept.getInt(to)) == user) {
        to++;
      }
      int[] own = kept.subList(from, to).toIntArray();
      cutting.add(own, splits(log, own, division, moments));
      from = to;
    }
    return new NextItems(List.copyOf(cutting.examples), duplicates, cutting.capped);
  }

  /// Rows by user, time and item; the longer of two watches first, so that of duplicates it is the one that stays.
  private static int[] sorted(WatchLog log) {
    int[] rows = new int[log.size()];
    Arrays.setAll(rows, i -> i);
    IntArrays.stableSort(
        rows,
        (a, b) -> {
          int c = Integer.compare(log.users.getInt(a), log.users.getInt(b));
          c = c != 0 ? c : Long.compare(log.times.getLong(a), log.times.getLong(b));
          c = c != 0 ? c : Integer.compare(log.items.getInt(a), log.items.getInt(b));
          return c != 0 ? c : Double.compare(log.seconds.getDouble(b), log.seconds.getDouble(a));
        });
    return rows;
  }

  private static boolean same(WatchLog log, int a, int b) {
    return log.users.getInt(a) == log.users.getInt(b)
        && log.items.getInt(a) == log.items.getInt(b)
        && log.times.getLong(a) == log.times.getLong(b);
  }

  private static boolean positive(WatchLog log, int row, Rules rules) {
    double seconds = log.seconds.getDouble(row);
    double length = log.lengths.getDouble(row);
    double least = Double.isNaN(length) ? 0 : rules.minFraction * length;
    return Double.isNaN(seconds) || seconds >= Math.max(rules.minSeconds, least);
  }

  /// The first moments of validation and test. Positives of one moment are on one side of it.
  private static long[] moments(WatchLog log, IntArrayList rows, Division d) {
    long[] times = new long[rows.size()];
    Arrays.setAll(times, i -> log.times.getLong(rows.getInt(i)));
    LongArrays.stableSort(times);
    int test = roundedUp(times.length, d.testPercent);
    int valid = Math.min(times.length - test, roundedUp(times.length, d.validPercent));
    long end = times.length == 0 ? 0 : times[times.length - 1] + 1;
    long tests = test == 0 ? end : times[times.length - test];
    return new long[] {valid == 0 ? tests : times[times.length - test - valid], tests};
  }

  private static Split[] splits(WatchLog log, int[] rows, Division d, long[] moments) {
    int n = rows.length;
    int test = d.by == By.USER ? roundedUp(n, d.testPercent) : 1;
    int valid = d.by == By.USER ? roundedUp(n, d.validPercent) : 1;
    Split[] splits = new Split[n];
    for (int i = 0; i < n; i++) {
      long time = log.times.getLong(rows[i]);
      boolean late = d.by == By.TIME ? time >= moments[1] : i >= n - test;
      boolean later = d.by == By.TIME ? time >= moments[0] : i >= n - test - valid;
      splits[i] = late ? Split.TEST : later ? Split.VALID : Split.TRAIN;
    }
    return splits;
  }

  private static int roundedUp(int rows, int percent) {
    return (int) (((long) rows * percent + 99) / 100);
  }

  /// Tokens by user and time.
  private static final class Searches {
    private final WatchLog log;
    private final int[] rows;

    Searches(WatchLog log) {
      this.log = log;
      rows = new int[log.searches()];
      Arrays.setAll(rows, i -> i);
      IntArrays.stableSort(
          rows,
          (a, b) -> {
            int c = Integer.compare(log.searchers.getInt(a), log.searchers.getInt(b));
            return c != 0
                ? c
                : Long.compare(log.searchTimes.getLong(a), log.searchTimes.getLong(b));
          });
    }

    /// Tokens that a user searched with before a moment, by id.
    ///
    /// @param dropLast without those of the last search
    int[] before(int user, long time, boolean dropLast) {
      IntArrayList found = new IntArrayList();
      int first = first(user, Long.MIN_VALUE);
      int end = first(user, time);
      if (dropLast && end > first) {
        end = first(user, log.searchTimes.getLong(rows[end - 1]));
      }
      for (int i = first; i < end; i++) {
        found.add(log.tokens.getInt(rows[i]));
      }
      int[] tokens = found.toIntArray();
      Arrays.sort(tokens);
      return tokens;
    }

    /// The first place of the user from this moment on.
    private int first(int user, long time) {
      int low = 0;
      int high = rows.length;
      while (low < high) {
        int middle = (low + high) >>> 1;
        int other = log.searchers.getInt(rows[middle]);
        boolean before =
            other < user || (other == user && log.searchTimes.getLong(rows[middle]) < time);
        low = before ? middle + 1 : low;
        high = before ? high : middle;
      }
      return low;
    }
  }

  /// Examples, as they come.
  private static final class Cutting {
    private final WatchLog log;
    private final Rules rules;
    private final Cap cap;
    private final long seed;
    private final Searches searches;
    private final List<Example> examples = new ArrayList<>();
    private int capped;

    Cutting(WatchLog log, Rules rules, Cap cap, long seed, Searches searches) {
      this.log = log;
      this.rules = rules;
      this.cap = cap;
      this.seed = seed;
      this.searches = searches;
    }

    /// The examples of one user.
    ///
    /// @param rows his positives by time
    void add(int[] rows, Split[] splits) {
      IntArrayList training = new IntArrayList();
      for (int i = 1; i < rows.length; i++) {
        if (splits[i] == Split.TRAIN) {
          training.add(i);
        }
      }
      int[] chosen = training.toIntArray();
      if (cap.most > 0 && chosen.length > cap.most) {
        capped++;
        chosen = some(chosen, log.users.getInt(rows[0]));
      }
      for (int i : chosen) {
        add(rows, splits, i);
      }
      for (int i = 1; i < rows.length; i++) {
        if (splits[i] != Split.TRAIN) {
          add(rows, splits, i);
        }
      }
    }

    private int[] some(int[] places, int user) {
      int from = places.length - cap.most;
      if (cap.keep == Keep.NEWEST) {
        return Arrays.copyOfRange(places, from, places.length);
      }
      long key = Counter.key(Counter.key(seed, "examples of users"), user);
      int[] order = places.clone();
      IntArrays.stableSort(
          order, (a, b) -> Long.compare(Counter.bits(key, a), Counter.bits(key, b)));
      int[] drawn = Arrays.copyOf(order, cap.most);
      Arrays.sort(drawn);
      return drawn;
    }

    private void add(int[] rows, Split[] splits, int i) {
      int user = log.users.getInt(rows[i]);
      long time = log.times.getLong(rows[i]);
      examples.add(
          new Example(
              user,
              history(rows, splits, i),
              searches.before(user, time, rules.dropLastQuery),
              log.items.getInt(rows[i]),
              time,
              splits[i]));
    }

    private int[] history(int[] rows, Split[] splits, int i) {
      boolean leaks = rules.context == Context.RANDOM_HELD_OUT && splits[i] == Split.TRAIN;
      IntArrayList newestFirst = new IntArrayList();
      for (int p = leaks ? rows.length - 1 : i - 1;
          p >= 0 && newestFirst.size() < rules.maxHistory;
          p--) {
        boolean before = log.times.getLong(rows[p]) < log.times.getLong(rows[i]);
        if (leaks ? p != i && splits[p] == Split.TRAIN : before) {
          newestFirst.add(log.items.getInt(rows[p]));
        }
      }
      int[] history = newestFirst.toIntArray();
      IntArrays.reverse(history);
      return history;
    }
  }
}
