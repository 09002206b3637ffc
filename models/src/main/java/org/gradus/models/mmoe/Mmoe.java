// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.mmoe;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.ConcatenatedFields;
import org.gradus.embeddings.ConcatenatedFields.Place;
import org.gradus.embeddings.ConcatenatedFields.Width;
import org.gradus.embeddings.ConcatenatedFields.Widths;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Experts;
import org.gradus.layers.Gate;
import org.gradus.layers.Mlp;
import org.gradus.layers.Tower;
import org.gradus.models.MultiTask;
import org.gradus.models.Outputs;
import org.gradus.models.Tasks;

/// **MMoE** — Ma, Zhao, Yi, Chen, Hong, Chi. KDD 2018, [doi:10.1145/3219819.3220007](https://doi.org/10.1145/3219819.3220007)
///
/// ```
/// e_k = mlp_k(x),  k = 1 … E,  x = [e₁; …; e_F; x_num]     (MM-1)
/// g_t = softmax(x W_t)                                     (MM-2)
/// h_t = Σ_k g_{t,k} e_k                                    (MM-3)
/// z_t = tower_t(h_t)                                       (MM-4)
/// ```
///
/// OMoE has one g for all t.
///
/// Departs from the paper in two places: a gate over one expert has no weights; and layers in front of W_t, a bias, leaving experts out,
/// hearing the loudest only and gates that read some of the fields are options that the paper does not have, off by default.
public final class Mmoe implements MultiTask {

  /// Whose a gate is.
  public enum GateMode {
    /// each task's: MMoE
    PER_TASK,
    /// everybody's: OMoE
    SHARED
  }

  /// What a user may set.
  ///
  /// @param embeddingDim D
  /// @param experts how many, and their layers
  /// @param gating how experts are mixed
  /// @param tower sizes of the layers of each task
  /// @param style of the layers of experts and towers, without batch norm
  public record Config(
      int embeddingDim, Bottom experts, Gating gating, List<Integer> tower, Mlp.Style style) {
    /// A starting point; the paper's synthetic study has eight experts of one hidden layer.
    public static final Config PRESET =
        new Config(
            16,
            new Bottom(4, List.of(128, 64)),
            new Gating(GateMode.PER_TASK, Gate.Config.LINEAR, List.of()),
            List.of(64),
            Mlp.Style.RELU);

    /// Copies the list.
    public Config {
      tower = List.copyOf(tower);
    }
  }

  /// The experts.
  ///
  /// @param count E
  /// @param sizes of the layers of each
  public record Bottom(int count, List<Integer> sizes) {
    /// Copies the list. Experts without layers would all say x.
    public Bottom {
      sizes = List.copyOf(sizes);
      if (sizes.isEmpty()) {
        throw new IllegalArgumentException(
            "mmoe: expertUnits is empty. Expected at least one layer.");
      }
    }
  }

  /// The gates.
  ///
  /// @param mode whose they are
  /// @param gate what each is made of
  /// @param fields that they read, in this order; none for x
  public record Gating(GateMode mode, Gate.Config gate, List<String> fields) {
    /// Copies the list.
    public Gating {
      fields = List.copyOf(fields);
    }
  }

  private final ConcatenatedFields v;
  private final Experts experts;
  private final List<Place> read =
      new ArrayList<>(); //   columns of x that gates read; none for all
  private final List<Gate> gates = new ArrayList<>(); //   one per task, or one
  private final List<Tower> towers = new ArrayList<>(); // one per task
  private final Tasks tasks;
  private final List<String> lastShared;

  /// A model for every label of the schema.
  public Mmoe(Config config, Schema schema, Params params) {
    tasks = Tasks.of("mmoe", schema);
    v =
        new ConcatenatedFields(
            schema,
            new Widths(Width.FIXED, config.embeddingDim, 0),
            params.at("v"),
            Initializers.normal(0.01));
    List<Integer> sizes = config.experts.sizes;
    experts =
        new Experts(v.width(), config.experts.count, sizes, config.style, params.at("expert"));
    int seen = config.gating.fields.isEmpty() ? v.width() : 0;
    for (String field : config.gating.fields) {
      Place place = place(field);
      read.add(place);
      seen += place.width();
    }
    boolean own = config.gating.mode == GateMode.PER_TASK;
    for (String name : own ? tasks.names() : List.of("shared")) {
      gates.add(new Gate(seen, experts.count(), config.gating.gate, params.at("gate").at(name)));
    }
    for (String name : tasks.names()) {
      towers.add(new Tower(experts.out(), config.tower, config.style, params.at("tower").at(name)));
    }
    lastShared = List.of("expert/*/" + (sizes.size() - 1) + "/weight");
  }

  private Place place(String field) {
    Place place = v.places().get(field);
    if (place == null) {
      throw new IllegalArgumentException(
          "mmoe: gateFields: "
              + field
              + ". Expected some of: "
              + String.join(", ", v.places().keySet()));
    }
    return place;
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var x = v.lookup(batch, mode); //                      [B, d]
    Var e = experts.forward(x, mode); //                   [B, E, h]  (MM-1)
    Var seen = seen(x); //                                 [B, n]
    List<Var> mixed = new ArrayList<>();
    for (Gate gate : gates) {
      mixed.add(gate.mix(seen, e, mode)); //               [B, h]  (MM-2), (MM-3)
    }
    List<Var> z = new ArrayList<>();
    for (int t = 0; t < towers.size(); t++) {
      Var h = mixed.get(Math.min(t, mixed.size() - 1)); // [B, h]
      z.add(towers.get(t).forward(h, mode)); //            [B]  (MM-4)
    }
    return tasks.outputs(z);
  }

  /// What gates read.
  private Var seen(Var x) {
    return read.isEmpty()
        ? x
        : Var.concat(1, read.stream().map(p -> x.slice(1, p.from(), p.to())).toList());
  }

  @Override
  public List<String> lastShared() {
    return lastShared;
  }
}
