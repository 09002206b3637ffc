// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The tables of the specification, character by character.
class MetricsTableTest {
  @Test
  void oneTask() {
    assertThat(MetricsTable.of(Map.of("gauc", 0.6298, "valid_users", 217, "auc", 0.6589)))
        .isEqualTo(
            """
            +--------+--------+---------------+
            |    auc |   gauc |   valid_users |
            +========+========+===============+
            | 0.6589 | 0.6298 |           217 |
            +--------+--------+---------------+
            """);
  }

  /// Columns are sorted, whatever the order of tasks; 0.6650 loses its zero.
  @Test
  void severalTasks() {
    Map<String, Number> metrics = new LinkedHashMap<>();
    metrics.put("auc_is_click", 0.67371);
    metrics.put("auc_long_view", 0.68949);
    metrics.put("auc_is_like", 0.6318);
    metrics.put("gauc_is_click", 0.6341);
    metrics.put("gauc_long_view", 0.6417);
    metrics.put("gauc_is_like", 0.6571);
    metrics.put("valid_users_is_click", 217);
    metrics.put("valid_users_long_view", 217);
    metrics.put("valid_users_is_like", 131);
    metrics.put("auc_macro", 0.665);
    metrics.put("gauc_macro", 0.6443);
    assertThat(MetricsTable.of(metrics))
        .isEqualTo(
            """
            +----------------+---------------+-----------------+-------------+-----------------+----------------+------------------+--------------+------------------------+-----------------------+-------------------------+
            |   auc_is_click |   auc_is_like |   auc_long_view |   auc_macro |   gauc_is_click |   gauc_is_like |   gauc_long_view |   gauc_macro |   valid_users_is_click |   valid_users_is_like |   valid_users_long_view |
            +================+===============+=================+=============+=================+================+==================+==============+========================+=======================+=========================+
            |         0.6737 |        0.6318 |          0.6895 |       0.665 |          0.6341 |         0.6571 |           0.6417 |       0.6443 |                    217 |                   131 |                     217 |
            +----------------+---------------+-----------------+-------------+-----------------+----------------+------------------+--------------+------------------------+-----------------------+-------------------------+
            """);
  }

  /// 0.71875 and 0.15625 lie exactly half-way, in binary too: they go to the even side.
  @Test
  void numbersAreRoundedAsTheyAre() {
    Map<String, Number> metrics = new LinkedHashMap<>();
    metrics.put("a", 0.71875);
    metrics.put("b", 0.15625);
    metrics.put("c", Double.NaN);
    metrics.put("d", 0.00001);
    metrics.put("e", -0.5);
    metrics.put("f", 1_234_567);
    metrics.put("g", 1.0);
    assertThat(MetricsTable.of(metrics))
        .contains("| 0.7188 | 0.1562 | nan |   0 | -0.5 | 1234567 |   1 |");
    assertThat(MetricsTable.of(Map.of())).isEqualTo("no result\n");
  }

  @Test
  void rowsAreCompared() {
    Map<String, Map<String, Number>> rows = new LinkedHashMap<>();
    rows.put("shared-bottom", Map.of("auc", 0.5, "users", 7));
    rows.put("ple", Map.of("auc", 0.6589));
    assertThat(MetricsTable.of("model", rows))
        .isEqualTo(
            """
            +---------------+--------+---------+
            | model         |    auc |   users |
            +===============+========+=========+
            | shared-bottom | 0.5    |       7 |
            +---------------+--------+---------+
            | ple           | 0.6589 |     N/A |
            +---------------+--------+---------+
            """);
  }
}
