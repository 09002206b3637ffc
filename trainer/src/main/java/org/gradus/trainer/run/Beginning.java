// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.models.Assembled;
import org.gradus.models.Fitted;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;

/// Where a model begins that does not begin at its initial values.
///
/// @param model that begins
/// @param params its parameters
/// @param schema that it was built for
record Beginning(Model model, Params params, Schema schema) {
  /// From the parameters of one run, path by path, or from several runs with commas between them, if the model is [Assembled].
  ///
  /// @param origin the folder of a run, a file of tensors, or folders of runs
  /// @return lines for the user
  List<String> from(String origin) {
    List<String> folders = Arrays.stream(origin.split(",", -1)).map(String::strip).toList();
    if (folders.contains("")) {
      throw new IllegalArgumentException(
          "--init-from "
              + origin
              + ": a name is empty. Expected the folder of a run, or several with commas between"
              + " them.");
    }
    if (origin.indexOf(',') < 0 || Files.exists(Path.of(origin))) {
      Set<String> refitted = model instanceof Fitted fitted ? fitted.refitted() : Set.of();
      WarmStart start = WarmStart.from(Path.of(origin), params, refitted);
      List<String> lines = new ArrayList<>(start.describe());
      if (model instanceof Assembled && !start.fresh().isEmpty()) {
        lines.add(
            "only a part of the model begins where that run ended, unweighed. --init-from takes a"
                + " run for each part, with commas between them");
      }
      return lines;
    }
    if (!(model instanceof Assembled whole)) {
      throw new IllegalArgumentException(
          "--init-from "
              + origin
              + ": the model cannot begin as several others. Expected one run.");
    }
    List<Params> opened = new ArrayList<>();
    try {
      List<Model> parts = new ArrayList<>();
      for (String folder : folders) {
        Params own = Params.create(params.device(), 0);
        opened.add(own);
        parts.add(read(RunFolder.open(Path.of(folder)), own));
      }
      whole.startFrom(parts);
      return List.of("started from " + parts.size() + " runs");
    } finally {
      opened.forEach(Params::close);
    }
  }

  private Model read(RunFolder folder, Params own) {
    TrainConfig config = folder.config(TrainConfig.of("", "", "auto"));
    ModelSpec spec = Models.get(config.model().name());
    Model part = spec.create(spec.settings(config.model().settings()), schema, own);
    folder.loadModel(own);
    return part;
  }
}
