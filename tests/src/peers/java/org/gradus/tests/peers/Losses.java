// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleSupplier;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.trainer.bench.ModelStep;

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
/// @param reference of our model in float64
/// @param ours on `cpu`
/// @param torch by variant
record Losses(double[] reference, double[] ours, Map<String, double[]> torch) {
  /// Number of steps.
  static final int STEPS = 20;

  private static final double FACTOR = 8;
  private static final double ROUNDINGS = 16 * 0x1p-24;

  /// Trains all of them.
  static Losses of(Steps steps, int threads) {
    double[] ours;
    Map<String, double[]> torch = new LinkedHashMap<>();
    try (Device cpu = Device.open("cpu", DeviceOptions.defaults().withThreads(threads));
        ModelStep step = steps.open(cpu)) {
      // before ours moves: libtorch starts from its weights
      try (Torch peer = new Torch(threads)) {
        for (Steps.Variant v : steps.variants()) {
          TorchStep same = peer.call(() -> v.make().apply(step.params(), step.batches()));
          torch.put(v.name(), peer.call(() -> losses(same::run, true)));
        }
      }
      ours = losses(step::run, false);
    }
    try (Device device = Device.open("reference");
        ModelStep step = steps.open(device)) {
      return new Losses(losses(step::run, false), ours, torch);
    }
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
  }
}
