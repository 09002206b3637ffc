// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import java.nio.file.Path;
import java.util.Map;
import org.gradus.data.DataSource;

/// `--data ml-100k --path FOLDER`.
public final class MovieLens100kSource implements DataSource {
  private static final String NAME = "ml-100k";

  /// For `ServiceLoader`.
  public MovieLens100kSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "MovieLens-100K: a folder with u.data, u.user and u.item, or with NAME.inter, NAME.user"
        + " and NAME.item";
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
