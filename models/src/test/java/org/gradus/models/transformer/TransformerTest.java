// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.transformer.TransformerBench.SCHEMA;
import static org.gradus.models.transformer.TransformerBench.SPEC;
import static org.gradus.models.transformer.TransformerBench.ids;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.PaddedIds;
import org.gradus.embeddings.Schema;
import org.gradus.layers.TransformerEncoder;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelCheck;
import org.gradus.models.Naive;
import org.gradus.models.transformer.TransformerBench.Step;
import org.gradus.tensor.Device;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The Transformer: its equations as loops, and what must not matter.
class TransformerTest {
  /// Two tables of one name: source and target share their vectors.
  private static final Schema SHARED =
      Schema.of(
          new Field.Sequence("source", 7, "words", 6), new Field.Sequence("target", 7, "words", 6));

  /// Sentences of different lengths, one of nothing, one with padding in its middle.
  private static final int[][] PAIRS = {
    {2, 3, 4, 2}, {2, 4, 5, 6, 3},
    {5}, {2, 6, 3},
    {}, {2, 5, 5, 3},
    {3, 0, 4}, {2, 4, 0, 6, 3},
    {4, 4}, {2},
    {3, 2}, {}
  };

  private static Map<String, String> undropped(Map<String, String> given) {
    Map<String, String> all = new HashMap<>(given);
    all.keySet().removeIf(name -> name.endsWith("ropout") || name.equals("layers"));
    all.put("layers", "2");
    return all;
  }

