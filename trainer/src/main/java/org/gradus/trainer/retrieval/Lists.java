// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.data.DataException;
import org.gradus.data.DataSet;
import org.gradus.data.Examples;
import org.gradus.data.Examples.Pass;
import org.gradus.data.UserStates;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.embeddings.Schema;
import org.gradus.models.Retriever;
import org.jspecify.annotations.Nullable;

/// What lists for users are measured on: for each user of the test rows, what he was like when they began, what came then, and what
/// he had met before. Rows belong to users by the group of the schema, and say when by its timestamp.
///
/// What a user met are the labels of his training and validation rows, what stands in the histories of his rows up to the first test
/// row, and, where the past is told, everything that he did before: rows may be capped, and histories are cut. Items that he met are
/// no candidates; where one comes again in the test rows, it is not looked for.
public final class Lists {
  /// One user.
  ///
  /// @param id of the group
  /// @param relevant known items of his test rows that he had not met, each once
  /// @param met known items from before
  public record User(long id, int[] relevant, IntOpenHashSet met) {}

  private final Schema schema;
  private final Field.Categorical item;
  private final Map<Long, State> states = new TreeMap<>();
  private final List<Batch> firstRows = new ArrayList<>();
  private final List<User> users = new ArrayList<>();
  private final List<IntOpenHashSet> taken = new ArrayList<>(); // of the users, then of all others
  private final double[] counts; // by id
  private long lastTrained = Long.MIN_VALUE;
  private long lastKnown = Long.MIN_VALUE;

  private static final class State {
    private final IntOpenHashSet met = new IntOpenHashSet();
    private final IntOpenHashSet taken = new IntOpenHashSet(); // of what he met, what counts
    private final IntArrayList test = new IntArrayList();
    private long heldOut = Long.MAX_VALUE; // the time of the first validation or test row
    private long first = Long.MAX_VALUE;
    private int batch = -1;
    private int row;
  }

  /// Of the test rows of a data set.
  ///
  /// @param item the field of the item
  /// @param past what users did, if anything tells it
  public Lists(DataSet data, Field.Categorical item, @Nullable UserStates past) {
    this.schema = data.schema();
    this.item = item;
    this.counts = new double[item.size()];
    if (schema.all(Field.Group.class).isEmpty() || schema.all(Field.Timestamp.class).isEmpty()) {
      throw new DataException(
          data.name()
              + ": rows that do not say whose they are, or when. Expected a group and a timestamp"
              + " in the schema.");
    }
    before(data.train(), true, past == null);
    before(data.valid(), false, false);
    List<Batch> tests = new ArrayList<>();
    each(
        data.test(),
        batch -> {
          tests.add(batch);
          collect(batch, tests.size() - 1);
        });
    if (past != null) {
      past.past(this::happened);
    }
    for (Map.Entry<Long, State> e : states.entrySet()) {
      State s = e.getValue();
      if (s.batch >= 0) {
        Batch batch = tests.get(s.batch);
        meet(s, batch, s.row); // the history that the first test row has
        int[] relevant =
            s.test.intStream().filter(i -> !s.met.contains(i)).distinct().sorted().toArray();
        users.add(new User(e.getKey(), relevant, s.met));
        firstRows.add(row(batch, s.row));
        taken.add(s.taken);
      }
    }
    states.values().stream().filter(s -> s.batch < 0).forEach(s -> taken.add(s.taken));
  }

  /// Something from the log: known if it came before the user's test rows, or, where he has none, while others' rows were known.
  private void happened(long user, int id, long time, boolean positive) {
    if (id < Retriever.FIRST_ITEM) {
      return;
    }
    State s = states.computeIfAbsent(user, _ -> new State());
    if (s.batch >= 0 ? time < s.first : time <= lastKnown) {
      s.met.add(id);
      if (positive) {
        s.taken.add(id);
      }
    }
    if (positive && time < s.heldOut && time <= lastTrained) {
      counts[id]++;
    }
  }

  private interface Each {
    void accept(Batch batch);
  }

  private static void each(Examples rows, Each each) {
    try (Examples.Stream stream = rows.stream(Pass.inOrder(1024))) {
      for (Batch b = stream.next(); b != null; b = stream.next()) {
        each.accept(b);
      }
    }
  }

