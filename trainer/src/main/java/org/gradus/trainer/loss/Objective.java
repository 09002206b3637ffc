// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.layers.NormalLoss;
import org.gradus.models.Head;
import org.gradus.models.Outputs;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.gradus.trainer.loss.LossConfig.Reduction;
import org.jspecify.annotations.Nullable;

/// What is minimised:
///
/// ```
/// L = Σ over labels  factor · Σᵢ wᵢ mᵢ ℓ(headᵢ, yᵢ) / Σᵢ wᵢ mᵢ   +   Σ over auxiliary losses  factor · loss
/// ```
///
/// with sample weights w and label masks m (1 where there are none), unless another [LossConfig.Reduction] is asked for, and
///
/// ```
/// ℓ(z, y)          = max(z, 0) − z·y + ln(1 + e^−|z|)     a logit                          (S-3)
/// ℓ(ln p, ln p̄, y) = −ln p where y = 1, −ln p̄ where y = 0  a pair of log probabilities
/// ℓ(v, y)          = ½(v − y)²                            a value, unless another [ValueLoss] is asked for
/// ℓ(v₁ … v_Q, y)   = 1/Q Σ_q max(τ_q (y − v_q), (τ_q − 1)(y − v_q))    quantiles of levels τ_q
/// ```
///
/// Heads meet labels by name; a head without a label, or a label without a head, is an error. A loss that the model calls by the
/// name of a label takes the place of ℓ for that label, masks and weights included. A schema without labels is for models without
/// heads, whose objective is their losses alone.
public final class Objective {
  private final LossConfig config;
  private final Map<String, Double> labels = new LinkedHashMap<>();

