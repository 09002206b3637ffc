// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializer;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// One vector per field: rows of tables for categorical and multi-valued fields, and, if asked for, a vector times the
/// number for dense fields.
///
/// Row 0 of every table is padding: zero, never trained, not counted. Sequences are not fields here; a model that reads
/// them looks them up on its own, in the tables of [#table].
public final class FieldEmbeddings {
  private static final String NUMERIC = "numeric";

  private final List<Field.Ids> fields = new ArrayList<>();
  private final List<Field.Ids> known = Collections.unmodifiableList(fields);
  private final List<String> names = new ArrayList<>();
  private final List<Lookup.Bag> bags = new ArrayList<>();
  private final Map<String, TableParameter> tables = new LinkedHashMap<>();
  private final @Nullable DenseParameter numeric;
  private final List<Field.Dense> numbers; // the rows of numeric
  private final int dim;

  /// What becomes of dense fields.
  public enum Numeric {
    /// Nothing here: the model reads the numbers itself.
    RAW,
    /// Each owns one vector v and contributes v · x (FM and AutoInt need this).
    SCALED_EMBEDDING
  }

  /// Embeddings of width `dim` for the fields of a schema. Tables get the paths `<table name>`, the vectors of dense
  /// fields the path `numeric`, which is no name for a table beside them. The schema may be a part of that of the batches.
  public FieldEmbeddings(Schema schema, int dim, Numeric mode, Params params, Initializer init) {
    this.dim = dim;
    for (Field.Ids f : schema.ids()) {
      Pooling pooling = pooling(f);
      if (pooling != null) {
        TableParameter table = tables.get(f.table());
        if (table == null) {
          table = params.table(f.table(), f.size(), dim, 0, init);
          tables.put(f.table(), table);
        }
        fields.add(f);
        names.add(f.name());
        bags.add(new Lookup.Bag(table, pooling));
      }
    }
    numbers = mode == Numeric.SCALED_EMBEDDING ? schema.dense() : List.of();
    int dense = numbers.size();
    if (dense > 0 && tables.containsKey(NUMERIC)) {
      throw new IllegalArgumentException(
          "field embeddings: a table is called "
              + NUMERIC
              + ", which is the path of the vectors of the dense fields. Expected another name for"
              + " the field, or for its table (table=… in a schema file).");
    }
    numeric = dense == 0 ? null : params.weight(NUMERIC, Shape.of(dense, dim), init);
    if (count() == 0) {
      throw new IllegalArgumentException(
          "field embeddings: nothing to embed, for no field is categorical or multi-valued; there"
              + " are "
              + schema.fields().stream().map(Field::name).toList()
              + ". Expected a categorical or multi-valued field, or a model that gives numbers"
              + " vectors too.");
    }
  }

  private static @Nullable Pooling pooling(Field.Ids field) {
    return switch (field) {
      case Field.Categorical _ -> Pooling.SUM; // of one
      case Field.MultiValued m -> m.pooling();
      case Field.Sequence _, Field.Sessions _ -> null;
    };
  }

  /// F, the number of vectors of an example.
  public int count() {
    return fields.size() + (numeric == null ? 0 : numeric.shape().size(0));
  }

  /// What the vectors of an example are of, in order: names of fields of ids, then of dense fields.
  public List<String> names() {
    List<String> all = new ArrayList<>(names);
    numbers.forEach(field -> all.add(field.name()));
    return all;
  }

  /// D, the width of a vector.
  public int dim() {
    return dim;
  }

  /// The fields of ids that are looked up, in order.
  public List<Field.Ids> fields() {
    return known;
  }

  /// The table of this name.
  public TableParameter table(String name) {
    TableParameter t = tables.get(name);
    if (t == null) {
      throw new IllegalArgumentException(
          "field embeddings: no table "
              + name
              + ". Expected one of: "
              + String.join(", ", tables.keySet())
              + ".");
    }
    return t;
  }

  /// The vectors of a batch, `[B, F, D]`: fields of ids in schema order, then dense fields.
  public Var lookup(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    List<Var> parts = new ArrayList<>(2);
    if (!bags.isEmpty()) {
      KeyedJaggedTensor ids = ids(batch, tape.scope());
      parts.add(
          Lookup.bags(tape, bags, ids.values(), ids.offsets(), weights(ids, tape))
              .reshape(batch.size(), fields.size(), dim)); // [B, F, D]
    }
    if (numeric != null) {
      int c = numeric.shape().size(0);
      Var x =
          tape.constant(Shape.of(batch.size(), c, 1), numbers(batch, tape.scope())); // [B, c, 1]
      parts.add(x.multiply(tape.use(numeric))); //                           [B, c, D]
    }
    return parts.size() == 1 ? parts.getFirst() : Var.concat(1, parts);
  }

