// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lsplm;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.FirstOrder;
import org.gradus.embeddings.Schema;
import org.gradus.models.Head;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **LS-PLM**, also called MLR — Gai, Zhu, Li, Liu, Wang. 2017, [arXiv:1704.05194](https://arxiv.org/abs/1704.05194)
///
/// ```
/// aᵢ = uᵢᵀ x_g,  πᵢ = exp(aᵢ) / Σⱼ exp(aⱼ)              (LS-1), i = 1 … m
/// cᵢ = wᵢᵀ x_e,  ηᵢ = σ(cᵢ)                             (LS-2)
/// p  = Σᵢ πᵢ ηᵢ  [· σ(w_cᵀ x_c)]                        (LS-3)
/// ln p       = ln Σᵢ exp(ln πᵢ + ln σ(cᵢ))              (LS-4)
/// ln (1 − p) = ln Σᵢ exp(ln πᵢ + ln σ(−cᵢ))             (LS-4)
/// ```
///
/// The paper writes p = g(Σᵢ σ(uᵢᵀ x) η(wᵢᵀ x)) with a σ that divides, an η that fits and a g that makes the sum a
/// probability. Here its σ is the softmax π, its η the logistic function, which is called σ, and g is the identity, for
/// shares of probabilities add up to one; ηᵢ is the value of the i-th fit.
///
/// The gate π divides the space of x_g into m regions, softly, and each region has a logistic regression on x_e. Both read all
/// features (shared), or the gate reads those of the user and the regressions the rest (split). A field of x_c, such as
/// the position on the page, is in neither.
///
/// The prediction is a pair of logarithms, for no sigmoid of a sum gives p; a label of kind `REGRESSION` is refused.
///
/// Departs from the paper in eight places: the paper's quasi-Newton descent along directional derivatives is left out, so that
/// penalties have gradients here, and weights and rows that are exactly 0 come from proximal descent, a rule of the optimiser;
/// by our reading the paper has one x for gate and regressions, and no x_c, with which 1 − p is summed from probabilities as in
/// (LS-4), since ln(1 − e^{ln p}) loses digits near p = 1; ‖Θ‖₂,₁ and ‖Θ‖₁ count the rows that a batch reads, not all, and not
/// the constant feature; the presets of λ and β are 0, where the paper sets 1 beside a sum over examples and the loss here is a
/// mean; the constant feature is ours; so are the initial values, N(0, 0.01²), and 0 for the constant feature and w_c; a
/// multi-valued field is pooled as it says, also by the maximum, which is no sum uᵢᵀ x; and features that rows of one page view
/// share are computed for each row. [Mode#watch] is told of π.
public final class LsPlm implements Model {

  private static final int MOST_REGIONS = 1 << 16;

  /// What a user may set.
  ///
  /// @param regions m
  /// @param bias whether gate and experts have the constant feature 1
  /// @param fields what is x_g, x_e and x_c
  /// @param penalty what is added to the loss
  public record Config(int regions, boolean bias, Fields fields, Penalty penalty) {
    /// m = 12 and one x for gate and experts, as in the experiments; without penalty, which the paper scales by the data.
    public static final Config PAPER =
        new Config(12, true, new Fields(false, List.of("user*"), List.of()), Penalty.NONE);

    /// Checks the range.
    public Config {
      if (regions < 1 || regions > MOST_REGIONS) {
        throw new IllegalArgumentException(
            "ls-plm: m = " + regions + ". Expected 1 to " + MOST_REGIONS + " regions.");
      }
    }
  }

  /// Which fields are what: names, or patterns in which `*` stands for anything.
  ///
  /// @param split whether the gate reads `gate` and the experts what is left; otherwise both read all
  /// @param gate x_g when split
  /// @param bias x_c; none for no factor
  public record Fields(boolean split, List<String> gate, List<String> bias) {
    /// Checks that a gate of its own reads something.
    public Fields {
      if (split && gate.isEmpty()) {
        throw new IllegalArgumentException(
            "ls-plm: features=SPLIT with empty gateFields. Expected names of fields for the gate,"
                + " or patterns with *.");
      }
    }
  }

  /// λ‖Θ‖₂,₁ + β‖Θ‖₁ over the rows of the batch, row = what gate and experts know of a feature. The paper adds it, over all rows, to
  /// a sum over all examples; the loss here is a mean, so that its 1 is 1/N in one batch of all N training rows. In batches a row
  /// counts only where it is read: a rare feature is penalised in few steps, and less than in the paper.
  ///
  /// @param lambda λ, which switches features off
  /// @param beta β, which switches weights off
  public record Penalty(double lambda, double beta) {
    /// None.
    public static final Penalty NONE = new Penalty(0, 0);

    /// Checks the ranges.
    public Penalty {
      if (!(lambda >= 0 && beta >= 0)) {
        throw new IllegalArgumentException(
            "ls-plm: lambda " + lambda + ", beta " + beta + ". Expected numbers of at least 0.");
      }
    }
  }

  /// Keeps √ differentiable in a row of zeros; nothing beside a row of any size.
  private static final double TINY = 1e-16;

  private final Regions theta; //             U and W side by side when shared, otherwise U
  private final @Nullable Regions experts; // W when split
  private final @Nullable FirstOrder bias; // w_c
  private final Config config;
  private final Target target;

  /// A model for the only label of the schema.
  public LsPlm(Config config, Schema schema, Params params) {
    target = Target.binary("ls-plm", schema);
    int m = config.regions;
    Fields fields = config.fields;
    FieldChoice biased = FieldChoice.of("biasFields", fields.bias, schema);
    if (fields.split) {
      FieldChoice gate = FieldChoice.of("gateFields", fields.gate, biased.others());
      theta = new Regions(gate.chosen(), m, "gate", config.bias, params);
      experts = new Regions(gate.others(), m, "experts", config.bias, params);
    } else {
      theta = new Regions(biased.others(), 2 * m, "theta", config.bias, params);
      experts = null;
    }
    bias = fields.bias.isEmpty() ? null : new FirstOrder(biased.chosen(), params.at("factor"));
    this.config = config;
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    int m = config.regions;
    Var all =
        theta.forward(batch, mode); //                      [B, 2m] when shared, otherwise [B, m]
    Var a = experts == null ? all.slice(1, 0, m) : all; //        [B, m]  (LS-1)
    Var c =
        experts == null ? all.slice(1, m, 2 * m) : experts.forward(batch, mode); // [B, m]  (LS-2)
    Var logPi = a.logSoftmax(); //                                [B, m]  (LS-1)
    if (mode.watched()) {
      mode.watch("gate", List.of(), logPi.exp(), null); //        [B, m]  π
    }
    Var logP = logPi.add(c.logSigmoid()).logSumExp(); //          [B]     (LS-4)
    Var logNotP = logPi.add(c.negate().logSigmoid()).logSumExp(); // [B]  (LS-4)
    if (bias != null) {
      Var s = bias.forward(batch, mode); //                       [B]     w_cᵀ x_c
      Var missed = logP.add(s.negate().logSigmoid()); //          [B]     ln p (1 − σ(s))
      logNotP = Var.stack(1, List.of(logNotP, missed)).logSumExp(); // [B]
      logP = logP.add(s.logSigmoid()); //                         [B]     (LS-3)
    }
    Outputs outputs = Outputs.head(target.label(), new Head.LogProbability(logP, logNotP));
    double lambda = config.penalty.lambda;
    double beta = config.penalty.beta;
    outputs = lambda == 0 ? outputs : outputs.withLoss("l21", l21(batch, mode).multiply(lambda));
    return beta == 0 ? outputs : outputs.withLoss("l1", l1(batch, mode).multiply(beta));
  }

  /// ‖Θ‖₂,₁ of the batch, `[]`: the sum of the lengths of the rows that it reads.
  private Var l21(Batch batch, Mode mode) {
    Var sum = mode.tape().constant(Shape.scalar(), 0);
    for (Var rows : rows(batch, mode)) { //                       [n, 2m], or [n, m] when split
      sum = sum.add(rows.square().sum(1).add(TINY).sqrt().sum());
    }
    return sum;
  }

  /// ‖Θ‖₁ of the batch, `[]`.
  private Var l1(Batch batch, Mode mode) {
    Var sum = mode.tape().constant(Shape.scalar(), 0);
    for (Var rows : rows(batch, mode)) {
      sum = sum.add(rows.abs().sum());
    }
    return sum;
  }

  /// The rows of Θ that a batch reads, table by table.
  private List<Var> rows(Batch batch, Mode mode) {
    List<Var> rows = new ArrayList<>(theta.rows(batch, mode));
    if (experts != null) {
      rows.addAll(experts.rows(batch, mode));
    }
    return rows;
  }
}
