// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Coverage by brute force: every combination of samples is tried, and the pairs in those that can be built must occur. Where there are too
/// many, combinations are drawn for each pair instead: what one of them shows to be possible must occur.
class CoveringArrayTest {
  private static final long MOST = 200_000; // combinations that are tried all
  private static final int DRAWS = 200; // for each pair of values

  static List<ModelSpec> models() {
    return Models.all();
  }

  /// Every pair of values, and every value, in some combinations.
  private static Set<String> pairs(List<Option> options, List<Map<String, String>> rows) {
    Set<String> found = new TreeSet<>();
    for (Map<String, String> row : rows) {
      for (Option a : options) {
        for (Option b : options) {
          found.add(a.name() + "=" + row.get(a.name()) + " " + b.name() + "=" + row.get(b.name()));
        }
      }
    }
    return found;
  }

  private static List<Map<String, String>> product(ModelSpec spec) {
    List<Map<String, String>> rows = List.of(Map.of());
    for (Option o : spec.options()) {
      List<Map<String, String>> more = new ArrayList<>();
      for (Map<String, String> row : rows) {
        for (String sample : o.samples()) {
          Map<String, String> longer = new HashMap<>(row);
          longer.put(o.name(), sample);
          more.add(longer);
        }
      }
      rows = more;
    }
    return rows.stream().filter(r -> spec.conflict(spec.settings(r)) == null).toList();
  }

  private static void assertCovers(ModelSpec spec, List<Map<String, String>> rows) {
    assertThat(rows)
        .allSatisfy(row -> assertThat(spec.conflict(spec.settings(row))).isNull())
        .doesNotHaveDuplicates();
    Set<String> found = pairs(spec.options(), rows);
    if (combinations(spec) <= MOST) {
      assertThat(found).isEqualTo(pairs(spec.options(), product(spec)));
    } else {
      Set<String> possible = drawn(spec);
      assertThat(possible).hasSizeGreaterThan(spec.options().size() * spec.options().size());
      assertThat(found).containsAll(possible);
    }
  }

  private static double combinations(ModelSpec spec) {
    double n = 1;
    for (Option o : spec.options()) {
      n *= o.samples().size();
    }
    return n;
  }

  /// Pairs that occur in combinations that can be built: for each two values of two options that have not occurred yet, some are drawn
  /// around them.
  private static Set<String> drawn(ModelSpec spec) {
    List<Option> options = spec.options();
    Random random = new Random(7);
    Set<String> found = new TreeSet<>();
    for (Option a : options) {
      for (Option b : options) {
        for (String x : a.samples()) {
          for (String y : b.samples()) {
            String pair = a.name() + "=" + x + " " + b.name() + "=" + y;
            boolean can = !a.equals(b) || x.equals(y);
            for (int draw = 0; can && draw < DRAWS && !found.contains(pair); draw++) {
              Map<String, String> row = new HashMap<>();
              for (Option o : options) {
                row.put(o.name(), o.samples().get(random.nextInt(o.samples().size())));
              }
              row.put(a.name(), x);
              row.put(b.name(), y);
              if (spec.conflict(spec.settings(row)) == null) {
                found.addAll(pairs(options, List.of(row)));
              }
            }
          }
        }
      }
    }
    return found;
  }

  @ParameterizedTest
  @MethodSource("models")
  void everyPairThatIsNotInConflictOccurs(ModelSpec spec) {
    List<Map<String, String>> rows = CoveringArray.pairwise(spec, 1);
    assertCovers(spec, rows);
    assertThat(CoveringArray.pairwise(spec, 1)).as("same seed").isEqualTo(rows);
  }

  /// Few: for options of three values at most the size of the product of two, times a little.
  @Test
  void combinationsAreFew() {
    List<Option> options = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      options.add(Option.integer("o" + i, 0, List.of(0, 1, 2), "an option"));
    }
    List<Map<String, String>> rows = CoveringArray.pairwise(options, 1);
    assertThat(pairs(options, rows)).hasSize(10 * 3 + 10 * 9 * 9); // ordered pairs, and values
    assertThat(rows).hasSizeBetween(9, 30); // of 59 049
  }

  @Test
  void oneOptionAndNone() {
    Option only = Option.flag("on", true, "a switch");
    assertThat(CoveringArray.pairwise(List.of(only), 1))
        .containsExactlyInAnyOrder(Map.of("on", "true"), Map.of("on", "false"));
    assertThat(CoveringArray.pairwise(List.of(), 1)).containsExactly(Map.of());
  }

  /// A value that only one combination in 128 allows is found all the same.
  @Test
  void rareCombinationsAreFound() {
    ModelSpec narrow = new Narrow();
    assertCovers(narrow, CoveringArray.pairwise(narrow, 1));
  }

  /// Option `a` may be 1 only when all others are 0, and never together with `b` = 2.
  private record Narrow() implements ModelSpec {
    @Override
    public String name() {
      return "narrow";
    }

    @Override
    public Paper paper() {
      return new Paper("", "", 0, "", "");
    }

    @Override
    public List<Option> options() {
      List<Option> options = new ArrayList<>();
      options.add(Option.integer("a", 0, List.of(0, 1), "rare"));
      options.add(Option.integer("b", 0, List.of(0, 1, 2), "three"));
      for (int i = 0; i < 7; i++) {
        options.add(Option.integer("c" + i, 0, List.of(0, 1), "two"));
      }
      return options;
    }

    @Override
    public @Nullable String conflict(Settings s) {
      boolean plain = s.toMap().values().stream().filter(v -> v.equals("0")).count() == 8;
      return s.integer("a") == 0 || plain ? null : "a=1 wants zeros";
    }

    @Override
    public Model create(Settings settings, Schema schema, Params params) {
      throw new UnsupportedOperationException("never built");
    }
  }
}