  /// The numbers of the dense fields that have vectors, `[B, c]`.
  private float[] numbers(Batch batch, Scope scope) {
    List<Field.Dense> all = batch.schema().dense();
    if (all.equals(numbers)) {
      return batch.dense();
    }
    float[] some = scope.floats(batch.size() * numbers.size());
    for (int i = 0; i < some.length; i++) {
      int column = all.indexOf(numbers.get(i % numbers.size()));
      some[i] = batch.dense()[i / numbers.size() * all.size() + column];
    }
    return some;
  }

  /// The vectors that a batch reads, each once, padding left out: `[n, D]` for each table, in the order of their fields, and
  /// `[c, D]` for the dense fields. What a penalty on the rows of a batch adds up.
  public List<Var> distinctRows(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    List<Var> all = new ArrayList<>();
    tables.forEach(
        (name, table) -> {
          int[] ids =
              fields.stream()
                  .filter(f -> f.table().equals(name))
                  .flatMapToInt(f -> Arrays.stream(batch.sparse().of(f.name()).values()))
                  .filter(id -> id != 0)
                  .sorted()
                  .distinct()
                  .toArray();
          all.add(Lookup.rows(tape, table, Shape.of(ids.length), ids));
        });
    if (numeric != null) {
      all.add(tape.use(numeric));
    }
    return all;
  }

  private static @Nullable Var weights(KeyedJaggedTensor ids, Tape tape) {
    float[] weights = ids.weights();
    return weights == null ? null : tape.constant(Shape.of(weights.length), weights);
  }

  /// The ids of the fields that are looked up, in their order.
  KeyedJaggedTensor ids(Batch batch, Scope scope) {
    KeyedJaggedTensor all = batch.sparse();
    return all.keys().equals(names) ? all : all.select(names, scope);
  }

  /// Which fields of an example have something to say, `[B, F]`, row by row: a bag without ids, and an id that is padding, have
  /// not. A number always has, 0 included. The array is the scope's.
  public boolean[] present(Batch batch, Scope scope) {
    boolean[] present = scope.booleans(batch.size() * count());
    Arrays.fill(present, true);
    for (int f = 0; f < fields.size(); f++) {
      int key = batch.sparse().index(names.get(f));
      for (int b = 0; b < batch.size(); b++) {
        present[b * count() + f] = Values.of(batch.sparse(), key, b).count > 0;
      }
    }
    return present;
  }

  /// x of every id of a field, in the order of the batch, 0 for padding: see [#squaredNorms].
  ///
  /// @param f place of the field in [#fields]
  public double[] values(int f, Batch batch) {
    JaggedIds ids = batch.sparse().of(names.get(f));
    float[] weights = ids.weights();
    double[] values = new double[ids.values().length];
    for (int b = 0; b < ids.bags(); b++) {
      double scale =
          StrictMath.sqrt(Values.of(ids, b).squaredScale(bags.get(f).pooling(), names.get(f)));
      for (int i = ids.offsets()[b]; i < ids.offsets()[b + 1]; i++) {
        double a = weights == null ? 1 : weights[i];
        values[i] = ids.values()[i] == 0 ? 0 : a * scale;
      }
    }
    return values;
  }

  /// ‖x‖² of each example over the features of the fields that have vectors here, `[B]`. An id has value
  ///
  /// ```
  /// x = a, a / Σa or a / √Σa² for SUM, MEAN or SQRTN, a the weight of an id, 1 if there are none
  /// ```
  ///
  /// The array is the scope's.
  public double[] squaredNorms(Batch batch, Scope scope) {
    double[] norms = scope.doubles(batch.size());
    for (int f = 0; f < fields.size(); f++) {
      int key = batch.sparse().index(names.get(f));
      for (int b = 0; b < norms.length; b++) {
        Values x = Values.of(batch.sparse(), key, b);
        norms[b] += x.sumOfSquares * x.squaredScale(bags.get(f).pooling(), names.get(f));
      }
    }
    int c = numbers.size();
    float[] dense = numbers(batch, scope);
    for (int i = 0; i < norms.length * c; i++) {
      double x = dense[i];
      norms[i / c] += x * x;
    }
    return norms;
  }

