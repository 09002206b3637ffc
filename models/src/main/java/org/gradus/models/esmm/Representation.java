// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.esmm;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Experts;
import org.gradus.layers.Extraction;
import org.gradus.layers.Gate;
import org.gradus.layers.Mlp;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// What the towers read: embeddings of the fields, pooled, and the numbers beside them; and perhaps what layers that all towers share
/// make of it.
public final class Representation {

  /// How the vectors of fields become one.
  public enum FieldPooling {
    /// one behind the other
    CONCAT,
    /// their sum
    SUM
  }

  /// What lies between embeddings and towers.
  public enum Bottom {
    /// nothing, as in the paper
    NONE,
    /// layers that all towers share
    SHARED_MLP,
    /// experts that all towers share, and a gate per tower
    MMOE,
    /// levels of experts that all towers share and such that a tower has of its own
    PLE
  }

  /// What a user may set.
  ///
  /// @param embeddingDim D
  /// @param pooling how the vectors of fields become one
  /// @param bottom what lies between embeddings and towers
  /// @param sizes of its layers
  /// @param experts of [Bottom#MMOE] and [Bottom#PLE]
  public record Config(
      int embeddingDim, FieldPooling pooling, Bottom bottom, List<Integer> sizes, Mixture experts) {
    /// Embeddings of 18 one behind the other, and nothing between them and the towers.
    public static final Config PAPER =
        new Config(18, FieldPooling.CONCAT, Bottom.NONE, List.of(128), new Mixture(4, 1, 2));

    /// Copies the list, and refuses a bottom without layers.
    public Config {
      sizes = List.copyOf(sizes);
      if (bottom != Bottom.NONE && sizes.isEmpty()) {
        throw new IllegalArgumentException(
            "esmm: bottom " + bottom + " without bottomUnits. Expected at least one layer.");
      }
    }
  }

  /// How many experts there are.
  ///
  /// @param shared by all towers, at every level
  /// @param specific that each tower has of its own, for [Bottom#PLE]
  /// @param levels how many, for [Bottom#PLE]
  public record Mixture(int shared, int specific, int levels) {
    /// Checks the ranges.
    public Mixture {
      if (shared < 1 || specific < 0 || levels < 1) {
        throw new IllegalArgumentException(
            "esmm: experts "
                + shared
                + ", specificExperts "
                + specific
                + ", levels "
                + levels
                + ". Expected at least 1 shared expert, 0 others and 1 level.");
      }
    }
  }

  private final Config config;
  private final FieldEmbeddings v;
  private final int towers;
  private final int numbers;
  private final int width;
  private final @Nullable Mlp shared;
  private final @Nullable Experts experts;
  private final List<Gate> gates = new ArrayList<>();
  private final List<Extraction> levels = new ArrayList<>();

  Representation(Config config, int towers, Mlp.Style style, Schema schema, Params params) {
    this.config = config;
    this.towers = towers;
    v =
        new FieldEmbeddings(
            schema, config.embeddingDim, Numeric.RAW, params.at("v"), Initializers.normal(0.01));
    numbers = schema.dense().size();
    int vectors = config.pooling == FieldPooling.SUM ? 1 : v.count();
    int in = vectors * config.embeddingDim + numbers;
    boolean mixes = config.bottom == Bottom.MMOE;
    shared =
        config.bottom == Bottom.SHARED_MLP
            ? new Mlp(in, config.sizes, style, params.at("bottom"))
            : null;
    int shares = config.experts.shared;
    experts = mixes ? new Experts(in, shares, config.sizes, style, params.at("expert")) : null;
    for (int t = 0; t < towers && mixes; t++) {
      gates.add(new Gate(in, shares, Gate.Config.LINEAR, params.at("gate").at(t)));
    }
    if (config.bottom == Bottom.PLE) {
      extract(in, style, params.at("level"));
    }
    width = config.bottom == Bottom.NONE ? in : config.sizes.getLast();
  }

  private void extract(int in, Mlp.Style style, Params params) {
    Mixture m = config.experts;
    List<String> names = IntStream.range(0, towers).mapToObj(String::valueOf).toList();
    Extraction.Config level =
        new Extraction.Config(
            Collections.nCopies(towers, m.specific),
            m.shared,
            config.sizes,
            Gate.Config.LINEAR,
            style);
    for (int l = 0; l < m.levels; l++) {
      int read = l == 0 ? in : config.sizes.getLast();
      levels.add(new Extraction(read, names, level, l == m.levels - 1, params.at(l)));
    }
  }

  /// Width of what a tower reads.
  int width() {
    return width;
  }

  List<String> lastShared() {
    int last = config.sizes.size() - 1;
    return List.of(
        switch (config.bottom) {
          case NONE -> "v/*";
          case SHARED_MLP -> "bottom/" + last + "/weight";
          case MMOE -> "expert/*/" + last + "/weight";
          case PLE -> "level/" + (levels.size() - 1) + "/shared/expert/*/" + last + "/weight";
        });
  }

  /// `[B, h]` for each tower.
  List<Var> forward(Batch batch, Mode mode) {
    Var x = fields(batch, mode); //                     [B, d]
    if (experts != null) {
      Var e = experts.forward(x, mode); //              [B, E, h]
      List<Var> each = new ArrayList<>(towers);
      for (Gate gate : gates) {
        each.add(gate.mix(x, e, mode)); //              [B, h]
      }
      return each;
    }
    if (!levels.isEmpty()) {
      Extraction.Streams s = Extraction.Streams.of(x, towers);
      for (Extraction level : levels) {
        s = level.forward(s, mode); //                  [B, h] each
      }
      return s.tasks();
    }
    Var h = shared == null ? x : shared.forward(x, mode); // [B, h]
    return Collections.nCopies(towers, h);
  }

  private Var fields(Batch batch, Mode mode) {
    Var e = v.lookup(batch, mode); //                   [B, F, D]
    Var x = config.pooling == FieldPooling.SUM ? e.sum(1) : e.flatten(1);
    if (numbers == 0) {
      return x;
    }
    Var c = mode.tape().constant(Shape.of(batch.size(), numbers), batch.dense());
    return Var.concat(1, List.of(x, c)); //             [B, d]
  }
}
