// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.ArrayList;
import java.util.List;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Pooling;
import org.jspecify.annotations.Nullable;

/// Turns one id per example into a bag of S ids, for the features with large tables, so that look-ups and pooling have the
/// load of multi-hot data. The first id of a bag is the original; the others are a frozen function of
/// it, so the transform adds work but no information.
///
/// ```
/// out_f[b] = I_f[b], T_f[I_f[b], 1], …, T_f[I_f[b], S−1]       T_f: [n_f, S], entries in 0 … n_f − 1
/// ```
///
/// T_f is never stored. An entry is a hash of (seed, row, column), which every worker computes alike; a stored table for
/// 40 million rows and S = 100 would take 16 GB. Nothing is learned here and no gradient reaches T.
///
/// Immutable: one object serves any number of threads. Counting is [MultiHotStatistics]' business.
public final class MultiHot {

  /// How the added ids are drawn.
  public enum Distribution {
    /// uniform on 0 … n − 1
    UNIFORM,
    /// ⌊min(u^(−1/a) − 1, 2⁵³)⌋ mod n with a = 0.25 and u uniform on (0, 1]: a very heavy tail
    PARETO
  }

  /// What the table of a feature is drawn from.
  public enum SeedMode {
    /// a stream for each feature, seeded by its index
    PER_FEATURE,
    /// one stream with seed 0; tables are drawn from it one after another, row by row
    GLOBAL_SEQUENTIAL
  }

  /// How large the bags are, and how their ids are drawn.
  ///
  /// @param sizes S of each feature, in the order of keys; 1 leaves a feature as it is
  public record Config(List<Integer> sizes, Distribution distribution, SeedMode seedMode) {
    /// The smallest table that [#ofLargeTables(int\[\], int)] expands.
    public static final int MIN_TABLE_SIZE = 200;

    /// Copies the sizes and checks that they are positive.
    public Config {
      sizes = List.copyOf(sizes);
      for (int size : sizes) {
        if (size < 1) {
          throw new IllegalArgumentException(
              "multi-hot: bag sizes " + sizes + ". Expected at least 1 each.");
        }
      }
    }

    /// Uniform bags of these sizes, each feature with its own seed.
    public static Config ofSizes(List<Integer> sizes) {
      return new Config(sizes, Distribution.UNIFORM, SeedMode.PER_FEATURE);
    }

    /// Bags of `size` for tables of at least `minTableSize` rows; the other features keep one id.
    public static Config ofLargeTables(int[] tableSizes, int minTableSize, int size) {
      List<Integer> sizes = new ArrayList<>();
      for (int n : tableSizes) {
        sizes.add(n >= minTableSize ? size : 1);
      }
      return ofSizes(sizes);
    }

    /// As above, for tables of at least [#MIN_TABLE_SIZE] rows.
    public static Config ofLargeTables(int[] tableSizes, int size) {
      return ofLargeTables(tableSizes, MIN_TABLE_SIZE, size);
    }

    /// This with another distribution.
    public Config withDistribution(Distribution other) {
      return new Config(sizes, other, seedMode);
    }

    /// This with another way of seeding.
    public Config withSeedMode(SeedMode other) {
      return new Config(sizes, distribution, other);
    }
  }

  /// The tables T as a function.
  @FunctionalInterface
  interface Tables {
    /// The entry of T_f at a row and a column from 1 to S_f − 1.
    int id(int feature, int row, int column);
  }

  private final List<String> keys;
  private final int[] tableSizes;
  private final Config config;
  private final Tables tables;
  private volatile @Nullable Offsets latest; // steady training has one batch size

  private record Offsets(int stride, int[] values) {}

  /// A transform of batches with these keys.
  ///
  /// @param keys names of the F features
  /// @param tableSizes n_f, one per feature
  public MultiHot(List<String> keys, int[] tableSizes, Config config) {
    this(keys, tableSizes, config, drawn(tableSizes, config));
  }

  MultiHot(List<String> keys, int[] tableSizes, Config config, Tables tables) {
    if (keys.size() != tableSizes.length || keys.size() != config.sizes.size()) {
      throw new IllegalArgumentException(
          "multi-hot: "
              + keys.size()
              + " keys, "
              + tableSizes.length
              + " table sizes and "
              + config.sizes.size()
              + " bag sizes. Expected one of each per feature.");
    }
    for (int n : tableSizes) {
      if (n < 1) {
        throw new IllegalArgumentException(
            "multi-hot: a table of " + n + " rows. Expected at least 1.");
      }
    }
    this.keys = List.copyOf(keys);
    this.tableSizes = tableSizes.clone();
    this.config = config;
    this.tables = tables;
  }

  /// A transform of batches of a schema, whose ids must all be categorical.
  ///
  /// @param config its sizes are in the order of [Schema#categorical]
  public static MultiHot of(Schema schema, Config config) {
    List<Field.Categorical> fields = schema.categorical();
    if (fields.size() != schema.ids().size()) {
      throw new IllegalArgumentException(
          "multi-hot: "
              + schema
              + " has fields of several ids. Expected categorical fields only; each gets a bag.");
    }
    return new MultiHot(
        fields.stream().map(Field.Categorical::name).toList(),
        fields.stream().mapToInt(Field.Categorical::size).toArray(),
        config);
  }

