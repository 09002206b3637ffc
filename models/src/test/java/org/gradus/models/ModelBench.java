// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// A model in float64 with parameters to set, for one test. Parameters and gradients are rows of numbers by path.
public final class ModelBench implements AutoCloseable {
  /// The specifications print six decimals.
  public static final double SIX_DECIMALS = 1e-6;

  /// What a few hundred float64 operations on numbers of size one may lose, with room to spare.
  public static final double EXACT = 1e-11;

  private final Device device = Device.open("reference");
  private final Params params;
  private final Model model;
  private final Schema schema;

  private ModelBench(ModelSpec spec, Settings settings, Schema schema, long seed) {
    this.schema = schema;
    this.params = Params.create(device, seed);
    this.model = spec.createExample(settings, schema, params);
  }

  /// A model with its initial parameters.
  public static ModelBench of(ModelSpec spec, Map<String, String> given, Schema schema, long seed) {
    return new ModelBench(spec, spec.settings(given), schema, seed);
  }

  /// A model whose parameters are drawn from N(0, 0.5²), all but parts that were fitted.
  public static ModelBench drawn(
      ModelSpec spec, Map<String, String> given, Schema schema, long seed) {
    ModelBench bench = of(spec, given, schema, seed);
    boolean fitted = bench.model instanceof Fitted;
    for (Parameter p : bench.params.all()) {
      if (!fitted || !p.frozen()) {
        bench.set(p.path(), draw(p, seed));
      }
    }
    return bench;
  }

  private static double[] draw(Parameter p, long seed) {
    double[] values = new double[(int) p.elements()];
    for (int i = 0; i < values.length; i++) {
      double z = 0.5 * Initializers.normalAt(Counter.key(seed, p.path()), i);
      values[i] = p.role() == Parameter.Role.STATE ? 1 + z * z : z; // a variance is positive
    }
    if (p instanceof TableParameter t && t.paddingId() >= 0) {
      int width = t.table().width();
      Arrays.fill(values, t.paddingId() * width, (t.paddingId() + 1) * width, 0);
    }
    return values;
  }

  @Override
  public void close() {
    params.close();
    device.close();
  }

  /// The parameters themselves.
  public Params params() {
    return params;
  }

  /// The model itself.
  public Model model() {
    return model;
  }

  /// The parameters' paths, in order.
  public List<String> paths() {
    return params.all().stream().map(Parameter::path).toList();
  }

  /// Overwrites a parameter.
  public void set(String path, double... values) {
    switch (params.get(path)) {
      case DenseParameter d -> d.write(values);
      case TableParameter t -> t.table().write(0, values);
    }
  }

  /// The numbers of a parameter.
  public double[] get(String path) {
    return switch (params.get(path)) {
      case DenseParameter d -> d.value().toDoubles();
      case TableParameter t -> {
        double[] values = new double[(int) t.elements()];
        t.table().read(0, values);
        yield values;
      }
    };
  }

  /// Every parameter by path.
  public Map<String, double[]> all() {
    Map<String, double[]> all = new TreeMap<>();
    paths().forEach(path -> all.put(path, get(path)));
    return all;
  }

  /// Sizes of the axes of a dense parameter.
  public Shape shape(String path) {
    return ((DenseParameter) params.get(path)).shape();
  }

  /// Fits on a batch what the model has to fit; nothing for most models.
  public void fit(Batch batch) {
    if (model instanceof Fitted f) {
      f.fit(each -> each.accept(batch), 1);
    }
  }

  /// D of a table.
  public int tableWidth(String path) {
    return ((TableParameter) params.get(path)).table().width();
  }

  /// What the model says of a batch in evaluation.
  public double[] scores(Batch batch) {
    try (Tape tape = Tape.evaluating(device)) {
      return head(batch, Mode.evaluation(tape)).score().value().toDoubles();
    }
  }

  /// What kind of head the model has.
  public Class<? extends Head> kind(Batch batch) {
    try (Tape tape = Tape.evaluating(device)) {
      return head(batch, Mode.evaluation(tape)).getClass();
    }
  }

  /// Anything about what the model says of a batch in evaluation.
  public <T> T evaluate(Batch batch, Function<Outputs, T> what) {
    try (Tape tape = Tape.evaluating(device)) {
      return what.apply(model.forward(batch, Mode.evaluation(tape)));
    }
  }

  /// Anything about what the model says of a batch in training, without side effects.
  public <T> T train(Batch batch, long step, Function<Outputs, T> what) {
    try (Tape tape = Tape.recording(device)) {
      return what.apply(model.forward(batch, training(tape, step)));
    }
  }

  /// Gradients in training, without side effects, of a number that the model says of a batch.
  public Map<String, double[]> trainingGradients(
      Batch batch, long step, Function<Outputs, Var> what) {
    try (Tape tape = Tape.recording(device)) {
      return gradients(tape.backward(what.apply(model.forward(batch, training(tape, step)))));
    }
  }

