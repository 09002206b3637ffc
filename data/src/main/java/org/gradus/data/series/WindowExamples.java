// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.data.Examples;
import org.gradus.data.prepared.Permutation;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Counter;
import org.jspecify.annotations.Nullable;

/// Windows as examples: a series per variable, the station as a category, the time of the first prediction, and a label per step of the
/// horizon, `power+1`, `power+2`, …, counted from the last value seen: with a gap of 6 the first is `power+7`. A label is NaN where
/// nothing was measured.
///
/// They are cut from the series when a batch is made, so that overlapping windows cost no memory.
public final class WindowExamples implements Examples {
  /// The field that says which station a window comes from.
  public static final String STATION = "station";

  /// The field that says when the first predicted step is.
  public static final String TIME = "time";

  private final Panel panel;
  private final PanelScaler scaler;
  private final Windowing windowing;
  private final List<Window> windows;
  private final Schema schema;
  private final float[][][] scaled; // [station][variable][N]
  private final int[] ids; // of stations

  /// Windows of a panel.
  ///
  /// @param scaler fitted on training rows, to these stations or more
  /// @param windowing that cut the windows
  public WindowExamples(
      Panel panel, PanelScaler scaler, Windowing windowing, List<Window> windows) {
    this.panel = panel;
    this.scaler = scaler;
    this.windowing = windowing;
    this.windows = List.copyOf(windows);
    this.schema = schema(panel, scaler, windowing);
    this.scaled = scaler.apply(panel);
    this.ids = panel.stations().stream().mapToInt(s -> 2 + scaler.station(s.name())).toArray();
  }

  private WindowExamples(WindowExamples all, List<Window> some) {
    panel = all.panel;
    scaler = all.scaler;
    windowing = all.windowing;
    windows = List.copyOf(some);
    schema = all.schema;
    scaled = all.scaled;
    ids = all.ids;
  }

  private static Schema schema(Panel panel, PanelScaler scaler, Windowing w) {
    List<Field> fields = new ArrayList<>();
    for (String name : panel.measured()) {
      fields.add(new Field.Series(name, w.steps()));
    }
    for (String name : panel.known()) {
      fields.add(new Field.Series(name, w.steps(), w.horizon()));
    }
    fields.add(new Field.Categorical(STATION, 2 + scaler.stations().size()));
    fields.add(new Field.Timestamp(TIME));
    for (int j = 1; j <= w.horizon(); j++) {
      String label = panel.target() + "+" + (w.gap() + j);
      fields.add(new Field.Label(label, Field.LabelKind.REGRESSION));
    }
    return new Schema(fields);
  }

  /// What the windows are cut from.
  public Panel panel() {
    return panel;
  }

  /// Between the unit of the data and the scale of the labels.
  public PanelScaler scaler() {
    return scaler;
  }

  /// How the windows were cut.
  public Windowing windowing() {
    return windowing;
  }

  /// The windows, in stored order.
  public List<Window> windows() {
    return windows;
  }

  /// The target as a model sees it, `[station][N]`.
  public float[][] scaledTargets() {
    float[][] targets = new float[scaled.length][];
    for (int k = 0; k < targets.length; k++) {
      targets[k] = scaled[k][0];
    }
    return targets;
  }

  /// What a linear model reads of a window: the target's past, and what is known at the first predicted step, as a model sees
  /// them.
  double[] inputs(Window w) {
    int steps = windowing.steps();
    int measured = panel.measured().size();
    float[][] values = scaled[w.station()];
    double[] x = new double[steps + values.length - measured];
    for (int i = 0; i < steps; i++) {
      x[i] = values[0][w.start() + i];
    }
    for (int v = measured; v < values.length; v++) {
      x[steps + v - measured] = values[v][w.firstTarget()];
    }
    return x;
  }

