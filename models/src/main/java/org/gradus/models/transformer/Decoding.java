// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.transformer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.PaddedIds;
import org.gradus.tensor.Device;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Writes targets token by token, with a model whose parameters stay as they are.
///
/// The source is read once; keys and values of tokens that were written are kept, so that a step costs one position. Padding and
/// the token that begins a target are never written; the token that ends one is not part of what is returned. A target that
/// reaches the longest length without that token is returned as it is.
public final class Decoding {
  private final Transformer model;
  private final Device device;
  private final Settings settings;

  /// How targets begin and end.
  ///
  /// @param begin the token that every target begins with
  /// @param end the token that it ends with
  /// @param maxLength the most tokens written, `end` included
  public record Settings(int begin, int end, int maxLength) {
    /// Checks the ranges.
    public Settings {
      if (begin < 1 || end < 1 || begin == end || maxLength < 1) {
        throw new IllegalArgumentException(
            "decoding: targets from token "
                + begin
                + " to token "
                + end
                + " of at most "
                + maxLength
                + ". Expected two different tokens other than padding, 0, and a length of at least"
                + " 1.");
      }
    }
  }

  /// Several targets are kept side by side.
  ///
  /// @param width how many
  /// @param alpha α: ln p is divided by ((5 + length)/6)^α, so that long targets are not at a loss; 0 divides by 1. Lengths count
  ///     the tokens written, the last one included
  public record Beam(int width, double alpha) {
    /// Four targets and α = 0.6: section 6.1 of the paper.
    public static final Beam PAPER = new Beam(4, 0.6);

    /// Checks the ranges.
    public Beam {
      if (width < 1 || !(alpha >= 0)) {
        throw new IllegalArgumentException(
            "beam: width " + width + ", alpha " + alpha + ". Expected at least 1, and at least 0.");
      }
    }
  }

  /// A target.
  ///
  /// @param ids its tokens, without those that begin and end it
  /// @param logProbability ln p of all tokens written, the last one included
  /// @param ended whether the token that ends it was written
  public record Written(int[] ids, double logProbability, boolean ended) {}

  /// @param device where the model's parameters are
  public Decoding(Transformer model, Device device, Settings settings) {
    int longest = model.target().maxLength();
    int classes = model.target().size();
    if (settings.maxLength > longest || settings.begin >= classes || settings.end >= classes) {
      throw new IllegalArgumentException(
          "decoding: "
              + settings
              + " with a model of "
              + classes
              + " tokens and "
              + longest
              + " positions. Expected tokens below the first and lengths up to the second.");
    }
    this.model = model;
    this.device = device;
    this.settings = settings;
  }

  /// The most probable token at every step, for every row of a batch; of equal ones the smallest.
  public List<Written> greedy(Batch batch) {
    return greedy(PaddedIds.of(batch, model.source().name()));
  }

  /// As above.
  ///
  /// @param sources row by row
  public List<Written> greedy(PaddedIds sources) {
    try (Tape tape = Tape.evaluating(device)) {
      Steps steps = new Steps(sources, Mode.evaluation(tape));
      while (!steps.done()) {
        double[] logP = steps.next(); // [B, V]
        for (int b = 0; b < steps.rows; b++) {
          Hypothesis h = steps.written[b];
          if (!h.ended) {
            int best = best(logP, b);
            steps.written[b] = h.with(best, logP[b * steps.classes + best], settings.end);
          }
        }
      }
      return Arrays.stream(steps.written).map(Hypothesis::result).toList();
    }
  }

  private int best(double[] logP, int row) {
    int classes = model.target().size();
    int best = -1;
    for (int k = 1; k < classes; k++) {
      boolean better = best < 0 || logP[row * classes + k] > logP[row * classes + best];
      best = k != settings.begin && better ? k : best;
    }
    return best;
  }

  /// For every row of a batch the best target that a beam finds.
  public List<Written> beam(Batch batch, Beam beam) {
    return beam(PaddedIds.of(batch, model.source().name()), beam);
  }

  /// As above. In every step each unfinished target of a row is followed by every token, and the best remain, finished ones among
  /// them; the best is what has the highest ln p divided by the penalty.
  ///
  /// @param sources row by row
  public List<Written> beam(PaddedIds sources, Beam beam) {
    int k = beam.width;
    try (Tape tape = Tape.evaluating(device)) {
      Steps steps = new Steps(repeated(sources, k), Mode.evaluation(tape));
      boolean first = true; // all targets of a row are the same: only one may be followed
      while (!steps.done()) {
        double[] logP = steps.next(); // [B·k, V]
        int[] parents = new int[steps.rows];
        Hypothesis[] kept = new Hypothesis[steps.rows];
        for (int b = 0; b < steps.rows; b += k) {
          List<Candidate> best = best(steps, logP, b, first ? 1 : k, beam);
          for (int i = 0; i < k; i++) {
            boolean there = i < best.size();
            parents[b + i] = there ? best.get(i).parent : b;
            kept[b + i] = there ? best.get(i).hypothesis : Hypothesis.NEVER;
          }
        }
        steps.goOn(kept, parents);
        first = false;
      }
      List<Written> found = new ArrayList<>();
      for (int b = 0; b < steps.rows; b += k) {
        found.add(steps.written[b].result()); // sorted, the best first
      }
      return found;
    }
  }

