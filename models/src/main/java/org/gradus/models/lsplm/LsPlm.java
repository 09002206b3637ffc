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
/// aᵢ = uᵢᵀ x_gate,    πᵢ = exp(aᵢ) / Σⱼ exp(aⱼ)                (LS-1)
/// cᵢ = wᵢᵀ x_expert,  ηᵢ = sigmoid(cᵢ)                        (LS-2)
/// q  = Σᵢ πᵢ ηᵢ,  p = q [s],  s = sigmoid(w_factorᵀ x_factor)  (LS-3)
/// ln q       = ln Σᵢ exp(ln πᵢ + ln sigmoid(cᵢ))               (LS-4)
/// ln (1 − q) = ln Σᵢ exp(ln πᵢ + ln sigmoid(−cᵢ))              (LS-4)
/// ln p       = ln q [+ ln s]                                  (LS-4)
/// ln (1 − p) = ln ((1 − q) [+ q (1 − s)])                     (LS-4)
/// ```
///
/// m is the number of regions, over which i and j run from 1 to m. x_gate, x_expert and x_factor are parts of an example x, a
/// vector with a number per feature: 1 for the value that a categorical field has, what its pooling makes of each value of a
/// multi-valued field (1 for sum, 1/n for the mean of n), the number of a dense field, and in x_gate and x_expert, if asked
/// for, a constant 1. uᵢ holds the gate's weights for region i, wᵢ those of its expert, a logistic regression, w_factor those
/// of the factor s; ᵀ transposes, and sigmoid(t) = 1 / (1 + e^{−t}). aᵢ is the gate's score of region i and πᵢ its share, cᵢ
/// the score of its expert and ηᵢ what that makes of a click's probability, q the mean of the ηᵢ, weighed by the shares, and
/// p the probability of a click. What stands in brackets is there only where x_factor has fields. B is the number of examples
/// in a batch.
///
/// The gate π divides the space of x_gate into the regions, softly. Gate and experts both read all features (shared), or the
/// gate reads those of the user and the experts the rest (split). A field of x_factor, such as the position on the page, is in
/// neither.
///
/// The paper writes p = g(Σᵢ σ(uᵢᵀ x) η(wᵢᵀ x)), with a σ that divides, an η that fits and a g that makes the sum a probability: its
/// eq. 1, by our reading, of which q is eq. 2. There σ is the softmax π, η the sigmoid, and g the identity, for a mean of
/// probabilities, weighed by shares that add up to 1, is a probability. The numbers (LS-1) to (LS-4) are ours.
///
/// The prediction is a pair of logarithms, for no sigmoid of a sum gives p; a label of kind `REGRESSION` is refused.
/// Who watches a pass, such as `gradus explain`, is told of π by [Mode#watch].
///
/// Fields that hold a history are not read.
///
/// Departs from the paper in nine places: the paper's quasi-Newton descent along directional derivatives is left out, so that
/// penalties have gradients here, and weights and rows that are exactly 0 come from proximal descent, a rule of the optimiser;
/// by our reading the paper has one x for gate and experts, and no x_factor, with which 1 − p is summed from probabilities as in
/// (LS-4), since ln(1 − e^{ln p}) loses digits near p = 1; the penalties, see [Penalty], count the rows of Θ that a batch reads,
/// not all, and not the constant feature; the presets of λ and β are 0, where the paper sets 1 beside a sum over examples and the
/// loss here is a mean; the constant feature is ours; so are the initial values, normal with mean 0 and deviation 0.01, and 0
/// for the constant feature and w_factor; a multi-valued field is pooled as it says, also by the maximum, which is no sum uᵢᵀ x;
/// fields that share a table share its rows of Θ; and features that rows of one page view share are computed for each row.
public final class LsPlm implements Model {

  /// Far above any use: a larger m is a slip of the keyboard.
  private static final int MOST_REGIONS = 1 << 16;

  /// What a user may set.
  ///
  /// @param regions m, 1 to 65,536
  /// @param bias whether x_gate and x_expert have the constant feature 1
  /// @param fields what is in x_gate, x_expert and x_factor
  /// @param penalty what is added to the loss
  public record Config(int regions, boolean bias, Fields fields, Penalty penalty) {
    /// m = 12 and one x for gate and experts, as in the paper's experiments. Ours are the constant feature, the names of the
    /// fields of a split gate, and that there is no penalty: the paper's λ = β = 1 stand beside a sum over its data.
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
  /// @param split whether the gate reads `gate` and the experts what is left; otherwise both read all, but for `bias`
  /// @param gate x_gate when split, at least one field; otherwise not read
  /// @param bias x_factor; none for no factor s
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

