// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Objects;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.models.youtubednn.NegativeSampler.Distribution;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The worked example and the invariants of the specification (retrieval, section 5).
class CandidatesTest {
  private static final double SIX_DECIMALS = 5e-7;
  private static final double EXACT = 1e-13; // a dozen float64 operations on numbers of size one
  private static final double[] LOGITS = {1.2, 0.3, -0.5, 0.8, -1.0};
  private static final int LABEL = 3;

  private final Device device = Device.open("reference");
  private final Tape tape = Tape.recording(device);

  @AfterEach
  void close() {
    tape.close();
    device.close();
  }

  private Var vars(Shape shape, double... values) {
    return tape.variable(tape.scope().upload(shape, values));
  }

  private static double[] logQ(int size, int... classes) {
    NegativeSampler s =
        NegativeSampler.of(Distribution.UNIGRAM, new double[] {100, 50, 20, 5, 1}, 0.75);
    return Arrays.stream(classes)
        .mapToDouble(j -> StrictMath.log(s.expectedCount(j, size, false, size)))
        .toArray();
  }

  /// The label of the example against these negatives.
  private Candidates candidates(boolean keepHits, int... negatives) {
    double[] o = Arrays.stream(negatives).mapToDouble(j -> LOGITS[j]).toArray();
    boolean[] kept = new boolean[negatives.length];
    for (int i = 0; i < kept.length; i++) {
      kept[i] = keepHits || negatives[i] != LABEL;
    }
    return new Candidates(
        vars(Shape.of(1, 1), LOGITS[LABEL]), vars(Shape.of(1, o.length), o), kept);
  }

  private static double value(Var loss) {
    return loss.value().toDoubles()[0];
  }

  @Test
  void workedExample() {
    Var full = Candidates.full(vars(Shape.of(1, 5), LOGITS), LABEL);
    assertThat(value(full)).isCloseTo(1.263049, within(SIX_DECIMALS));
    Candidates two = candidates(false, 0, 2);
    Candidates corrected = two.corrected(logQ(2, LABEL), logQ(2, 0, 2));
    assertThat(corrected.label().value().toDoubles())
        .containsExactly(new double[] {3.062197}, within(SIX_DECIMALS));
    assertThat(corrected.negatives().value().toDoubles())
        .containsExactly(new double[] {1.215397, 0.722476}, within(SIX_DECIMALS));
    Var loss = corrected.softmax();
    assertThat(value(loss)).isCloseTo(0.226415, within(SIX_DECIMALS));
    var g = tape.backward(loss.sum());
    assertThat(Objects.requireNonNull(g.of(two.label())).toDoubles())
        .containsExactly(new double[] {-0.202613}, within(SIX_DECIMALS));
    assertThat(Objects.requireNonNull(g.of(two.negatives())).toDoubles())
        .containsExactly(new double[] {0.125781, 0.076832}, within(SIX_DECIMALS));
    assertThat(value(two.softmax())).isCloseTo(1.016808, within(SIX_DECIMALS));
    assertThat(value(corrected.binary())).isCloseTo(2.639120, within(SIX_DECIMALS));
    assertThat(value(two.binary())).isCloseTo(2.308460, within(SIX_DECIMALS));
  }

  @Test
  void aNegativeThatIsTheLabelDoesNotCount() {
    double[] label = logQ(3, LABEL);
    double[] negatives = logQ(3, 0, 3, 2);
    assertThat(value(candidates(false, 0, 3, 2).corrected(label, negatives).softmax()))
        .isCloseTo(0.226415, within(SIX_DECIMALS));
    assertThat(value(candidates(true, 0, 3, 2).corrected(label, negatives).softmax()))
        .isCloseTo(0.812749, within(SIX_DECIMALS));
    assertThat(value(candidates(false, 0, 3, 2).binary()))
        .isCloseTo(2.308460, within(SIX_DECIMALS));
  }

  @Test
  void workedExampleOfOtherLabels() {
    Var logits = vars(Shape.of(2, 2), 2, 1, 0.5, 1.5);
    double[] logP = {StrictMath.log(100 / 176.0), StrictMath.log(50 / 176.0)};
    assertThat(Candidates.inBatch(logits, logP, new int[] {4, 5}, 2).value().toDoubles())
        .containsExactly(new double[] {0.551445, 0.168848}, within(SIX_DECIMALS));
    double[] plain =
        Candidates.inBatch(logits, new double[2], new int[] {4, 5}, 2).value().toDoubles();
    assertThat(plain).containsExactly(new double[] {0.313262, 0.313262}, within(SIX_DECIMALS));
    // (vi) equal probabilities correct nothing
    double equal = StrictMath.log(0.25);
    assertThat(
            Candidates.inBatch(logits, new double[] {equal, equal}, new int[] {4, 5}, 2)
                .value()
                .toDoubles())
        .containsExactly(plain, within(EXACT));
  }

