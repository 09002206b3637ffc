// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import org.gradus.autograd.Params;
import org.gradus.trainer.store.SafeTensors;
import org.gradus.trainer.store.SafeTensorsFile;
import org.gradus.trainer.store.StoreException;
import org.gradus.trainer.store.Stored;

/// Starts a model from the parameters of another run: what has the same path is loaded.
///
/// A table may have grown, for vocabularies grow by appending: the rows that both have are loaded, the others keep
/// their initial values.
///
/// @param loaded paths whose values were taken whole
/// @param grown tables of which some rows were taken, with how many
/// @param fresh paths that the other run does not have
/// @param unused paths that only the other run has
public record WarmStart(
    List<String> loaded, List<String> grown, List<String> fresh, List<String> unused) {
  /// Copies the lists.
  public WarmStart {
    loaded = List.copyOf(loaded);
    grown = List.copyOf(grown);
    fresh = List.copyOf(fresh);
    unused = List.copyOf(unused);
  }

  /// Loads from the folder of a run, or from a file of tensors.
  ///
  /// @throws StoreException when a tensor that both have differs in shape, or none is common; nothing is loaded then
  public static WarmStart from(Path origin, Params params) {
    return from(origin, params, Set.of());
  }

  /// Loads from the folder of a run, or from a file of tensors.
  ///
  /// @param without paths that keep their initial values
  /// @throws StoreException when a tensor that both have differs in shape, or none is common; nothing is loaded then
  static WarmStart from(Path origin, Params params, Set<String> without) {
    Path path = Files.isDirectory(origin) ? origin.resolve(RunFolder.MODEL) : origin;
    SafeTensorsFile file = SafeTensors.open(path);
    SortedMap<String, Stored> own = Stored.of(params);
    own.keySet().removeAll(without);
    List<String> loaded = new ArrayList<>();
    List<String> grown = new ArrayList<>();
    List<String> fresh = new ArrayList<>();
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, Stored> e : own.entrySet()) {
      SafeTensorsFile.Entry there = file.entries().get(e.getKey());
      List<Integer> sizes = e.getValue().sizes();
      if (there == null) {
        fresh.add(e.getKey());
      } else if (there.sizes().equals(sizes)) {
        loaded.add(e.getKey());
      } else if (hasGrown(e.getValue(), there.sizes())) {
        grown.add(
            e.getKey() + ": " + there.sizes().getFirst() + " of " + sizes.getFirst() + " rows");
      } else {
        wrong.add(e.getKey() + " " + there.sizes() + ", expected " + sizes);
      }
    }
    List<String> unused =
        file.entries().keySet().stream().filter(name -> !own.containsKey(name)).toList();
    if (!wrong.isEmpty() || (loaded.isEmpty() && grown.isEmpty())) {
      throw new StoreException(
          "cannot start from "
              + path
              + (wrong.isEmpty()
                  ? ": no tensor of the model is in it. It holds " + String.join(", ", unused)
                  : ": shapes differ: " + String.join("; ", wrong))
              + ". Expected a run of the same model whose tables have at most as many rows.");
    }
    file.verify();
    own.forEach(
        (name, stored) -> {
          if (!fresh.contains(name)) {
            file.read(name, params.device(), stored);
          }
        });
    return new WarmStart(loaded, grown, fresh, unused);
  }

  private static boolean hasGrown(Stored own, List<Integer> there) {
    List<Integer> sizes = own.sizes();
    return own instanceof Stored.Rows
        && there.size() == 2
        && there.get(1).equals(sizes.get(1))
        && there.getFirst() < sizes.getFirst();
  }

  /// One line per kind, for the user.
  public List<String> describe() {
    List<String> lines = new ArrayList<>();
    lines.add("loaded " + loaded.size() + " tensors");
    if (!grown.isEmpty()) {
      lines.add("grown, so loaded in part: " + String.join("; ", grown));
    }
    if (!fresh.isEmpty()) {
      lines.add("new, so at their initial values: " + String.join(", ", fresh));
    }
    if (!unused.isEmpty()) {
      lines.add("not used: " + String.join(", ", unused));
    }
    return lines;
  }
}