  /// What a model is told in training, by [#descend] too.
  public static Mode training(Tape tape, long step) {
    return Mode.training(tape, 1, step).withoutSideEffects();
  }

  /// What the model reports of the weights by which it mixes a batch, in evaluation, by name.
  public Map<String, double[]> weights(Batch batch) {
    Map<String, double[]> seen = new TreeMap<>();
    try (Tape tape = Tape.evaluating(device)) {
      Mode mode = Mode.evaluation(tape);
      model.forward(batch, mode.watching(w -> seen.put(w.name(), w.values().toDoubles())));
    }
    return seen;
  }

  private Head head(Batch batch, Mode mode) {
    return model.forward(batch, mode).head(schema.labels().getFirst().name());
  }

  /// The scores of every head in evaluation, by label.
  public Map<String, double[]> scoresByLabel(Batch batch) {
    Map<String, double[]> scores = new TreeMap<>();
    evaluate(
        batch,
        out -> {
          out.heads().forEach((label, h) -> scores.put(label, h.score().value().toDoubles()));
          return out;
        });
    return scores;
  }

  /// Gradients of a function of the outputs in evaluation, tables with zeros where no row was looked up.
  public Map<String, double[]> gradients(Batch batch, Function<Outputs, Var> loss) {
    try (Tape tape = Tape.recording(device)) {
      return gradients(tape.backward(loss.apply(model.forward(batch, Mode.evaluation(tape)))));
    }
  }

  /// Gradients of Σ upstream ⊙ scores in evaluation, tables with zeros where no row was looked up.
  public Map<String, double[]> gradients(Batch batch, double... upstream) {
    try (Tape tape = Tape.recording(device)) {
      Var z = head(batch, Mode.evaluation(tape)).score();
      return gradients(tape.backward(z, tape.scope().upload(Shape.of(upstream.length), upstream)));
    }
  }

  private Map<String, double[]> gradients(Gradients found) {
    Map<String, double[]> all = new TreeMap<>();
    for (Parameter p : params.all()) {
      double[] dense = new double[(int) p.elements()];
      switch (found.of(p)) {
        case Gradient.Dense(Tensor values) -> dense = values.toDoubles();
        case Gradient.Rows g -> {
          int[] rows = g.rows().toInts();
          double[] values = g.values().toDoubles();
          int width = g.values().shape().size(1);
          for (int r = 0; r < g.count(); r++) {
            System.arraycopy(values, r * width, dense, rows[r] * width, width);
          }
        }
        case null -> {} // the loss does not depend on it
      }
      all.put(p.path(), dense);
    }
    return all;
  }

  /// One step of gradient descent in training mode on the mean loss of the batch, which it returns.
  public double descend(Batch batch, double rate, long step) {
    String label = schema.labels().getFirst().name();
    float[] y = batch.label(label);
    try (Tape tape = Tape.recording(device)) {
      Head head = head(batch, Mode.training(tape, 1, step));
      double[] z = head.score().value().toDoubles();
      double[] upstream = new double[z.length];
      double loss = 0;
      for (int b = 0; b < z.length; b++) {
        if (head instanceof Head.Value) {
          loss += 0.5 * (z[b] - y[b]) * (z[b] - y[b]) / z.length;
          upstream[b] = (z[b] - y[b]) / z.length;
        } else { // the score is the logit, whichever way the head says it
          loss += logLoss(z[b], y[b]) / z.length;
          upstream[b] = (sigmoid(z[b]) - y[b]) / z.length;
        }
      }
      Map<String, double[]> g =
          gradients(
              tape.backward(
                  head.score(), tape.scope().upload(Shape.of(upstream.length), upstream)));
      for (Parameter p : params.all()) {
        double[] values = get(p.path());
        double[] d = g.getOrDefault(p.path(), values);
        for (int i = 0; i < values.length && !p.frozen(); i++) {
          values[i] -= rate * d[i];
        }
        if (!p.frozen()) {
          set(p.path(), values);
        }
      }
      return loss;
    }
  }

  /// σ(z)
  public static double sigmoid(double z) {
    return 1 / (1 + StrictMath.exp(-z));
  }

  /// max(z, 0) − z y + ln(1 + e^−|z|)
  public static double logLoss(double z, double y) {
    return Math.max(z, 0) - z * y + StrictMath.log1p(StrictMath.exp(-Math.abs(z)));
  }

