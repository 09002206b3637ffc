// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.FirstOrder;
import org.gradus.embeddings.Schema;
import org.gradus.models.Fitted;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **GBDT + LR** — He, Pan, Jin, Xu, Liu, Xu, Shi, Atallah, Herbrich, Bowers, Quiñonero Candela. ADKDD 2014,
/// [doi:10.1145/2648584.2648589](https://doi.org/10.1145/2648584.2648589)
///
/// ```
///                  ┌ tree 1 ─ leaf ℓ₁ ─ 0 0 1 ┐
/// x ─ TreeFeatures ┤ tree 2 ─ leaf ℓ₂ ─ 1 0   ├ h(x) ─ ⟨w, h(x)⟩ + b ─ z
///                  └ tree T ─ leaf ℓ_T ─ 0 1  ┘
///
/// ℓ_t(x) ∈ {0, …, L_t − 1},  t = 1 … T                       (GL-1)
/// h(x)   = [onehot(ℓ₁(x)); …; onehot(ℓ_T(x))]                (GL-2)
/// z      = b + ⟨w, [h(x); g(x)]⟩                             (GL-3)
/// p      = σ(z),  q = p / (p + (1 − p) / w_keep)             (GL-4)
/// count(c) = n(c),  rate(c) = (clicks(c) − π n(c)) / (n(c) + s)  (GL-5)
/// ```
///
/// Boosted trees are grown once from the training rows, by [LightGbm]; then every tree is one categorical field whose value is
/// the leaf, and a logistic regression learns a weight per leaf.
///
/// x is a row as trees read it, T = `trees`, and tree t has L_t ≤ L = `maxLeaves` leaves, of which the row ends in ℓ_t(x).
/// onehot(·) has a 1 at that leaf and 0 elsewhere, [ ; ] puts vectors one behind the other, and ⟨ , ⟩ is an inner product. w are
/// the weights, b is a bias, z the score. g(x), which the drawing leaves out, is nothing, or all features of the data. σ is the
/// logistic function; p is the probability of a click among the rows kept, q among all. (GL-4) undoes the sampling of rows without
/// a click, w_keep, the paper's w, being the share kept: ln w_keep is added to z, in evaluation, for training sees the sample.
///
/// Trees read dense fields as they are, and of an id c what (GL-5) says, the mean over the ids of a multi-valued field: n(c) is
/// how often c occurs in the rows for the trees, clicks(c) how often with a click, π the share of clicks in all of these, and s =
/// `smoothing` rows draw a rate to the average ([Rates]). These numbers of equations are ours.
///
/// The paper moves coordinate i of w by a rate of its own, η = α / (β + √Σ∇ᵢ²): ∇ᵢ are the gradients of that coordinate so far,
/// α and β are constants. That is the optimiser's, AdaGrad, with α for its rate and β for its ε, and nothing of it is here.
///
/// Departs from the paper in ten places: ids reach the trees as click rate and count, learned from the rows of the trees, where
/// the paper has counters of its system ([TreeFeatures]); trees are grown from the rates of the rows before each row or, with
/// `folds` = K, rates in training come from the rows outside a row's fold, neither of which is in the paper ([Rates]); trees
/// and weights learn from two random halves of the rows, not from successive days; trees grow leaf by leaf, splits having the
/// largest second-order gain where L2-TreeBoost fits least squares, from numbers in bins and from about a million rows at most,
/// and what the paper does not say (shrinkage, the share of rows that a tree sees, rows of a node) is LightGBM's or ours; trees
/// stay as they are for a whole run; weights are trained by whatever optimiser the run has, in mini-batches and epochs, not row
/// by row; there is no Bayesian probit regression; z has a bias b; g is an extension; and the sigmoid lives in the loss.
public final class GbdtLr implements Fitted {

  /// What a user may set.
  ///
  /// @param boosting how trees are grown
  /// @param sampling from which rows trees and weights learn
  /// @param rates what trees are told about ids
  /// @param appendOriginalFeatures whether g is all features; without it g is nothing
  public record Config(
      Boosting boosting, Sampling sampling, Rates rates, boolean appendOriginalFeatures) {
    /// 500 trees of at most 12 leaves, and no g, by our reading. Ours are the rest: shrinkage 0.1, every row for each tree, 40
    /// rows for a split, two random halves of the rows, all negatives, at most a million rows for the trees, s = 20, no folds.
    public static final Config PAPER =
        new Config(Boosting.PAPER, Sampling.USUAL, Rates.USUAL, false);
  }

  /// Ids 0 and 1 are padding and unknown, as everywhere; no leaf is either.
  private static final int FIRST_LEAF = 2;

  /// Rows that go down the trees together: their numbers are in the nearest cache.
  private static final int AT_ONCE = 128;

  private final TreeFeatures features; //             x: dense fields, rate(c) and count(c) of ids
  private final Forest.Stored trees; //               ℓ_t of the T trees, as parameters not trained
  private final TableParameter w; //                  [T · L + 2, 1], a block for each tree
  private final @Nullable FirstOrder original; //     g(x) and its part of w, one weight per feature
  private final DenseParameter bias; //               b
  private final Config config;
  private final Target target; //                     the label, which must be one of kind BINARY

