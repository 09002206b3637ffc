// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.transformer.TransformerBench.ids;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.autograd.Initializers;
import org.gradus.embeddings.Batch;
import org.gradus.models.Naive;
import org.gradus.models.transformer.Decoding.Beam;
import org.gradus.models.transformer.Decoding.Settings;
import org.gradus.models.transformer.Decoding.Written;
import org.gradus.tensor.Counter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Greedy decoding and beam search, against what single passes and a search through every target say.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DecodingTest {
  private static final int BEGIN = 2;
  private static final int END = 3;

  private final TransformerBench bench =
      new TransformerBench(Map.of("layers", "2", "tieOutput", "false", "outputBias", "true"));

  /// A model of which some targets end, and some do not: the first of the seeds that gives one.
  @BeforeAll
  void letSomeTargetsEnd() {
    for (int seed = 1; !(someEnd() && someAreShort()); seed++) {
      for (String path : List.of("out/weight", "embeddings/words")) {
        double[] values = Naive.get(bench.all(), path);
        for (int i = path.equals("out/weight") ? 0 : 4; i < values.length; i++) { // padding stays 0
          values[i] = Initializers.normalAt(Counter.key(seed, path), i);
        }
        TransformerBench.set(bench.params.get(path), values);
      }
    }
  }

  private boolean someEnd() {
    List<Written> all = decoding(5).greedy(sources());
    boolean ends = all.stream().anyMatch(w -> w.ended() && w.ids().length > 0);
    return ends && all.stream().anyMatch(w -> !w.ended());
  }

  private boolean someAreShort() {
    return decoding(3).beam(sources(), new Beam(125, 0)).stream().anyMatch(w -> w.ids().length < 2);
  }

  @AfterAll
  void close() {
    bench.close();
  }

  private Decoding decoding(int maxLength) {
    return new Decoding(bench.model, bench.device, new Settings(BEGIN, END, maxLength));
  }

  /// Sources of several lengths, one of them nothing; what stands as target does not matter.
  private Batch sources() {
    return bench.batch(
        ids(2, 3, 4), ids(), ids(5), ids(), ids(), ids(), ids(4, 4, 5, 2), ids(), ids(3, 5), ids());
  }

  /// ln p of a token behind others, from a whole pass over them, in the test's own arithmetic.
  private double logP(int[] source, int[] written, int token) {
    int[] target = new int[written.length + 2];
    target[0] = BEGIN;
    System.arraycopy(written, 0, target, 1, written.length);
    target[written.length + 1] = token;
    double[] o = bench.logits(bench.batch(source, target))[0];
    double[] last = Arrays.copyOfRange(o, o.length - 7, o.length);
    return last[token] - Math.log(Arrays.stream(last).map(Math::exp).sum());
  }

  private static int[] source(Batch batch, int row) {
    var lists = batch.sparse().of("source");
    return Arrays.copyOfRange(lists.values(), lists.offsets()[row], lists.offsets()[row + 1]);
  }

  /// Each token is the most probable one behind those before it, neither padding nor the beginning.
  @Test
  void greedyTakesTheMostProbableToken() {
    Batch batch = sources();
    List<Written> found = decoding(5).greedy(batch);
    assertThat(found).hasSize(5);
    for (int b = 0; b < 5; b++) {
      int[] written = new int[0];
      double sum = 0;
      boolean ended = false;
      while (!ended && written.length < 5) {
        int best = 1;
        for (int k : ids(END, 4, 5, 6)) {
          best =
              logP(source(batch, b), written, k) > logP(source(batch, b), written, best) ? k : best;
        }
        sum += logP(source(batch, b), written, best);
        ended = best == END;
        if (!ended) {
          written = Arrays.copyOf(written, written.length + 1);
          written[written.length - 1] = best;
        }
      }
      assertThat(found.get(b).ids()).as("row %d", b).isEqualTo(written);
      assertThat(found.get(b).logProbability()).isCloseTo(sum, within(EXACT));
      assertThat(found.get(b).ended()).isEqualTo(ended);
    }
  }

  @Test
  void aRowAloneIsWrittenAsInABatch() {
    Batch batch = sources();
    List<Written> all = decoding(5).greedy(batch);
    List<Written> beams = decoding(5).beam(batch, Beam.PAPER);
    for (int b = 0; b < 5; b++) {
      Batch one = bench.batch(source(batch, b), ids());
      assertSame(decoding(5).greedy(one).getFirst(), all.get(b));
      assertSame(decoding(5).beam(one, Beam.PAPER).getFirst(), beams.get(b));
    }
  }

  private static void assertSame(Written found, Written expected) {
    assertThat(found.ids()).isEqualTo(expected.ids());
    assertThat(found.logProbability()).isCloseTo(expected.logProbability(), within(EXACT));
    assertThat(found.ended()).isEqualTo(expected.ended());
  }

  @Test
  void aBeamOfOneIsGreedy() {
    List<Written> greedy = decoding(5).greedy(sources());
    List<Written> beam = decoding(5).beam(sources(), new Beam(1, 0));
    for (int b = 0; b < 5; b++) {
      assertSame(beam.get(b), greedy.get(b));
    }
  }

  /// Every target of up to three tokens: those that end, and those of three that do not.
  private List<Written> everything(int[] source) {
    List<Written> all = new ArrayList<>();
    List<Written> open = List.of(new Written(ids(), 0, false));
    for (int step = 0; step < 3; step++) {
      List<Written> next = new ArrayList<>();
      for (Written w : open) {
        for (int token : ids(1, END, 4, 5, 6)) {
          double p = w.logProbability() + logP(source, w.ids(), token);
          if (token == END) {
            all.add(new Written(w.ids(), p, true));
          } else {
            int[] more = Arrays.copyOf(w.ids(), w.ids().length + 1);
            more[w.ids().length] = token;
            next.add(new Written(more, p, false));
          }
        }
      }
      open = next;
    }
    all.addAll(open);
    return all;
  }

  /// A beam that is wide enough keeps every target, so it finds the best of all, whatever the penalty.
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.6, 2})
  void aWideBeamFindsTheBestOfAll(double alpha) {
    Batch batch = bench.batch(ids(2, 3, 4), ids(), ids(5), ids());
    List<Written> found = decoding(3).beam(batch, new Beam(125, alpha));
    for (int b = 0; b < 2; b++) {
      Written best = null;
      double most = Double.NEGATIVE_INFINITY;
      for (Written w : everything(source(batch, b))) {
        double score = w.logProbability() / Math.pow((5 + length(w)) / 6.0, alpha);
        best = score > most ? w : best;
        most = Math.max(score, most);
      }
      assertSame(found.get(b), Objects.requireNonNull(best));
    }
  }

  /// Where every target is kept, the best one under a penalty is no more probable than the best without, and so not shorter: its
  /// ln p, which is not above, is divided by more.
  @Test
  void thePenaltyPrefersLongTargets() {
    int tokens = 0;
    int longer = 0;
    List<Written> plain = decoding(3).beam(sources(), new Beam(125, 0));
    List<Written> penalised = decoding(3).beam(sources(), new Beam(125, 20));
    for (int b = 0; b < 5; b++) {
      Written p = plain.get(b);
      Written q = penalised.get(b);
      assertThat(q.logProbability()).isLessThanOrEqualTo(p.logProbability() + EXACT);
      assertThat(length(q)).isGreaterThanOrEqualTo(length(p));
      tokens += length(p);
      longer += length(q);
    }
    assertThat(longer).isGreaterThan(tokens);
  }

  private static int length(Written w) {
    return w.ids().length + (w.ended() ? 1 : 0);
  }

  @Test
  void aTargetThatReachesTheLongestLengthIsReturned() {
    for (Written w : decoding(1).greedy(sources())) {
      assertThat(w.ids()).hasSize(w.ended() ? 0 : 1);
    }
    double[] before = Naive.get(bench.all(), "out/bias");
    TransformerBench.set(bench.params.get("out/bias"), 0, 0, 0, -100, 0, 0, 0);
    for (Written w : decoding(5).greedy(sources())) {
      assertThat(w.ended()).isFalse();
      assertThat(w.ids()).hasSize(5).doesNotContain(0, BEGIN, END);
    }
    TransformerBench.set(bench.params.get("out/bias"), before);
  }

  /// Padding and the beginning are never written, however probable the model finds them: without their scores the targets are the same.
  @Test
  void neitherPaddingNorTheBeginningIsWritten() {
    double[] before = Naive.get(bench.all(), "out/bias");
    List<Written> greedy = decoding(5).greedy(sources());
    List<Written> beams = decoding(5).beam(sources(), Beam.PAPER);
    double[] bias = before.clone();
    bias[0] += 50;
    bias[BEGIN] += 50;
    TransformerBench.set(bench.params.get("out/bias"), bias);
    List<Written> other = decoding(5).greedy(sources());
    List<Written> otherBeams = decoding(5).beam(sources(), Beam.PAPER);
    TransformerBench.set(bench.params.get("out/bias"), before);
    for (int b = 0; b < 5; b++) {
      assertThat(other.get(b).ids()).isEqualTo(greedy.get(b).ids()).doesNotContain(0, BEGIN);
      assertThat(otherBeams.get(b).ids()).doesNotContain(0, BEGIN).hasSizeLessThan(6);
      assertThat(beams.get(b).ids()).doesNotContain(0, BEGIN);
    }
  }

  /// Scores that do not depend on what was written: the same for tokens 4 and 5, less for all others.
  @Test
  void ofEquallyProbableTokensTheSmallerIsWritten() {
    double[] weight = Naive.get(bench.all(), "out/weight");
    double[] bias = Naive.get(bench.all(), "out/bias");
    TransformerBench.set(bench.params.get("out/weight"), new double[weight.length]);
    TransformerBench.set(bench.params.get("out/bias"), 0, 0, 0, 0, 2, 2, 0);
    List<Written> greedy = decoding(3).greedy(sources());
    List<Written> two = decoding(3).beam(sources(), new Beam(2, 0));
    List<Written> wide = decoding(3).beam(sources(), new Beam(20, 0.6));
    TransformerBench.set(bench.params.get("out/bias"), new double[7]);
    List<Written> allEqual = decoding(3).greedy(sources());
    TransformerBench.set(bench.params.get("out/weight"), weight);
    TransformerBench.set(bench.params.get("out/bias"), bias);
    for (int b = 0; b < 5; b++) {
      assertThat(greedy.get(b).ids()).containsExactly(4, 4, 4);
      assertThat(two.get(b).ids()).containsExactly(4, 4, 4);
      assertThat(wide.get(b).ids()).containsExactly(4, 4, 4);
      assertThat(allEqual.get(b).ids()).as("neither 0 nor the beginning").containsExactly(1, 1, 1);
    }
  }

  @Test
  void whatCannotBeWrittenIsSaid() {
    assertThatThrownBy(() -> new Settings(2, 2, 5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("targets from token 2 to token 2 of at most 5");
    assertThatThrownBy(() -> decoding(7))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("with a model of 7 tokens and 6 positions");
    assertThatThrownBy(() -> new Beam(0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("beam: width 0, alpha 1.0. Expected at least 1, and at least 0.");
  }
}
