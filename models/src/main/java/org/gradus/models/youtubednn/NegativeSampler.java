// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.util.Arrays;
import org.gradus.tensor.Counter;
import org.jspecify.annotations.Nullable;

/// Draws classes 0 … C−1 as negatives, and says how often a class is expected among them.
///
/// ```
/// p_j = 1/C                                          UNIFORM
/// p_j = n_j^β / Σ_k n_k^β, n_j at least 1            UNIGRAM
/// p_j = (ln(r + 2) − ln(r + 1)) / ln(C + 1)          LOG_UNIFORM, r the rank of j by falling n_j, from 0
///
/// Q(j) = S p_j                                       with replacement        (NS-1)
/// Q(j) = 1 − (1 − p_j)^n                             S distinct, n draws      (NS-2)
/// Q(j) = 1                                           S = C distinct           (NS-3)
/// p_j / (1 − p_y) for p_j, C − 1 for C               where y is never drawn   (NS-4)
/// ```
///
/// (NS-2) is the usual approximation of the probability that j is among S distinct classes, n being how many draws it took to find
/// them; it is close while S is much smaller than C. For UNIFORM the probability is S/C exactly, and that is used. Draws of a class
/// that is left out do not count as draws.
///
/// What is drawn is a function of a key. Repeated classes are drawn again. Near S = C, and where few classes have nearly all
/// probability, this could go on for ever: after C + 4 S draws the classes that are missing come by a race (Efraimidis, Spirakis
/// 2006), whose law is that of going on.
public final class NegativeSampler {
  /// How likely a class is.
  public enum Distribution {
    /// all alike
    UNIFORM,
    /// by a power of how often a class was a label; Mikolov et al. (2013) have ¾
    UNIGRAM,
    /// by rank, after Zipf
    LOG_UNIFORM
  }

  /// Classes that were drawn.
  ///
  /// @param classes S of them, in the order of drawing
  /// @param draws how many it took; as many as are expected to, where a race took their place
  public record Sample(int[] classes, long draws) {}

  private final double[] p;
  private final boolean uniform;
  private final @Nullable AliasTable alias;
  private final int[] byRank; // of LOG_UNIFORM
  private final IntOpenHashSet seen = new IntOpenHashSet(); // scratch

  private NegativeSampler(double[] p, boolean uniform, @Nullable AliasTable alias, int... byRank) {
    this.p = p;
    this.uniform = uniform;
    this.alias = alias;
    this.byRank = byRank;
  }

  /// A sampler over as many classes as there are counts.
  ///
  /// @param counts n_j, how often each class was a label; 0 counts as 1
  /// @param power β, of UNIGRAM
  public static NegativeSampler of(Distribution distribution, double[] counts, double power) {
    if (counts.length == 0) {
      throw new IllegalArgumentException("sampler: no classes. Expected at least one.");
    }
    return switch (distribution) {
      case UNIFORM -> uniform(counts.length);
      case UNIGRAM -> {
        double[] weights = new double[counts.length];
        Arrays.setAll(weights, j -> StrictMath.pow(Math.max(counts[j], 1), power));
        yield weighted(weights);
      }
      case LOG_UNIFORM -> logUniform(counts);
    };
  }

  private static NegativeSampler uniform(int classes) {
    double[] p = new double[classes];
    Arrays.fill(p, 1.0 / classes);
    return new NegativeSampler(p, true, null);
  }

  private static NegativeSampler logUniform(double[] counts) {
    int n = counts.length;
    int[] byRank = new int[n];
    Arrays.setAll(byRank, j -> j);
    IntArrays.stableSort(byRank, (a, b) -> Double.compare(counts[b], counts[a]));
    double[] p = new double[n];
    for (int r = 0; r < n; r++) {
      p[byRank[r]] = (StrictMath.log(r + 2.0) - StrictMath.log(r + 1.0)) / StrictMath.log(n + 1.0);
    }
    return new NegativeSampler(p, false, null, byRank);
  }

