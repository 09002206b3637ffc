// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleSupplier;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;

/// The losses of the first steps from equal weights on equal batches: of ours in float32 and in float64, and of each variant of libtorch.
///
/// Two float32 programs that compute the same formula in different orders differ from the float64 one by roundings of the same size, and
/// these grow alike as training amplifies them. So with d(t) the distance of a loss from that of `reference`, a variant agrees when
///
/// ```
/// d_torch(t) ≤ 8 · max_{s ≤ t} d_ours(s) + 16 u · |loss(t)|,   u = 2⁻²⁴, at every step t
/// ```
///
/// The second term is what a mean of 2048 losses may lose by itself, 11 u for a tree of sums and some roundings within each loss; it counts where
/// ours happens to be close to float64. A wrong formula is not a matter of rounding: the loss must have moved by more than a hundred times
/// the bound within the steps, so that an update that is wrong by a hundredth shows.
///
/// Embeddings move little in so few steps, and a loss may not tell. So the tables of the first and of the last field are compared too:
/// the difference between libtorch's and ours must be less than a tenth of the way that they went, in the Euclidean norm.
///
/// @param reference of our model in float64
/// @param ours on `cpu`
/// @param torch by variant
/// @param tables by variant, how far its tables are from ours, in units of the way that ours went
record Losses(
    double[] reference, double[] ours, Map<String, double[]> torch, Map<String, Double> tables) {
  /// Number of steps.
  static final int STEPS = 20;

  private static final double FACTOR = 8;
  private static final double ROUNDINGS = 16 * 0x1p-24;
  private static final double TABLES = 0.1;

  /// Trains all of them.
  static Losses of(Steps steps, int threads) {
    Map<String, double[]> torch = new LinkedHashMap<>();
    Map<String, Double> tables = new LinkedHashMap<>();
    double[] ours;
    try (Device cpu = Device.open("cpu", DeviceOptions.defaults().withThreads(threads));
        Steps.Opened opened = steps.open(cpu);
        Torch peer = new Torch(threads)) {
      List<float[]> start = opened.tables();
      Map<String, List<float[]>> ends = new LinkedHashMap<>();
      // before ours moves: libtorch starts from its weights
      peer.call(opened::torch)
          .forEach(
              (name, same) -> {
                torch.put(name, peer.call(() -> losses(same::run, true)));
                ends.put(name, peer.call(() -> opened.tables(same)));
              });
      ours = losses(opened.step()::run, false);
      List<float[]> end = opened.tables();
      double way = distance(start, end);
      if (!end.isEmpty()) {
        ends.forEach((variant, found) -> tables.put(variant, distance(end, found) / way));
      }
    }
    try (Device device = Device.open("reference");
        Steps.Opened opened = steps.open(device)) {
      return new Losses(losses(opened.step()::run, false), ours, torch, tables);
    }
  }

  private static double distance(List<float[]> a, List<float[]> b) {
    double sum = 0;
    for (int t = 0; t < a.size(); t++) {
      for (int i = 0; i < a.get(t).length; i++) {
        double d = (double) a.get(t)[i] - b.get(t)[i];
        sum += d * d;
      }
    }
    return Math.sqrt(sum);
  }

  private static double[] losses(DoubleSupplier step, boolean scoped) {
    double[] losses = new double[STEPS];
    for (int t = 0; t < STEPS; t++) {
      int at = t;
      Runnable run = () -> losses[at] = step.getAsDouble();
      if (scoped) {
        Torch.scoped(run);
      } else {
        run.run();
      }
    }
    return losses;
  }

  /// How far a loss may be from that of `reference`, per step.
  double[] bounds() {
    double[] bounds = new double[reference.length];
    double largest = 0;
    for (int t = 0; t < bounds.length; t++) {
      largest = Math.max(largest, Math.abs(ours[t] - reference[t]));
      bounds[t] = FACTOR * largest + ROUNDINGS * Math.abs(reference[t]);
    }
    return bounds;
  }

  /// Fails if a variant does not agree, or if agreement would say nothing.
  void check(String name) {
    double[] bounds = bounds();
    double low = reference[0];
    double high = reference[0];
    for (double loss : reference) {
      low = Math.min(low, loss);
      high = Math.max(high, loss);
    }
    double last = bounds[bounds.length - 1];
    if (!(high - low > 100 * last)) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s: losses between %.9f and %.9f with a bound of %.2g on their difference. Expected"
                  + " them to move by a hundred times as much, or agreement proves nothing.",
              name,
              low,
              high,
              last));
    }
    torch.forEach(
        (variant, losses) -> {
          for (int t = 0; t < losses.length; t++) {
            if (!(Math.abs(losses[t] - reference[t]) <= bounds[t])) {
              throw new IllegalStateException(
                  String.format(
                      Locale.ROOT,
                      "%s, %s: loss of step %d is %.9f, in float64 %.9f. Expected a difference of"
                          + " at most %.2g; ours is %.9f. The two do not train the same model.",
                      name,
                      variant,
                      t + 1,
                      losses[t],
                      reference[t],
                      bounds[t],
                      ours[t]));
            }
          }
        });
    tables.forEach(
        (variant, distance) -> {
          if (!(distance < TABLES)) {
            throw new IllegalStateException(
                String.format(
                    Locale.ROOT,
                    "%s, %s: tables differ from ours by %.3g of the way that ours went. Expected"
                        + " less than %.1f. The two do not update the same rows alike.",
                    name,
                    variant,
                    distance,
                    TABLES));
          }
        });
  }
}