  /// The inner products of all pairs of features inside the same multi-valued field, summed, `[B]`; null when there is no such
  /// field. FM needs it: two values of one field interact like any other two features, and a pooled vector has lost them.
  /// An id that occurs twice in a bag is two features.
  ///
  /// ```
  /// Σ_{bags} ½ Σ_d ((Σᵢ v_{i,d} xᵢ)² − Σᵢ v²_{i,d} xᵢ²)
  /// ```
  public @Nullable Var pairsInsideBags(Batch batch, Mode mode) {
    Var sum = null;
    for (int f = 0; f < fields.size(); f++) {
      if (fields.get(f) instanceof Field.MultiValued) {
        Var pairs = productsInside(f, 0, dim, batch, mode).sum(1); // [B]
        sum = sum == null ? pairs : sum.add(pairs);
      }
    }
    return sum;
  }

  /// As above before the sum over d, of one field: the element-wise products of all pairs of features inside its bags, summed.
  ///
  /// ```
  /// y_d = Σ_{i<j} v_{i,d} xᵢ v_{j,d} xⱼ = ½ ((Σᵢ v_{i,d} xᵢ)² − Σᵢ v²_{i,d} xᵢ²)
  /// ```
  ///
  /// @param f place of the field in [#fields]
  /// @param from first column of the vectors
  /// @param to last column and one
  /// @return `[B, to − from]`
  public Var productsInside(int f, int from, int to, Batch batch, Mode mode) {
    Tape tape = mode.tape();
    JaggedIds ids = batch.sparse().of(names.get(f), tape.scope());
    float[] weights = ids.weights();
    Tensor offsets = tape.scope().upload(Shape.of(ids.offsets().length), ids.offsets());
    Var rows =
        Lookup.rows(
            tape, bags.get(f).table(), Shape.of(ids.values().length), ids.values()); // [N, D]
    if (to - from < dim) {
      rows = rows.slice(1, from, to);
    }
    if (weights != null) {
      rows = rows.multiply(tape.constant(Shape.of(weights.length, 1), weights));
    }
    Var squareOfSum = rows.pool(offsets, Pooling.SUM).square(); //     [B, D]
    Var sumOfSquares = rows.square().pool(offsets, Pooling.SUM); //    [B, D]
    double[] scales = tape.scope().doubles(ids.bags());
    for (int b = 0; b < scales.length; b++) {
      scales[b] = 0.5 * Values.of(ids, b).squaredScale(bags.get(f).pooling(), names.get(f));
    }
    return squareOfSum
        .subtract(sumOfSquares)
        .multiply(tape.constant(Shape.of(scales.length, 1), scales)); // [B, D]
  }

  /// Fails where a field's ids have no values x, for models whose sums run over features.
  ///
  /// @param model said in the message
  public void requireValues(String model) {
    for (int f = 0; f < fields.size(); f++) {
      if (bags.get(f).pooling() == Pooling.MAX) {
        throw new IllegalArgumentException(
            model
                + ": field "
                + names.get(f)
                + " is pooled by MAX, so its ids have no values x. Expected SUM, MEAN or SQRTN.");
      }
    }
  }

  /// What the values x of a bag follow from; padding is no feature and has no part in it.
  private record Values(int count, double sum, double sumOfSquares) {
    static Values of(JaggedIds ids, int bag) {
      return of(ids.values(), ids.weights(), ids.offsets()[bag], ids.offsets()[bag + 1]);
    }

    /// Of an example's bag of one key, where it lies.
    static Values of(KeyedJaggedTensor ids, int key, int example) {
      int bag = key * ids.stride() + example;
      return of(ids.values(), ids.weights(), ids.offsets()[bag], ids.offsets()[bag + 1]);
    }

    private static Values of(int[] ids, float @Nullable [] weights, int from, int to) {
      int count = 0;
      double sum = 0;
      double sumOfSquares = 0;
      for (int i = from; i < to; i++) {
        if (ids[i] != 0) {
          double a = weights == null ? 1 : weights[i];
          count++;
          sum += a;
          sumOfSquares += a * a;
        }
      }
      return new Values(count, sum, sumOfSquares);
    }

    /// (x / a)²
    double squaredScale(Pooling pooling, String field) {
      double divisor =
          switch (pooling) {
            case SUM -> 1;
            case MEAN -> sum * sum;
            case MEAN_COUNT -> (double) count * count;
            case SQRTN -> sumOfSquares;
            case MAX ->
                throw new IllegalArgumentException(
                    "field "
                        + field
                        + ": FM with MAX pooling has no feature values. Expected SUM, MEAN or"
                        + " SQRTN.");
          };
      return divisor == 0 ? 0 : 1 / divisor;
    }
  }
}