  /// A sampler by weights of the user's own.
  ///
  /// @param weights at least 0, some above; what they add up to does not matter
  public static NegativeSampler weighted(double... weights) {
    double sum = 0;
    for (double w : weights) {
      if (!(w >= 0 && w < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("sampler: weight " + w + ". Expected at least 0.");
      }
      sum += w;
    }
    if (!(sum > 0)) {
      throw new IllegalArgumentException("sampler: all weights are 0. Expected one above 0.");
    }
    double[] p = new double[weights.length];
    for (int j = 0; j < p.length; j++) {
      p[j] = weights[j] / sum;
    }
    return new NegativeSampler(p, false, new AliasTable(p));
  }

  /// C
  public int classes() {
    return p.length;
  }

  /// p_j
  public double probability(int j) {
    return p[j];
  }

  /// Q(j) of S classes, drawn or not: the positive of an example has one too.
  ///
  /// @param draws how many it took to find distinct ones
  public double expectedCount(int j, int size, boolean unique, long draws) {
    return expectedCount(j, size, unique, draws, -1);
  }

  /// Q(j) of S classes that were drawn without one of them, which has 0.
  ///
  /// @param draws how many it took to find distinct ones
  /// @param exclude the class that was left out; none below 0
  public double expectedCount(int j, int size, boolean unique, long draws, int exclude) {
    if (j == exclude) {
      return 0;
    }
    double q = exclude < 0 ? p[j] : p[j] / rest(exclude); //            (NS-4)
    int classes = exclude < 0 ? p.length : p.length - 1;
    if (!unique) {
      return size * q; //                                               (NS-1)
    }
    if (size == classes) {
      return 1; //                                                      (NS-3)
    }
    return uniform
        ? (double) size / classes
        : -StrictMath.expm1(draws * StrictMath.log1p(-Math.min(q, 1))); // (NS-2)
  }

  /// What the other classes have together.
  private double rest(int exclude) {
    if (exclude < 0 || p[exclude] < 0.999) {
      return exclude < 0 ? 1 : 1 - p[exclude];
    }
    double sum = 0; // the difference would have few digits left
    for (int j = 0; j < p.length; j++) {
      sum += j == exclude ? 0 : p[j];
    }
    return sum;
  }

  /// Draws S classes.
  ///
  /// @param unique whether they are distinct
  /// @param exclude a class that is drawn again when it comes; none below 0
  public Sample sample(int size, boolean unique, int exclude, long key) {
    if (size < 0) {
      throw new IllegalArgumentException("sampler: " + size + " classes. Expected at least 0.");
    }
    int[] classes = new int[size];
    long draws = draw(classes, unique, exclude, key);
    return new Sample(classes, draws);
  }

  /// As [#sample] into an array, as many as it has room for. Takes no memory of its own in the steady state; belongs to one thread at
  /// a time.
  ///
  /// @param drawn takes the classes, in the order of drawing
  /// @return how many draws it took
  long draw(int[] drawn, boolean unique, int exclude, long key) {
    int size = drawn.length;
    int possible = 0;
    for (int j = 0; j < p.length && possible < size; j++) {
      possible += p[j] > 0 && j != exclude ? 1 : 0;
    }
    if (possible < (unique ? size : Math.min(size, 1))) {
      throw new IllegalArgumentException(
          "sampler: "
              + size
              + (unique ? " distinct classes of " : " classes of ")
              + possible
              + " that can be drawn. Expected fewer, or classes that may repeat.");
    }
    if (unique && size == p.length) {
      Arrays.setAll(drawn, j -> j);
      return 0;
    }
    seen.clear();
    long most = p.length + 4L * size; // about what the race costs
    long draws = 0;
    int found = 0;
    for (long position = 0; found < size && position < most; position++) {
      int j = draw(key, position);
      if (j != exclude) {
        draws++;
        if (!unique || seen.add(j)) {
          drawn[found++] = j;
        }
      }
    }
    long others = Counter.key(key, "race");
    if (found < size && unique) {
      double time = race(drawn, found, size, exclude, others);
      return (long) (draws + Math.ceil(time * rest(exclude)));
    }
    for (; found < size; found++) {
      race(drawn, found, found + 1, exclude, Counter.key(others, found));
      draws++;
    }
    return draws;
  }

  /// Each class comes at a moment of its own, exponential with rate p_j, and those that come first are taken: as if draws were made
  /// one in a unit of time, and those in `seen` passed over. What was drawn before does not matter, for moments have no memory.
  ///
  /// @return when the last one came
  private double race(int[] drawn, int from, int to, int exclude, long key) {
    double[] moment = new double[p.length]; // its logarithm
    IntArrayList runners = new IntArrayList();
    for (int j = 0; j < p.length; j++) {
      if (p[j] > 0 && j != exclude && !seen.contains(j)) {
        double wait = -StrictMath.log1p(-Counter.uniform53(key, j));
        moment[j] = StrictMath.log(wait) - StrictMath.log(p[j]);
        runners.add(j);
      }
    }
    int[] order = runners.toIntArray();
    IntArrays.stableSort(order, (a, b) -> Double.compare(moment[a], moment[b]));
    System.arraycopy(order, 0, drawn, from, to - from);
    return StrictMath.exp(moment[drawn[to - 1]]);
  }

  private int draw(long key, long position) {
    if (uniform) {
      return (int) Counter.below(key, position, p.length);
    }
    if (alias != null) {
      return alias.draw(key, position);
    }
    // the inverse of the cumulative law ln(r + 2) / ln(C + 1)
    double u = Counter.uniform53(key, position);
    int rank = (int) StrictMath.exp(u * StrictMath.log(p.length + 1.0)) - 1;
    return byRank[Math.min(rank, p.length - 1)]; // e^(u ln(C + 1)) may round up to C + 1
  }
}
