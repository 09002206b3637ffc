// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.tensor.Device;
import org.gradus.tensor.Tensor;

/// A model that learns from labels and from what another model says, which was trained before (Hinton, Vinyals, Dean 2015,
/// [arXiv:1503.02531](https://arxiv.org/abs/1503.02531), for one logit per label):
///
/// ```
/// L_KD = τ² mean BCE(σ(z_teacher / τ), z / τ),   dL_KD/dz = τ (σ(z/τ) − σ(z_teacher/τ)) / B          (KD-1)
/// ```
///
/// of every label that both predict, added up: the loss `distillation`, times λ. It is there in training only. The teacher's parameters
/// live somewhere else, and no gradient reaches them. Rows without a label are taught too.
///
/// @param student the model that is trained
/// @param teacher of the same labels, or some of them
/// @param device where the teacher's parameters are
/// @param weight λ
/// @param temperature τ
public record Distilled(
    Model student, Model teacher, Device device, double weight, double temperature)
    implements Model {
  /// Checks the ranges.
  public Distilled {
    if (!(weight >= 0) || !(temperature > 0)) {
      throw new IllegalArgumentException(
          "distillation: weight "
              + weight
              + ", temperature "
              + temperature
              + ". Expected at least 0, and more than 0.");
    }
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Outputs outputs = student.forward(batch, mode);
    return mode.training() && weight > 0
        ? outputs.withLoss("distillation", loss(outputs, batch).multiply(weight))
        : outputs;
  }

  private Var loss(Outputs outputs, Batch batch) {
    List<Var> terms = new ArrayList<>();
    try (Tape apart = Tape.evaluating(device)) {
      Outputs taught = teacher.forward(batch, Mode.evaluation(apart));
      taught
          .heads()
          .forEach(
              (label, head) -> {
                if (outputs.heads().containsKey(label)) {
                  double[] said = logits(label, head).value().toDoubles();
                  terms.add(loss(logits(label, outputs.head(label)), said, temperature));
                }
              });
    }
    if (terms.isEmpty()) {
      throw new IllegalArgumentException(
          "distillation: the teacher predicts none of "
              + String.join(", ", outputs.heads().keySet())
              + ". Expected a label that both predict.");
    }
    return Var.stack(0, terms).sum();
  }

  private static Var logits(String label, Head head) {
    return switch (head) {
      case Head.Logit _, Head.LogProbability _ -> head.score();
      case Head.Value _, Head.Quantiles _, Head.Normal _ ->
          throw new IllegalArgumentException(
              "distillation: " + label + " is a number. Expected labels with probabilities.");
    };
  }

  /// (KD-1)
  ///
  /// @param z `[B]`
  /// @param teacher as many logits
  static Var loss(Var z, double[] teacher, double temperature) {
    double[] soft = new double[teacher.length];
    for (int i = 0; i < soft.length; i++) {
      soft[i] = 1 / (1 + StrictMath.exp(-teacher[i] / temperature));
    }
    Tensor targets = z.tape().scope().upload(z.shape(), soft);
    Var loss = z.multiply(1 / temperature).crossEntropyWithLogits(targets); // [B]
    return loss.mean().multiply(temperature * temperature); //                (KD-1)
  }

  @Override
  public void checkLabels(Batch batch) {
    student.checkLabels(batch);
  }
}
