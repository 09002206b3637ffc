// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.GrowFrom;
import org.gradus.data.Settings;
import org.gradus.data.prepared.PreparedFolder;

/// What the sources that read MovieLens from a folder share.
final class MovieLensReading {
  private MovieLensReading() {}

  static Map<String, String> presets() {
    Map<String, String> presets = MovieLensPreparation.presets();
    presets.put("on-bad-row", "fail");
    presets.put(GrowFrom.SETTING, "");
    return presets;
  }

  static DataSource.Opened open(DataSource source, DataSource.Request request) {
    Settings s = Settings.of(source, request.settings());
    MovieLensPreparation preparation = MovieLensPreparation.of(s);
    BadRows bad = new BadRows(s.choice("on-bad-row", BadRows.Policy.class));
    Path path = request.path();
    if (path == null) {
      throw new DataException(
          "--data " + source.name() + " needs --path: " + source.description() + ".");
    }
    MovieLensFiles.Found files = MovieLensFiles.find(path);
    List<Path> inputs = new ArrayList<>(files.paths());
    Path growFrom = preparation.nextItems() == null ? GrowFrom.folder(s) : null;
    if (preparation.nextItems() != null && s.given(GrowFrom.SETTING)) {
      throw new DataException(
          "--data "
              + source.name()
              + ": growFrom with examples=next-items. Expected one of them; ids of next items"
              + " cannot grow.");
    }
    MovieLensEncoder start = growFrom == null ? null : MovieLensEncoder.load(growFrom);
    if (growFrom != null) {
      inputs.add(MovieLensEncoder.file(growFrom));
    }
    PreparedFolder folder =
        PreparedFolder.of(
            request.cache(),
            source.name(),
            PreparedFolder.key(s, preparation.seed(request), inputs),
            building -> {
              request.progress().accept("reading " + path);
              MovieLens data = MovieLensFiles.read(files, bad);
              bad.report(request.progress());
              Map<String, Double> facts =
                  preparation.run(building, files.layout(), data, start, preparation.seed(request));
              PreparedFolder.writeFacts(building, bad.with(facts));
            });
    return MovieLensPreparation.opened(folder, source.name());
  }
}
