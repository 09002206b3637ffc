// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Mode;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// What a user did, step by step, and the candidate that each step is held against. A step has one vector per column, such as
/// item and category; the candidate has the vectors of the fields that read the same tables.
///
/// Steps stand at the front of their row, oldest first; id 0 is padding wherever it stands, and is passed over.
public final class History {
  private final List<Column> columns = new ArrayList<>();
  private final List<String> names;
  private final int width;

  /// A sequence's table, and the place of the candidate's field among those that have embeddings.
  private record Column(TableParameter table, int candidate) {}

  /// The vectors of a batch.
  ///
  /// @param candidate a `[B, C·D]`, C the number of columns
  /// @param steps e `[B, T, C·D]`, T the longest history of the batch and at least 1; 0 at padding
  /// @param mask `[B, T]`, true at real steps
  /// @param ids of the steps, on the host
  public record Looked(Var candidate, Var steps, Tensor mask, StepIds ids) {
    /// `INT [B]`: how many steps each row has.
    public Tensor lengths(Scope scope) {
      int[] lengths = scope.ints(ids.rows());
      for (int b = 0; b < lengths.length; b++) {
        lengths[b] = ids.length(b);
      }
      return scope.upload(Shape.of(lengths.length), lengths);
    }

    /// Σ_t e_t over real steps, `[B, C·D]`; 0 when there are none.
    public Var sum() {
      Tape tape = steps.tape();
      return tape.constant(Masks.toReal(tape.scope(), mask)).weightedSum(steps);
    }

    /// The mean of the real e_t, `[B, C·D]`; 0 when there are none.
    public Var mean() {
      Tape tape = steps.tape();
      Var count = tape.constant(Masks.toReal(tape.scope(), mask)).sum(1, true); // [B, 1]
      return sum().divide(count.max(tape.constant(Shape.scalar(), 1.0)));
    }
  }

  /// A history of these columns.
  ///
  /// @param names of sequences, step by step about the same
  /// @param v where the candidate's fields are looked up
  public History(List<String> names, Schema schema, FieldEmbeddings v) {
    this.names = List.copyOf(names);
    for (String name : names) {
      if (!(schema.field(name) instanceof Field.Sequence sequence)) {
        throw new IllegalArgumentException(
            "history: field "
                + name
                + " is no sequence. Expected the names of sequences in histories.");
      }
      List<String> candidates =
          schema.categorical().stream()
              .filter(f -> f.table().equals(sequence.table()))
              .map(Field::name)
              .toList();
      if (candidates.size() != 1) {
        throw new IllegalArgumentException(
            "history: sequence "
                + name
                + " reads table "
                + sequence.table()
                + ", as do the categorical fields "
                + candidates
                + ". Expected exactly one, the candidate; leave other sequences out with the"
                + " setting histories.");
      }
      List<String> looked = v.fields().stream().map(Field::name).toList();
      columns.add(new Column(v.table(sequence.table()), looked.indexOf(candidates.getFirst())));
    }
    width = columns.size() * v.dim();
  }

  /// The histories that a user names, or, when none is named, each sequence of the schema as a history of its own.
  ///
  /// @param columns the sequences of each history
  public static List<History> all(List<List<String>> columns, Schema schema, FieldEmbeddings v) {
    List<List<String>> wanted =
        columns.isEmpty()
            ? schema.all(Field.Sequence.class).stream().map(f -> List.of(f.name())).toList()
            : columns;
    return wanted.stream().map(names -> new History(names, schema, v)).toList();
  }

  /// The name of the first column.
  public String name() {
    return names.getFirst();
  }

  /// The names of the columns.
  public List<String> columns() {
    return names;
  }

  /// C·D, the width of a step.
  public int width() {
    return width;
  }

  /// The number of rows of a column's table: every id is below it.
  public int rows(int column) {
    return columns.get(column).table.table().rows();
  }

  /// Looks the steps up, column by column where they lie in the batch: the host makes no rectangle of ids, only the ends of
  /// the lists.
  ///
  /// @param e the vectors of the fields, `[B, F, D]`
  public Looked lookup(Var e, Batch batch, Mode mode) {
    Tape tape = mode.tape();
    StepIds ids = StepIds.of(batch.sparse(), names, tape.scope());
    int longest = Math.max(1, ids.longest()); // an axis of size 0 would have no softmax
    Tensor offsets = tape.scope().upload(Shape.of(ids.ends().length), ids.ends());
    List<Var> candidate = new ArrayList<>();
    List<Var> steps = new ArrayList<>();
    for (int c = 0; c < columns.size(); c++) {
      Column column = columns.get(c);
      int from = ids.from()[c];
      int to = from + ids.count();
      Var rows = Lookup.rows(tape, column.table, ids.values()[c], from, to); // [N, D]
      candidate.add(e.index(1, column.candidate)); //                           [B, D]
      steps.add(rows.pad(offsets, longest)); //                                 [B, T, D]
    }
    Var ones = tape.constant(Shape.scalar(), 1f).expand(Shape.of(ids.count(), 1)); // [N, 1]
    Tensor real = ones.pad(offsets, longest).value(); //                              [B, T, 1]
    Shape shape = Shape.of(ids.rows(), longest);
    Tensor mask = Masks.nonZero(tape.scope(), tape.scope().reshape(real, shape));
    return new Looked(Var.concat(1, candidate), Var.concat(2, steps), mask, ids);
  }

  /// The vectors of other steps than the batch has: negatives.
  ///
  /// @param shape of the steps
  /// @param ids by column, each as many as the shape has places
  /// @return `shape + [C·D]`; 0 where ids are 0
  public Var vectors(Shape shape, int[][] ids, Mode mode) {
    List<Var> parts = new ArrayList<>();
    for (int c = 0; c < columns.size(); c++) {
      parts.add(Lookup.rows(mode.tape(), columns.get(c).table, shape, ids[c]));
    }
    return Var.concat(shape.rank(), parts);
  }
}
