// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.HashingTrick;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.models.Fitted;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// Tokens of width d from tables, whose own width and number of rows may be smaller.
///
/// ```
/// c_j = E_j[v_j]                                                          (IN-1)
/// ADAPTIVE   c = E[v] P,  E [V, d_j],  d_j = 2^round(log₂(6 V^¼)) between 4 and maxWidth
/// hashed     c = Σ_k ω_k E[h_k(v)]
/// frequent   rows of width d for the most frequent values, a narrow, hashed table for the others: [FrequentRows]
/// ```
///
/// V is the number of values that a table knows, or of rows that it is hashed to; P is the identity, and is not there, where d_j = d.
/// Fields of several values are pooled as they say, and a number x is x v, v a vector of its own. Row 0 is padding: zero, never
/// trained, not counted; padding and row 1, unknown values, are not hashed. (IN-1) alone is the paper's.
public final class TokenTables {
  private final Map<String, Entry> tables = new TreeMap<>();
  private final List<Field.Ids> fields = new ArrayList<>();
  private final List<String> names = new ArrayList<>();
  private final @Nullable DenseParameter numeric; // [c, d]
  private final Config config;

  /// How wide a table is.
  public enum Width {
    /// d
    FIXED,
    /// d_j, by the number of values
    ADAPTIVE
  }

  /// What a user may set.
  ///
  /// @param dim d
  /// @param width how wide a table is
  /// @param maxWidth the widest, for `ADAPTIVE`
  /// @param hashing which tables are smaller than their vocabulary
  /// @param frequent which values of such a table have rows of their own
  public record Config(
      int dim, Width width, int maxWidth, Hashing hashing, FrequentRows.Config frequent) {
    /// The width of a table of so many values.
    int widthOf(long values) {
      if (width == Width.FIXED) {
        return dim;
      }
      double log2 =
          StrictMath.log(6 * StrictMath.sqrt(StrictMath.sqrt((double) values))) / StrictMath.log(2);
      long power = 1L << Math.max(0, Math.round(log2));
      return (int) Math.min(Math.max(4, power), maxWidth);
    }
  }

  /// Tables with more rows than these are hashed to these.
  ///
  /// @param rows of such a table, two for padding and unknown values among them; 0 for no hashing
  /// @param hashes rows of a value, added
  /// @param learned whether ω is trained; 1 if not
  public record Hashing(int rows, int hashes, boolean learned) {
    /// Tables as large as their vocabularies.
    public static final Hashing NONE = new Hashing(0, 1, false);

    /// Checks the ranges.
    public Hashing {
      if (rows < 0 || hashes < 1) {
        throw new IllegalArgumentException(
            "infnet: "
                + hashes
                + " hashes to "
                + rows
                + " rows. Expected at least 1, to 3 or more.");
      }
    }
  }

  /// @param projection P `[d_j, d]`
  /// @param weights ω `[k]`
  /// @param frequent which values have rows here; null for all
  /// @param tail the rows of the others, or null
  private record Entry(
      TableParameter table,
      @Nullable DenseParameter projection,
      @Nullable HashingTrick hash,
      @Nullable DenseParameter weights,
      @Nullable FrequentRows frequent,
      @Nullable Entry tail) {}

  /// How rows of a table become vectors: one by one, or pooled.
  @FunctionalInterface
  private interface Rows {
    Var of(TableParameter table, int[] ids);
  }