  /// A batch of rows of another, in this order.
  public static Batch rows(Batch batch, int... rows) {
    Schema schema = batch.schema();
    int c = schema.dense().size();
    float[] dense = new float[rows.length * c];
    for (int b = 0; b < rows.length; b++) {
      System.arraycopy(batch.dense(), rows[b] * c, dense, b * c, c);
    }
    List<int[]> bags = new ArrayList<>();
    for (Field.Ids f : schema.ids()) {
      for (int row : rows) {
        bags.add(bag(batch, f.name(), row));
      }
    }
    Batch.Builder builder = Batch.builder(schema, rows.length).dense(dense);
    if (!bags.isEmpty()) {
      builder.sparse(ids(schema, bags));
    }
    for (Field.Sessions f : schema.all(Field.Sessions.class)) {
      builder.sessions(f.name(), rows(batch.sessions(f.name()), rows));
    }
    for (Field.Series f : schema.series()) {
      float[] some = new float[rows.length * f.length()];
      for (int b = 0; b < rows.length; b++) {
        System.arraycopy(
            batch.series(f.name()), rows[b] * f.length(), some, b * f.length(), f.length());
      }
      builder.series(f.name(), some);
    }
    for (Field.Label label : schema.labels()) {
      float[] all = batch.label(label.name());
      float[] some = new float[rows.length];
      for (int b = 0; b < rows.length; b++) {
        some[b] = all[rows[b]];
      }
      builder.real(label.name(), some);
    }
    for (Field.LabelMask mask : schema.all(Field.LabelMask.class)) {
      float[] some = new float[rows.length];
      for (int b = 0; b < rows.length; b++) {
        float[] all = Objects.requireNonNull(batch.labelMask(mask.label()));
        some[b] = all[rows[b]];
      }
      builder.real(mask.name(), some);
    }
    for (Field.Domain domain : schema.all(Field.Domain.class)) {
      int[] all = batch.domains();
      builder.integer(domain.name(), Arrays.stream(rows).mapToLong(b -> all[b]).toArray());
    }
    return builder.build();
  }

  /// Gives a batch in the making the scenarios of another, if there are any.
  public static Batch.Builder scenarios(Batch.Builder builder, Batch of) {
    for (Field.Domain domain : of.schema().all(Field.Domain.class)) {
      builder.integer(domain.name(), Arrays.stream(of.domains()).asLongStream().toArray());
    }
    return builder;
  }

  private static JaggedIds rows(JaggedIds lists, int... rows) {
    int[] offsets = new int[rows.length + 1];
    int[][] some = new int[rows.length][];
    for (int b = 0; b < rows.length; b++) {
      int from = lists.offsets()[rows[b]];
      some[b] = Arrays.copyOfRange(lists.values(), from, lists.offsets()[rows[b] + 1]);
      offsets[b + 1] = offsets[b] + some[b].length;
    }
    return new JaggedIds(Arrays.stream(some).flatMapToInt(Arrays::stream).toArray(), null, offsets);
  }

  /// The ids of a field of an example.
  public static int[] bag(Batch batch, String field, int row) {
    var ids = batch.sparse().of(field);
    return Arrays.copyOfRange(ids.values(), ids.offsets()[row], ids.offsets()[row + 1]);
  }

  /// Ids of a batch, bag by bag: all examples of the first field, then of the second.
  public static KeyedJaggedTensor ids(Schema schema, List<int[]> bags) {
    return KeyedJaggedTensor.fromLengths(
        schema.ids().stream().map(Field.Ids::name).toList(),
        bags.stream().flatMapToInt(Arrays::stream).toArray(),
        bags.stream().mapToInt(bag -> bag.length).toArray());
  }

  /// A batch of a schema, every label 0 and observed, every row of scenario 0.
  public static Batch batch(Schema schema, int size, float[] dense, int[]... bags) {
    Batch.Builder builder = Batch.builder(schema, size).dense(dense);
    if (bags.length > 0) {
      builder.sparse(ids(schema, List.of(bags)));
    }
    for (Field.Domain domain : schema.all(Field.Domain.class)) {
      builder.integer(domain.name(), new long[size]);
    }
    return labelled(builder, schema, new float[size]).build();
  }

  /// The same numbers for every label, all of them observed; where a label is binary, whether they are odd.
  public static Batch.Builder labelled(Batch.Builder builder, Schema schema, float... values) {
    for (Field.Label label : schema.labels()) {
      float[] own = values.clone();
      for (int b = 0; b < own.length && label.kind() == Field.LabelKind.BINARY; b++) {
        own[b] %= 2;
      }
      builder.real(label.name(), own);
    }
    float[] ones = new float[values.length];
    Arrays.fill(ones, 1);
    schema.all(Field.LabelMask.class).forEach(mask -> builder.real(mask.name(), ones));
    return builder;
  }

  /// Bag after bag of one id each.
  public static int[][] single(int... ids) {
    return Arrays.stream(ids).mapToObj(id -> new int[] {id}).toArray(int[][]::new);
  }

  /// `[rows, columns]` → `[columns, rows]`: the specifications print weights as `[out, in]`.
  public static double[] transpose(int rows, int columns, double... a) {
    double[] t = new double[a.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        t[j * rows + i] = a[i * columns + j];
      }
    }
    return t;
  }

  /// Within so much, relative where numbers are above 1.
  public static void assertClose(double[] actual, double[] expected, double allowed) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(Math.abs(actual[i] - expected[i]))
          .as("place %d: %s, expected %s", i, actual[i], expected[i])
          .isLessThanOrEqualTo(allowed * Math.max(1, Math.abs(expected[i])));
    }
  }
}
