// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradus.tensor.Counter;

/// Few combinations of option values in which every pair of values of two options occurs.
///
/// Greedy: of several random candidates, each built around a pair that is still missing, the one that covers most missing
/// pairs is taken, until none is missing. The result depends on the options and the seed only.
public final class CoveringArray {
  private static final int CANDIDATES = 24;

  private final List<Option> options;
  private final long seed;
  private long draws;

  private CoveringArray(List<Option> options, long seed) {
    this.options = options;
    this.seed = seed;
  }

  private record Pair(int option, String value, int other, String otherValue) {}

  /// Combinations of the options' samples. Options without samples are left at their presets.
  public static List<Map<String, String>> pairwise(List<Option> options, long seed) {
    List<Option> sampled = options.stream().filter(o -> !o.samples().isEmpty()).toList();
    return new CoveringArray(sampled, seed).build();
  }

  private List<Map<String, String>> build() {
    if (options.isEmpty()) {
      return List.of(Map.of());
    }
    if (options.size() == 1) {
      Option only = options.getFirst();
      return only.samples().stream().map(v -> Map.of(only.name(), v)).toList();
    }
    List<Pair> missing = pairs();
    List<Map<String, String>> rows = new ArrayList<>();
    while (!missing.isEmpty()) {
      List<String> best = candidate(missing);
      int most = covered(best, missing).size();
      for (int c = 1; c < CANDIDATES; c++) {
        List<String> next = candidate(missing);
        int n = covered(next, missing).size();
        if (n > most) {
          best = next;
          most = n;
        }
      }
      missing.removeAll(covered(best, missing));
      Map<String, String> row = new LinkedHashMap<>();
      for (int i = 0; i < options.size(); i++) {
        row.put(options.get(i).name(), best.get(i));
      }
      rows.add(row);
    }
    return List.copyOf(rows);
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

  private List<String> candidate(List<Pair> missing) {
    Pair kept = missing.get(below(missing.size()));
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