  /// The horizon of a window as a model sees it.
  double[] outputs(Window w) {
    double[] y = new double[windowing.horizon()];
    for (int j = 0; j < y.length; j++) {
      y[j] = scaled[w.station()][0][w.firstTarget() + j];
    }
    return y;
  }

  /// The horizon of a window in the unit of the data.
  public double[] observed(Window w) {
    double[] y = new double[windowing.horizon()];
    System.arraycopy(panel.stations().get(w.station()).target(), w.firstTarget(), y, 0, y.length);
    return y;
  }

  /// The times that a window predicts, in seconds.
  public long[] predictedTimes(Window w) {
    long[] times = panel.stations().get(w.station()).times();
    return Arrays.copyOfRange(times, w.firstTarget(), w.firstTarget() + windowing.horizon());
  }

  /// A prediction of a model for a window, in the unit of the data.
  public double unscaled(Window w, double z) {
    return scaler.forecast(ids[w.station()] - 2, z);
  }

  /// Other windows of the same panel.
  public WindowExamples with(List<Window> others) {
    return new WindowExamples(this, others);
  }

  @Override
  public Schema schema() {
    return schema;
  }

  @Override
  public long rows() {
    return windows.size();
  }

  @Override
  public WindowExamples only(long[] rows) {
    List<Window> some = new ArrayList<>();
    for (long row : rows) {
      some.add(windows.get(Math.toIntExact(row)));
    }
    return with(some);
  }

  @Override
  public Examples.Stream stream(Pass pass) {
    return new WindowStream(pass);
  }

  /// One pass; batch k is a function of the pass and k alone.
  private final class WindowStream implements Examples.Stream {
    private final Pass pass;
    private final @Nullable Permutation order;
    private final long batches;
    private long next;

    WindowStream(Pass pass) {
      this.pass = pass;
      this.order =
          pass.shuffle()
              ? new Permutation(
                  rows(), Counter.key(Counter.key(pass.seed(), "order of rows"), pass.epoch()))
              : null;
      this.batches = pass.batches(rows());
      this.next = pass.skip();
    }

    @Override
    public @Nullable Batch next() {
      if (next >= batches) {
        return null;
      }
      long from = next++ * pass.batchSize();
      int size = (int) Math.min(pass.batchSize(), rows() - from);
      Window[] rows = new Window[size];
      for (int b = 0; b < size; b++) {
        rows[b] = windows.get((int) (order == null ? from + b : order.at(from + b)));
      }
      return batch(rows);
    }

    @Override
    public void close() {
      next = batches;
    }
  }

  private Batch batch(Window[] rows) {
    int size = rows.length;
    int steps = windowing.steps();
    int horizon = windowing.horizon();
    Batch.Builder batch = Batch.builder(schema, size);
    List<Field.Series> series = schema.series();
    for (int v = 0; v < series.size(); v++) {
      int length = series.get(v).length();
      float[] values = new float[size * length];
      for (int b = 0; b < size; b++) {
        float[] all = scaled[rows[b].station()][v];
        System.arraycopy(all, rows[b].start(), values, b * length, steps);
        if (length > steps) {
          System.arraycopy(all, rows[b].firstTarget(), values, b * length + steps, horizon);
        }
      }
      batch.series(series.get(v).name(), values);
    }
    int[] station = new int[size];
    long[] time = new long[size];
    for (int b = 0; b < size; b++) {
      station[b] = ids[rows[b].station()];
      time[b] = panel.stations().get(rows[b].station()).times()[rows[b].firstTarget()];
    }
    batch.sparse(KeyedJaggedTensor.oneHot(List.of(STATION), station, size));
    batch.integer(TIME, time);
    for (int j = 0; j < horizon; j++) {
      float[] label = new float[size];
      for (int b = 0; b < size; b++) {
        label[b] = scaled[rows[b].station()][0][rows[b].firstTarget() + j];
      }
      batch.real(schema.labels().get(j).name(), label);
    }
    return batch.build();
  }
}
