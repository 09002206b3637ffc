// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.embeddings.StepIds;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The tokens of what a user did, behaviour after behaviour:
///
/// ```
/// s_{a,t} = Σ_columns E[id],  or [E[id]; …] P                  (IN-2)
/// S       = [s_{1,1}; …; s_{F,n_F}]
/// ```
///
/// A behaviour of several columns (item and category) has one token per step. Steps stand at the front of their behaviour's places,
/// oldest first, n_a being the most steps of the batch; id 0 is padding wherever it stands.
public final class Behaviours {
  private final List<Behaviour> all = new ArrayList<>();
  private final TokenTables tables;

  /// How the columns of a step become one token.
  public enum Columns {
    /// added, as in the paper
    SUM,
    /// side by side, and a matrix without bias
    CONCAT
  }

  /// What a user may set.
  ///
  /// @param columns how those of a step become one token
  /// @param encoder what steps say to each other before anybody asks them
  public record Config(Columns columns, SequenceEncoder.Config encoder) {}

  /// @param join P `[columns · d, d]`
  /// @param longest the most steps that the schema allows
  private record Behaviour(
      List<String> columns,
      List<String> tables,
      @Nullable DenseParameter join,
      @Nullable SequenceEncoder encoder,
      int longest) {}

  /// The steps of one behaviour in a batch.
  ///
  /// @param mask `[B, n_a]`, true at real steps
  /// @param lengths of the rows
  /// @param longest the most steps that the schema allows
  record Steps(Tensor mask, int[] lengths, int longest) {}

  /// The tokens of a batch.
  ///
  /// @param tokens S `[B, L, d]`, 0 at padding
  /// @param mask `[B, L]`, true at real steps
  /// @param owners `INT [L]`: which behaviour a place belongs to
  /// @param steps behaviour by behaviour
  /// @param over the columns of the only behaviour; none of several
  record Looked(Var tokens, Tensor mask, Tensor owners, List<Steps> steps, List<String> over) {
    /// n_a of each behaviour
    int[] sizes() {
      return steps.stream().mapToInt(s -> s.mask.shape().size(1)).toArray();
    }
  }

  /// Behaviours of these columns.
  ///
  /// @param columns sequences, behaviour by behaviour; when there are none, every sequence is a behaviour
  Behaviours(
      List<List<String>> columns, Config config, Schema schema, TokenTables tables, Params params) {
    this.tables = tables;
    int width = tables.dim();
    List<List<String>> wanted =
        columns.isEmpty()
            ? schema.all(Field.Sequence.class).stream().map(f -> List.of(f.name())).toList()
            : columns;
    for (List<String> names : wanted) {
      List<Field.Sequence> sequences = names.stream().map(n -> sequence(schema, n)).toList();
      Params p = params.at(names.getFirst());
      all.add(
          new Behaviour(
              List.copyOf(names),
              sequences.stream().map(Field.Sequence::table).toList(),
              config.columns == Columns.CONCAT
                  ? p.weight(
                      "join", Shape.of(names.size() * width, width), Initializers.xavierUniform())
                  : null,
              config.encoder.layers() > 0
                  ? new SequenceEncoder(width, config.encoder, p.at("encoder"))
                  : null,
              sequences.getFirst().maxLength()));
    }
  }

  private static Field.Sequence sequence(Schema schema, String name) {
    if (schema.field(name) instanceof Field.Sequence sequence) {
      return sequence;
    }
    throw new IllegalArgumentException(
        "infnet: field " + name + " is no sequence. Expected the names of sequences in histories.");
  }

  /// The first columns of all behaviours: F names.
  List<String> names() {
    return all.stream().map(b -> b.columns.getFirst()).toList();
  }

  /// Looks the steps up.
  Looked lookup(Batch batch, Mode mode) {
    Scope scope = mode.tape().scope();
    List<Var> tokens = new ArrayList<>();
    List<Steps> steps = new ArrayList<>();
    for (Behaviour behaviour : all) {
      StepIds ids = StepIds.of(batch.sparse(), behaviour.columns, scope);
      int[] lengths = scope.ints(batch.size());
      for (int b = 0; b < lengths.length; b++) {
        lengths[b] = ids.length(b);
      }
      int places = Math.max(1, ids.longest()); // an axis of size 0 would have no softmax
      Tensor mask = Masks.sequenceMask(scope, lengths, places); //       [B, n_a]
      Var s = vectors(behaviour, ids, places, mode); //                  [B, n_a, d]  (IN-2)
      tokens.add(behaviour.encoder == null ? s : behaviour.encoder.forward(s, mask, mode));
      steps.add(new Steps(mask, lengths, behaviour.longest));
    }
    List<String> over = all.size() == 1 ? all.getFirst().columns : List.of();
    return new Looked(Var.concat(1, tokens), mask(steps, scope), owners(steps, scope), steps, over);
  }

  private Var vectors(Behaviour behaviour, StepIds ids, int places, Mode mode) {
    Tape tape = mode.tape();
    List<Var> columns = new ArrayList<>();
    for (int c = 0; c < behaviour.columns.size(); c++) {
      int from = ids.from()[c];
      int to = from + ids.count();
      columns.add(tables.steps(behaviour.tables.get(c), ids.values()[c], from, to, tape)); // [N, d]
    }
    Var step = columns.getFirst();
    if (behaviour.join != null) {
      step = Var.concat(1, columns).matmul(tape.use(behaviour.join)); // [N, d]
    } else {
      for (Var other : columns.subList(1, columns.size())) {
        step = step.add(other);
      }
    }
    Tensor ends = tape.scope().upload(Shape.of(ids.ends().length), ids.ends());
    return step.pad(ends, places);
  }

  private static int places(List<Steps> steps) {
    return steps.stream().mapToInt(s -> s.mask.shape().size(1)).sum();
  }

  /// `[B, L]`
  private static Tensor mask(List<Steps> steps, Scope scope) {
    if (steps.size() == 1) {
      return steps.getFirst().mask;
    }
    int rows = steps.getFirst().lengths.length;
    int all = places(steps);
    boolean[] real = scope.booleans(rows * all);
    int from = 0;
    for (Steps some : steps) {
      for (int b = 0; b < rows; b++) {
        Arrays.fill(real, b * all + from, b * all + from + some.lengths[b], true);
      }
      from += some.mask.shape().size(1);
    }
    return scope.upload(Shape.of(rows, all), real);
  }

  /// `[L]`
  private static Tensor owners(List<Steps> steps, Scope scope) {
    int[] owners = scope.ints(places(steps));
    int from = 0;
    for (int a = 0; a < steps.size(); a++) {
      int to = from + steps.get(a).mask.shape().size(1);
      Arrays.fill(owners, from, to, a);
      from = to;
    }
    return scope.upload(Shape.of(owners.length), owners);
  }
}
