// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.embeddings.Schema;
import org.gradus.models.Fitted;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Table;
import org.jspecify.annotations.Nullable;

/// The numbers that trees read: dense fields as they are, and for a field of ids what is known about its ids, rate and count, see
/// [Rates]. These are counted in every row that is for trees, and the trees grow from a sample of `treeRows` of them.
///
/// Of several ids the mean counts. An id that was never seen, padding, and a bag without ids have rate and count 0. Fields come in
/// the order of their names, so that their order in the schema does not matter.
final class TreeFeatures {
  private static final int PER_ID = 2; // rate, count: what trees read of an id

  private final List<Field.Dense> dense = new ArrayList<>();
  private final List<Field.Ids> ids = new ArrayList<>();
  private final Map<String, TableParameter> tables = new HashMap<>(); // [rows, 2 + K]
  private final Rates rates;

  TreeFeatures(Schema schema, Rates rates, Params params) {
    this.rates = rates;
    List<Field> sorted = new ArrayList<>(schema.fields());
    sorted.sort(Comparator.comparing(Field::name));
    for (Field f : sorted) {
      switch (f) {
        case Field.Dense d -> dense.add(d);
        case Field.Categorical c -> add(c, params);
        case Field.MultiValued m -> add(m, params);
        default -> {} // sequences are for models of sequences; the rest is no feature
      }
    }
    if (columns() == 0) {
      throw new IllegalArgumentException(
          "gbdt-lr: "
              + schema
              + " has nothing that trees could read. Expected a dense, categorical or multi-valued"
              + " field.");
    }
  }

  private void add(Field.Ids field, Params params) {
    ids.add(field);
    if (!tables.containsKey(field.table())) {
      TableParameter table =
          params.table(field.table(), field.size(), rates.width(), 0, Initializers.zeros());
      table.freeze(true);
      tables.put(field.table(), table);
    }
  }

  /// d, how many numbers a row has.
  int columns() {
    return dense.size() + PER_ID * ids.size();
  }

  /// What is known about an id.
  @FunctionalInterface
  private interface Known {
    /// Writes rates and count of an id other than 0.
    ///
    /// @param field place of its field in [#ids]
    void read(int field, int id, float[] into);
  }

  /// Some rows of a batch as numbers, `[rows, d]`.
  @FunctionalInterface
  interface Numbers {
    /// Writes the numbers of rows `from` to `to − 1`, from the first place of `x` on.
    void write(int from, int to, float[] x);
  }

  /// The numbers of a batch, for as many rows at a time as are wanted.
  ///
  /// @param training whether rates leave out the rows of a row's fold, if there are folds
  /// @param tape may be watched
  Numbers of(Batch batch, boolean training, Tape tape) {
    tape.host(
        "rates and counts of ids, and dense fields",
        Shape.of(batch.size(), columns()),
        known()); // [B, d]
    List<Table> stored = new ArrayList<>();
    ids.forEach(f -> stored.add(table(f.table()).table()));
    View view = new View(batch, tape.scope());
    int columns = columns();
    Known read = (f, id, into) -> stored.get(f).read(id, into);
    return (from, to, x) -> {
      for (int b = from; b < to; b++) {
        int fold = training ? view.fold(b) : Rates.ALL;
        view.write(b, fold, read, x, (b - from) * columns);
      }
    };
  }

  private List<TableParameter> known() {
    return ids.stream().map(f -> table(f.table())).distinct().toList();
  }

  private TableParameter table(String name) {
    TableParameter found = tables.get(name);
    if (found == null) {
      throw new IllegalStateException("gbdt-lr: no table " + name);
    }
    return found;
  }

  /// The columns of a batch that count here.
  private final class View {
    private final Batch batch;
    private final int[] columnOf;
    private final int width; // numbers of a row of the batch
    private final List<JaggedIds> bags = new ArrayList<>();
    private final float[] one = new float[rates.width()];

    /// @param scope of the step that reads the batch, or null when it is read once
    View(Batch batch, @Nullable Scope scope) {
      this.batch = batch;
      List<Field.Dense> all = batch.schema().dense();
      columnOf = dense.stream().mapToInt(all::indexOf).toArray();
      width = all.size();
      KeyedJaggedTensor sparse = batch.sparse();
      ids.forEach(f -> bags.add(scope == null ? sparse.of(f.name()) : sparse.of(f.name(), scope)));
    }

    /// The fold of a row, by the values that trees read; [Rates#ALL] without folds.
    int fold(int row) {
      if (rates.folds() == 0) {
        return Rates.ALL;
      }
      long values = 0;
      for (int c : columnOf) {
        values = Counter.key(values, Float.floatToIntBits(batch.dense()[row * width + c]));
      }
      for (JaggedIds bag : bags) {
        values = Counter.key(values, 0); // where a field begins
        for (int i = bag.offsets()[row]; i < bag.offsets()[row + 1]; i++) {
          int id = bag.values()[i];
          values = id == 0 ? values : Counter.key(values, id);
        }
      }
      return rates.fold(values);
    }

