// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.esmm;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.layers.Tower;
import org.gradus.models.Head.LogProbability;
import org.gradus.models.MultiTask;
import org.gradus.models.Outputs;

/// **ESMM** — Ma, Zhao, Huang, Wang, Hu, Zhu, Gai. SIGIR 2018, [arXiv:1804.07931](https://arxiv.org/abs/1804.07931)
///
/// ```
/// a = tower_ctr(x),  b = tower_cvr(x)                                     (ES-1)
/// p_ctr = σ(a),  p_cvr = σ(b),  p_ctcvr = p_ctr p_cvr                     (ES-2)
/// ln p_ctcvr       = ln σ(a) + ln σ(b)                                    (ES-3)
/// ln (1 − p_ctcvr) = ln((1 − σ(a)) + σ(a)(1 − σ(b)))                      (ES-4)
/// ESM²: p_ctavr = y₁ y₂,  p_ctcvr = y₁ (y₂ y₃ + (1 − y₂) y₄)              (ES-5)
/// L = BCE(p_ctr, click) + BCE(p_ctcvr, conversion)
/// ```
///
/// The heads have the names of labels: the click's, in ESM² that of the deterministic action, and the conversion's, all on every
/// impression. A conversion without a click is refused. If there is one label more, it is p_cvr's, to be measured where its mask says
/// that there was a click: no gradient comes from there, whatever weight its loss has.
///
/// Departs from the paper in four places: (ES-4) is summed over the ways of not converting instead of being the logarithm of a
/// difference; numbers stand beside the vectors of fields; layers below the towers are an addition; and a conversion without a click is
/// refused.
public final class Esmm implements MultiTask {

  /// Which paper.
  public enum Variant {
    /// click, conversion
    ESMM,
    /// click, action, conversion with the action or without it
    ESM2
  }

  /// What a user may set.
  ///
  /// @param variant which paper
  /// @param labels names of the click, in ESM² the action, the conversion, and perhaps of the conversion given a click; empty for the order of the schema
  /// @param input what the towers read
  /// @param tower sizes of the layers of each tower
  /// @param style of all layers, without batch norm
  public record Config(
      Variant variant,
      List<String> labels,
      Representation.Config input,
      List<Integer> tower,
      Mlp.Style style) {
    /// Embeddings of 18, towers of 360, 200 and 80.
    public static final Config PAPER =
        new Config(
            Variant.ESMM,
            List.of(),
            Representation.Config.PAPER,
            List.of(360, 200, 80),
            Mlp.Style.RELU);

    /// Copies the lists.
    public Config {
      labels = List.copyOf(labels);
      tower = List.copyOf(tower);
    }
  }

  private final Representation input;
  private final List<Tower> towers = new ArrayList<>(); // a, b; of ESM² the logits of y₁ … y₄
  private final Steps labels;
  private final Variant variant;

  /// A model for labels of the schema.
  public Esmm(Config config, Schema schema, Params params) {
    variant = config.variant;
    labels = Steps.of(variant, config.labels, schema);
    int count = variant == Variant.ESMM ? 2 : 4;
    input = new Representation(config.input, count, config.style, schema, params);
    for (int t = 0; t < count; t++) {
      towers.add(new Tower(input.width(), config.tower, config.style, params.at("tower").at(t)));
    }
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    List<Var> h = input.forward(batch, mode); //            [B, h] each
    List<Var> a = new ArrayList<>();
    for (int t = 0; t < towers.size(); t++) {
      a.add(towers.get(t).forward(h.get(t), mode)); //      [B]  (ES-1)
    }
    Var click = a.getFirst();
    Outputs outputs = Outputs.logit(labels.click(), click);
    LogProbability given; //                                p_cvr
    if (variant == Variant.ESMM) {
      given = Funnel.one(a.get(1));
      outputs = outputs.with(labels.conversion(), Funnel.both(click, a.get(1))); // (ES-2)
    } else {
      given = Funnel.through(a.get(1), a.get(2), a.get(3));
      outputs =
          outputs
              .with(labels.middle(), Funnel.both(click, a.get(1)))
              .with(labels.conversion(), Funnel.after(click, given)); // (ES-5)
    }
    String measured = labels.measured();
    return measured == null ? outputs : outputs.with(measured, Funnel.measured(given));
  }

  @Override
  public void checkLabels(Batch batch) {
    labels.check(batch);
  }

  @Override
  public List<String> lastShared() {
    return input.lastShared();
  }
}
