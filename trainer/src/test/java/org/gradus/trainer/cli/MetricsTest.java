// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MetricsTest {
  private static String printed(Map<String, @Nullable Object> metrics) {
    StringWriter text = new StringWriter();
    Metrics.print(metrics, new PrintWriter(text));
    return text.toString();
  }

  /// Scenarios of one class have no AUC, in two splits: that is said of them where they are, and not of the AUC of all rows.
  @Test
  void whatOneScenarioLacksIsNotSaidOfAll() {
    Map<String, @Nullable Object> metrics = new LinkedHashMap<>();
    for (String split : new String[] {"valid", "test"}) {
      metrics.put(split + ".auc", 0.75);
      metrics.put(split + ".domain.1.auc", null);
      metrics.put(split + ".domain.1.auc_undefined", "the labels are all 0");
    }
    assertThat(printed(metrics)).isEqualTo("  valid.auc  0.750000\n  test.auc   0.750000\n");
  }

  /// One line for all splits, without what else is said of it.
  @Test
  void whatEverySplitLacksIsSaidOnce() {
    Map<String, @Nullable Object> metrics = new LinkedHashMap<>();
    for (String split : new String[] {"valid", "test"}) {
      metrics.put(split + ".gauc", null);
      metrics.put(split + ".gauc_undefined", "the rows belong to no users");
      metrics.put(split + ".gauc_users", 0L);
    }
    assertThat(printed(metrics)).isEqualTo("  gauc  undefined: the rows belong to no users\n");
  }
}