  /// An objective over labels of a schema.
  public Objective(LossConfig config, Schema schema) {
    this.config = config;
    List<String> known = schema.labels().stream().map(Field.Label::name).toList();
    if (config.labels().isEmpty()) {
      known.forEach(name -> labels.put(name, 1.0));
    } else {
      labels.putAll(config.labels());
    }
    List<String> unknown = labels.keySet().stream().filter(name -> !known.contains(name)).toList();
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "loss: labels "
              + labels.keySet()
              + " with a schema whose labels are "
              + known
              + ". Expected some of them.");
    }
  }

  /// The labels that heads are joined to, in order.
  public List<String> labels() {
    return List.copyOf(labels.keySet());
  }

  /// The labels that are trained on: those with a factor above 0.
  public List<String> tasks() {
    return labels.entrySet().stream().filter(e -> e.getValue() > 0).map(Map.Entry::getKey).toList();
  }

  /// The parts of a batch's loss.
  ///
  /// @param total what is minimised, a scalar
  /// @param parts before their factors: by label, and by the name of each auxiliary loss
  /// @param tasks with their factors, those above 0: by label
  /// @param others with their factors, those above 0: auxiliary losses
  public record Loss(Var total, Map<String, Var> parts, Map<String, Var> tasks, List<Var> others) {
    /// The loss of a task, with its factor.
    double of(String task) {
      Var loss = tasks.get(task);
      if (loss == null) {
        throw new IllegalArgumentException(
            "loss: " + task + " is no task. Expected one of: " + tasks.keySet());
      }
      return loss.value().item();
    }

    /// Σ of the auxiliary losses.
    double ofOthers() {
      return others.stream().mapToDouble(loss -> loss.value().item()).sum();
    }

    /// Σ weight · task, and the auxiliary losses as they are.
    Var weighted(Map<String, Double> weights) {
      List<Var> terms = new ArrayList<>();
      weights.forEach((task, w) -> terms.add(Objects.requireNonNull(tasks.get(task)).multiply(w)));
      terms.addAll(others);
      return terms.stream().reduce(Var::add).orElseThrow();
    }
  }

  /// The loss of a batch.
  public Loss of(Outputs outputs, Batch batch) {
    checkNames(outputs);
    Map<String, Var> parts = new LinkedHashMap<>();
    Map<String, Var> tasks = new LinkedHashMap<>();
    List<Var> others = new ArrayList<>();
    labels.forEach(
        (label, factor) -> {
          Var own = outputs.losses().get(label);
          Var loss =
              own == null ? ofHead(label, outputs.head(label), batch, config) : own.reshape();
          parts.put(label, loss);
          if (factor != 0) {
            tasks.put(label, term(loss, factor));
          }
        });
    outputs
        .losses()
        .forEach(
            (name, loss) -> {
              if (labels.containsKey(name)) {
                return; // above
              }
              Var scalar = loss.reshape();
              parts.put(name, scalar);
              double factor = config.auxiliary().getOrDefault(name, 1.0);
              if (factor != 0) {
                others.add(term(scalar, factor));
              }
            });
    List<Var> terms = new ArrayList<>(tasks.values());
    terms.addAll(others);
    Var total = terms.isEmpty() ? null : terms.getFirst();
    if (total == null) {
      throw new IllegalArgumentException(
          parts.isEmpty()
              ? "loss: the model has neither heads nor losses. Expected a label for a head, or a"
                  + " loss of the model's own."
              : "loss: every factor is 0. Expected one above 0, otherwise there is nothing to train"
                  + " on.");
    }
    for (Var t : terms.subList(1, terms.size())) {
      total = total.add(t);
    }
    return new Loss(total, parts, tasks, others);
  }

  private static Var term(Var loss, double factor) {
    return factor == 1 ? loss : loss.multiply(factor);
  }

  /// What is minimised, when its parts are known as numbers: over many batches each part has a mean of its own.
  ///
  /// @param parts before their factors, by name
  public double total(Map<String, Double> parts) {
    double total = 0;
    for (Map.Entry<String, Double> part : parts.entrySet()) {
      String name = part.getKey();
      double factor =
          labels.containsKey(name) ? labels.get(name) : config.auxiliary().getOrDefault(name, 1.0);
      total += factor == 0 ? 0 : factor * part.getValue();
    }
    return total;
  }

  private void checkNames(Outputs outputs) {
    if (!outputs.heads().keySet().equals(labels.keySet())) {
      throw new IllegalArgumentException(
          "loss: the model has heads for "
              + new TreeSet<>(outputs.heads().keySet())
              + ", the objective has labels "
              + new TreeSet<>(labels.keySet())
              + ". Expected the same names; a factor of 0 measures a head without training it.");
    }
    for (String name : config.auxiliary().keySet()) {
      if (!outputs.losses().containsKey(name)) {
        throw new IllegalArgumentException(
            "loss: "
                + name
                + " is configured, and the model computed "
                + outputs.losses().keySet()
                + ". Expected the names of losses that it computes.");
      }
    }
    for (String name : config.auxiliary().keySet()) {
      if (labels.containsKey(name)) {
        throw new IllegalArgumentException(
            "loss: "
                + name
                + " is a label, and has a factor among auxiliary losses. Expected its"
                + " factor among those of labels.");
      }
    }
  }

  private static Var ofHead(String label, Head head, Batch batch, LossConfig config) {
    checkKind(label, head, batch.schema());
    float[] y = batch.label(label);
    float @Nullable [] mask = batch.labelMask(label);
    float @Nullable [] weights = batch.sampleWeights();
    Tape tape = head.score().tape();
    Tensor target =
        tape.scope().upload(Shape.of(y.length), targets(label, head, y, mask, tape.scope()));
    if (head.score().size(0) != y.length) {
      throw new IllegalArgumentException(
          "loss: head "
              + label
              + " has shape "
              + head.score().shape()
              + " for a batch of "
              + y.length
              + " examples. Expected one number each.");
    }
    Var each = switch (head) { // [B]
          case Head.Logit(Var z) -> z.crossEntropyWithLogits(target); // (S-3)
          case Head.LogProbability(Var logP, Var logNotP) ->
              logP.where(positives(tape, y), logNotP).negate();
          case Head.Value(Var v) -> config.values().of(v, tape.constant(target));
          case Head.Quantiles(Var v, List<Double> levels) ->
              ofQuantiles(v, levels, tape.constant(target));
          case Head.Normal(Var mean, Var logVariance) ->
              NormalLoss.of(mean, logVariance, tape.constant(target));
        };
    if (mask == null && weights == null) {
      return config.reduction() == Reduction.SUM ? each.sum() : each.mean();
    }
    double[] shares = tape.scope().doubles(y.length);
    share(shares, label, mask, weights, config.reduction());
    return each.multiply(tape.constant(Shape.of(shares.length), shares)).sum();
  }

  /// The mean over levels of the loss of each, `[B]`.
  private static Var ofQuantiles(Var v, List<Double> levels, Var target) {
    List<Var> each = new ArrayList<>();
    for (int q = 0; q < levels.size(); q++) {
      each.add(new ValueLoss.Pinball(levels.get(q)).of(v.index(1, q), target));
    }
    return Var.stack(1, each).mean(1);
  }

  private static Tensor positives(Tape tape, float[] y) {
    boolean[] positive = tape.scope().booleans(y.length);
    for (int i = 0; i < y.length; i++) {
      positive[i] = y[i] == 1;
    }
    return tape.scope().upload(Shape.of(y.length), positive);
  }

  private static void checkKind(String label, Head head, Schema schema) {
    if (!(schema.field(label) instanceof Field.Label field)) {
      throw new IllegalArgumentException("loss: " + label + " is no label of the schema.");
    }
    boolean value = isReal(head);
    if (value != (field.kind() == Field.LabelKind.REGRESSION)) {
      throw new IllegalArgumentException(
          "loss: label "
              + label
              + " is "
              + field.kind()
              + ", its head a "
              + head.getClass().getSimpleName()
              + ". Expected a Value, Quantiles or Normal for REGRESSION, a Logit or LogProbability"
              + " for BINARY.");
    }
  }

  private static boolean isReal(Head head) {
    return head instanceof Head.Value
        || head instanceof Head.Quantiles
        || head instanceof Head.Normal;
  }

  /// The labels, 0 where they are masked: what stands there may be anything.
  private static float[] targets(
      String label, Head head, float[] y, float @Nullable [] mask, Scope scope) {
    float[] targets = y;
    if (mask != null) {
      targets = scope.floats(y.length);
      System.arraycopy(y, 0, targets, 0, y.length);
    }
    for (int i = 0; i < y.length; i++) {
      if (mask != null && mask[i] == 0) {
        targets[i] = 0;
        continue;
      }
      boolean good = isReal(head) ? Float.isFinite(y[i]) : y[i] == 0 || y[i] == 1;
      if (!good) {
        throw new IllegalArgumentException(
            "loss: label "
                + label
                + " of example "
                + i
                + " is "
                + y[i]
                + ". Expected "
                + (isReal(head) ? "a finite number." : "0 or 1."));
      }
    }
    return targets;
  }

  /// Writes wᵢ mᵢ over Σ w m, 1 or B, all 0 when the sum is.
  private static void share(
      double[] shares,
      String label,
      float @Nullable [] mask,
      float @Nullable [] weights,
      Reduction reduction) {
    double sum = 0;
    for (int i = 0; i < shares.length; i++) {
      float m = mask == null ? 1 : mask[i];
      float w = weights == null ? 1 : weights[i];
      if ((m != 0 && m != 1) || !(w >= 0 && w < Float.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "loss: example "
                + i
                + " of label "
                + label
                + " has mask "
                + m
                + " and weight "
                + w
                + ". Expected a mask of 0 or 1 and a weight of at least 0.");
      }
      shares[i] = (double) m * w;
      sum += shares[i];
    }
    double over =
        switch (reduction) {
          case MEAN_OBSERVED -> sum;
          case SUM -> 1;
          case MEAN_BATCH -> shares.length;
        };
    for (int i = 0; i < shares.length && sum > 0; i++) {
      shares[i] /= over;
    }
  }
}
