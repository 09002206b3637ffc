// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.layers.NormalLoss;
import org.gradus.models.Outputs;
import org.gradus.models.easing.DistributionDecoder.Distribution;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// What is minimised over a batch in which some nodes have a label, m = 1, and most have none. Each part is divided by its own count:
///
/// ```
/// ℓ = ½ e^−ν (y − μ)² + ½ ν                                         (EA-9)
/// L = Σ m ℓ / max(1, Σ m) + L_unl + λ_list L_list                   (EA-11)
/// ```
///
/// A batch without a label contributes the second part alone. Divided by B, the first would change with the share of labels as a
/// learning rate does.
final class Learning {
  /// Names of the losses beside that of the label.
  static final String UNLABELLED = "unlabelled";

  /// See [#UNLABELLED].
  static final String LIST = "list";

  private final Config config;
  private final Unlabelled unlabelled;
  private final ListLoss listLoss;
  private final @Nullable ListMemory memory;
  private final String path;

  /// By what the labelled part is divided.
  enum Reduction {
    /// by the labels of the batch
    PER_PART,
    /// by the labels that a batch has on average: an unbiased estimate of the mean over an epoch, however counts fluctuate
    EPOCH_WEIGHTED
  }

  /// What a user may set.
  ///
  /// @param reduction of the labelled part
  /// @param labelledPerBatch labels that a batch has on average, for [Reduction#EPOCH_WEIGHTED]
  /// @param unlabelled of nodes without a label
  /// @param ranking of lists
  record Config(
      Reduction reduction, double labelledPerBatch, Unlabelled.Config unlabelled, Ranking ranking) {
    Config {
      String conflict = conflict(reduction, labelledPerBatch);
      if (conflict != null) {
        throw new IllegalArgumentException(conflict);
      }
    }

    /// Why a reduction needs another number, or null.
    static @Nullable String conflict(Reduction reduction, double labelledPerBatch) {
      return reduction == Reduction.EPOCH_WEIGHTED && !(labelledPerBatch > 0)
          ? "easing: reduction EPOCH_WEIGHTED with labelledPerBatch "
              + labelledPerBatch
              + ". Expected a number above 0: labelled nodes over batches of an epoch."
          : null;
    }
  }

  /// How lists count.
  ///
  /// @param weight λ_list
  /// @param memory predictions remembered to complete lists; 0 for none
  /// @param loss of lists
  record Ranking(double weight, int memory, ListLoss loss) {
    Ranking {
      if (!(weight >= 0) || memory < 0) {
        throw new IllegalArgumentException(
            "easing: listWeight "
                + weight
                + ", listMemory "
                + memory
                + ". Expected at least 0 each.");
      }
    }
  }

  Learning(Config config, Params params) {
    this.config = config;
    unlabelled = new Unlabelled(config.unlabelled, params.at("unlabelled"));
    listLoss = config.ranking.loss;
    memory =
        config.ranking.memory > 0
            ? new ListMemory(config.ranking.memory, params.at("memory"))
            : null;
    path = params.path();
  }

  /// The outputs with what is minimised beside, or instead of, the usual loss of the label.
  ///
  /// @param found what the first pass over the batch found
  /// @param pass how to make others
  Outputs with(Outputs outputs, String label, Distribution found, Batch batch, Pass pass) {
    float[] y = batch.label(label);
    float @Nullable [] mask = batch.labelMask(label);
    int[] known = known(label, y, mask, found.mean().tape().scope());
    Outputs all = outputs;
    if (config.reduction == Reduction.EPOCH_WEIGHTED) {
      all = all.withLoss(label, overAnEpoch(found, y, known), known.length);
    }
    if (unlabelled.used() && mask != null) {
      Var loss = unlabelled.loss(pass.model, found, mask, pass.mode);
      all = all.withLoss(UNLABELLED, loss, y.length - known.length);
    }
    if (config.ranking.weight > 0) {
      Var loss = overLists(found.mean(), y, known, pass.mode).multiply(config.ranking.weight);
      all = all.withLoss(LIST, loss, known.length); //                        (EA-11)
    }
    return all;
  }

  /// How a batch is passed through the model once more.
  ///
  /// @param model a pass
  /// @param mode of the first
  record Pass(Function<Mode, Distribution> model, Mode mode) {}

  private static int[] known(String label, float[] y, float @Nullable [] mask, Scope scope) {
    int n = 0;
    for (int b = 0; b < y.length; b++) {
      n += mask == null || mask[b] != 0 ? 1 : 0;
    }
    int[] known = scope.ints(n);
    int at = 0;
    for (int b = 0; b < y.length; b++) {
      if (mask == null || mask[b] != 0) {
        known[at++] = b;
      }
    }
    for (int b : known) {
      if (!Float.isFinite(y[b])) {
        throw new IllegalArgumentException(
            "easing: label " + label + " of example " + b + " is " + y[b] + ". Expected a number.");
      }
    }
    return known;
  }

  /// Σ m ℓ over the labels that a batch has on average.
  private Var overAnEpoch(Distribution found, float[] y, int[] known) {
    Tape tape = found.mean().tape();
    double[] targets = tape.scope().doubles(y.length);
    double[] shares = tape.scope().doubles(y.length);
    for (int b : known) {
      targets[b] = y[b];
      shares[b] = 1 / config.labelledPerBatch;
    }
    Shape shape = Shape.of(y.length);
    Var each =
        NormalLoss.of(found.mean(), found.logVariance(), tape.constant(shape, targets)); // [B]
    return each.multiply(tape.constant(shape, shares)).sum(); //              []  (EA-11)
  }

  private Var overLists(Var mean, float[] y, int[] known, Mode mode) {
    Tape tape = mode.tape();
    Var predicted = mean.gather(0, tape.scope().upload(Shape.of(known.length), known)); // [n]
    double[] labels = tape.scope().doubles(known.length);
    for (int i = 0; i < labels.length; i++) {
      labels[i] = y[known[i]];
    }
    long key = mode.draw(path + "/lists");
    if (memory == null) {
      return listLoss.of(predicted, labels, known.length, key);
    }
    ListMemory.Nodes before = memory.nodes();
    Var all = predicted;
    if (before.labels().length > 0) {
      Shape shape = Shape.of(before.labels().length);
      all = Var.concat(0, List.of(predicted, tape.constant(shape, before.predictions())));
    }
    double[] allLabels =
        IntStream.range(0, labels.length + before.labels().length)
            .mapToDouble(i -> i < labels.length ? labels[i] : before.labels()[i - labels.length])
            .toArray();
    if (mode.updatesStatistics()) {
      memory.add(predicted.value().toDoubles(), labels);
    }
    return listLoss.of(all, allLabels, known.length, key);
  }
}
