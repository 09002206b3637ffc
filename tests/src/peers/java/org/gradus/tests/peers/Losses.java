// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleSupplier;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;

/// The losses of the first steps from equal weights on equal batches: of ours in float32 and float64, and of each variant of libtorch in both.
///
/// Whether both sides train the same model shows in float64, where roundings are too small to hide anything: u = 2⁻⁵³ ≈ 10⁻¹⁶, and as training
/// amplifies u = 2⁻²⁴ of float32 to distances of at most some 10⁻⁵ of a loss, it amplifies 10⁻¹⁶ to some 10⁻¹⁴. A hundred-thousandfold of that is
/// allowed:
///
/// ```
/// |torch₆₄(t) − ours₆₄(t)| ≤ 10⁻⁹ · |loss(t)|   at every step t
/// ```
///
/// In float32 the same programs run, the ones that are timed, and differ from float64 by their own roundings. How much that is belongs to each
/// program: gradients near 0 change their sign, the first steps of Adam and Adagrad take nothing but the sign, and so a rounding may move a weight
/// as far as a step. The report shows these distances. What is checked is that nothing else than the width changed, since another batch or
/// another rate would show in the first digits:
///
/// ```
/// |torch₃₂(t) − ours₆₄(t)|, |ours₃₂(t) − ours₆₄(t)| ≤ 10⁻⁴ · |loss(t)|
/// ```
///
/// Embeddings move little in so few steps, and a loss may not tell. So the tables of the first and of the last field are compared too:
/// the difference between libtorch's and ours in float32 must be less than a tenth of the way that they went, in the Euclidean norm.
///
/// @param ours in float32 on `cpu`, and in float64 on `reference`
/// @param torch by variant
/// @param tables by variant, how far its tables are from ours, in units of the way that ours went
record Losses(Pair ours, Map<String, Pair> torch, Map<String, Double> tables) {
  /// Number of steps.
  static final int STEPS = 20;

  private static final double FORMULA = 1e-9;
  private static final double FLOAT32 = 1e-4;
  private static final double TABLES = 0.1;

  /// The same losses in two widths.
  record Pair(double[] float32, double[] float64) {}

  /// Trains all of them.
  static Losses of(Steps steps, int threads) {
    Map<String, double[]> narrow = new LinkedHashMap<>();
    Map<String, Pair> torch = new LinkedHashMap<>();
    Map<String, Double> tables = new LinkedHashMap<>();
    double[] float32;
    try (Device cpu = Device.open("cpu", DeviceOptions.defaults().withThreads(threads));
        Steps.Opened opened = steps.open(cpu);
        Torch peer = new Torch(threads)) {
      List<float[]> start = opened.tables();
      Map<String, List<float[]>> ends = new LinkedHashMap<>();
      // before ours moves: libtorch starts from its weights
      for (ScalarType type : List.of(ScalarType.Float, ScalarType.Double)) {
        peer.call(() -> opened.torch(type))
            .forEach(
                (name, same) -> {
                  double[] losses = peer.call(() -> losses(same::run, true));
                  if (type == ScalarType.Float) {
                    narrow.put(name, losses);
                    ends.put(name, peer.call(() -> opened.tables(same)));
                  } else {
                    torch.put(name, new Pair(narrow.getOrDefault(name, losses), losses));
                  }
                });
      }
      float32 = losses(opened.step()::run, false);
      List<float[]> end = opened.tables();
      double way = distance(start, end);
      if (!end.isEmpty()) {
        ends.forEach((variant, found) -> tables.put(variant, distance(end, found) / way));
      }
    }
    try (Device device = Device.open("reference");
        Steps.Opened opened = steps.open(device)) {
      return new Losses(new Pair(float32, losses(opened.step()::run, false)), torch, tables);
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

  /// One line of comma-separated values per step: group, step, loss in float64, that of ours in float32, and for each variant
  /// its name, its loss in float64 and in float32.
  List<String> lines(String group) {
    List<String> lines = new ArrayList<>();
    for (int t = 0; t < ours.float64.length; t++) {
      StringBuilder line = new StringBuilder();
      line.append(
          String.format(
              Locale.ROOT, "%s,%d,%.15f,%.9f", group, t + 1, ours.float64[t], ours.float32[t]));
      for (Map.Entry<String, Pair> e : torch.entrySet()) {
        Pair p = e.getValue();
        line.append(
            String.format(Locale.ROOT, ",%s,%.15f,%.9f", e.getKey(), p.float64[t], p.float32[t]));
      }
      lines.add(line.toString());
    }
    return lines;
  }

  /// Fails if a variant does not agree.
  void check(String name) {
    within(name + ", ours in float32", ours.float32, FLOAT32);
    torch.forEach(
        (variant, pair) -> {
          within(name + ", " + variant + " in float64", pair.float64, FORMULA);
          within(name + ", " + variant + " in float32", pair.float32, FLOAT32);
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

  private void within(String what, double[] losses, double allowed) {
    for (int t = 0; t < losses.length; t++) {
      double expected = ours.float64[t];
      if (!(Math.abs(losses[t] - expected) <= allowed * Math.abs(expected))) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "%s: loss of step %d is %.15f, ours in float64 %.15f. Expected a difference of at"
                    + " most %.2g. The two do not train the same model.",
                what,
                t + 1,
                losses[t],
                expected,
                allowed * Math.abs(expected)));
      }
    }
  }
}