  /// Tables `<table>` for all fields of ids of a schema but sessions, and `numeric` for its numbers.
  TokenTables(Schema schema, Config config, Params params) {
    this.config = config;
    for (Field.Ids f : schema.ids()) {
      boolean pooled = f instanceof Field.Categorical || f instanceof Field.MultiValued;
      if (pooled) {
        fields.add(f);
        names.add(f.name());
      }
      if ((pooled || f instanceof Field.Sequence) && !tables.containsKey(f.table())) {
        boolean bags =
            schema.all(Field.MultiValued.class).stream()
                .anyMatch(other -> other.table().equals(f.table()));
        boolean some = config.frequent.most() > 0 && !bags;
        boolean fewer = some && f.size() > config.frequent.most() + FrequentRows.FIRST;
        tables.put(f.table(), fewer ? divided(f, params) : entry(f, params));
      }
    }
    int numbers = schema.dense().size();
    if (numbers > 0 && tables.containsKey("numeric")) {
      throw new IllegalArgumentException(
          "infnet: a table is called numeric, which is the path of the vectors of the dense fields."
              + " Expected another name for the field, or for its table.");
    }
    numeric =
        numbers == 0
            ? null
            : params.weight("numeric", Shape.of(numbers, config.dim), Initializers.normal(0.01));
    if (count() == 0) {
      throw new IllegalArgumentException(
          "infnet: "
              + schema
              + " has no field. Expected a categorical, multi-valued or dense field.");
    }
  }

  private Entry entry(Field.Ids f, Params params) {
    Hashing hashing = config.hashing;
    boolean hashed = hashing.rows > 0 && f.size() > hashing.rows;
    int rows = hashed ? hashing.rows : f.size();
    int width = config.widthOf(Math.max(1, rows - 2));
    String name = f.table();
    return new Entry(
        params.table(name, rows, width, 0, Initializers.normal(0.01)),
        width == config.dim
            ? null
            : params
                .at("projection")
                .weight(name, Shape.of(width, config.dim), Initializers.xavierUniform()),
        hashed ? new HashingTrick(rows, (int) Counter.key(0, name)) : null,
        hashed && hashing.learned
            ? params.at("hash").weight(name, Shape.of(hashing.hashes), Initializers.constant(1))
            : null,
        null,
        null);
  }

  /// Frequent values in rows of width d, the others hashed.
  private Entry divided(Field.Ids f, Params params) {
    int rows = FrequentRows.FIRST + config.frequent.most();
    int others = config.hashing.rows > 0 ? config.hashing.rows : Math.max(3, rows);
    String name = f.table();
    Params p = params.at("tail").at(name);
    Entry tail =
        new Entry(
            p.table("rows", others, config.frequent.tailWidth(), 0, Initializers.normal(0.01)),
            p.weight(
                "projection",
                Shape.of(config.frequent.tailWidth(), config.dim),
                Initializers.xavierUniform()),
            new HashingTrick(others, (int) Counter.key(0, name)),
            null,
            null,
            null);
    return new Entry(
        params.table(name, rows, config.dim, 0, Initializers.normal(0.01)),
        null,
        null,
        null,
        new FrequentRows(f.size(), p),
        tail);
  }

  /// Whether it is known which values are frequent, where that matters.
  boolean fitted() {
    return tables.values().stream().allMatch(e -> e.frequent == null || e.frequent.fitted());
  }

  /// Learns it.
  void fit(Fitted.Rows rows, Schema schema) {
    tables.forEach(
        (name, entry) -> {
          if (entry.frequent != null) {
            List<String> readers =
                schema.ids().stream().filter(f -> f.table().equals(name)).map(Field::name).toList();
            entry.frequent.fit(rows, readers, config.frequent.most());
          }
        });
  }

  /// d
  int dim() {
    return config.dim;
  }

  /// M
  int count() {
    return fields.size() + (numeric == null ? 0 : numeric.shape().size(0));
  }

  /// C `[B, M, d]`: fields of ids in the order of the schema, then numbers.
  Var fields(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    List<Var> parts = new ArrayList<>(2);
    if (!fields.isEmpty()) {
      parts.add(plain() ? together(batch, tape) : oneByOne(batch, tape)); // [B, F, d]  (IN-1)
    }
    if (numeric != null) {
      Shape shape = Shape.of(batch.size(), numeric.shape().size(0), 1);
      Var x = tape.constant(shape, batch.dense()); //                        [B, c, 1]
      parts.add(x.multiply(tape.use(numeric))); //                           [B, c, d]
    }
    return parts.size() == 1 ? parts.getFirst() : Var.concat(1, parts);
  }

