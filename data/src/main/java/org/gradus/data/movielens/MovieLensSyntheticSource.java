// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.RawGenerator;
import org.gradus.data.Settings;
import org.gradus.data.prepared.PreparedFolder;

/// `--data movielens-synthetic`: generated ratings in the shape of MovieLens', under its protocol.
public final class MovieLensSyntheticSource implements DataSource, RawGenerator {
  private static final String NAME = "movielens-synthetic";

  /// Changes when equal settings generate other rows.
  private static final String LAW = "law 2\n";

  /// For `ServiceLoader`.
  public MovieLensSyntheticSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "generated: users, items, ratings and times with planted tastes, known Bayes AUC; needs"
        + " no path";
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> presets = MovieLensPreparation.presets();
    presets.put("users", "10000");
    presets.put("items", "500");
    presets.put("ratings", "200000");
    return presets;
  }

  @Override
  public Opened open(Request request) {
    request.refusePath(NAME);
    Settings s = Settings.of(this, request.settings());
    MovieLensPreparation preparation = MovieLensPreparation.of(s);
    MovieLensGenerator generator = generator(s, request.seed());
    int ratings = s.integer("ratings", 1);
    PreparedFolder folder =
        PreparedFolder.of(
            request.cache(),
            NAME,
            PreparedFolder.key(s, request.seed(), List.of()) + LAW,
            building -> {
              request.progress().accept("generating " + ratings + " ratings");
              PreparedFolder.writeFacts(
                  building,
                  preparation.run(
                      building,
                      MovieLensFiles.ORIGINAL_100K,
                      generator.generate(ratings),
                      null,
                      preparation.seed(request)));
            });
    return MovieLensPreparation.opened(folder, NAME);
  }

  private static MovieLensGenerator generator(Settings s, long seed) {
    return new MovieLensGenerator(s.integer("users", 1), s.integer("items", 10), seed);
  }

  /// Writes a folder in the layout of MovieLens-100K. Every user has the same number of ratings, so there may be a few
  /// fewer than asked for.
  @Override
  public long generate(Path folder, long rows, long seed, Map<String, String> settings) {
    if (rows > Integer.MAX_VALUE) {
      throw new DataException(rows + " ratings. Expected at most " + Integer.MAX_VALUE + ".");
    }
    Settings s = Settings.of(this, settings);
    long users = s.integer("users", 1);
    long most = users * (s.integer("items", 10) / 2);
    if (rows < MovieLensGenerator.FEWEST * users || rows > most) {
      throw new DataException(
          rows
              + " ratings of "
              + users
              + " users. Expected at least "
              + MovieLensGenerator.FEWEST
              + " of each and at most every other item, "
              + MovieLensGenerator.FEWEST * users
              + " to "
              + most
              + "; data.users and data.items change that.");
    }
    return MovieLensText.write(folder, generator(s, seed), (int) rows);
  }

  @Override
  public Encoder encoder(Path folder) {
    return MovieLensPreparation.encoder(folder);
  }
}
