// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.din;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Mode;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// What a user did, step by step, and the candidate that each step is held against. A step has one vector per column, such as
/// item and category; the candidate has the vectors of the fields that read the same tables.
final class History {
  private final List<Column> columns = new ArrayList<>();

  /// A sequence, its table, and the place of the candidate's field among those that have embeddings.
  private record Column(String name, TableParameter table, int candidate) {}

  /// The vectors of a batch.
  ///
  /// @param candidate a `[B, C·D]`, C the number of columns
  /// @param steps e `[B, T, C·D]`
  /// @param mask `[B, T]`, true at real steps
  record Looked(Var candidate, Var steps, Tensor mask) {}

  /// A history of these columns.
  ///
  /// @param names of sequences, step by step about the same
  /// @param v where the candidate's fields are looked up
  History(List<String> names, Schema schema, FieldEmbeddings v) {
    for (String name : names) {
      if (!(schema.field(name) instanceof Field.Sequence sequence)) {
        throw new IllegalArgumentException(
            "din: field "
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
            "din: sequence "
                + name
                + " reads table "
                + sequence.table()
                + ", as do the categorical fields "
                + candidates
                + ". Expected exactly one, the candidate; leave other sequences out with the"
                + " setting histories.");
      }
      List<String> looked = v.fields().stream().map(Field::name).toList();
      columns.add(
          new Column(name, v.table(sequence.table()), looked.indexOf(candidates.getFirst())));
    }
  }

  /// The name of the first column.
  String name() {
    return columns.getFirst().name;
  }

  /// C, the number of columns.
  int columns() {
    return columns.size();
  }

  /// Looks the steps up, column by column where they lie in the batch: the host makes no rectangle of ids, only the ends of
  /// the lists.
  ///
  /// @param e the vectors of the fields, `[B, F, D]`
  Looked lookup(Var e, Batch batch, Mode mode) {
    Tape tape = mode.tape();
    KeyedJaggedTensor ids = batch.sparse();
    int[] ends = ends(ids, name());
    int longest = 1; // an axis of size 0 would have no softmax
    for (int b = 0; b < ids.stride(); b++) {
      longest = Math.max(longest, ends[b + 1] - ends[b]);
    }
    Tensor offsets = tape.scope().upload(Shape.of(ends.length), ends);
    List<Var> candidate = new ArrayList<>();
    List<Var> steps = new ArrayList<>();
    for (Column column : columns) {
      if (!column.name.equals(name())) {
        check(ends, ends(ids, column.name), column.name);
      }
      int from = ids.offsets()[ids.index(column.name) * ids.stride()];
      int to = from + ends[ids.stride()];
      Var rows = Lookup.rows(tape, column.table, ids.values(), from, to); // [N, D]
      candidate.add(e.index(1, column.candidate)); //                        [B, D]
      steps.add(rows.pad(offsets, longest)); //                              [B, T, D]
    }
    Tensor real = real(ids, ends[ids.stride()], tape).pad(offsets, longest).value(); // [B, T, 1]
    Shape shape = Shape.of(ids.stride(), longest);
    Tensor mask = Masks.nonZero(tape.scope(), tape.scope().reshape(real, shape));
    return new Looked(Var.concat(1, candidate), Var.concat(2, steps), mask);
  }

  /// Where each list of a sequence ends, counted from the first one's start, `[B + 1]`.
  private static int[] ends(KeyedJaggedTensor ids, String name) {
    int first = ids.index(name) * ids.stride();
    int[] ends = new int[ids.stride() + 1];
    for (int b = 0; b < ends.length; b++) {
      ends[b] = ids.offsets()[first + b] - ids.offsets()[first];
    }
    return ends;
  }

  private void check(int[] first, int[] other, String column) {
    if (!Arrays.equals(first, other)) {
      throw new IllegalArgumentException(
          "din: sequences "
              + name()
              + " and "
              + column
              + " of one history have different lengths. Expected columns of the same steps.");
    }
  }

  /// `[N, 1]`: 1 at real steps. A step is real when an id of it is: 0 is padding, wherever it stands.
  private Var real(KeyedJaggedTensor ids, int n, Tape tape) {
    int padding = 0;
    for (int i = 0; i < n; i++) {
      padding += padded(ids, i) ? 1 : 0;
    }
    if (padding == 0) {
      return tape.constant(Shape.scalar(), 1f).expand(Shape.of(n, 1));
    }
    float[] real = new float[n];
    for (int i = 0; i < n; i++) {
      real[i] = padded(ids, i) ? 0 : 1;
    }
    return tape.constant(Shape.of(n, 1), real);
  }

  private boolean padded(KeyedJaggedTensor ids, int i) {
    for (Column column : columns) {
      int from = ids.offsets()[ids.index(column.name) * ids.stride()];
      if (ids.values()[from + i] != 0) {
        return false;
      }
    }
    return true;
  }
}