  @Test
  void itsEquationsAsLoops() {
    int n = 0;
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 1)) {
      Schema schema = n++ % 3 == 0 ? SHARED : SCHEMA;
      try (TransformerBench bench = new TransformerBench(undropped(given), schema)) {
        NaiveTransformer naive = bench.naive();
        Batch batch = bench.batch(PAIRS);
        double[][] logits = bench.logits(batch);
        int classes = bench.model.target().size();
        double smoothed = 0;
        double plain = 0;
        int tokens = 0;
        for (int b = 0; b < batch.size(); b++) {
          int[] source = of(batch, "source", b);
          int[] target = of(batch, "target", b);
          if (target.length < 2) {
            continue;
          }
          int[] read = Arrays.copyOf(target, target.length - 1);
          double[][] o = naive.logits(read, source);
          for (int t = 0; t < read.length; t++) {
            double[] row = Arrays.copyOfRange(logits[b], t * classes, (t + 1) * classes);
            assertClose(row, o[t], EXACT);
            if (target[t + 1] != 0) {
              smoothed += naive.loss(o[t], target[t + 1], true);
              plain += naive.loss(o[t], target[t + 1], false);
              tokens++;
            }
          }
        }
        assertThat(bench.step(batch, true, 1).loss())
            .as(given.toString())
            .isCloseTo(smoothed / tokens, within(EXACT));
        assertThat(bench.step(batch, false, 1).loss()).isCloseTo(plain / tokens, within(EXACT));
      }
    }
  }

  private static int[] of(Batch batch, String field, int row) {
    var lists = batch.sparse().of(field);
    return Arrays.copyOfRange(lists.values(), lists.offsets()[row], lists.offsets()[row + 1]);
  }

  /// Every norm, kind of smoothing and output, on two pairs of different lengths.
  @Test
  void gradientsAreRight() {
    for (String norm : List.of("POST", "PRE")) {
      for (LabelSmoothing.Kind kind : LabelSmoothing.Kind.values()) {
        for (String tied : List.of("true", "false")) {
          Map<String, String> given = new HashMap<>(TransformerBench.SMALL);
          given.put("norm", norm);
          given.put("smoothingKind", kind.name());
          given.put("tieOutput", tied);
          try (TransformerBench bench = new TransformerBench(given);
              Device reference = Device.open("reference")) {
            Batch batch = bench.batch(ids(2, 3, 4, 5), ids(2, 4, 3), ids(4, 2), ids(2, 5, 6, 5, 3));
            ModelCheck.check(SPEC, bench.settings, 1)
                .check(reference, ModelCheck.objective(SPEC, bench.settings, batch))
                .orFail();
          }
        }
      }
    }
  }

  // Padding

  /// Padding behind source and target, and a longer row beside them.
  @ParameterizedTest
  @ValueSource(strings = {"POST", "PRE"})
  void paddingChangesNothing(String norm) {
    try (TransformerBench bench = new TransformerBench(Map.of("norm", norm, "layers", "2"))) {
      Batch batch = bench.batch(ids(2, 3, 4), ids(2, 4, 5, 3), ids(4), ids(2, 6, 3));
      Batch padded =
          bench.batch(ids(2, 3, 4, 0, 0), ids(2, 4, 5, 3, 0, 0), ids(4, 0), ids(2, 6, 3, 0));
      Step expected = bench.step(batch);
      Step found = bench.step(padded);
      assertThat(found.loss()).isCloseTo(expected.loss(), within(EXACT));
      found
          .gradients()
          .forEach((p, g) -> assertClose(g, Naive.get(expected.gradients(), p), EXACT));
      double[][] o = bench.logits(batch);
      double[][] z = bench.logits(padded);
      assertClose(Arrays.copyOf(z[0], 3 * 7), Arrays.copyOf(o[0], 3 * 7), EXACT);
      assertClose(Arrays.copyOf(z[1], 2 * 7), Arrays.copyOf(o[1], 2 * 7), EXACT);
      double[] alone = bench.logits(bench.batch(ids(4), ids(2, 6, 3)))[0];
      assertClose(alone, Arrays.copyOf(o[1], 2 * 7), EXACT);
    }
  }

  /// The mean is over tokens: a row with two counts twice as much as a row with one, and a row of padding not at all.
  @Test
  void everyTokenCountsTheSame() {
    try (TransformerBench bench = new TransformerBench(Map.of())) {
      int[] source = {2, 3};
      double two = bench.step(bench.batch(source, ids(2, 4, 3))).loss();
      double one = bench.step(bench.batch(source, ids(2, 5))).loss();
      Batch all =
          bench.batch(source, ids(2, 4, 3), source, ids(2, 5), source, ids(2), source, ids());
      assertThat(bench.step(all).loss()).isCloseTo((2 * two + one) / 3, within(EXACT));
      Step none = bench.step(bench.batch(source, ids(2), source, ids()));
      assertThat(none.loss()).isZero();
      none.gradients().forEach((path, g) -> assertThat(g).as(path).containsOnly(0));
    }
  }

  /// A source of nothing, in training: no NaN, and what it leaves is a model of the target alone.
  @ParameterizedTest
  @ValueSource(strings = {"POST", "PRE"})
  void aSourceOfPaddingSaysNothing(String norm) {
    try (TransformerBench bench = new TransformerBench(Map.of("norm", norm))) {
      int[] target = {2, 4, 5, 3};
      Step empty = bench.step(bench.batch(ids(), target));
      assertThat(empty.loss()).isFinite();
      empty
          .gradients()
          .forEach(
              (path, g) -> {
                assertThat(g).as(path).doesNotContain(Double.NaN);
                if (path.startsWith("encoder/")
                    || path.contains("/cross/key")
                    || path.equals("embeddings/words")) {
                  assertThat(g).as(path).containsOnly(0);
                }
              });
      assertThat(bench.step(bench.batch(ids(0, 0, 0), target)).loss()).isEqualTo(empty.loss());
    }
  }

  // Order

  /// What may follow a token does not change with what does follow it.
  @ParameterizedTest
  @ValueSource(strings = {"POST", "PRE"})
  void noPositionSeesTheFuture(String norm) {
    try (TransformerBench bench = new TransformerBench(Map.of("norm", norm, "layers", "2"))) {
      int[] source = {2, 3, 4};
      int[] target = {2, 4, 5, 6, 4, 3};
      double[] before = bench.logits(bench.batch(source, target))[0];
      for (int at = 0; at < 5; at++) {
        int[] other = target.clone();
        other[at] = other[at] == 6 ? 5 : 6;
        double[] after = bench.logits(bench.batch(source, other))[0];
        for (int t = 0; t < 5; t++) {
          boolean changed =
              !Arrays.equals(
                  Arrays.copyOfRange(before, 7 * t, 7 * t + 7),
                  Arrays.copyOfRange(after, 7 * t, 7 * t + 7));
          assertThat(changed).as("position %d sees %d", t, at).isEqualTo(t >= at);
        }
      }
      double[] elsewhere = bench.logits(bench.batch(ids(2, 3, 5), target))[0];
      for (int t = 0; t < 5; t++) {
        assertThat(elsewhere[7 * t + 4])
            .as("position %d sees the source", t)
            .isNotEqualTo(before[7 * t + 4]);
      }
    }
  }

  /// The gradient of what is said at position t by vectors of later tokens is exactly 0: every token here is another.
  @Test
  void noGradientComesFromTheFuture() {
    try (TransformerBench bench = new TransformerBench(Map.of("tieOutput", "false"));
        Tape tape = Tape.recording(bench.device)) {
      Mode mode = Mode.training(tape, 1, 1);
      Batch batch = bench.batch(ids(2, 3), ids(2, 3, 4, 5, 6));
      PaddedIds source = PaddedIds.of(batch, "source");
      Var o =
          bench.model.logits(
              bench.model.target(batch, tape.scope()).read(),
              bench.model.encode(source, mode),
              mode);
      for (int t = 0; t < 4; t++) {
        var g =
            tape.backward(o.index(1, t).square().sum())
                .of(bench.params.get("embeddings/translated"));
        assertThat(g).isInstanceOf(Gradient.Rows.class);
        if (g instanceof Gradient.Rows rows) {
          double[] values = rows.values().toDoubles();
          int[] tokens = rows.rows().toInts();
          for (int r = 0; r < tokens.length; r++) {
            double[] row = Arrays.copyOfRange(values, 4 * r, 4 * r + 4);
            if (tokens[r] - 2 > t) { // the token at position p is 2 + p
              assertThat(row).as("token %d at %d", tokens[r], t).containsOnly(0);
            } else {
              assertThat(row).as("token %d at %d", tokens[r], t).doesNotContain(0);
            }
          }
        }
      }
    }
  }

  @Test
  void theOrderOfTheSourceMattersWithPositionsOnly() {
    try (TransformerBench none = new TransformerBench(Map.of("positions", "NONE"));
        TransformerBench some = new TransformerBench(Map.of())) {
      double[][] y = none.memory(2, 3, 4, 5);
      double[][] z = none.memory(4, 2, 5, 3);
      int[] from = {2, 0, 3, 1};
      for (int t = 0; t < 4; t++) {
        assertClose(z[t], y[from[t]], EXACT);
      }
      assertThat(Math.abs(some.memory(2, 3, 4, 5)[0][0] - some.memory(4, 2, 5, 3)[1][0]))
          .isGreaterThan(1e-3);
    }
  }

  // Decoding

  /// Token by token, with what was kept of earlier ones, gives what one pass over the target gives.
  @ParameterizedTest
  @ValueSource(strings = {"POST", "PRE"})
  void aStepAtATimeGivesWhatOnePassGives(String norm) {
    try (TransformerBench bench = new TransformerBench(Map.of("norm", norm, "layers", "2"));
        Tape tape = Tape.evaluating(bench.device)) {
      Mode mode = Mode.evaluation(tape);
      Batch batch = bench.batch(ids(2, 3, 4), ids(2, 4, 5, 6, 3), ids(4), ids(2, 6, 6, 4, 3));
      double[][] whole = bench.logits(batch);
      int[] read = bench.model.target(batch, tape.scope()).read().ids();
      var from = bench.model.encode(PaddedIds.of(batch, "source"), mode);
      Decoder.Cache cache = bench.model.start(from);
      Scope scope = tape.scope();
      for (int t = 0; t < 4; t++) {
        boolean[] real = new boolean[2 * (t + 1)];
        Arrays.fill(real, true);
        Tensor mask = scope.upload(Shape.of(2, 1, t + 1), real);
        PaddedIds now = new PaddedIds(ids(read[t], read[4 + t]), ids(1, 1), 1);
        double[] o = bench.model.next(now, mask, cache, mode).value().toDoubles();
        for (int b = 0; b < 2; b++) {
          assertClose(
              Arrays.copyOfRange(o, 7 * b, 7 * b + 7),
              Arrays.copyOfRange(whole[b], 7 * t, 7 * t + 7),
              EXACT);
        }
      }
    }
  }

  // Parameters

  /// The base model: an encoder layer has 3,150,336 numbers, a decoder layer 4,199,936, and 37,000 tokens of one table
  /// 18,944,000; six layers each are 63,045,632.
  @Test
  void theBaseModelHasAsManyNumbersAsThePaperSays() {
    Transformer.Config paper = Transformer.Config.PAPER;
    var blocks = paper.blocks();
    Transformer.Config one =
        new Transformer.Config(
            paper.width(),
            new TransformerEncoder.Config(
                1,
                blocks.heads(),
                blocks.norm(),
                blocks.attention(),
                blocks.network(),
                blocks.dropout()),
            paper.positions(),
            paper.scaleEmbedding(),
            paper.output(),
            paper.smoothing(),
            paper.marks());
    Field.Sequence source = new Field.Sequence("source", 37_000, "words", 4);
    Field.Sequence target = new Field.Sequence("target", 37_000, "words", 4);
    try (Device device = Device.open("cpu");
        Params params = Params.zeros(device)) {
      new Transformer(one, source, target, params);
      long encoder = elements(params, "encoder/0/");
      long decoder = elements(params, "decoder/0/");
      long tables = elements(params, "embeddings/");
      assertThat(encoder).isEqualTo(3_150_336);
      assertThat(decoder).isEqualTo(4_199_936);
      assertThat(tables).isEqualTo(18_944_000);
      assertThat(elements(params, "")).isEqualTo(encoder + decoder + tables);
      assertThat(blocks.layers() * (encoder + decoder) + tables).isEqualTo(63_045_632);
    }
  }

  private static long elements(Params params, String prefix) {
    return params.all().stream()
        .filter(p -> p.path().startsWith(prefix))
        .mapToLong(Parameter::elements)
        .sum();
  }

  @Test
  void oneTableForBothSidesIsOneParameter() {
    try (TransformerBench bench = new TransformerBench(Map.of(), SHARED)) {
      assertThat(
              bench.params.all().stream()
                  .map(Parameter::path)
                  .filter(p -> p.startsWith("embeddings/")))
          .containsExactly("embeddings/words");
    }
  }

  /// Whatever is trained, the vector of padding is 0 and stays so.
  @Test
  void paddingHasNoGradient() {
    for (String tied : List.of("true", "false")) {
      try (TransformerBench bench = new TransformerBench(Map.of("tieOutput", tied))) {
        Step step = bench.step(bench.batch(ids(2, 0, 3), ids(2, 4, 0, 3)));
        for (String table : List.of("words", "translated")) {
          double[] g = Naive.get(step.gradients(), "embeddings/" + table);
          assertThat(Arrays.copyOf(g, 4)).as(table).containsOnly(0);
        }
      }
    }
  }

  // Dropout

  @Test
  void dropoutIsAFunctionOfSeedAndStep() {
    try (TransformerBench bench = new TransformerBench(Map.of("dropout", "0.3"))) {
      Batch batch = bench.batch(ids(2, 3), ids(2, 4, 3));
      double first = bench.step(batch, true, 1).loss();
      assertThat(bench.step(batch, true, 1).loss()).isEqualTo(first);
      assertThat(bench.step(batch, true, 2).loss()).isNotEqualTo(first);
      assertThat(bench.step(batch, false, 1).loss()).isEqualTo(bench.step(batch, false, 2).loss());
    }
  }

  /// Of (TR-1): without anything in the layers, what is left of dropout is that of the vectors of tokens. Before the last normalisation each of
  /// their numbers is 0 or divided by 1 − rate.
  @Test
  void vectorsOfTokensAreDropped() {
    Map<String, String> given = Map.of("dropout", "0.5", "norm", "PRE");
    try (TransformerBench bench = new TransformerBench(given);
        Tape tape = Tape.recording(bench.device)) {
      for (String path :
          List.of(
              "encoder/0/attention/out/weight",
              "encoder/0/network/narrow/weight",
              "encoder/0/network/narrow/bias")) {
        Parameter p = bench.params.get(path);
        TransformerBench.set(p, new double[(int) p.elements()]);
      }
      double[] scale = Naive.get(bench.all(), "encoder/norm/scale");
      double[] shift = Naive.get(bench.all(), "encoder/norm/shift");
      int[] source = {2, 3, 4, 5, 2, 3};
      PaddedIds ids = new PaddedIds(source, ids(6), 6);
      double[] found =
          bench.model.encode(ids, Mode.training(tape, 1, 1)).memory().value().toDoubles();
      double[] table = Naive.get(bench.all(), "embeddings/words");
      int dropped = 0;
      for (int t = 0; t < 6; t++) {
        double[] x = new double[4];
        for (int c = 0; c < 4; c++) {
          double angle = t / Math.pow(10_000, (c - c % 2) / 4.0);
          x[c] = 2 * table[source[t] * 4 + c] + (c % 2 == 0 ? Math.sin(angle) : Math.cos(angle));
        }
        int ways = 0;
        for (int bits = 0; bits < 16; bits++) { // which of the four are kept
          double[] y = new double[4];
          for (int c = 0; c < 4; c++) {
            y[c] = (bits >> c & 1) == 1 ? 2 * x[c] : 0;
          }
          double mean = Arrays.stream(y).average().orElseThrow();
          double variance =
              Arrays.stream(y).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
          boolean same = true;
          for (int c = 0; c < 4; c++) {
            double z = (y[c] - mean) / Math.sqrt(variance + 1e-6) * scale[c] + shift[c];
            same &= Math.abs(z - found[4 * t + c]) < 1e-9;
          }
          ways += same ? 1 : 0;
          dropped += same ? 4 - Integer.bitCount(bits) : 0;
        }
        assertThat(ways).as("position %d", t).isEqualTo(1);
      }
      assertThat(dropped).as("of 24, at one half").isBetween(1, 23);
    }
  }

  // Errors

  @Test
  void whatDoesNotFitIsSaid() {
    Schema schema =
        Schema.of(new Field.Sequence("words", 5, "words", 4), new Field.Dense("target"));
    assertThatThrownBy(() -> new TransformerBench(Map.of("source", "words"), schema).close())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "transformer: the schema has no sequence called target. Expected one of: words; the"
                + " settings source and target name them.");
    assertThatThrownBy(() -> new TransformerBench(Map.of("heads", "3")).close())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "transformer: 3 heads of width 4. Expected a number of heads that divides the width.");
  }
}
