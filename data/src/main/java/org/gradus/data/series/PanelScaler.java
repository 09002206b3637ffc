// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// How a model sees a panel: the target transformed and scaled, other measured variables scaled, known ones as they are. Everything
/// is fitted on training rows.
public final class PanelScaler {
  /// The mean size of what was divided by its mean; 1 where no value is negative.
  private static final double MOST_MEANS = 10;

  private final TargetTransform transform;
  private final List<String> stations;
  private final Scaler[][] scalers; // [station][measured]

  /// What is fitted.
  ///
  /// @param target scaling of the target
  /// @param others scaling of what is measured besides
  /// @param perStation whether every station has scalers of its own; otherwise all share those of all rows
  /// @param transform of the target, before it is scaled
  public record Rules(
      Scaling target, Scaling others, boolean perStation, TargetTransform transform) {
    /// Every station's target divided by its mean, so that 0 is 0 and stations are alike.
    public static final Rules MEANS =
        new Rules(Scaling.MEAN, Scaling.STANDARD, true, TargetTransform.NONE);
  }

  private PanelScaler(TargetTransform transform, List<String> stations, Scaler[][] scalers) {
    this.transform = transform;
    this.stations = stations;
    this.scalers = scalers;
  }

  /// Fits to what happened before a time; nothing that comes later is looked at.
  ///
  /// @param until seconds; the first time that is not looked at
  public static PanelScaler fit(Panel panel, Rules rules, long until) {
    int n = panel.stations().size();
    int measured = panel.measured().size();
    double[][][] rows = new double[measured][n][];
    for (int k = 0; k < n; k++) {
      TimeSeries s = panel.stations().get(k);
      int end = s.placeOf(until);
      for (int v = 0; v < measured; v++) {
        rows[v][k] = Arrays.copyOf(s.values()[v], end);
      }
      for (int i = 0; i < end; i++) {
        rows[0][k][i] = transformed(rules.transform, s, i);
      }
    }
    Scaler[][] scalers = new Scaler[n][measured];
    for (int v = 0; v < measured; v++) {
      Scaling scaling = v == 0 ? rules.target : rules.others;
      double[] all = Arrays.stream(rows[v]).flatMapToDouble(Arrays::stream).toArray();
      for (int k = 0; k < n; k++) {
        double[] fitted = rules.perStation ? rows[v][k] : all;
        String what =
            (rules.perStation ? "station " + panel.stations().get(k).name() : "all stations")
                + ", "
                + panel.measured().get(v);
        check(scaling, fitted, what, until);
        scalers[k][v] = Scaler.fit(scaling, fitted);
      }
    }
    List<String> names = panel.stations().stream().map(TimeSeries::name).toList();
    return new PanelScaler(rules.transform, names, scalers);
  }

  /// A value of the target on the scale of the transform; NaN where nothing was measured.
  private static double transformed(TargetTransform transform, TimeSeries s, int place) {
    double y = s.target()[place];
    double z = transform.apply(y);
    if (!Double.isFinite(z) && Double.isFinite(y)) {
      throw new IllegalArgumentException(
          "scaler: station "
              + s.name()
              + " has "
              + y
              + " at "
              + Instant.ofEpochSecond(s.times()[place])
              + ", which transform="
              + transform.kind().name().toLowerCase(Locale.ROOT)
              + " has no number for. Expected transform=none for a target that is negative.");
    }
    return z;
  }

  /// Fails where nothing can be fitted, and where a division by the mean would turn the sign or blow noise up.
  private static void check(Scaling scaling, double[] values, String what, long until) {
    double n = 0;
    double sum = 0;
    double magnitudes = 0;
    for (double x : values) {
      if (!Double.isNaN(x)) {
        n++;
        sum += x;
        magnitudes += Math.abs(x);
      }
    }
    if (n == 0) {
      throw new IllegalArgumentException(
          "scaler: "
              + what
              + ": no number before "
              + text(until)
              + ", where training ends. Expected some there; data.stations leaves a station out"
              + " that begins later.");
    }
    if (scaling == Scaling.MEAN && magnitudes > 0 && !(sum * MOST_MEANS >= magnitudes)) {
      throw new IllegalArgumentException(
          "scaler: "
              + what
              + ": mean "
              + sum / n
              + " with values of "
              + magnitudes / n
              + " in size on average, so that scaling=mean would make them more than "
              + MOST_MEANS
              + " times as large as their mean or turn their sign. Expected scaling=standard or max"
              + " where values have both signs or are logarithms.");
    }
  }

  private static String text(long time) {
    return time == Long.MAX_VALUE ? "the end" : Instant.ofEpochSecond(time).toString();
  }

  /// The stations that it was fitted to, in order.
  public List<String> stations() {
    return stations;
  }

  /// The number of a station among those that it was fitted to.
  public int station(String name) {
    int k = stations.indexOf(name);
    if (k < 0) {
      throw new IllegalArgumentException(
          "scaler: station "
              + name
              + " was not among the training rows. Expected one of: "
              + String.join(", ", stations)
              + ".");
    }
    return k;
  }

  /// A target as a model sees it.
  public double target(int station, double y) {
    return scalers[station][0].apply(transform.apply(y));
  }

  /// A forecast in the unit of the data.
  public double forecast(int station, double z) {
    return transform.invert(scalers[station][0].invert(z));
  }

  /// A forecast of the mean in the unit of the data, where the target was transformed.
  ///
  /// @param variance of the residuals on the scale of the transform
  public double meanForecast(int station, double z, double variance) {
    return transform.invertToMean(scalers[station][0].invert(z), variance);
  }

  /// Every value as a model sees it, `[station][variable][N]`.
  float[][][] apply(Panel panel) {
    int measured = panel.measured().size();
    float[][][] scaled = new float[panel.stations().size()][][];
    for (int k = 0; k < scaled.length; k++) {
      TimeSeries s = panel.stations().get(k);
      int fitted = station(s.name());
      scaled[k] = new float[s.values().length][s.length()];
      for (int v = 0; v < scaled[k].length; v++) {
        for (int i = 0; i < s.length(); i++) {
          double x = s.values()[v][i];
          scaled[k][v][i] =
              (float)
                  (v == 0
                      ? scalers[fitted][0].apply(transformed(transform, s, i))
                      : v < measured ? scalers[fitted][v].apply(x) : x);
        }
      }
    }
    return scaled;
  }

  /// Writes everything needed to scale again.
  void write(DataOutput to) throws IOException {
    to.writeUTF(transform.kind().name());
    to.writeDouble(transform.epsilon());
    to.writeInt(stations.size());
    for (String name : stations) {
      to.writeUTF(name);
    }
    to.writeInt(scalers.length == 0 ? 0 : scalers[0].length);
    for (Scaler[] ofStation : scalers) {
      for (Scaler s : ofStation) {
        to.writeDouble(s.shift());
        to.writeDouble(s.scale());
      }
    }
  }

  /// Reads what [#write] wrote.
  static PanelScaler read(DataInput from) throws IOException {
    TargetTransform transform =
        new TargetTransform(TargetTransform.Kind.valueOf(from.readUTF()), from.readDouble());
    List<String> stations = new ArrayList<>();
    for (int n = from.readInt(); n > 0; n--) {
      stations.add(from.readUTF());
    }
    Scaler[][] scalers = new Scaler[stations.size()][from.readInt()];
    for (Scaler[] ofStation : scalers) {
      for (int v = 0; v < ofStation.length; v++) {
        ofStation[v] = new Scaler(from.readDouble(), from.readDouble());
      }
    }
    return new PanelScaler(transform, List.copyOf(stations), scalers);
  }
}
