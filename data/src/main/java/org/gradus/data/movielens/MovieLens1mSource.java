// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import java.nio.file.Path;
import java.util.Map;
import org.gradus.data.DataSource;

/// `--data ml-1m --path FOLDER`.
public final class MovieLens1mSource implements DataSource {
  private static final String NAME = "ml-1m";

  /// For `ServiceLoader`.
  public MovieLens1mSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "MovieLens-1M: a folder with ratings.dat, users.dat and movies.dat, or with NAME.inter,"
        + " NAME.user and NAME.item";
  }

  @Override
  public Map<String, String> settings() {
    return MovieLensReading.presets();
  }

  @Override
  public Opened open(Request request) {
    return MovieLensReading.open(this, request);
  }

  @Override
  public Encoder encoder(Path folder) {
    return MovieLensPreparation.encoder(folder);
  }
}
