// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.Head;
import org.gradus.models.ModelBench;
import org.gradus.models.ModelSpec;
import org.gradus.models.Outputs;
import org.gradus.models.easing.DistributionDecoder.Distribution;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EasingTest {
  private static final ModelSpec SPEC = new EasingSpec();
  private static final Schema SCHEMA = SPEC.exampleSchema(SPEC.settings(Map.of()));
  private static final String LABEL = "importance";
  private static final Map<String, String> SMALL =
      Map.of(
          "embeddingDim",
          "2",
          "width",
          "2",
          "elements",
          "3",
          "heads",
          "2",
          "passes",
          "2",
          "listLength",
          "3");

  private static Map<String, String> small(String... more) {
    Map<String, String> given = new HashMap<>(SMALL);
    for (int i = 0; i < more.length; i += 2) {
      given.put(more[i], more[i + 1]);
    }
    return given;
  }

  private static double[] mean(Outputs outputs) {
    return normal(outputs).mean().value().toDoubles();
  }

  private static Head.Normal normal(Outputs outputs) {
    return (Head.Normal) outputs.head(LABEL);
  }

  /// The whole model against plain loops, in every pair of option values.
  @Test
  void equalsItsEquations() {
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 5)) {
      var s = SPEC.settings(given);
      int d = 2 * s.integer("width");
      double rho =
          Math.sqrt("SQRT_MODEL".equals(given.get("scale")) ? d : (double) d / s.integer("heads"));
      try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 3)) {
        Batch batch = SampleBatches.draw(SCHEMA, 6, 4);
        NaiveEasing naive =
            new NaiveEasing(
                bench.all(),
                new NaiveEasing.Sizes(
                    s.integer("elements"),
                    s.integer("heads"),
                    s.integer("layers"),
                    s.integer("embeddingDim")),
                rho,
                "COUPLED".equals(given.get("headSplit")),
                "ELU".equals(given.get("projActivation")));
        double[][] found =
            bench.evaluate(
                batch,
                out -> new double[][] {mean(out), normal(out).logVariance().value().toDoubles()});
        for (int b = 0; b < 6; b++) {
          double[] expected = naive.distribution(batch, b);
          assertClose(new double[] {found[0][b], found[1][b]}, expected, EXACT);
        }
      }
    }
  }

  // The read-out

  /// κ of c = 0.7, r = 0.2, γ = 0.9 and β = 0 is 0.65: with one element, no layer, x = 1 and weights of 1 it is the mean itself. β
  /// counts twice.
  @ParameterizedTest
  @CsvSource({"0.7, 0.2, 0.9, 0, 0.65", "0.7, 0.2, 0.9, 0.1, 0.85", "1, 3, 0.6, 0, 1.8"})
  void kappaScalesWhatIsRead(double c, double r, double gamma, double beta, double kappa) {
    assertThat(readOut(c, r, gamma, beta))
        .containsExactly(new double[] {kappa, kappa}, within(EXACT));
  }

  /// κ = 0: the outputs are the biases.
  @Test
  void withoutCentralityOutputsAreBiases() {
    assertThat(readOut(0, 0, 0.9, 0)).containsExactly(0, 0);
  }

  /// Log variances stay within −10 and 10.
  @Test
  void logVariancesAreClipped() {
    assertThat(readOut(50, 0, 1, 0)).containsExactly(50, 10);
  }

  private static double[] readOut(double c, double r, double gamma, double beta) {
    DistributionDecoder.Config config =
        new DistributionDecoder.Config(
            1,
            0,
            true,
            gamma,
            new DjeLayer.Config(
                1, HeadSplit.COUPLED, DjeLayer.Scale.SQRT_MODEL, DjeLayer.Activation.ELU));
    try (Device device = Device.open("reference");
        var params = org.gradus.autograd.Params.create(device, 1);
        Tape tape = Tape.evaluating(device)) {
      DistributionDecoder decoder = new DistributionDecoder(1, config, params);
      for (String stream : new String[] {"value", "uncertainty"}) {
        for (String path : new String[] {"/basis", "/out/weight"}) {
          ((org.gradus.autograd.DenseParameter) params.get(stream + path)).write(1.0);
        }
      }
      ((org.gradus.autograd.DenseParameter) params.get("gamma")).write(gamma);
      ((org.gradus.autograd.DenseParameter) params.get("beta")).write(beta);
      Shape one = Shape.of(1);
      Distribution d =
          decoder.forward(
              tape.constant(Shape.of(1, 1), 1.0), tape.constant(one, c), tape.constant(one, r));
      return new double[] {d.mean().value().item(), d.logVariance().value().item()};
    }
  }

  // Rows

  /// In evaluation a node does not depend on its neighbours in the batch, whatever the settings, and batches of any size will do.
  @Test
  void permutingRowsPermutesPredictions() {
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 6)) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 2)) {
        Batch batch = SampleBatches.draw(SCHEMA, 5, 2);
        double[] all = bench.scores(batch);
        int[] order = {3, 0, 4, 1, 2};
        double[] permuted = bench.scores(ModelBench.rows(batch, order));
        for (int b = 0; b < 5; b++) {
          assertThat(permuted[b]).isEqualTo(all[order[b]]);
          assertThat(bench.scores(ModelBench.rows(batch, b))).containsExactly(all[b]);
        }
      }
    }
  }

  /// A node without neighbours gets a message of zeros, and padding is no neighbour.
  @Test
  void paddingIsNoNeighbour() {
    try (ModelBench bench = ModelBench.drawn(SPEC, small(), SCHEMA, 2)) {
      float[] numbers = {.5f, -.2f, 1};
      int[] type = {2};
      double[] none = bench.scores(node(numbers, type, new int[0], new int[] {3}));
      double[] padded = bench.scores(node(numbers, type, new int[] {0, 0}, new int[] {3, 0}));
      double[] some = bench.scores(node(numbers, type, new int[] {5}, new int[] {3}));
      assertThat(padded).isEqualTo(none).doesNotContain(Double.NaN);
      assertThat(some).isNotEqualTo(none);
    }
  }

  private static Batch node(float[] numbers, int[]... bags) {
    return ModelBench.batch(SCHEMA, 1, numbers, bags);
  }

  // Labels and masks

  /// A batch without a label: a usual loss of the label has no gradient, the rest is finite, and nothing is NaN.
  @ParameterizedTest
  @ValueSource(strings = {"PER_PART", "EPOCH_WEIGHTED"})
  void batchesWithoutALabelTeachByPseudoLabelsAlone(String reduction) {
    Map<String, String> given = small("reduction", reduction, "labelledPerBatch", "2");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 2)) {
      Batch batch = masked(SampleBatches.draw(SCHEMA, 4, 2), 0, 0, 0, 0);
      Map<String, double[]> g =
          bench.trainingGradients(
              batch, 1, out -> requireNonNull(out.losses().get(Learning.UNLABELLED)));
      assertThat(g.values()).allSatisfy(v -> assertThat(v).doesNotContain(Double.NaN));
      assertThat(g.values()).anySatisfy(v -> assertThat(Arrays.stream(v)).anyMatch(x -> x != 0));
      double list =
          bench.train(
              batch, 1, out -> requireNonNull(out.losses().get(Learning.LIST)).value().item());
      assertThat(list).isZero();
      if (reduction.equals("EPOCH_WEIGHTED")) {
        Map<String, double[]> own =
            bench.trainingGradients(batch, 1, out -> requireNonNull(out.losses().get(LABEL)));
        assertThat(own.values()).allSatisfy(v -> assertThat(v).containsOnly(0));
      }
    }
  }

  /// What stands where no label is known changes nothing.
  @Test
  void maskedLabelsAreNotRead() {
    Map<String, String> given = small("reduction", "EPOCH_WEIGHTED", "labelledPerBatch", "2");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 2)) {
      Batch drawn = masked(SampleBatches.draw(SCHEMA, 4, 2), 1, 0, 1, 0);
      float[] labels = drawn.label(LABEL).clone();
      labels[1] = Float.NaN;
      labels[3] = 1e6f;
      Batch other = with(drawn, labels, requireNonNull(drawn.labelMask(LABEL)));
      for (String loss : List.of(LABEL, Learning.UNLABELLED, Learning.LIST)) {
        assertThat(value(bench, other, loss)).as(loss).isEqualTo(value(bench, drawn, loss));
      }
    }
  }

  private static double value(ModelBench bench, Batch batch, String loss) {
    return bench.train(batch, 1, out -> requireNonNull(out.losses().get(loss)).value().item());
  }

  private static Batch masked(Batch batch, float... mask) {
    return with(batch, batch.label(LABEL), mask);
  }

  private static Batch with(Batch batch, float[] labels, float[] mask) {
    return Batch.builder(SCHEMA, batch.size())
        .dense(batch.dense())
        .sparse(batch.sparse())
        .real(LABEL, labels)
        .real("importance_known", mask)
        .build();
  }

  /// Without dropout and sampling every pass is the first one: the error is 0, and the loss the mean of ½ ν.
  @Test
  void withoutDropoutAPseudoLabelIsThePrediction() {
    Map<String, String> given = small("dropout", "0", "unlabelledWeight", "0.5");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 2)) {
      Batch batch = masked(SampleBatches.draw(SCHEMA, 3, 2), 1, 0, 0);
      double[] nu = bench.train(batch, 1, out -> normal(out).logVariance().value().toDoubles());
      assertThat(value(bench, batch, Learning.UNLABELLED))
          .isCloseTo(0.5 * 0.5 * (nu[1] + nu[2]) / 2, within(EXACT));
    }
    try (ModelBench bench = ModelBench.drawn(SPEC, small("dropout", "0.4"), SCHEMA, 2)) {
      Batch batch = masked(SampleBatches.draw(SCHEMA, 3, 2), 1, 0, 0);
      double once = value(bench, batch, Learning.UNLABELLED);
      assertThat(value(bench, batch, Learning.UNLABELLED)).isEqualTo(once); // the same step
      double other =
          bench.train(
              batch,
              2,
              out -> requireNonNull(out.losses().get(Learning.UNLABELLED)).value().item());
      assertThat(other).isNotEqualTo(once);
    }
  }

  /// A schema without a mask has labels everywhere, and no pseudo-labels.
  @Test
  void withoutAMaskEveryNodeHasALabel() {
    List<Field> fields = new ArrayList<>(SCHEMA.fields());
    fields.removeIf(f -> f instanceof Field.LabelMask);
    Schema schema = new Schema(fields);
    try (ModelBench bench = ModelBench.drawn(SPEC, small(), schema, 2)) {
      Batch batch = SampleBatches.draw(schema, 4, 2);
      assertThat(bench.<Map<String, Var>>train(batch, 1, Outputs::losses))
          .containsOnlyKeys(Learning.LIST);
    }
  }

  // Samples of neighbours

  /// At most f of each neighbourhood, without replacement, in their order and equally often; evaluation reads all.
  @Test
  void neighboursAreSampledInTrainingOnly() {
    Neighbours two = new Neighbours(2, "encoder");
    Batch batch =
        ModelBench.batch(
            SCHEMA, 1, new float[3], new int[] {2}, new int[] {5, 0, 3, 8}, new int[] {4});
    int[] counts = new int[9];
    TreeSet<String> samples = new TreeSet<>();
    int trials = 600;
    try (Device device = Device.open("reference");
        Tape tape = Tape.evaluating(device)) {
      assertThat(two.of(batch, Mode.evaluation(tape))).isSameAs(batch);
      for (long step = 0; step < trials; step++) {
        Batch seen = two.of(batch, Mode.training(tape, 1, step));
        int[] cites = ModelBench.bag(seen, "cites", 0);
        assertThat(cites).hasSize(2).doesNotHaveDuplicates();
        assertThat(ModelBench.bag(seen, "mentions", 0)).containsExactly(4);
        assertThat(ModelBench.bag(seen, "type", 0)).containsExactly(2);
        Arrays.stream(cites).forEach(id -> counts[id]++);
        samples.add(Arrays.toString(cites));
      }
    }
    assertThat(samples).containsExactlyInAnyOrder("[5, 3]", "[5, 8]", "[3, 8]");
    double deviation = Math.sqrt(trials * 2 / 3. * 1 / 3.);
    for (int id : new int[] {3, 5, 8}) { // five standard deviations of a binomial count
      assertThat(counts[id]).isCloseTo(trials * 2 / 3, within((int) (5 * deviation)));
    }
  }

  /// The model reads the sample, which is another one for every node and field, and of fields of one id nothing is left out.
  @Test
  void theModelReadsASampleOfNeighbours() {
    int[] three = {5, 3, 8};
    int[] missing = {0};
    Batch batch =
        ModelBench.batch(SCHEMA, 2, new float[6], missing, missing, three, three, three, three);
    TreeSet<String> pairs = new TreeSet<>();
    try (Device device = Device.open("reference");
        Tape tape = Tape.evaluating(device)) {
      for (long step = 0; step < 40; step++) {
        Batch seen = new Neighbours(1, "encoder").of(batch, Mode.training(tape, 1, step));
        assertThat(ModelBench.bag(seen, "type", 0)).containsExactly(0);
        pairs.add(
            ModelBench.bag(seen, "cites", 0)[0] == ModelBench.bag(seen, "cites", 1)[0]
                ? "nodes alike"
                : "nodes apart");
        pairs.add(
            ModelBench.bag(seen, "cites", 0)[0] == ModelBench.bag(seen, "mentions", 0)[0]
                ? "fields alike"
                : "fields apart");
      }
    }
    assertThat(pairs).hasSize(4);
    String[] plain = {"dropout", "0", "unlabelledWeight", "0", "listWeight", "0"};
    try (ModelBench all = ModelBench.drawn(SPEC, small(plain), SCHEMA, 3);
        ModelBench some = ModelBench.drawn(SPEC, small(plain), SCHEMA, 3);
        ModelBench one = ModelBench.drawn(SPEC, small(with(plain, "neighbours", "1")), SCHEMA, 3)) {
      assertThat(one.scores(batch)).containsExactly(all.scores(batch));
      TreeSet<Double> said = new TreeSet<>();
      for (long step = 0; step < 20; step++) {
        said.add(one.train(batch, step, EasingTest::mean)[0]);
        assertThat(some.train(batch, step, EasingTest::mean)).containsExactly(all.scores(batch));
      }
      assertThat(said).hasSizeBetween(4, 9); // three of cites, three of mentions
    }
  }

  private static String[] with(String[] given, String... more) {
    String[] all = Arrays.copyOf(given, given.length + more.length);
    System.arraycopy(more, 0, all, given.length, more.length);
    return all;
  }

  /// Losses are there in training only.
  @Test
  void evaluationHasNoLosses() {
    try (ModelBench bench = ModelBench.drawn(SPEC, small(), SCHEMA, 2)) {
      Batch batch = masked(SampleBatches.draw(SCHEMA, 4, 2), 1, 0, 1, 0);
      assertThat(bench.<Map<String, Var>>evaluate(batch, Outputs::losses)).isEmpty();
      assertThat(bench.<Map<String, Var>>train(batch, 1, Outputs::losses)).isNotEmpty();
    }
  }

  // Settings

  /// Of several names the first that the data have.
  @Test
  void theFirstNumberThatIsThereIsRead() {
    Batch batch = SampleBatches.draw(SCHEMA, 4, 2);
    try (ModelBench bench =
            ModelBench.drawn(SPEC, small("centrality", "rank,size,entropy"), SCHEMA, 2);
        ModelBench same = ModelBench.drawn(SPEC, small("centrality", "size"), SCHEMA, 2);
        ModelBench other = ModelBench.drawn(SPEC, small("centrality", "entropy"), SCHEMA, 2)) {
      assertThat(bench.scores(batch)).containsExactly(same.scores(batch));
      assertThat(bench.scores(batch)).isNotEqualTo(other.scores(batch));
    }
  }

  /// pˢ and pᵘ are N(0, 1), vectors of nodes N(0, 0.1²): the mean of squares is within five of its deviations. γ begins as asked for, and
  /// no penalty pulls it to 0.
  @Test
  void parametersBeginAsDescribed() {
    Map<String, String> given = small("elements", "400", "embeddingDim", "100", "gamma", "0.6");
    try (ModelBench bench = ModelBench.of(SPEC, given, SCHEMA, 5)) {
      Map<String, Double> variances =
          Map.of("dje/value/basis", 1.0, "dje/uncertainty/basis", 1.0, "nodes/node", 0.01);
      variances.forEach(
          (path, variance) -> {
            double[] all = bench.get(path.equals("nodes/node") ? "encoder/nodes/node" : path);
            double[] v = Arrays.stream(all).filter(x -> x != 0).toArray(); // padding is 0
            double square = Arrays.stream(v).map(x -> x * x).sum() / v.length / variance;
            assertThat(square).as(path).isCloseTo(1, within(5 * Math.sqrt(2.0 / v.length)));
          });
      assertThat(bench.get("dje/value/basis")).isNotEqualTo(bench.get("dje/uncertainty/basis"));
      assertThat(bench.get("dje/gamma")).containsExactly((float) 0.6);
      assertThat(bench.params().get("dje/gamma").role()).isEqualTo(Parameter.Role.NORM);
    }
  }

  @Test
  void theBasisIsTrainedAndSavedOrStays() {
    Batch batch = SampleBatches.draw(SCHEMA, 4, 2);
    for (String trainable : List.of("true", "false")) {
      try (ModelBench bench = ModelBench.of(SPEC, small("trainableBasis", trainable), SCHEMA, 2)) {
        assertThat(bench.paths()).contains("dje/value/basis", "dje/uncertainty/basis");
        assertThat(bench.params().get("dje/value/basis").frozen())
            .isEqualTo(trainable.equals("false"));
        assertThat(bench.get("dje/value/basis")).hasSize(3).doesNotContain(0);
        double[] slope =
            requireNonNull(
                bench
                    .trainingGradients(batch, 1, out -> normal(out).mean().sum())
                    .get("dje/value/basis"));
        assertThat(Arrays.stream(slope).anyMatch(v -> v != 0)).isEqualTo(trainable.equals("true"));
      }
    }
  }

  @Test
  void settingsThatFitNothingAreRefused() {
    assertThat(SPEC.conflict(SPEC.settings(Map.of("width", "2", "heads", "3"))))
        .isEqualTo(
            "easing: 3 heads for vectors of 4 numbers, twice the width of an encoder. Expected a"
                + " divisor.");
    assertThat(SPEC.conflict(SPEC.settings(Map.of()))).isNull();
    assertThatThrownBy(() -> ModelBench.of(SPEC, small("entropy", "disorder"), SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "easing: no number disorder. Expected the setting entropy to name one of: centrality,"
                + " entropy, size.");
    assertThatThrownBy(() -> ModelBench.of(SPEC, small("elements", "0"), SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 elements");
    assertThatThrownBy(() -> ModelBench.of(SPEC, small("passes", "0"), SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("passes 0");
    List<Field> clicks = new ArrayList<>(SCHEMA.fields());
    clicks.removeIf(f -> f instanceof Field.LabelMask || f instanceof Field.Label);
    clicks.add(new Field.Label("click", Field.LabelKind.BINARY));
    assertThatThrownBy(() -> ModelBench.of(SPEC, small(), new Schema(clicks), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("label click is BINARY");
  }

  /// The presets are those of the paper and its code.
  @Test
  void presets() {
    Map<String, String> p = SPEC.settings(Map.of()).toMap();
    assertThat(p)
        .containsEntry("elements", "10")
        .containsEntry("passes", "5")
        .containsEntry("unlabelledWeight", "1.0")
        .containsEntry("listLength", "10")
        .containsEntry("headSplit", "COUPLED")
        .containsEntry("scale", "SQRT_MODEL")
        .containsEntry("gamma", "0.9");
  }
}
