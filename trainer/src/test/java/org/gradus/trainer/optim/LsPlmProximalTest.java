// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.trainer.loss.LossConfig;
import org.gradus.trainer.loss.Objective;
import org.junit.jupiter.api.Test;

/// LS-PLM with λ‖Θ‖₂,₁ + β‖Θ‖₁ by proximal descent. The oracle is the paper's own direction of descent (LS-5): where it is zero,
/// no direction leads down.
class LsPlmProximalTest {
  private static final int ROWS = 80;
  private static final int NOISE = 10;
  private static final int REGIONS = 2;
  private static final double LAMBDA = 0.02;
  private static final double BETA = 0.002;

  private static final Schema SCHEMA =
      Schema.of(
          new Field.Categorical("user", 4),
          new Field.Categorical("item", 4),
          new Field.Categorical("noise", 2 + NOISE),
          new Field.Label("click", Field.LabelKind.BINARY));

  private static final List<String> TABLES = List.of("user", "item", "noise");

  /// Clicks where user and item are alike, with one in ten turned round, and a field that says nothing.
  private static Batch batch() {
    int[] ids = new int[3 * ROWS];
    float[] y = new float[ROWS];
    for (int b = 0; b < ROWS; b++) {
      ids[b] = 2 + b % 2;
      ids[ROWS + b] = 2 + b / 2 % 2;
      ids[2 * ROWS + b] = 2 + (int) Counter.below(3, b, NOISE);
      boolean alike = ids[b] == ids[ROWS + b];
      y[b] = alike == Counter.uniform(4, b) >= 0.1 ? 1 : 0;
    }
    return Batch.builder(SCHEMA, ROWS)
        .sparse(KeyedJaggedTensor.oneHot(TABLES, ids, ROWS))
        .real("click", y)
        .build();
  }

  private static double[] rows(Params params, String table) {
    TableParameter t = (TableParameter) params.get("theta/" + table);
    double[] values = new double[(int) t.elements()];
    t.table().read(0, values);
    return values;
  }

  private static double sigmoid(double z) {
    return 1 / (1 + StrictMath.exp(-z));
  }

  /// G = ∂ mean loss / ∂Θ of every table, by the formulas of the specification.
  private static double[][] slopes(Params params, Batch batch) {
    int width = 2 * REGIONS;
    double[][] theta = new double[3][];
    double[][] g = new double[3][];
    for (int f = 0; f < 3; f++) {
      theta[f] = rows(params, TABLES.get(f));
      g[f] = new double[theta[f].length];
    }
    double[] constant = ((DenseParameter) params.get("constant/theta")).value().toDoubles();
    for (int b = 0; b < ROWS; b++) {
      double[] score = constant.clone();
      for (int f = 0; f < 3; f++) {
        for (int j = 0; j < width; j++) {
          score[j] += theta[f][batch.sparse().of(TABLES.get(f)).values()[b] * width + j];
        }
      }
      double all = 0;
      for (int i = 0; i < REGIONS; i++) {
        all += StrictMath.exp(score[i]);
      }
      double[] pi = new double[REGIONS];
      double[] eta = new double[REGIONS];
      double p = 0;
      for (int i = 0; i < REGIONS; i++) {
        pi[i] = StrictMath.exp(score[i]) / all;
        eta[i] = sigmoid(score[REGIONS + i]);
        p += pi[i] * eta[i];
      }
      double y = batch.label("click")[b];
      double delta = (-y / p + (1 - y) / (1 - p)) / ROWS;
      for (int f = 0; f < 3; f++) {
        int at = batch.sparse().of(TABLES.get(f)).values()[b] * width;
        for (int i = 0; i < REGIONS; i++) {
          g[f][at + i] += delta * pi[i] * (eta[i] - p);
          g[f][at + REGIONS + i] += delta * pi[i] * eta[i] * (1 - eta[i]);
        }
      }
    }
    return g;
  }

  /// (LS-5): the direction in which the penalised loss falls fastest, of one row.
  private static double[] direction(double[] theta, double[] g) {
    int n = theta.length;
    double length = Math.sqrt(Arrays.stream(theta).map(x -> x * x).sum());
    double[] v = new double[n];
    for (int j = 0; j < n; j++) {
      v[j] = Math.max(Math.abs(g[j]) - BETA, 0) * Math.signum(-g[j]);
    }
    double norm = Math.sqrt(Arrays.stream(v).map(x -> x * x).sum());
    double[] d = new double[n];
    for (int j = 0; j < n; j++) {
      if (length == 0) {
        d[j] = norm == 0 ? 0 : Math.max(norm - LAMBDA, 0) * v[j] / norm;
      } else {
        double s = -g[j] - LAMBDA * theta[j] / length;
        d[j] =
            theta[j] != 0
                ? s - BETA * Math.signum(theta[j])
                : Math.max(Math.abs(s) - BETA, 0) * Math.signum(s);
      }
    }
    return d;
  }

  private static double steepest(Params params, Batch batch) {
    double[][] g = slopes(params, batch);
    int width = 2 * REGIONS;
    double most = 0;
    for (int f = 0; f < 3; f++) {
      double[] theta = rows(params, TABLES.get(f));
      for (int at = width; at < theta.length; at += width) { // row 0 is padding
        double[] d =
            direction(
                Arrays.copyOfRange(theta, at, at + width),
                Arrays.copyOfRange(g[f], at, at + width));
        most = Math.max(most, Arrays.stream(d).map(Math::abs).max().orElse(0));
      }
    }
    return most;
  }

  private static boolean isZero(double[] theta, int row) {
    int width = 2 * REGIONS;
    return Arrays.stream(theta, row * width, (row + 1) * width).allMatch(x -> x == 0);
  }

  /// Descends until nothing moves: every feature that says nothing has a row of zeros, the others have none, and the paper's
  /// direction is zero everywhere.
  @Test
  void endsWhereThePapersDirectionIsZero() {
    ModelSpec spec = Models.get("ls-plm");
    Batch batch = batch();
    Objective objective = new Objective(LossConfig.ALL, SCHEMA);
    Group group = Group.all(new Rule.Proximal(BETA, LAMBDA), 1);
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      Model model =
          spec.create(spec.settings(Map.of("m", Integer.toString(REGIONS))), SCHEMA, params);
      for (String table : TABLES) { // from noise of 0.01 all rows of such data end at 0
        TableParameter t = (TableParameter) params.get("theta/" + table);
        double[] start = new double[(int) t.elements()];
        for (int i = 2 * REGIONS; i < start.length; i++) {
          start[i] = Initializers.normalAt(Counter.key(5, table), i);
        }
        t.table().write(0, start);
      }
      assertThat(steepest(params, batch)).isGreaterThan(0.01);
      try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(group))) {
        for (long step = 1; step <= 3000; step++) {
          try (Tape tape = Tape.recording(device)) {
            Mode mode = Mode.training(tape, 1, step);
            optimizer.step(
                tape.backward(objective.of(model.forward(batch, mode), batch).total()), step);
          }
        }
      }
      assertThat(steepest(params, batch)).isCloseTo(0, within(1e-9));
      for (String table : List.of("user", "item")) {
        assertThat(isZero(rows(params, table), 1)).as("unknown %s, never seen", table).isTrue();
        assertThat(isZero(rows(params, table), 2) && isZero(rows(params, table), 3)).isFalse();
      }
      double[] noise = rows(params, "noise");
      long zeros =
          java.util.stream.IntStream.range(1, 2 + NOISE).filter(r -> isZero(noise, r)).count();
      assertThat(zeros).isEqualTo(1 + NOISE);
    }
  }
}
