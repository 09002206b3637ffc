// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import io.github.metarank.lightgbm4j.LGBMBooster;
import io.github.metarank.lightgbm4j.LGBMDataset;
import io.github.metarank.lightgbm4j.LGBMException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/// Trees grown by LightGBM: gradient boosting of the logistic loss, each leaf a Newton step, trees grown leaf by leaf.
///
/// Bits depend on rows, settings and seed, not on the number of threads; another version of the library, or another kind of
/// processor, may give other trees. A tree is parsed from the text that LightGBM saves a model as.
///
/// LightGBM bounds the rows of a leaf, not those of a node that is split: half of [Boosting#minSplit] in each leaf means that no
/// smaller node is split, and some larger ones are not either.
///
/// @param threads of LightGBM
public record LightGbm(int threads) implements TreeLibrary {
  /// Numbers that keep a thread busy between two splits, at which all wait for each other.
  private static final int PER_THREAD = 1 << 18;

  /// As many threads as there are processors, if there is enough to do for them.
  static LightGbm suiting(Examples examples) {
    int busy = 1 + examples.x().length / PER_THREAD;
    return new LightGbm(Math.min(Runtime.getRuntime().availableProcessors(), busy));
  }

  /// Loads the native library once, from a folder of our own: unpacked into the shared temporary folder, as the wrapper does, it
  /// would be overwritten by one process while another runs it.
  private static final class Native {
    static final boolean LOADED = load();

    private static boolean load() {
      String shared = System.getProperty("java.io.tmpdir", "");
      try {
        Path own = Files.createTempDirectory("gradus-lightgbm");
        System.setProperty("java.io.tmpdir", own.toString());
        try {
          if (!LGBMBooster.isNativeLoaded()) {
            LGBMBooster.loadNative(); // again, to be told why
          }
        } finally {
          System.setProperty("java.io.tmpdir", shared);
          delete(own); // what is loaded stays
        }
        return LGBMBooster.isNativeLoaded();
      } catch (IOException | UnsatisfiedLinkError e) {
        throw new IllegalStateException(
            "gbdt-lr: LightGBM cannot be loaded: "
                + e.getMessage()
                + ". Expected Linux or macOS on x86-64 or ARM, with the OpenMP library: install"
                + " libgomp1 (Debian, Ubuntu), libgomp (Fedora) or libomp (Homebrew).",
            e);
      }
    }

    private static void delete(Path folder) throws IOException {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }

  @Override
  public Forest grow(Examples examples, Boosting boosting, long seed) {
    if (!Native.LOADED) {
      throw new IllegalStateException("gbdt-lr: LightGBM is not there for this platform.");
    }
    return parse(text(examples, boosting, seed), boosting.trees());
  }

  /// The model as LightGBM saves it.
  String text(Examples examples, Boosting boosting, long seed) {
    int rows = examples.y().length;
    String settings = settings(boosting, seed);
    try (LGBMDataset data =
        LGBMDataset.createFromMat(examples.x(), rows, examples.columns(), true, settings, null)) {
      data.setField("label", examples.y());
      float[] weights = examples.weights();
      if (weights != null) {
        data.setField("weight", weights);
      }
      try (LGBMBooster booster = LGBMBooster.create(data, settings)) {
        boolean split = true;
        for (int t = 0; t < boosting.trees() && split; t++) {
          split = !booster.updateOneIter(); // says when nothing is left to split
        }
        return booster.saveModelToString(0, 0, LGBMBooster.FeatureImportanceType.SPLIT);
      }
    } catch (LGBMException e) {
      throw new IllegalStateException("gbdt-lr: LightGBM says: " + e.getMessage(), e);
    }
  }

  private String settings(Boosting b, long seed) {
    return String.format(
        Locale.ROOT,
        "objective=binary num_leaves=%d max_depth=%d learning_rate=%s bagging_fraction=%s"
            + " bagging_freq=%d min_data_in_leaf=%d seed=%d num_threads=%d deterministic=true"
            + " force_row_wise=true use_missing=false feature_pre_filter=false verbosity=-1",
        b.maxLeaves(),
        b.maxDepth() == 0 ? -1 : b.maxDepth(),
        b.shrinkage(),
        b.subsample(),
        b.subsample() < 1 ? 1 : 0,
        (b.minSplit() + 1) / 2,
        Math.floorMod(seed, Integer.MAX_VALUE),
        threads);
  }

  /// Reads the trees of a saved model: a line `Tree=t` for each, then lines `name=numbers`, then an empty line.
  ///
  /// @param expected how many trees there shall be; those that LightGBM left out say nothing
  static Forest parse(String text, int expected) {
    List<Tree> trees = new ArrayList<>();
    for (String block : text.split("\n\n", -1)) {
      if (block.strip().startsWith("Tree=")) {
        Map<String, String> lines = new HashMap<>();
        block.strip().lines().forEach(line -> put(lines, line));
        trees.add(tree(lines));
      }
    }
    while (trees.size() < expected) {
      trees.add(Tree.leaf(0));
    }
    return new Forest(trees);
  }

  private static void put(Map<String, String> lines, String line) {
    int equals = line.indexOf('=');
    if (equals > 0) {
      lines.put(line.substring(0, equals), line.substring(equals + 1).strip());
    }
  }

  private static Tree tree(Map<String, String> lines) {
    for (int type : integers(lines, "decision_type")) {
      if ((type & 0b1101)
          != 0) { // bit 0: a set of categories; bits 2 and 3: a way for missing ones
        throw new IllegalStateException(
            "gbdt-lr: LightGBM made a decision of type " + type + ". Expected thresholds only.");
      }
    }
    return new Tree(
        integers(lines, "split_feature"),
        reals(lines, "threshold"),
        integers(lines, "left_child"),
        integers(lines, "right_child"),
        reals(lines, "leaf_value"));
  }

  private static int[] integers(Map<String, String> lines, String name) {
    return words(lines, name).mapToInt(Integer::parseInt).toArray();
  }

  private static double[] reals(Map<String, String> lines, String name) {
    return words(lines, name).mapToDouble(Double::parseDouble).toArray();
  }

  private static Stream<String> words(Map<String, String> lines, String name) {
    String numbers = lines.getOrDefault(name, "");
    return numbers.isEmpty() ? Stream.empty() : Stream.of(numbers.split(" ", -1));
  }
}