  /// A target and the row whose target it prolongs.
  private record Candidate(int parent, Hypothesis hypothesis, double score) {}

  /// The best of what may follow rows `from` … `from + rows − 1`, the best first; of equal ones the earlier row, then the smaller
  /// token.
  private List<Candidate> best(Steps steps, double[] logP, int from, int rows, Beam beam) {
    List<Candidate> best = new ArrayList<>();
    for (int r = from; r < from + rows; r++) {
      Hypothesis h = steps.written[r];
      if (h.ended) {
        insert(best, new Candidate(r, h, h.score(beam)), beam.width);
        continue;
      }
      for (int token = 1; token < steps.classes; token++) {
        if (token != settings.begin) {
          Hypothesis longer = h.with(token, logP[r * steps.classes + token], settings.end);
          insert(best, new Candidate(r, longer, longer.score(beam)), beam.width);
        }
      }
    }
    return best;
  }

  private static void insert(List<Candidate> best, Candidate c, int most) {
    int at = best.size();
    while (at > 0 && best.get(at - 1).score < c.score) {
      at--;
    }
    if (at < most) {
      best.add(at, c);
      if (best.size() > most) {
        best.removeLast();
      }
    }
  }

  /// Each row so many times.
  private static PaddedIds repeated(PaddedIds rows, int times) {
    int length = rows.length();
    int[] ids = new int[rows.ids().length * times];
    int[] lengths = new int[rows.lengths().length * times];
    for (int r = 0; r < lengths.length; r++) {
      System.arraycopy(rows.ids(), r / times * length, ids, r * length, length);
      lengths[r] = rows.lengths()[r / times];
    }
    return new PaddedIds(ids, lengths, length);
  }

  /// What was written in one row.
  ///
  /// @param tokens without the one that begins, with the one that ends
  private record Hypothesis(int[] tokens, double logProbability, boolean ended) {
    static final Hypothesis NOTHING = new Hypothesis(new int[0], 0, false);

    /// Where there are fewer targets than the beam has room for.
    static final Hypothesis NEVER = new Hypothesis(new int[0], Double.NEGATIVE_INFINITY, true);

    Hypothesis with(int token, double logP, int end) {
      int[] more = Arrays.copyOf(tokens, tokens.length + 1);
      more[tokens.length] = token;
      return new Hypothesis(more, logProbability + logP, token == end);
    }

    /// ln p / ((5 + length)/6)^α
    double score(Beam beam) {
      return logProbability / StrictMath.pow((5 + tokens.length) / 6.0, beam.alpha);
    }

    Written result() {
      int n = ended ? tokens.length - 1 : tokens.length;
      return new Written(Arrays.copyOf(tokens, n), logProbability, ended);
    }
  }

  /// All rows, step by step.
  private final class Steps {
    private final Mode mode;
    private final int rows;
    private final int classes = model.target().size();
    private Decoder.Cache cache;
    private Hypothesis[] written;
    private int length; // of the longest row

    Steps(PaddedIds sources, Mode mode) {
      this.mode = mode;
      this.rows = sources.lengths().length;
      this.cache = model.start(model.encode(sources, mode));
      this.written = new Hypothesis[rows];
      Arrays.fill(written, Hypothesis.NOTHING);
    }

    boolean done() {
      return length == settings.maxLength || Arrays.stream(written).allMatch(Hypothesis::ended);
    }

    /// ln p of what may follow `[rows, V]`.
    double[] next() {
      int[] last = new int[rows];
      boolean[] real = new boolean[rows * (length + 1)];
      for (int r = 0; r < rows; r++) {
        int[] tokens = written[r].tokens;
        last[r] = length == 0 ? settings.begin : tokens.length == length ? tokens[length - 1] : 0;
        Arrays.fill(
            real, r * (length + 1), r * (length + 1) + Math.min(length, tokens.length) + 1, true);
      }
      int[] lengths = new int[rows];
      Arrays.fill(lengths, 1);
      Scope scope = mode.tape().scope();
      Tensor mask = scope.upload(Shape.of(rows, 1, length + 1), real);
      length++;
      return model
          .next(new PaddedIds(last, lengths, 1), mask, cache, mode)
          .squeeze(1)
          .logSoftmax()
          .value()
          .toDoubles();
    }

    /// Row r goes on from what row `parents[r]` has written.
    void goOn(Hypothesis[] kept, int[] parents) {
      written = kept;
      cache = cache.from(mode.tape().scope().upload(Shape.of(rows), parents));
    }
  }
}
