// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// How far a logit in float32 may be from the exact one, for LR and DeepFM of a Criteo-shaped run.
///
/// A chain of N additions and multiplications of float32 ends within γ = N·u / (1 − N·u) times what the same chain gives
/// for the absolute values of everything, u = 2⁻²⁴; ReLU does not widen that. The absolute values used here are the
/// largest that any row of a table and any dense value can bring, so one bound holds for every example.
///
/// @param parameters of the model, by path
/// @param dense the largest absolute value of a dense field
record LogitError(Map<String, double[]> parameters, double dense) {
  private static final double U = 0x1p-24;
  private static final int DENSE = 13;
  private static final int CATEGORICAL = 26;

  /// Reads the parameters of a run. Integers up to `largest` become ln(x + 3).
  static LogitError of(Path run, int largest) throws IOException {
    byte[] bytes = Files.readAllBytes(run.resolve("model.safetensors"));
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int header = (int) file.getLong(0);
    JsonNode root =
        JsonMapper.shared().readTree(new String(bytes, 8, header, StandardCharsets.UTF_8));
    Map<String, double[]> parameters = new TreeMap<>();
    root.properties()
        .forEach(
            e -> {
              JsonNode offsets = e.getValue().path("data_offsets");
              if (!offsets.isMissingNode()) {
                int from = offsets.path(0).asInt();
                double[] values = new double[(offsets.path(1).asInt() - from) / Float.BYTES];
                for (int i = 0; i < values.length; i++) {
                  values[i] = file.getFloat(8 + header + from + i * Float.BYTES);
                }
                parameters.put(e.getKey(), values);
              }
            });
    return new LogitError(parameters, StrictMath.log(largest + 3.0));
  }

  private double[] all(String path) {
    double[] values = parameters.get(path);
    if (values == null) {
      throw new AssertionError("no tensor " + path + " among " + parameters.keySet());
    }
    return values;
  }

  /// The largest |value| of each column of a table.
  private double[] largest(String path, int width) {
    double[] values = all(path);
    double[] found = new double[width];
    for (int i = 0; i < values.length; i++) {
      found[i % width] = Math.max(found[i % width], Math.abs(values[i]));
    }
    return found;
  }

  private static double gamma(int roundings) {
    return roundings * U / (1 - roundings * U);
  }

  /// w₀ + Σ wᵢ xᵢ in absolute values.
  private double firstOrder() {
    double sum = Math.abs(all("bias")[0]);
    for (double w : all("w/numeric")) {
      sum += Math.abs(w) * dense;
    }
    for (int f = 0; f < CATEGORICAL; f++) {
      sum += largest("w/cat_" + f, 1)[0];
    }
    return sum;
  }

  /// The bound for LR: one product and as many additions as there are terms.
  double ofLr() {
    return gamma(1 + DENSE + CATEGORICAL + 1) * firstOrder();
  }

  /// The bound for DeepFM with vectors of a width and hidden layers of the sizes given.
  double ofDeepFm(int width, int... hidden) {
    double[] input = new double[CATEGORICAL * width + DENSE];
    double[] sums = new double[width];
    double squares = 0;
    for (int f = 0; f < CATEGORICAL; f++) {
      double[] row = largest("v/cat_" + f, width);
      for (int d = 0; d < width; d++) {
        input[f * width + d] = row[d];
        sums[d] += row[d];
        squares += row[d] * row[d];
      }
    }
    for (int i = 0; i < DENSE; i++) {
      input[CATEGORICAL * width + i] = dense;
    }
    double pairs = squares / 2; // ½((Σe)² − Σe²), with a plus: the difference may cancel
    for (double s : sums) {
      pairs += s * s / 2;
    }
    double[] a = input;
    int roundings = 0;
    for (int layer = 0; layer < hidden.length; layer++) {
      roundings += a.length + 1;
      a = absolute(a, all("deep/" + layer + "/weight"), all("deep/" + layer + "/bias"));
    }
    roundings += a.length;
    a = absolute(a, all("out"), new double[1]);
    int fm = CATEGORICAL + width + 3;
    int first = DENSE + CATEGORICAL + 2;
    int sumOfParts = 3;
    return gamma(Math.max(roundings, Math.max(fm, first)) + sumOfParts)
        * (firstOrder() + pairs + a[0]);
  }

  /// |W|ᵀ a + |b| for W of shape [a, b].
  private static double[] absolute(double[] a, double[] weight, double[] bias) {
    double[] next = new double[bias.length];
    for (int j = 0; j < next.length; j++) {
      next[j] = Math.abs(bias[j]);
      for (int i = 0; i < a.length; i++) {
        next[j] += a[i] * Math.abs(weight[i * next.length + j]);
      }
    }
    return next;
  }
}
