// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.embeddings.PaddedIds;
import org.gradus.models.Retriever;
import org.gradus.models.youtubednn.YoutubeDnn.Config;
import org.gradus.models.youtubednn.YoutubeDnn.Hits;
import org.gradus.models.youtubednn.YoutubeDnn.Loss;
import org.gradus.models.youtubednn.YoutubeDnn.Negatives;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// What an example costs, `[B]`: its label against all items, against drawn ones, against the labels of the batch, or against what it
/// was shown. The formulas are those of [Candidates]; here it is settled who stands against whom.
///
/// ```
/// L_hard = 1/B Σ_b ln (1 + Σ_h e^(o_h − o_y))                              (YD-9)
/// ```
///
/// h runs over hard negatives: nobody drew them, so they have no expected count and are never corrected.
final class NextItemLosses {
  private final Config config;
  private final ItemVectors items;
  private final DenseParameter counts; // n [C]
  private final @Nullable StreamingFrequencies stream;
  private @Nullable NegativeSampler sampler;

  /// What the examples of a batch say yes to.
  ///
  /// @param labels of the examples
  /// @param lists other items of theirs, example by example
  record Positives(int[] labels, List<JaggedIds> lists) {
    /// Whether an item is in one of the lists of an example.
    boolean holds(int example, int item) {
      for (JaggedIds list : lists) {
        for (int i = list.offsets()[example]; i < list.offsets()[example + 1]; i++) {
          if (list.values()[i] == item) {
            return true;
          }
        }
      }
      return false;
    }
  }

  /// @param classes C
  NextItemLosses(Config config, ItemVectors items, int classes, Params params) {
    this.config = config;
    this.items = items;
    counts = params.state("counts", Shape.of(classes), 0);
    double rate = config.training().streamingRate();
    boolean streams = rate > 0 && config.training().loss() == Loss.IN_BATCH;
    stream = streams ? new StreamingFrequencies(rate, classes, params.at("stream")) : null;
  }

  /// Whether labels were counted.
  boolean fitted() {
    return Arrays.stream(counts.value().toDoubles()).anyMatch(n -> n > 0);
  }

  /// Paths of what says how often items are labels.
  Set<String> paths() {
    Set<String> paths = new TreeSet<>(Set.of(counts.path()));
    if (stream != null) {
      paths.addAll(stream.paths());
    }
    return paths;
  }

  /// Takes how often each item is a label in training.
  void count(double... n) {
    counts.write(n);
    sampler = null;
  }

  private static int classOf(int id) {
    return id - Retriever.FIRST_ITEM;
  }

  /// Against all items.
  ///
  /// @param u comparable, `[B, d]`
  Var full(Var u, int... labels) {
    int[] classes = u.tape().scope().ints(labels.length);
    Arrays.setAll(classes, b -> Math.max(classOf(labels[b]), 0));
    return Candidates.full(items.shared(u, items.all()), classes); // [B]  (YD-7)
  }

  /// In training.
  Var sampled(Var u, Positives positives, Mode mode) {
    return switch (config.training().loss()) {
      case FULL_SOFTMAX -> full(u, positives.labels);
      case IN_BATCH -> inBatch(u, positives.labels, mode);
      case SAMPLED_SOFTMAX -> candidates(u, positives, mode).softmax();
      case NCE, NEG -> candidates(u, positives, mode).binary();
    };
  }

  /// Against items that the example was shown, 0 where there are none; a label among them does not stand against itself.
  Var hard(Var u, int[] labels, PaddedIds shown) {
    int n = shown.length();
    boolean[] kept = u.tape().scope().booleans(shown.ids().length);
    for (int i = 0; i < kept.length; i++) {
      int id = shown.ids()[i];
      kept[i] = classOf(id) >= 0 && id != labels[i / n];
    }
    return new Candidates(items.own(u, labels), items.own(u, shown.ids()), kept)
        .softmax(); //                                                     [B]  (YD-9)
  }

  private Var inBatch(Var u, int[] labels, Mode mode) {
    int[] classes = Arrays.stream(labels).map(NextItemLosses::classOf).toArray();
    double[] logP =
        !config.training().subtractLogQ()
            ? new double[labels.length]
            : stream == null ? logShares(classes) : stream.logP(classes, mode);
    return Candidates.inBatch(items.shared(u, labels), logP, labels, Retriever.FIRST_ITEM);
  }

  /// ln of each class's share of the training labels, 0 for no class.
  private double[] logShares(int... classes) {
    double[] n = counts.value().toDoubles();
    double sum = Arrays.stream(n).map(c -> Math.max(c, 1)).sum();
    return Arrays.stream(classes)
        .mapToDouble(j -> j < 0 ? 0 : StrictMath.log(Math.max(n[j], 1) / sum))
        .toArray();
  }

  /// Labels and negatives, corrected if asked for.
  private Candidates candidates(Var u, Positives positives, Mode mode) {
    int[] labels = positives.labels;
    NegativeSampler from = sampler();
    Negatives rule = config.negatives();
    boolean each = rule.hits() == Hits.RESAMPLE;
    int most = from.classes() - (each ? 1 : 0);
    int size = rule.unique() ? Math.min(rule.count(), most) : rule.count();
    int lists = each ? labels.length : 1;
    long key = mode.draw("negatives");
    Scope scope = u.tape().scope();
    int[] ids = scope.ints(lists * size);
    double[] logQ = scope.doubles(ids.length);
    double[] ofLabels = scope.doubles(labels.length);
    int[] drawn = scope.ints(size);
    for (int list = 0; list < lists; list++) {
      int label = each ? classOf(labels[list]) : -1;
      long draws = from.draw(drawn, rule.unique(), label, Counter.key(key, list));
      for (int i = 0; i < size; i++) {
        int j = drawn[i];
        ids[list * size + i] = j + Retriever.FIRST_ITEM;
        logQ[list * size + i] =
            StrictMath.log(from.expectedCount(j, size, rule.unique(), draws, label));
      }
      for (int b = 0; b < labels.length && !each; b++) { // with RESAMPLE, Q = 1
        int j = Math.max(classOf(labels[b]), 0);
        ofLabels[b] = StrictMath.log(from.expectedCount(j, size, rule.unique(), draws));
      }
    }
    Var negatives = each ? items.own(u, ids) : items.shared(u, ids); // [B, S]
    boolean[] kept = scope.booleans(labels.length * size);
    for (int i = 0; i < kept.length; i++) {
      int negative = ids[each ? i : i % size];
      int b = i / size;
      kept[i] = rule.hits() == Hits.KEEP || negative != labels[b];
      if (rule.hits() == Hits.REMOVE_POSITIVES) {
        kept[i] &= !positives.holds(b, negative);
      }
    }
    Candidates all = new Candidates(items.own(u, labels), negatives, kept);
    boolean corrects = config.training().subtractLogQ() && config.training().loss() != Loss.NEG;
    return corrects ? all.corrected(ofLabels, logQ) : all;
  }

  private NegativeSampler sampler() {
    NegativeSampler s = sampler;
    if (s == null) {
      if (!fitted()) {
        throw new IllegalStateException(
            "youtube-dnn: labels were not counted yet. Expected fit(rows, seed) before the first"
                + " step, which the trainer calls, or the parameters of a run.");
      }
      Negatives n = config.negatives();
      s = NegativeSampler.of(n.distribution(), counts.value().toDoubles(), n.power());
      sampler = s;
    }
    return s;
  }
}