    /// @param fold whose rates are read, or [Rates#ALL]
    void write(int row, int fold, Known known, float[] x, int at) {
      int rateAt = rates.column(fold);
      for (int c = 0; c < columnOf.length; c++) {
        x[at + c] = batch.dense()[row * width + columnOf[c]];
      }
      for (int f = 0; f < bags.size(); f++) {
        int to = at + columnOf.length + PER_ID * f;
        JaggedIds bag = bags.get(f);
        double rate = 0;
        double count = 0;
        int n = 0;
        for (int i = bag.offsets()[row]; i < bag.offsets()[row + 1]; i++) {
          if (bag.values()[i] != 0) {
            known.read(f, bag.values()[i], one);
            rate += one[rateAt];
            count += one[1];
            n++;
          }
        }
        x[to] = n == 0 ? 0 : (float) (rate / n);
        x[to + 1] = n == 0 ? 0 : (float) (count / n);
      }
    }

    float label(Choice choice, int row) {
      return batch.label(choice.label)[row];
    }

    /// Every id of a row but padding, field by field.
    void ids(int row, IdSink sink) {
      for (int f = 0; f < bags.size(); f++) {
        JaggedIds bag = bags.get(f);
        for (int i = bag.offsets()[row]; i < bag.offsets()[row + 1]; i++) {
          if (bag.values()[i] != 0) {
            sink.accept(ids.get(f).table(), bag.values()[i]);
          }
        }
      }
    }
  }

  @FunctionalInterface
  private interface IdSink {
    void accept(String table, int id);
  }

  /// Which rows are for trees: ids are counted in all of them, and the trees grow from a sample of `treeRows`, see
  /// [Sampling#isGrownFrom].
  ///
  /// @param label what was clicked
  /// @param sampling says which
  /// @param seed decides
  record Choice(String label, Sampling sampling, long seed) {
    /// Whether a row of a batch is for trees.
    ///
    /// @param place of the row among all
    boolean takes(Batch batch, int row, long place) {
      float[] mask = batch.labelMask(label);
      boolean labelled = mask == null || mask[row] != 0;
      return labelled && sampling.forTrees(place, batch.label(label)[row], seed);
    }
  }

  /// Learns what is to be known about ids, keeps it, and gives the rows to grow trees from. Reads the rows twice.
  TreeLibrary.Examples learn(Fitted.Rows rows, Choice choice) {
    Map<String, Integer> sizes = new HashMap<>();
    tables.forEach((name, table) -> sizes.put(name, table.table().rows()));
    Statistics statistics = new Statistics(rates, sizes);
    boolean ordered = rates.folds() == 0;
    each(
        rows,
        choice,
        (view, row, _) -> {
          statistics.count(view.label(choice, row));
          view.ids(row, statistics::count);
          if (!ordered) {
            learn(statistics, view, row, choice);
          }
        });
    if (statistics.rows() == 0) {
      throw new IllegalArgumentException(
          "gbdt-lr: no row is left for the trees. Expected more training rows with a label, or"
              + " splitTraining=false.");
    }
    Growing growing = new Growing(statistics.rows(), choice.sampling.treeRows(), columns());
    each(
        rows,
        choice,
        (view, row, place) -> {
          if (choice.sampling.isGrownFrom(place, statistics.rows(), choice.seed)) {
            growing.add(view, row, known(statistics), choice);
          }
          if (ordered) {
            learn(statistics, view, row, choice);
          }
        });
    tables.forEach((name, table) -> table.table().write(0, statistics.read(name)));
    return growing.examples(columns());
  }

  private static void learn(Statistics statistics, View view, int row, Choice choice) {
    int fold = view.fold(row);
    float y = view.label(choice, row);
    view.ids(row, (table, id) -> statistics.learn(table, id, fold, y));
  }

  private Known known(Statistics statistics) {
    return (field, id, into) -> statistics.read(ids.get(field).table(), id, into);
  }

  @FunctionalInterface
  private interface RowSink {
    void accept(View view, int row, long place);
  }

  private void each(Fitted.Rows rows, Choice choice, RowSink sink) {
    long[] first = {0};
    rows.forEach(
        batch -> {
          View view = new View(batch, null);
          for (int b = 0; b < batch.size(); b++) {
            if (choice.takes(batch, b, first[0] + b)) {
              sink.accept(view, b, first[0] + b);
            }
          }
          first[0] += batch.size();
        });
  }

  /// The rows that trees are grown from, as far as they are known.
  private static final class Growing {
    private float[] x;
    private float[] y;
    private float[] weights;
    private boolean weighted;
    private int n;

    Growing(long rows, int most, int columns) {
      int size = (int) Math.min(rows, most + 6L * (long) Math.sqrt(most) + 16); // drawn, so about
      x = new float[Math.multiplyExact(size, columns)];
      y = new float[size];
      weights = new float[size];
    }

    void add(View view, int row, Known known, Choice choice) {
      int columns = x.length / y.length;
      if (n == y.length) {
        return;
      }
      view.write(row, view.fold(row), known, x, n * columns);
      y[n] = view.label(choice, row);
      float[] given = view.batch.sampleWeights();
      weighted |= given != null;
      weights[n] = given == null ? 1 : given[row];
      n++;
    }

    TreeLibrary.Examples examples(int columns) {
      return new TreeLibrary.Examples(
          columns,
          Arrays.copyOf(x, n * columns),
          Arrays.copyOf(y, n),
          weighted ? Arrays.copyOf(weights, n) : null);
    }
  }
}
