// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.experiment;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradus.trainer.metrics.Metric;
import org.gradus.trainer.run.Evaluation;

/// What an experiment is reported by: `auc_click`, `gauc_click` and `valid_users_click` of every task and their means over tasks,
/// `auc_macro` and `gauc_macro`; with one task `auc`, `gauc` and `valid_users`. Of a task that is a number, `rmse_watch` and
/// `mae_watch`. What is undefined is NaN, and left out of means.
///
/// @param all over all test rows
/// @param scenarios over those of each scenario; empty where there is one
public record Results(Map<String, Number> all, Map<Integer, Map<String, Number>> scenarios) {
  private static final Pattern DOMAIN = Pattern.compile("test\\.domain\\.(\\d+)\\.(.*)");
  private static final Map<String, String> NAMES =
      Map.of(
          "auc", "auc",
          "gauc", "gauc",
          "gauc_users", "valid_users",
          "auc_macro", "auc_macro",
          "gauc_macro", "gauc_macro",
          "rmse", "rmse",
          "mae", "mae");

  /// Copies the maps, in order.
  public Results {
    all = Collections.unmodifiableMap(new LinkedHashMap<>(all));
    scenarios = Collections.unmodifiableMap(new TreeMap<>(scenarios));
  }

  /// What is reported of metrics of test rows.
  ///
  /// @param tasks names of the labels; metrics over several numbers at once are left out
  static Results of(Evaluation evaluation, List<String> tasks) {
    Map<String, Number> all = new LinkedHashMap<>();
    Map<Integer, Map<String, Number>> scenarios = new TreeMap<>();
    evaluation
        .metrics()
        .forEach(
            (name, m) -> {
              Matcher domain = DOMAIN.matcher(name);
              if (domain.matches()) {
                int d = Integer.parseInt(domain.group(1));
                put(
                    scenarios.computeIfAbsent(d, _ -> new LinkedHashMap<>()),
                    domain.group(2),
                    m,
                    tasks);
              } else {
                put(all, name.substring("test.".length()), m, tasks);
              }
            });
    return new Results(all, scenarios);
  }

  /// `click.auc` becomes `auc_click`; what nobody reports is left out.
  private static void put(Map<String, Number> to, String name, Metric m, List<String> tasks) {
    int dot = name.lastIndexOf('.');
    String key = NAMES.get(name.substring(dot + 1));
    String task = dot < 0 ? "" : name.substring(0, dot);
    boolean whole = dot < 0 && (tasks.size() == 1 || name.endsWith("_macro"));
    if (key != null && (whole || tasks.contains(task))) {
      boolean count = key.equals("valid_users");
      to.put(task.isEmpty() ? key : key + "_" + task, count ? (Number) (int) m.value() : m.value());
    }
  }
}
