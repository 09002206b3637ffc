// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import it.unimi.dsi.fastutil.ints.Int2LongOpenHashMap;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// How often each id occurred before and after [MultiHot]: `pre[f][id]` and `post[f][id]`.
///
/// Add training batches only; what is not added is not counted. An id that occurs twice in a batch counts twice. Only
/// ids that occurred take memory. An output for people: nothing reads it back.
public final class MultiHotStatistics {
  private final MultiHot.Distribution distribution;
  private final List<Int2LongOpenHashMap> pre = new ArrayList<>();
  private final List<Int2LongOpenHashMap> post = new ArrayList<>();

  /// No counts yet, for the features of a transform.
  public MultiHotStatistics(MultiHot.Config config) {
    distribution = config.distribution();
    for (int f = 0; f < config.sizes().size(); f++) {
      pre.add(new Int2LongOpenHashMap());
      post.add(new Int2LongOpenHashMap());
    }
  }

  /// Counts one training batch.
  ///
  /// @param before one id per key and example
  /// @param after what [MultiHot#expand(KeyedJaggedTensor)] made of it
  public void add(KeyedJaggedTensor before, KeyedJaggedTensor after) {
    if (before.keys().size() != pre.size()
        || !before.keys().equals(after.keys())
        || before.stride() != after.stride()) {
      throw new IllegalArgumentException(
          "multi-hot statistics: "
              + before.stride()
              + " examples of "
              + before.keys()
              + " became "
              + after.stride()
              + " of "
              + after.keys()
              + ". Expected the same "
              + pre.size()
              + " keys and the same examples.");
    }
    count(pre, before);
    count(post, after);
  }

  private static void count(List<Int2LongOpenHashMap> counts, KeyedJaggedTensor ids) {
    int[] ends = ids.offsetPerKey();
    for (int f = 0; f < counts.size(); f++) {
      for (int i = ends[f]; i < ends[f + 1]; i++) {
        counts.get(f).addTo(ids.values()[i], 1);
      }
    }
  }

  /// Occurrences of an id of a feature before expansion.
  public long pre(int feature, int id) {
    return pre.get(feature).get(id);
  }

  /// Occurrences of an id of a feature after expansion.
  public long post(int feature, int id) {
    return post.get(feature).get(id);
  }

  /// Writes `stats_pre_hash_<rank>_<distribution>` and `stats_post_hash_<rank>_<distribution>` to a folder: one line
  /// `feature<TAB>id<TAB>count` per id that occurred, sorted by feature, a number from 0, and by id.
  ///
  /// @param rank the number of the worker, 0 for a single one
  public void write(Path folder, int rank) throws IOException {
    String ending = "_hash_" + rank + "_" + distribution.name().toLowerCase(Locale.ROOT);
    write(folder.resolve("stats_pre" + ending), pre);
    write(folder.resolve("stats_post" + ending), post);
  }

  private static void write(Path file, List<Int2LongOpenHashMap> counts) throws IOException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try (BufferedWriter out = Files.newBufferedWriter(part)) {
      for (int f = 0; f < counts.size(); f++) {
        int[] ids = counts.get(f).keySet().toIntArray();
        Arrays.sort(ids);
        for (int id : ids) {
          out.write(f + "\t" + id + "\t" + counts.get(f).get(id) + "\n");
        }
      }
    }
    Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
  }
}