  private void before(Examples rows, boolean trained, boolean counted) {
    each(
        rows,
        batch -> {
          long[] groups = groups(batch);
          long[] times = times(batch);
          int[] labels = batch.sparse().of(item.name()).values();
          for (int b = 0; b < groups.length; b++) {
            State s = states.computeIfAbsent(groups[b], _ -> new State());
            meet(s, batch, b);
            lastKnown = Math.max(lastKnown, times[b]);
            if (trained) {
              lastTrained = Math.max(lastTrained, times[b]);
            } else {
              s.heldOut = Math.min(s.heldOut, times[b]);
            }
            if (labels[b] >= Retriever.FIRST_ITEM) {
              s.met.add(labels[b]);
              s.taken.add(labels[b]);
              counts[labels[b]] += counted ? 1 : 0;
            }
          }
        });
  }

  /// Items of the histories of a row.
  private void meet(State s, Batch batch, int b) {
    for (Field.Sequence f : schema.all(Field.Sequence.class)) {
      if (f.table().equals(item.table())) {
        JaggedIds lists = batch.sparse().of(f.name());
        for (int i = lists.offsets()[b]; i < lists.offsets()[b + 1]; i++) {
          if (lists.values()[i] >= Retriever.FIRST_ITEM) {
            s.met.add(lists.values()[i]);
            s.taken.add(lists.values()[i]);
          }
        }
      }
    }
  }

  private void collect(Batch batch, int number) {
    long[] groups = groups(batch);
    long[] times = times(batch);
    int[] labels = batch.sparse().of(item.name()).values();
    for (int b = 0; b < groups.length; b++) {
      State s = states.computeIfAbsent(groups[b], _ -> new State());
      if (labels[b] >= Retriever.FIRST_ITEM) {
        s.test.add(labels[b]);
      }
      s.heldOut = Math.min(s.heldOut, times[b]);
      if (s.batch < 0 || times[b] < s.first) {
        s.first = times[b];
        s.batch = number;
        s.row = b;
      }
    }
  }

  private static long[] groups(Batch batch) {
    return java.util.Objects.requireNonNull(batch.groups());
  }

  private static long[] times(Batch batch) {
    return java.util.Objects.requireNonNull(batch.timestamps());
  }

  /// The users, by id.
  public List<User> users() {
    return List.copyOf(users);
  }

  /// One row per user, in their order: the first of his test rows, and with it the history before all of them.
  public List<Batch> states() {
    return List.copyOf(firstRows);
  }

  /// Number of users.
  public int size() {
    return users.size();
  }

  /// How often an item was taken in training, by id: how often it was a label there, or, where the past is told, what happened
  /// before the user's validation and test rows, up to the last training row.
  public double[] counts() {
    return counts.clone();
  }

  /// Everyone by items, 1 where someone had taken an item before his test rows: what collaborative filtering may know. The users
  /// have the first rows, in their order; those without test rows follow.
  public CsrMatrix interactions() {
    CsrMatrix.Builder m =
        new CsrMatrix.Builder(taken.size(), item.size(), CsrMatrix.Duplicates.MAX);
    for (int u = 0; u < taken.size(); u++) {
      for (int i : taken.get(u)) {
        m.add(u, i, 1);
      }
    }
    return m.build();
  }

  /// Whether a user, by his place, had taken nothing: collaborative filtering knows nothing of him.
  public boolean cold(int user) {
    return taken.get(user).isEmpty();
  }

  private Batch row(Batch batch, int b) {
    List<String> keys = new ArrayList<>();
    IntArrayList ids = new IntArrayList();
    IntArrayList lengths = new IntArrayList();
    for (Field.Ids f : schema.ids()) {
      JaggedIds lists = batch.sparse().of(f.name());
      keys.add(f.name());
      int from = lists.offsets()[b];
      int to = lists.offsets()[b + 1];
      lengths.add(to - from);
      for (int i = from; i < to; i++) {
        ids.add(lists.values()[i]);
      }
    }
    int c = schema.dense().size();
    Batch.Builder row =
        Batch.builder(schema, 1)
            .dense(Arrays.copyOfRange(batch.dense(), b * c, (b + 1) * c))
            .sparse(KeyedJaggedTensor.fromLengths(keys, ids.toIntArray(), lengths.toIntArray()));
    return row.build();
  }
}
