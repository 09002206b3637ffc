// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.gradus.tensor.Counter;

/// Few combinations of option values in which every pair of values of two options occurs.
///
/// Greedy: of several random candidates built around a pair that is still missing, the one that covers most missing pairs
/// is taken, until none is missing. The result depends on the options and the seed only.
public final class CoveringArray {
  private static final int CANDIDATES = 24;

  /// Candidates tried before a pair counts as one that cannot be built.
  private static final int LAST_RESORT = 4096;

  private final List<Option> options;
  private final Predicate<Map<String, String>> allowed;
  private final long seed;
  private long draws;

  private CoveringArray(List<Option> options, Predicate<Map<String, String>> allowed, long seed) {
    this.options = options;
    this.allowed = allowed;
    this.seed = seed;
  }

  private record Pair(int option, String value, int other, String otherValue) {}

  /// Combinations of the options' samples. Options without samples are left at their presets.
  public static List<Map<String, String>> pairwise(List<Option> options, long seed) {
    return pairwise(options, _ -> true, seed);
  }

  /// Combinations of the samples of a model's options that can be built. A pair of values that never can is left out:
  /// one around which 4096 random combinations are all in conflict.
  public static List<Map<String, String>> pairwise(ModelSpec spec, long seed) {
    return pairwise(spec.options(), given -> spec.conflict(spec.settings(given)) == null, seed);
  }

  private static List<Map<String, String>> pairwise(
      List<Option> options, Predicate<Map<String, String>> allowed, long seed) {
    List<Option> sampled = options.stream().filter(o -> !o.samples().isEmpty()).toList();
    return new CoveringArray(sampled, allowed, seed).build();
  }

  private List<Map<String, String>> build() {
    if (options.isEmpty()) {
      return List.of(Map.of());
    }
    if (options.size() == 1) {
      Option only = options.getFirst();
      return only.samples().stream().map(v -> Map.of(only.name(), v)).filter(allowed).toList();
    }
    List<Pair> missing = pairs();
    List<Map<String, String>> rows = new ArrayList<>();
    while (!missing.isEmpty()) {
      List<String> best = List.of();
      Set<Pair> most = Set.of();
      Pair kept = missing.get(below(missing.size()));
      for (int c = 0; c < CANDIDATES || (most.isEmpty() && c < LAST_RESORT); c++) {
        List<String> next = candidate(kept);
        Set<Pair> found = covered(next, missing);
        if (found.size() > most.size() && allowed.test(row(next))) {
          best = next;
          most = found;
        }
      }
      if (most.isEmpty()) {
        missing.remove(kept); // no combination around this pair can be built
      } else {
        missing.removeAll(most);
        rows.add(row(best));
      }
    }
    return List.copyOf(rows);
  }

  private Map<String, String> row(List<String> values) {
    Map<String, String> row = new LinkedHashMap<>();
    for (int i = 0; i < options.size(); i++) {
      row.put(options.get(i).name(), values.get(i));
    }
    return row;
  }

  private List<Pair> pairs() {
    List<Pair> all = new ArrayList<>();
    for (int i = 0; i < options.size(); i++) {
      for (int j = i + 1; j < options.size(); j++) {
        for (String a : options.get(i).samples()) {
          for (String b : options.get(j).samples()) {
            all.add(new Pair(i, a, j, b));
          }
        }
      }
    }
    return all;
  }

  private List<String> candidate(Pair kept) {
    List<String> row = new ArrayList<>();
    for (int i = 0; i < options.size(); i++) {
      List<String> samples = options.get(i).samples();
      row.add(
          i == kept.option
              ? kept.value
              : i == kept.other ? kept.otherValue : samples.get(below(samples.size())));
    }
    return row;
  }

  private static Set<Pair> covered(List<String> row, List<Pair> missing) {
    Set<Pair> found = new HashSet<>();
    for (Pair p : missing) {
      if (row.get(p.option).equals(p.value) && row.get(p.other).equals(p.otherValue)) {
        found.add(p);
      }
    }
    return found;
  }

  private int below(int bound) {
    return (int) Counter.below(seed, draws++, bound);
  }
}