  /// A model for the only label of the schema, without trees: [#fit] grows them, or they are read with the other parameters.
  public GbdtLr(Config config, Schema schema, Params params) {
    target = Target.binary("gbdt-lr", schema);
    int count = config.boosting.trees();
    int most = config.boosting.maxLeaves();
    features = new TreeFeatures(schema, config.rates, params.at("statistics"));
    trees = new Forest.Stored(count, most, params.at("trees"));
    int rows = Math.addExact(Math.multiplyExact(count, most), FIRST_LEAF);
    w = params.at("w").table("leaves", rows, 1, 0, Initializers.zeros());
    original = config.appendOriginalFeatures ? new FirstOrder(schema, params.at("original")) : null;
    bias = params.bias("bias", Shape.scalar());
    this.config = config;
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    int count = config.boosting.trees(); //                                 T; B examples
    // bag b of the lookup is the T leaves of example b, from place b · T on
    int[] ends = tape.scope().ints(batch.size() + 1);
    for (int b = 0; b < ends.length; b++) {
      ends[b] = b * count;
    }
    Lookup.Bag sum = new Lookup.Bag(w, Pooling.SUM); //                     one bag for each row
    int[] h = leavesOf(batch, mode); //                                     [B, T]  (GL-1), (GL-2)
    Var linear = Lookup.bags(tape, List.of(sum), h, ends, null); //         [B, 1]  (GL-3)
    Var z = linear.squeeze(1).add(tape.use(bias)); //                       [B]  (GL-3)
    if (original != null) {
      z = z.add(original.forward(batch, mode)); //                          [B]  (GL-3)
    }
    double kept = config.sampling.negativeKeepRate();
    boolean corrects = kept < 1 && !mode.training();
    return target.outputs(corrects ? z.add(StrictMath.log(kept)) : z); //   [B]  (GL-4)
  }

  /// h(x) `[B, T]`, (GL-2): of each tree the row of the table where leaf ℓ_t, (GL-1), has its weight.
  private int[] leavesOf(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    if (!trees.present(tape.scope())) {
      throw new IllegalStateException(
          "gbdt-lr: there are no trees yet. Expected fit(rows, seed) before the first batch, which"
              + " the trainer calls, or the parameters of a run.");
    }
    // in training the rates leave out a row's fold, if there are folds
    TreeFeatures.Numbers numbers = features.of(batch, mode.training(), tape); // [B, d]  (GL-5)
    FlatForest forest = trees.flat(FIRST_LEAF, batch.size(), tape); //      [B, T]
    int d = features.columns(); // numbers of x
    int count = config.boosting.trees();
    int[] rows = tape.scope().ints(Math.multiplyExact(batch.size(), count)); // [B, T]
    float[] x = tape.scope().floats(Math.min(AT_ONCE, batch.size()) * d);
    for (int from = 0; from < batch.size(); from += AT_ONCE) {
      int to = Math.min(batch.size(), from + AT_ONCE);
      numbers.write(from, to, x); //                                        [to − from, d]
      // fills `rows` from place from · T on
      forest.weights(x, to - from, d, rows, from * count); //               (GL-1), (GL-2)
    }
    return rows;
  }

  @Override
  public boolean fitted() {
    return trees.present();
  }

  /// Learns rates and counts, then grows the trees, from the rows that are for trees.
  @Override
  public String fit(Rows rows, long seed) {
    TreeLibrary.Examples examples =
        features.learn(rows, new TreeFeatures.Choice(target.label(), config.sampling, seed));
    Forest forest = LightGbm.suiting(examples).grow(examples, config.boosting, seed);
    trees.write(forest);
    int found = forest.all().stream().mapToInt(Tree::leaves).sum();
    return String.format(
        Locale.ROOT,
        "%d trees with %d leaves, grown from %d rows of %d numbers",
        forest.trees(),
        found,
        examples.y().length,
        examples.columns());
  }

  /// The rows from which the weights learn: the other half, and of rows without a click those kept.
  @Override
  public long @Nullable [] trainedRows(Rows rows, long seed) {
    if (config.sampling.takesAll()) {
      return null; // all rows
    }
    LongCollector found = new LongCollector();
    rows.forEach(
        batch -> {
          float[] y = batch.label(target.label());
          for (float clicked : y) {
            found.next(config.sampling.forWeights(found.place, clicked, seed));
          }
        });
    return Arrays.copyOf(found.places, found.size);
  }

  /// Places of rows that were taken.
  private static final class LongCollector {
    private long[] places = new long[1024];
    private int size;
    private long place;

    void next(boolean taken) {
      if (taken) {
        if (size == places.length) {
          places = Arrays.copyOf(places, 2 * size);
        }
        places[size++] = place;
      }
      place++;
    }
  }
}
