// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.data.sampling.Interactions;
import org.gradus.data.sampling.NegativeSampling;
import org.gradus.embeddings.Schema;

/// A source whose rows, if asked for, become observed pairs of a user and an item, each followed by drawn pairs: `data.negatives`
/// and `data.pairs`, beside its own settings.
///
/// @param rows the source itself
record SampledSource(DataSource rows) implements DataSource {
  private static final String NEGATIVES = "negatives";
  private static final String PAIRS = "pairs";

  @Override
  public String name() {
    return rows.name();
  }

  @Override
  public String description() {
    return rows.description();
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> all = new LinkedHashMap<>(rows.settings());
    all.put(NEGATIVES, "0");
    all.put(PAIRS, "user_id,item_id");
    return all;
  }

  @Override
  public Opened open(Request request) {
    Map<String, String> own = new LinkedHashMap<>(request.settings());
    String number = own.remove(NEGATIVES);
    String pairs = own.remove(PAIRS);
    int negatives = number == null ? 0 : negatives(number);
    List<String> fields = fields(pairs == null ? "user_id,item_id" : pairs);
    Opened opened =
        rows.open(
            new Request(request.path(), request.cache(), request.seed(), own, request.progress()));
    if (negatives == 0) {
      return opened;
    }
    try {
      return new Opened(sampled(opened.data(), negatives, fields), opened.encoder());
    } catch (RuntimeException e) {
      opened.data().close();
      throw e;
    }
  }

  private static int negatives(String number) {
    try {
      int n = Integer.parseInt(number.strip());
      if (n >= 0) {
        return n;
      }
    } catch (NumberFormatException e) {
      // reported below, like a number below 0
    }
    throw new IllegalArgumentException(
        "data." + NEGATIVES + "=" + number + ". Expected a whole number of at least 0.");
  }

  private static List<String> fields(String pairs) {
    String[] names = pairs.strip().split("\\s*,\\s*", -1);
    if (names.length != 2 || names[0].isEmpty() || names[1].isEmpty()) {
      throw new IllegalArgumentException(
          "data."
              + PAIRS
              + "="
              + pairs
              + ". Expected the fields of user and item, with a comma between them.");
    }
    return List.of(names);
  }

  /// What was met is what the training rows hold, for all three splits.
  private static DataSet sampled(DataSet data, int negatives, List<String> fields) {
    if (data.schema().labels().isEmpty()) {
      throw new IllegalArgumentException(
          "data."
              + NEGATIVES
              + "="
              + negatives
              + ": the rows have no label, which says what was observed and what was drawn."
              + " Expected 0.");
    }
    String label = data.schema().labels().getFirst().name();
    Interactions met = Interactions.of(data.train(), fields.get(0), fields.get(1));
    Examples train = new NegativeSampling(data.train(), met, negatives, label);
    Schema schema = train.schema();
    return new DataSet(
        data.name(),
        schema,
        train,
        new NegativeSampling(data.valid(), met, negatives, label),
        new NegativeSampling(data.test(), met, negatives, label),
        Map.of(), // what is known about the labels is not known about drawn ones
        data.fingerprint() + "/" + negatives + "/" + String.join("/", fields));
  }

  @Override
  public Encoder encoder(Path folder) {
    return rows.encoder(folder);
  }
}
