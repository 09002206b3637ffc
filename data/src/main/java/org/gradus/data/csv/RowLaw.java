// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import java.util.Map;

/// Rows that are generated, each a function of its number.
interface RowLaw {
  /// What the columns are.
  CsvSchema schema();

  /// Fills a row of [#schema].
  void fill(long number, CsvRow row);

  /// What is known about some rows, such as the AUC of the true probabilities.
  Map<String, Double> facts(long from, int rows);
}