  /// What is added to the loss:
  ///
  /// ```
  /// λ‖Θ‖₂,₁ + β‖Θ‖₁ = λ Σ_r √(Σ_k θ_rk²) + β Σ_r Σ_k |θ_rk|
  /// ```
  ///
  /// Row r of Θ is what gate and experts know of feature r: its weights in u₁ … u_m, then those in w₁ … w_m, so that k runs from 1 to
  /// 2m; to m when split, where a feature is in one of the two. r runs over the rows that the batch reads, each once.
  ///
  /// The paper adds it, over all rows, to a sum over all examples. The loss here is a mean, so that its 1 is 1/N in one batch of all N
  /// training examples. In smaller batches a row counts only where it is read: a rare feature is penalised in few steps, and less
  /// than in the paper.
  ///
  /// @param lambda λ, at least 0, which switches features off
  /// @param beta β, at least 0, which switches weights off
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

  /// Added below the √ of a row's length, which keeps it differentiable in a row of zeros; nothing beside a row of any size.
  private static final double TINY = 1e-16;

  private final Regions theta; //             a₁ … a_m, and when shared c₁ … c_m behind them
  private final @Nullable Regions experts; // c₁ … c_m when split, otherwise null
  private final @Nullable FirstOrder factor; // w_factorᵀ x_factor, a weight per feature; or null
  private final Config config;
  private final Target target; //             the label, of kind BINARY

  /// A model for the only label of the schema.
  public LsPlm(Config config, Schema schema, Params params) {
    target = Target.binary("ls-plm", schema);
    int m = config.regions;
    Fields fields = config.fields;
    // x_factor, and the others, which are x
    FieldChoice biased = FieldChoice.of("biasFields", fields.bias, schema);
    if (fields.split) {
      // x_gate, and the others, which are x_expert
      FieldChoice gate = FieldChoice.of("gateFields", fields.gate, biased.others());
      theta = new Regions(gate.chosen(), m, "gate", config.bias, params);
      experts = new Regions(gate.others(), m, "experts", config.bias, params);
    } else {
      theta = new Regions(biased.others(), 2 * m, "theta", config.bias, params);
      experts = null;
    }
    factor = fields.bias.isEmpty() ? null : new FirstOrder(biased.chosen(), params.at("factor"));
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
    Var logP = logPi.add(c.logSigmoid()).logSumExp(); //          [B]     (LS-3), (LS-4): ln q
    Var logNotP = logPi.add(c.negate().logSigmoid()).logSumExp(); // [B]  (LS-4): ln(1 − q)
    if (factor != null) {
      Var f = factor.forward(batch, mode); //                     [B]     w_factorᵀ x_factor
      Var missed = logP.add(f.negate().logSigmoid()); //          [B]     ln q (1 − s)
      logNotP = Var.stack(1, List.of(logNotP, missed)).logSumExp(); // [B]  (LS-4): ln(1 − p)
      logP = logP.add(f.logSigmoid()); //                         [B]     (LS-3), (LS-4): ln p
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
    for (Var rows : rows(batch, mode)) { // of a table: [rows, 2m], or [rows, m] when split
      sum = sum.add(rows.square().sum(1).add(TINY).sqrt().sum());
    }
    return sum;
  }

  /// ‖Θ‖₁ of the batch, `[]`: the sum of the magnitudes of the numbers in these rows.
  private Var l1(Batch batch, Mode mode) {
    Var sum = mode.tape().constant(Shape.scalar(), 0);
    for (Var rows : rows(batch, mode)) {
      sum = sum.add(rows.abs().sum());
    }
    return sum;
  }

  /// The rows of Θ that a batch reads, each once, table by table; those of dense fields always, the constant feature's never.
  private List<Var> rows(Batch batch, Mode mode) {
    List<Var> rows = new ArrayList<>(theta.rows(batch, mode));
    if (experts != null) {
      rows.addAll(experts.rows(batch, mode));
    }
    return rows;
  }
}
