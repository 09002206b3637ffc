// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.ArrayList;
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
  private final List<String> names = new ArrayList<>();
  private final List<Lookup.Bag> bags = new ArrayList<>();
  private final Map<String, TableParameter> tables = new LinkedHashMap<>();
  private final @Nullable DenseParameter numeric;
  private final int dim;

  /// What becomes of dense fields.
  public enum Numeric {
    /// Nothing here: the model reads the numbers itself.
    RAW,
    /// Each owns one vector v and contributes v · x (FM and AutoInt need this).
    SCALED_EMBEDDING
  }

  /// Embeddings of width `dim` for the fields of a schema. Tables get the paths `<table name>`, the vectors of dense
  /// fields the path `numeric`, which is no name for a table beside them.
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
    int dense = mode == Numeric.SCALED_EMBEDDING ? schema.dense().size() : 0;
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
          "field embeddings: "
              + schema
              + " has no field to embed. Expected a categorical or multi-valued field.");
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

  /// D, the width of a vector.
  public int dim() {
    return dim;
  }

  /// The fields of ids that are looked up, in order.
  public List<Field.Ids> fields() {
    return List.copyOf(fields);
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
      KeyedJaggedTensor ids = ids(batch);
      parts.add(
          Lookup.bags(tape, bags, ids.values(), ids.offsets(), weights(ids, tape))
              .reshape(batch.size(), fields.size(), dim)); // [B, F, D]
    }
    if (numeric != null) {
      int c = numeric.shape().size(0);
      Var x = tape.constant(Shape.of(batch.size(), c, 1), batch.dense()); // [B, c, 1]
      parts.add(x.multiply(tape.use(numeric))); //                           [B, c, D]
    }
    return parts.size() == 1 ? parts.getFirst() : Var.concat(1, parts);
  }

  private static @Nullable Var weights(KeyedJaggedTensor ids, Tape tape) {
    float[] weights = ids.weights();
    return weights == null ? null : tape.constant(Shape.of(weights.length), weights);
  }

  /// The ids of the fields that are looked up, in their order.
  KeyedJaggedTensor ids(Batch batch) {
    KeyedJaggedTensor all = batch.sparse();
    return all.keys().equals(names) ? all : all.select(names);
  }

  /// The inner products of all pairs of features inside the same multi-valued field, summed, `[B]`; null when there is no such
  /// field. FM needs it: two values of one field interact like any other two features, and a pooled vector has lost them.
  /// An id that occurs twice in a bag is two features.
  ///
  /// ```
  /// Σ_{bags} ½ Σ_d ((Σᵢ v_{i,d} xᵢ)² − Σᵢ v²_{i,d} xᵢ²)
  /// x = a, a / Σa or a / √Σa² for SUM, MEAN or SQRTN, a the weight of an id, 1 if there are none
  /// ```
  public @Nullable Var pairsInsideBags(Batch batch, Mode mode) {
    Var sum = null;
    for (int f = 0; f < fields.size(); f++) {
      if (fields.get(f) instanceof Field.MultiValued field) {
        Var pairs = pairs(batch.sparse().of(field.name()), bags.get(f), field, mode.tape());
        sum = sum == null ? pairs : sum.add(pairs);
      }
    }
    return sum;
  }

  private static Var pairs(JaggedIds ids, Lookup.Bag bag, Field.MultiValued field, Tape tape) {
    float[] weights = ids.weights();
    Tensor offsets = tape.scope().upload(Shape.of(ids.offsets().length), ids.offsets());
    Var rows =
        Lookup.rows(tape, bag.table(), Shape.of(ids.values().length), ids.values()); // [N, D]
    if (weights != null) {
      rows = rows.multiply(tape.constant(Shape.of(weights.length, 1), weights));
    }
    Var squareOfSum = rows.pool(offsets, Pooling.SUM).square(); //     [B, D]
    Var sumOfSquares = rows.square().pool(offsets, Pooling.SUM); //    [B, D]
    return squareOfSum
        .subtract(sumOfSquares)
        .sum(1)
        .multiply(tape.constant(Shape.of(ids.bags()), squaredScales(ids, field)))
        .multiply(0.5); // [B]
  }

  /// `[B]`: (x / a)² of each bag; padding is no feature and has no part in it.
  private static double[] squaredScales(JaggedIds ids, Field.MultiValued field) {
    float[] weights = ids.weights();
    double[] scales = new double[ids.bags()];
    for (int b = 0; b < ids.bags(); b++) {
      double count = 0;
      double sum = 0;
      double sumOfSquares = 0;
      for (int i = ids.offsets()[b]; i < ids.offsets()[b + 1]; i++) {
        if (ids.values()[i] != 0) {
          double a = weights == null ? 1 : weights[i];
          count++;
          sum += a;
          sumOfSquares += a * a;
        }
      }
      double divisor =
          switch (field.pooling()) {
            case SUM -> 1;
            case MEAN -> sum * sum;
            case MEAN_COUNT -> count * count;
            case SQRTN -> sumOfSquares;
            case MAX ->
                throw new IllegalArgumentException(
                    "field "
                        + field.name()
                        + ": FM with MAX pooling has no feature values. Expected SUM, MEAN or"
                        + " SQRTN.");
          };
      scales[b] = divisor == 0 ? 0 : 1 / divisor;
    }
    return scales;
  }
}
