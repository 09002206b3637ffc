// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.util.Map;
import org.gradus.embeddings.Schema;

/// Three splits of the same schema, and what is known about them.
///
/// @param name what a user typed after `--data`
/// @param schema the same for every split
/// @param train rows to learn from
/// @param valid rows to choose by
/// @param test rows to report on
/// @param facts numbers known about the data: `bayes_auc` of the test split where probabilities are known, `skipped_rows`
/// where malformed rows may be left out
/// @param fingerprint hash of schema, content and settings: equal data, equal fingerprint
public record DataSet(
    String name,
    Schema schema,
    Examples train,
    Examples valid,
    Examples test,
    Map<String, Double> facts,
    String fingerprint)
    implements AutoCloseable {
  /// Whether a fact is a whole number.
  public static boolean isCount(String fact) {
    return fact.endsWith("_rows") || fact.endsWith("_users");
  }

  /// Closes what the splits hold open.
  @Override
  public void close() {
    for (Examples e : new Examples[] {train, valid, test}) {
      if (e instanceof AutoCloseable c) {
        try {
          c.close();
        } catch (Exception x) {
          throw new IllegalStateException("closing " + name, x);
        }
      }
    }
  }
}
