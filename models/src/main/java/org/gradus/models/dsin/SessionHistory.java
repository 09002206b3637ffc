// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dsin;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Mode;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;

/// The sessions of a user, and the candidate that they are held against. A step has one vector per column, such as item and
/// category; the candidate has the vectors of the fields that read the same tables.
final class SessionHistory {
  private final List<Column> columns = new ArrayList<>();
  private final List<String> names;
  private final int maxSessions;
  private final int maxLength;

  /// A field of sessions, its table, and the place of the candidate's field among those that have embeddings.
  private record Column(String name, TableParameter table, int candidate) {}

  /// The vectors of a batch. Real sessions come first, oldest first, and real steps come first in each: id 0 is padding wherever
  /// it stands, and a session of nothing else is none.
  ///
  /// @param candidate x_I `[B, D]`
  /// @param steps Q `[B, K, T, D]`, 0 at padding; K and T are the most that a row of the batch has, at least 1
  /// @param lengths `[B·K]`, real steps of each session
  /// @param counts `[B]`, real sessions of each row
  record Looked(Var candidate, Var steps, int[] lengths, int[] counts) {}

  /// Sessions of these columns.
  ///
  /// @param names of fields of sessions, step by step about the same
  /// @param v where the candidate's fields are looked up
  SessionHistory(List<String> names, Schema schema, FieldEmbeddings v) {
    this.names = List.copyOf(names);
    List<String> looked = v.fields().stream().map(Field::name).toList();
    int most = 0;
    int longest = 0;
    for (String name : names) {
      if (!(schema.field(name) instanceof Field.Sessions sessions)) {
        throw new IllegalArgumentException(
            "dsin: field "
                + name
                + " holds no sessions. Expected the names of fields of sessions in sessions.");
      }
      List<String> candidates =
          schema.categorical().stream()
              .filter(f -> f.table().equals(sessions.table()))
              .map(Field::name)
              .toList();
      if (candidates.size() != 1) {
        throw new IllegalArgumentException(
            "dsin: sessions "
                + name
                + " read table "
                + sessions.table()
                + ", as do the categorical fields "
                + candidates
                + ". Expected exactly one, the candidate; leave other sessions out with the setting"
                + " sessions.");
      }
      most = Math.max(most, sessions.maxSessions());
      longest = Math.max(longest, sessions.maxLength());
      columns.add(
          new Column(name, v.table(sessions.table()), looked.indexOf(candidates.getFirst())));
    }
    maxSessions = most;
    maxLength = longest;
  }

  /// The fields, column by column.
  List<String> names() {
    return names;
  }

  /// C, the number of columns.
  int columns() {
    return columns.size();
  }

  /// The most sessions of a row.
  int maxSessions() {
    return maxSessions;
  }

  /// The most steps of a session.
  int maxLength() {
    return maxLength;
  }

  /// Looks the steps up.
  ///
  /// @param e the vectors of the fields, `[B, F, D/C]`
  Looked lookup(Var e, Batch batch, Mode mode) {
    Tape tape = mode.tape();
    int rows = batch.size();
    JaggedIds sizes = sizes(batch);
    List<JaggedIds> ids =
        columns.stream().map(c -> batch.sparse().of(c.name, tape.scope())).toList();
    Places places = new Places(sizes, ids, tape.scope());
    int k = places.most;
    int t = places.longest;
    List<Var> candidate = new ArrayList<>();
    List<Var> steps = new ArrayList<>();
    for (int c = 0; c < columns.size(); c++) {
      int[] padded = tape.scope().ints(rows * k * t);
      for (int i = 0; i < places.to.length; i++) {
        if (places.to[i] >= 0) {
          padded[places.to[i]] = ids.get(c).values()[i];
        }
      }
      candidate.add(e.index(1, columns.get(c).candidate)); //                    [B, D/C]
      steps.add(Lookup.rows(tape, columns.get(c).table, Shape.of(rows, k, t), padded));
    }
    return new Looked(
        Var.concat(1, candidate), Var.concat(3, steps), places.lengths, places.counts);
  }

  private JaggedIds sizes(Batch batch) {
    JaggedIds first = batch.sessions(columns.getFirst().name);
    for (Column column : columns) {
      JaggedIds other = batch.sessions(column.name);
      if (!Arrays.equals(first.values(), other.values())
          || !Arrays.equals(first.offsets(), other.offsets())) {
        throw new IllegalArgumentException(
            "dsin: sessions "
                + columns.getFirst().name
                + " and "
                + column.name
                + " have different sizes. Expected columns of the same steps.");
      }
    }
    return first;
  }

  /// Where each id of a batch goes in `[B, K, T]`.
  private static final class Places {
    final int[] to; // −1 for padding
    final int[] lengths;
    final int[] counts;
    int most = 1; // an axis of size 0 would have no softmax
    int longest = 1;

    Places(JaggedIds sizes, List<JaggedIds> ids, Scope scope) {
      int n = ids.getFirst().values().length;
      int[] session = scope.ints(n);
      int[] step = scope.ints(n);
      counts = scope.ints(sizes.bags());
      int i = 0;
      for (int b = 0; b < counts.length; b++) {
        for (int s = sizes.offsets()[b]; s < sizes.offsets()[b + 1]; s++) {
          int real = 0;
          for (int end = i + sizes.values()[s]; i < end; i++) {
            session[i] = counts[b];
            step[i] = padding(ids, i) ? -1 : real++;
          }
          counts[b] += real > 0 ? 1 : 0;
          longest = Math.max(longest, real);
        }
        most = Math.max(most, counts[b]);
      }
      lengths = scope.ints(counts.length * most);
      to = scope.ints(n);
      for (int b = 0; b < counts.length; b++) {
        for (int j = ids.getFirst().offsets()[b]; j < ids.getFirst().offsets()[b + 1]; j++) {
          int place = b * most + session[j];
          to[j] = step[j] < 0 ? -1 : place * longest + step[j];
          if (step[j] >= 0) {
            lengths[place]++;
          }
        }
      }
    }

    private static boolean padding(List<JaggedIds> ids, int i) {
      for (JaggedIds column : ids) {
        if (column.values()[i] != 0) {
          return false;
        }
      }
      return true;
    }
  }
}