  private static Tables drawn(int[] tableSizes, Config config) {
    int features = Math.min(tableSizes.length, config.sizes.size());
    long[] key = new long[features]; //   of the stream that T_f is drawn from
    long[] first = new long[features]; // where T_f starts in it
    long next = 0;
    for (int f = 0; f < features; f++) {
      boolean own = config.seedMode == SeedMode.PER_FEATURE;
      key[f] = Counter.key(own ? f : 0, config.distribution.name());
      first[f] = own ? 0 : next;
      next += (long) tableSizes[f] * (config.sizes.get(f) - 1);
    }
    return (f, row, column) -> {
      int columns = config.sizes.get(f) - 1; // column 0 is the row's own id and is not drawn
      long position = first[f] + (long) row * columns + column - 1;
      int n = tableSizes[f];
      return switch (config.distribution) {
        case UNIFORM -> (int) Counter.below(key[f], position, n);
        case PARETO -> pareto(1 - Counter.uniform53(key[f], position), n);
      };
    };
  }

  /// ⌊min(u⁻⁴ − 1, 2⁵³)⌋ mod n. Through `long`: a cast of the huge draws to `int` would give one value for all.
  static int pareto(double u, int n) {
    double v = 1 / (u * u * u * u) - 1;
    return Math.floorMod((long) Math.min(v, 0x1p53), n);
  }

  /// Sizes and distribution.
  public Config config() {
    return config;
  }

  /// Row `id` of T_f, `[S_f]`: the bag that stands for an id.
  public int[] bag(int feature, int id) {
    checkId(feature, id);
    int[] bag = new int[config.sizes.get(feature)];
    write(bag, 0, feature, id);
    return bag;
  }

  /// The bags of a batch with one id per key and example; a new tensor, the given one stays as it is.
  public KeyedJaggedTensor expand(KeyedJaggedTensor ids) {
    checkOneHot(ids);
    int stride = ids.stride();
    int[] offsets = offsets(stride);
    int[] in = ids.values();
    int[] out = new int[offsets[offsets.length - 1]];
    for (int s = 0; s < in.length; s++) {
      int f = s / stride;
      checkId(f, in[s]);
      write(out, offsets[s], f, in[s]);
    }
    return KeyedJaggedTensor.fromOffsets(keys, out, offsets);
  }

  /// The schema of expanded batches: expanded fields are multi-valued, of S values, and summed.
  public Schema expand(Schema schema) {
    List<Field> fields = new ArrayList<>();
    for (Field field : schema.fields()) {
      int f = keys.indexOf(field.name());
      int size = f < 0 ? 1 : config.sizes.get(f);
      fields.add(
          size > 1 && field instanceof Field.Categorical c
              ? new Field.MultiValued(c.name(), c.size(), c.table(), Pooling.SUM, size)
              : field);
    }
    return new Schema(fields);
  }

  /// A batch whose ids are expanded; its schema is [#expand(Schema)] of the given one's.
  public Batch expand(Batch batch) {
    return batch.withSparse(expand(batch.schema()), expand(batch.sparse()));
  }

  private void write(int[] out, int at, int feature, int row) {
    int size = config.sizes.get(feature);
    out[at] = row;
    for (int k = 1; k < size; k++) {
      out[at + k] = tables.id(feature, row, k);
    }
  }

  /// `[F·B + 1]`. They depend on the batch size only, so the last batch's serve the next of the same size.
  private int[] offsets(int stride) {
    Offsets known = latest;
    if (known != null && known.stride == stride) {
      return known.values;
    }
    int[] offsets = new int[Math.multiplyExact(keys.size(), stride) + 1];
    for (int s = 0; s < offsets.length - 1; s++) {
      offsets[s + 1] = Math.addExact(offsets[s], config.sizes.get(s / stride));
    }
    latest = new Offsets(stride, offsets);
    return offsets;
  }

  private void checkOneHot(KeyedJaggedTensor ids) {
    if (!ids.keys().equals(keys)) {
      throw new IllegalArgumentException(
          "multi-hot: keys " + ids.keys() + ". Expected " + keys + ", in this order.");
    }
    if (ids.weights() != null) {
      throw new IllegalArgumentException(
          "multi-hot: weighted ids. Expected none; an added id has no weight.");
    }
    int[] offsets = ids.offsets();
    for (int s = 0; s < offsets.length - 1; s++) {
      if (offsets[s + 1] - offsets[s] != 1) {
        throw new IllegalArgumentException(
            "multi-hot: "
                + (offsets[s + 1] - offsets[s])
                + " ids of "
                + keys.get(s / ids.stride())
                + " in example "
                + s % ids.stride()
                + ". Expected exactly 1; a bag is expanded once.");
      }
    }
  }

  private void checkId(int feature, int id) {
    if (id < 0 || id >= tableSizes[feature]) {
      throw new IllegalArgumentException(
          "multi-hot: id "
              + id
              + " of "
              + keys.get(feature)
              + ". Expected 0 to "
              + (tableSizes[feature] - 1)
              + ".");
    }
  }
}
