// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.ScenarioBatches;
import org.jspecify.annotations.Nullable;

/// A source whose training batches, if asked for, come from one scenario each: `data.batches`, beside its own settings.
///
/// @param rows the source itself
record ScenarioSource(DataSource rows) implements DataSource {
  private static final String BATCHES = "batches";
  private static final String MIXED = "mixed";
  private static final String SINGLE = "single-scenario";

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
    all.put(BATCHES, MIXED);
    return all;
  }

  @Override
  public Opened open(Request request) {
    Map<String, String> own = new LinkedHashMap<>(request.settings());
    boolean single = single(own.remove(BATCHES));
    Opened opened =
        rows.open(
            new Request(request.path(), request.cache(), request.seed(), own, request.progress()));
    if (!single) {
      return opened;
    }
    DataSet data = opened.data();
    try {
      return new Opened(
          new DataSet(
              data.name(),
              data.schema(),
              new ScenarioBatches(data.train()),
              data.valid(),
              data.test(),
              data.facts(),
              data.fingerprint() + "/" + SINGLE),
          opened.encoder());
    } catch (RuntimeException e) {
      data.close();
      throw e;
    }
  }

  private static boolean single(@Nullable String word) {
    if (word != null && !word.equals(MIXED) && !word.equals(SINGLE)) {
      throw new IllegalArgumentException(
          "data." + BATCHES + "=" + word + ". Expected " + MIXED + " or " + SINGLE + ".");
    }
    return SINGLE.equals(word);
  }

  @Override
  public Encoder encoder(Path folder) {
    return rows.encoder(folder);
  }
}