  private boolean plain() {
    return tables.values().stream()
        .allMatch(e -> e.projection == null && e.hash == null && e.frequent == null);
  }

  /// All tables in one kernel.
  private Var together(Batch batch, Tape tape) {
    KeyedJaggedTensor all = batch.sparse();
    KeyedJaggedTensor ids = all.keys().equals(names) ? all : all.select(names, tape.scope());
    List<Lookup.Bag> bags =
        fields.stream().map(f -> new Lookup.Bag(entry(f.table()).table, pooling(f))).toList();
    Var e = Lookup.bags(tape, bags, ids.values(), ids.offsets(), weights(ids.weights(), tape));
    return e.reshape(batch.size(), fields.size(), config.dim);
  }

  private Var oneByOne(Batch batch, Tape tape) {
    List<Var> tokens = new ArrayList<>();
    for (Field.Ids f : fields) {
      Entry entry = entry(f.table());
      KeyedJaggedTensor.JaggedIds ids = batch.sparse().of(f.name());
      Pooling pooling = pooling(f);
      Var weights = weights(ids.weights(), tape);
      tokens.add(
          vectors(
              entry,
              ids.values(),
              tape,
              (table, some) ->
                  Lookup.bags(
                      tape,
                      List.of(new Lookup.Bag(table, pooling)),
                      some,
                      ids.offsets(),
                      weights))); // [B, d]
    }
    return Var.stack(1, tokens);
  }

  private static @Nullable Var weights(float @Nullable [] weights, Tape tape) {
    return weights == null ? null : tape.constant(Shape.of(weights.length), weights);
  }

  private static Pooling pooling(Field.Ids field) {
    return field instanceof Field.MultiValued m ? m.pooling() : Pooling.SUM; // of one
  }

  /// The vectors of some steps, `[to − from, d]`.
  Var steps(String table, int[] ids, int from, int to, Tape tape) {
    Entry entry = entry(table);
    if (entry.frequent == null) {
      return vectors(entry, ids, tape, (rows, some) -> Lookup.rows(tape, rows, some, from, to));
    }
    int[] own = Arrays.copyOfRange(ids, from, to); // those beside them are of other tables
    return vectors(entry, own, tape, (rows, some) -> Lookup.rows(tape, rows, some, 0, own.length));
  }

  private Entry entry(String table) {
    Entry found = tables.get(table);
    if (found == null) {
      throw new IllegalArgumentException(
          "infnet: no table " + table + ". Expected one of: " + String.join(", ", tables.keySet()));
    }
    return found;
  }

  /// Vectors of width d: of every hash the looked up ones, weighed and added, then projected; and those of the tail.
  private Var vectors(Entry entry, int[] ids, Tape tape, Rows lookup) {
    int[] own = entry.frequent == null ? ids : entry.frequent.of(ids, true);
    Var sum = null;
    int hashes = entry.hash == null ? 1 : config.hashing.hashes;
    for (int k = 0; k < hashes; k++) {
      Var e = lookup.of(entry.table, entry.hash == null ? own : hashed(entry.hash, own, k));
      if (entry.weights != null) {
        e = e.multiply(tape.use(entry.weights).slice(0, k, k + 1));
      }
      sum = sum == null ? e : sum.add(e);
    }
    if (sum == null) {
      throw new IllegalStateException("infnet: no hashes."); // Hashing has seen to it
    }
    Var wide = entry.projection == null ? sum : sum.matmul(tape.use(entry.projection));
    return entry.frequent == null || entry.tail == null
        ? wide
        : wide.add(vectors(entry.tail, entry.frequent.of(ids, false), tape, lookup));
  }

  private static int[] hashed(HashingTrick hash, int[] ids, int k) {
    int[] rows = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      rows[i] = ids[i] < 2 ? ids[i] : hash.ids((long) ids[i], k + 1)[k];
    }
    return rows;
  }
}