  /// Columns of the same label, and of no item, are left out.
  @Test
  void equalLabelsAreNotSetAgainstEachOther() {
    double[] o = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    for (int i = 0; i < o.length; i++) {
      o[i] = Counter.uniform53(5, i);
    }
    double[] found =
        Candidates.inBatch(vars(Shape.of(4, 4), o), new double[4], new int[] {7, 8, 7, 1}, 2)
            .value()
            .toDoubles();
    // rows against columns: 0 against 0, 1; 1 against all but the last; 2 against 1, 2
    double[] expected = {
      StrictMath.log(1 + StrictMath.exp(o[1] - o[0])),
      StrictMath.log(1 + StrictMath.exp(o[4] - o[5]) + StrictMath.exp(o[6] - o[5])),
      StrictMath.log(1 + StrictMath.exp(o[9] - o[10]))
    };
    assertThat(Arrays.copyOf(found, 3)).containsExactly(expected, within(EXACT));
  }

  /// (i) all classes, distinct, Q = 1, the label removed: value and gradient of the full softmax.
  @Test
  void allClassesAreTheFullSoftmax() {
    Candidates all = candidates(false, 0, 1, 2, 3, 4);
    Var loss = all.corrected(new double[1], new double[5]).softmax();
    var g = tape.backward(loss.sum());
    Var logits = vars(Shape.of(1, 5), LOGITS);
    Var full = Candidates.full(logits, LABEL);
    double[] expected = Objects.requireNonNull(tape.backward(full.sum()).of(logits)).toDoubles();
    assertThat(value(loss)).isCloseTo(value(full), within(EXACT));
    double[] found = Objects.requireNonNull(g.of(all.negatives())).toDoubles();
    found[LABEL] += Objects.requireNonNull(g.of(all.label())).toDoubles()[0];
    assertThat(found).containsExactly(expected, within(EXACT));
    // P − onehot, which adds up to 0
    double sum = Arrays.stream(LOGITS).map(StrictMath::exp).sum();
    for (int j = 0; j < 5; j++) {
      double p = StrictMath.exp(LOGITS[j]) / sum;
      assertThat(expected[j]).isCloseTo(p - (j == LABEL ? 1 : 0), within(EXACT));
    }
  }

  /// (ii), (iii), (iv): constants on all ln Q, uniform Q among them, and on all logits change nothing; (vii) gradients add up to 0.
  @Test
  void constantsChangeNothing() {
    Candidates two = candidates(false, 0, 2);
    Candidates plain = two.corrected(logQ(2, LABEL), logQ(2, 0, 2));
    double[] c = {0.7};
    assertThat(value(plain.corrected(c, new double[] {0.7, 0.7}).softmax()))
        .isCloseTo(value(plain.softmax()), within(EXACT));
    assertThat(value(two.corrected(c, new double[] {0.7, 0.7}).softmax()))
        .isCloseTo(value(two.softmax()), within(EXACT));
    Candidates shifted = new Candidates(two.label().add(5), two.negatives().add(5), two.kept());
    assertThat(value(shifted.softmax())).isCloseTo(value(two.softmax()), within(EXACT));
    var g = tape.backward(plain.softmax().sum());
    double sum =
        Objects.requireNonNull(g.of(two.label())).toDoubles()[0]
            + Arrays.stream(Objects.requireNonNull(g.of(two.negatives())).toDoubles()).sum();
    assertThat(sum).isCloseTo(0, within(EXACT));
  }

  /// (v) the mean over samples nears the full loss as S nears C: at S = C it is there.
  @Test
  void moreNegativesComeCloserToTheFullSoftmax() {
    int n = 50;
    double[] o = new double[n];
    double[] counts = new double[n];
    for (int j = 0; j < n; j++) {
      o[j] = 2 * Counter.uniform53(1, j);
      counts[j] = 1 + j;
    }
    double full = value(Candidates.full(vars(Shape.of(1, n), o), 7));
    NegativeSampler s = NegativeSampler.of(Distribution.UNIGRAM, counts, 0.75);
    double last = Double.POSITIVE_INFINITY;
    for (int size : new int[] {2, 10, 50}) {
      double mean = 0;
      int seeds = size == 50 ? 1 : 400;
      for (int seed = 0; seed < seeds; seed++) {
        NegativeSampler.Sample drawn = s.sample(size, true, -1, Counter.key(3, seed));
        int[] ids = drawn.classes();
        double[] logits = Arrays.stream(ids).mapToDouble(j -> o[j]).toArray();
        boolean[] kept = new boolean[size];
        double[] q = new double[size];
        for (int i = 0; i < size; i++) {
          kept[i] = ids[i] != 7;
          q[i] = StrictMath.log(s.expectedCount(ids[i], size, true, drawn.draws()));
        }
        double[] label = {StrictMath.log(s.expectedCount(7, size, true, drawn.draws()))};
        Candidates c =
            new Candidates(vars(Shape.of(1, 1), o[7]), vars(Shape.of(1, size), logits), kept);
        mean += value(c.corrected(label, q).softmax()) / seeds;
      }
      assertThat(Math.abs(mean - full)).as("with %d of %d", size, n).isLessThan(last);
      last = Math.abs(mean - full);
    }
    assertThat(last).isLessThan(EXACT);
  }
}
