// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.transformer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
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
import org.gradus.embeddings.PaddedIds;
import org.gradus.embeddings.Schema;
import org.gradus.models.ModelBench;
import org.gradus.models.Settings;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Tensor;

/// A small model in float64 whose parameters are drawn from N(0, 0.5²), for one test.
final class TransformerBench implements AutoCloseable {
  static final TransformerSpec SPEC = new TransformerSpec();

  /// What every test has unless it says otherwise: one layer of width 4, nothing dropped.
  static final Map<String, String> SMALL =
      Map.of("width", "4", "layers", "1", "heads", "2", "hidden", "6", "dropout", "0");

  /// Six words and seven, sentences of up to six tokens.
  static final Schema SCHEMA =
      Schema.of(
          new Field.Sequence("source", 6, "words", 6),
          new Field.Sequence("target", 7, "translated", 6));

  final Device device = Device.open("reference");
  final Params params = Params.create(device, 1);
  final Settings settings;
  final Schema schema;
  final Transformer model;

  TransformerBench(Map<String, String> given, Schema schema) {
    Map<String, String> all = new TreeMap<>(SMALL);
    all.putAll(given);
    this.schema = schema;
    this.settings = SPEC.settings(all);
    this.model = (Transformer) SPEC.create(settings, schema, params);
    for (Parameter p : params.all()) {
      double[] values = new double[(int) p.elements()];
      Arrays.setAll(values, i -> 0.5 * Initializers.normalAt(Counter.key(7, p.path()), i));
      if (p instanceof TableParameter t) {
        Arrays.fill(values, 0, t.table().width(), 0);
      }
      set(p, values);
    }
  }

  TransformerBench(Map<String, String> given) {
    this(given, SCHEMA);
  }

  @Override
  public void close() {
    params.close();
    device.close();
  }

  static void set(Parameter p, double... values) {
    switch (p) {
      case DenseParameter d -> d.write(values);
      case TableParameter t -> t.table().write(0, values);
    }
  }

  Map<String, double[]> all() {
    Map<String, double[]> all = new TreeMap<>();
    for (Parameter p : params.all()) {
      double[] values = new double[(int) p.elements()];
      switch (p) {
        case DenseParameter d -> all.put(p.path(), d.value().toDoubles());
        case TableParameter t -> {
          t.table().read(0, values);
          all.put(p.path(), values);
        }
      }
    }
    return all;
  }

  NaiveTransformer naive() {
    return new NaiveTransformer(
        settings, all(), new String[] {model.source().table(), model.target().table()});
  }

  /// Sources and targets, pair by pair.
  Batch batch(int[]... pairs) {
    List<int[]> bags = new ArrayList<>();
    for (int side = 0; side < 2; side++) {
      for (int i = side; i < pairs.length; i += 2) {
        bags.add(pairs[i]);
      }
    }
    return Batch.builder(schema, pairs.length / 2).sparse(ModelBench.ids(schema, bags)).build();
  }

  /// The loss, and its gradients by path.
  record Step(double loss, Map<String, double[]> gradients) {}

  Step step(Batch batch, boolean training, long step) {
    try (Tape tape = Tape.recording(device)) {
      Mode mode = training ? Mode.training(tape, 1, step) : Mode.evaluation(tape);
      Var loss = model.forward(batch, mode).losses().get(Transformer.LOSS);
      Gradients found = tape.backward(Objects.requireNonNull(loss));
      Map<String, double[]> gradients = new TreeMap<>();
      for (Parameter p : params.all()) {
        gradients.put(p.path(), dense(found, p));
      }
      return new Step(loss.value().item(), gradients);
    }
  }

  Step step(Batch batch) {
    return step(batch, true, 1);
  }

  private static double[] dense(Gradients found, Parameter p) {
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
    return dense;
  }

  /// o of every row and position that is read, `[B][T·V]`.
  double[][] logits(Batch batch) {
    try (Tape tape = Tape.evaluating(device)) {
      Mode mode = Mode.evaluation(tape);
      PaddedIds source = PaddedIds.of(batch, model.source().name());
      Var o =
          model.logits(model.target(batch, tape.scope()).read(), model.encode(source, mode), mode);
      double[] all = o.value().toDoubles();
      int each = o.size(1) * o.size(2);
      double[][] rows = new double[batch.size()][];
      for (int b = 0; b < rows.length; b++) {
        rows[b] = Arrays.copyOfRange(all, b * each, (b + 1) * each);
      }
      return rows;
    }
  }

  /// The encoder's output for one source, row by row.
  double[][] memory(int... source) {
    try (Tape tape = Tape.evaluating(device)) {
      PaddedIds ids = new PaddedIds(source, new int[] {source.length}, source.length);
      double[] all = model.encode(ids, Mode.evaluation(tape)).memory().value().toDoubles();
      int d = settings.integer("width");
      double[][] rows = new double[source.length][];
      for (int t = 0; t < rows.length; t++) {
        rows[t] = Arrays.copyOfRange(all, t * d, (t + 1) * d);
      }
      return rows;
    }
  }

  static int[] ids(int... ids) {
    return ids;
  }
}
