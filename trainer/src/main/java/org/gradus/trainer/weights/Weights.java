// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.weights;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.gradus.autograd.Params;
import org.gradus.trainer.store.SafeTensors;
import org.gradus.trainer.store.SafeTensorsFile;
import org.gradus.trainer.store.StoreException;
import org.gradus.trainer.store.Stored;

/// Parameters into a file and back, under the names of a [WeightMap].
public final class Weights {
  private Weights() {}

  /// Writes every parameter that the map has a name for, or replaces the file, atomically.
  ///
  /// @return how many tensors were written
  /// @throws StoreException when a parameter has no line, or a line no parameter: both lists are in the message
  public static int write(Path file, Params params, WeightMap map) {
    SortedMap<String, Stored> ours = Stored.of(params);
    List<String> problems = new ArrayList<>(unknown(map, ours));
    SortedMap<String, Stored> theirs = new TreeMap<>();
    for (WeightMap.Line line : map.lines()) {
      Stored own = ours.get(line.ours());
      if (own != null && !line.initial()) {
        Stored laid = laid(line, own, problems);
        theirs.put(line.theirs(), laid);
      }
    }
    fail(file, problems);
    SafeTensors.write(file, params.device(), theirs, Map.of("format", "pt"));
    return theirs.size();
  }

  /// Reads every parameter that the map has a tensor for.
  ///
  /// @return how many were read
  /// @throws StoreException that names every tensor and parameter that does not fit, nothing having been read
  public static int read(Path path, Params params, WeightMap map) {
    SafeTensorsFile file = SafeTensors.open(path);
    SortedMap<String, Stored> ours = Stored.of(params);
    List<String> problems = new ArrayList<>(unknown(map, ours));
    Set<String> named = new HashSet<>();
    SortedMap<String, Stored> into = new TreeMap<>();
    for (WeightMap.Line line : map.lines()) {
      named.add(line.theirs());
      Stored own = ours.get(line.ours());
      if (own != null && !line.initial()) {
        Stored laid = laid(line, own, problems);
        check(line, laid, file.entries().get(line.theirs()), problems);
        into.put(line.theirs(), laid);
      }
    }
    file.entries()
        .forEach(
            (name, entry) -> {
              if (!named.contains(name)) {
                problems.add(
                    "tensor " + name + " " + entry.sizes() + " has no line; - for none of ours");
              }
            });
    fail(path, problems);
    if (file.metadata().containsKey("sha256")) {
      file.verify();
    }
    checkNumbers(file, into.keySet());
    into.forEach((name, stored) -> file.read(name, params.device(), stored));
    return into.size();
  }

  /// A model with one NaN among its parameters says NaN of everything; here it can still be said where it came from.
  private static void checkNumbers(SafeTensorsFile file, Set<String> names) {
    List<String> wrong = new ArrayList<>();
    for (String name : names) {
      long at = file.firstNotFinite(name);
      if (at >= 0) {
        wrong.add(name + ", number " + at);
      }
    }
    if (!wrong.isEmpty()) {
      throw new StoreException(
          file.path()
              + " holds NaN or infinity: "
              + String.join("; ", wrong)
              + ". Expected the finite weights of a trained model; nothing was read.");
    }
  }

  private static List<String> unknown(WeightMap map, SortedMap<String, Stored> ours) {
    List<String> problems = new ArrayList<>();
    Set<String> mapped = new HashSet<>();
    for (WeightMap.Line line : map.lines()) {
      mapped.add(line.ours());
      if (!line.unused() && !ours.containsKey(line.ours())) {
        problems.add(line + ": the model has no such parameter");
      }
    }
    ours.forEach(
        (path, stored) -> {
          if (!mapped.contains(path)) {
            problems.add(
                "parameter "
                    + path
                    + " "
                    + stored.sizes()
                    + " has no line; - for its initial value");
          }
        });
    return problems;
  }

  /// A parameter as it lies in the file.
  private static Stored laid(WeightMap.Line line, Stored own, List<String> problems) {
    if (!line.transposed()) {
      return own;
    }
    if (own instanceof Stored.Dense(var tensor) && tensor.shape().rank() >= 2) {
      return new Stored.Transposed(tensor);
    }
    problems.add(line + " " + own.sizes() + ": only matrices that are no table can be transposed");
    return own;
  }

  private static void check(
      WeightMap.Line line,
      Stored laid,
      SafeTensorsFile.@org.jspecify.annotations.Nullable Entry entry,
      List<String> problems) {
    if (entry == null) {
      problems.add(line + " " + laid.sizes() + ": the file has no such tensor");
    } else if (!entry.real()) {
      problems.add(line + ": the tensor has type " + entry.dtype() + ", which is no real number");
    } else if (!squeezed(entry.sizes()).equals(squeezed(laid.sizes()))) {
      problems.add(line + ": the tensor has shape " + entry.sizes() + ", expected " + laid.sizes());
    }
  }

  /// Sizes without axes of 1: a constant is `[]` here and often `[1]` there.
  private static List<Integer> squeezed(List<Integer> sizes) {
    return sizes.stream().filter(n -> n != 1).toList();
  }

  private static void fail(Path file, List<String> problems) {
    if (!problems.isEmpty()) {
      throw new StoreException(
          Objects.requireNonNull(file)
              + " and the model do not fit:\n  "
              + String.join("\n  ", problems)
              + "\n"
              + "Expected a line of the map for each tensor and each parameter; gradus weights map"
              + " prints one to start from.");
    }
  }
}
