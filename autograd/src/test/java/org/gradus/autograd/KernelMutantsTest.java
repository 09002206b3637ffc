// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.autograd.OpCase.ints;
import static org.gradus.autograd.OpCase.shape;

import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.InteractionKernels.Vectors;
import org.gradus.tensor.Kernels;
import org.gradus.tensor.LossKernels;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.RecurrentKernels.Gru;
import org.gradus.tensor.RecurrentKernels.GruGradients;
import org.gradus.tensor.RecurrentKernels.LstmGradients;
import org.gradus.tensor.RecurrentKernels.Mixing;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.RecurrentKernels.Sequences;
import org.gradus.tensor.SortKernels;
import org.gradus.tensor.host.Doubles;
import org.gradus.tensor.host.Ints;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Derivatives of several terms, with one of them left out inside the kernel: each fails its check. What [OpCase] alters
/// is whole gradients; this alters their parts.
class KernelMutantsTest {
  /// One wrong kernel.
  ///
  /// @param name what is wrong
  /// @param alter makes the wrong kernels from the right ones
  /// @param op on which it must show
  record Mutant(String name, UnaryOperator<Kernels> alter, OpCase op) {
    @Override
    public String toString() {
      return name;
    }
  }

  @ParameterizedTest
  @MethodSource({"softmax", "norm", "interactions", "recurrent", "tables", "others"})
  void failsItsCheck(Mutant mutant) {
    try (Device reference = Device.open("reference")) {
      GradCheck check = mutant.op.check().seed(4);
      check.check(reference, mutant.op.builder()).orFail();
      Device wrong = new AlteredDevice(reference, mutant.alter.apply(reference.kernels()));
      assertThat(check.check(wrong, mutant.op.builder()).passed()).isFalse();
    }
  }

  /// The kernels rewritten here are right when nothing is left out: it is the missing term that fails.
  @ParameterizedTest
  @MethodSource("controls")
  void passesWithEveryTerm(Mutant control) {
    try (Device reference = Device.open("reference")) {
      Device same = new AlteredDevice(reference, control.alter.apply(reference.kernels()));
      control.op.check().seed(4).check(same, control.op.builder()).orFail();
    }
  }

  static Stream<Mutant> controls() {
    OpCase columns = OpCase.of("batchNorm", shape(5, 2), x -> x.batchNorm(null, 1e-3).y());
    OpCase rows = OpCase.of("layerNorm", shape(2, 5), x -> x.layerNorm(1e-3));
    OpCase dots = OpCase.of("dots", shape(2, 3, 2), x -> x.dots(true, true));
    return Stream.of(
        new Mutant("columns", k -> AlteredKernels.with(k, norm(k, 1, 1)), columns),
        new Mutant("rows", k -> AlteredKernels.with(k, norm(k, 1, 1)), rows),
        new Mutant("dots", k -> AlteredKernels.with(k, dots(k, 1, 2)), dots),
        new Mutant("facing", k -> AlteredKernels.with(k, facing(k, 1, 1, 1, 1)), facing()),
        new Mutant("maximum of a bag", k -> maximum(k, true, true), bags(Pooling.MAX)));
  }

  static Stream<Mutant> softmax() {
    return Stream.of(
        new Mutant(
            "softmax without −y Σ y dy",
            k ->
                AlteredKernels.with(
                    k,
                    new AlteredKernels.Softmax(k) {
                      @Override
                      public void softmaxBackward(Buffer dx, Buffer dy, Buffer y, int rows, int n) {
                        for (int i = 0; i < rows * n; i++) {
                          at(dx)[i] = at(y)[i] * at(dy)[i];
                        }
                      }
                    }),
            OpCase.of("softmax", shape(3, 4), Var::softmax)),
        new Mutant(
            "log-softmax without −e^y Σ dy",
            k ->
                AlteredKernels.with(
                    k,
                    new AlteredKernels.Softmax(k) {
                      @Override
                      public void logSoftmaxBackward(
                          Buffer dx, Buffer dy, Buffer y, @Nullable Buffer m, int rows, int n) {
                        System.arraycopy(at(dy), 0, at(dx), 0, rows * n);
                      }
                    }),
            OpCase.of("logSoftmax", shape(3, 4), Var::logSoftmax)));
  }

  /// dx = s (dy − a · mean(dy) − b · y · mean(dy · y)) of n numbers, `stride` apart.
  private static void normalized(
      double[] dx, double[] dy, double[] y, int[] run, double s, double a, double b) {
    int from = run[0];
    int n = run[1];
    int stride = run[2];
    double sum = 0;
    double product = 0;
    for (int i = 0; i < n; i++) {
      sum += dy[from + i * stride];
      product += dy[from + i * stride] * y[from + i * stride];
    }
    for (int i = 0; i < n; i++) {
      int at = from + i * stride;
      dx[at] = s * (dy[at] - a * sum / n - b * y[at] * product / n);
    }
  }

  private static AlteredKernels.Norm norm(Kernels k, double a, double b) {
    return new AlteredKernels.Norm(k) {
      @Override
      public void normalizeColumnsBackward(
          Buffer dx,
          Buffer dy,
          Buffer y,
          Buffer variance,
          @Nullable Buffer rowMask,
          int rows,
          int n,
          double epsilon) {
        for (int c = 0; c < n; c++) {
          double s = 1 / Math.sqrt(at(variance)[c] + epsilon);
          normalized(at(dx), at(dy), at(y), new int[] {c, rows, n}, s, a, b);
        }
      }

      @Override
      public void normalizeRowsBackward(
          Buffer dx, Buffer dy, Buffer y, Buffer invStd, int rows, int n) {
        for (int r = 0; r < rows; r++) {
          normalized(at(dx), at(dy), at(y), new int[] {r * n, n, 1}, at(invStd)[r], a, b);
        }
      }
    };
  }

  static Stream<Mutant> norm() {
    OpCase columns = OpCase.of("batchNorm", shape(5, 2), x -> x.batchNorm(null, 1e-3).y());
    OpCase rows = OpCase.of("layerNorm", shape(2, 5), x -> x.layerNorm(1e-3));
    return Stream.of(columns, rows)
        .flatMap(
            op ->
                Stream.of(
                    new Mutant(
                        op.name() + " without mean(dy)",
                        k -> AlteredKernels.with(k, norm(k, 0, 1)),
                        op),
                    new Mutant(
                        op.name() + " without y · mean(dy · y)",
                        k -> AlteredKernels.with(k, norm(k, 1, 0)),
                        op)));
  }

  static Stream<Mutant> interactions() {
    OpCase pairwise = OpCase.of("pairwise", shape(2, 3, 2), Var::pairwise);
    OpCase dots = OpCase.of("dots", shape(2, 3, 2), x -> x.dots(true, true));
    return Stream.of(
        new Mutant(
            "pairwise without −e",
            k ->
                AlteredKernels.with(
                    k,
                    new AlteredKernels.Interaction(k) {
                      @Override
                      public void pairwiseBackward(
                          Buffer de, Buffer dy, Buffer sums, Buffer e, int b, int f, int w) {
                        for (int i = 0; i < b * f * w; i++) {
                          int example = i / (f * w);
                          at(de)[i] = at(dy)[example] * at(sums)[example * w + i % w];
                        }
                      }
                    }),
            pairwise),
        new Mutant("dots, diagonal once", k -> AlteredKernels.with(k, dots(k, 1, 1)), dots),
        new Mutant("dots, one triangle only", k -> AlteredKernels.with(k, dots(k, 0, 2)), dots),
        new Mutant(
            "facing, keys without the difference",
            k -> AlteredKernels.with(k, facing(k, 0, 1, 1, 1)),
            facing()),
        new Mutant(
            "facing, keys without the product",
            k -> AlteredKernels.with(k, facing(k, 1, 0, 1, 1)),
            facing()),
        new Mutant(
            "facing, query without the difference",
            k -> AlteredKernels.with(k, facing(k, 1, 1, 0, 1)),
            facing()),
        new Mutant(
            "facing, query without the product",
            k -> AlteredKernels.with(k, facing(k, 1, 1, 1, 0)),
            facing()));
  }

  private static OpCase facing() {
    return OpCase.of("facing", shape(2, 3, 2), shape(2, 2), Var::facing);
  }

  /// The derivative with factors before the terms that the difference and the product pass to the keys and to the query.
  private static AlteredKernels.Interaction facing(
      Kernels k, double keyMinus, double keyTimes, double queryMinus, double queryTimes) {
    return new AlteredKernels.Interaction(k) {
      @Override
      public void facingBackward(
          Buffer dq, Buffer dk, Buffer dz, Buffer q, Buffer keys, int batch, int steps, int w) {
        java.util.Arrays.fill(at(dq), 0, batch * w, 0);
        for (int i = 0; i < batch * steps * w; i++) {
          int z = i / w * 4 * w + i % w;
          int of = i / (steps * w) * w + i % w;
          double minus = at(dz)[z + 2 * w];
          double times = at(dz)[z + 3 * w];
          at(dk)[i] = at(dz)[z + w] - keyMinus * minus + keyTimes * at(q)[of] * times;
          at(dq)[of] += at(dz)[z] + queryMinus * minus + queryTimes * at(keys)[i] * times;
        }
      }
    };
  }

  /// de = G e of the packed lower triangle, with the other triangle times `mirror` and the diagonal times `diagonal`.
  private static AlteredKernels.Interaction dots(Kernels k, double mirror, double diagonal) {
    return new AlteredKernels.Interaction(k) {
      @Override
      public void dotsBackward(
          Vectors deb, Buffer dy, Vectors eb, int batch, int f, int w, boolean low, boolean self) {
        Buffer de = deb.rest();
        Buffer e = eb.rest();
        java.util.Arrays.fill(at(de), 0, batch * f * w, 0);
        int p = 0;
        for (int b = 0; b < batch; b++) {
          for (int i = 0; i < f; i++) {
            for (int j = 0; j <= i; j++) {
              double g = at(dy)[p++];
              for (int d = 0; d < w; d++) {
                int first = (b * f + i) * w + d;
                int second = (b * f + j) * w + d;
                if (i == j) {
                  at(de)[first] += diagonal * g * at(e)[first];
                } else {
                  at(de)[first] += g * at(e)[second];
                  at(de)[second] += mirror * g * at(e)[first];
                }
              }
            }
          }
        }
      }
    };
  }

  /// A GRU whose derivative is that of another one.
  private static Mutant wrongGru(
      String name, UnaryOperator<Sequences> x, UnaryOperator<Gru> gru, OpCase op) {
    return new Mutant(
        name,
        k ->
            AlteredKernels.with(
                k,
                new AlteredKernels.Recurrent(k) {
                  @Override
                  public void gruBackward(
                      GruGradients to, Buffer dy, Buffer y, Buffer kept, Sequences s, Gru g) {
                    super.gruBackward(to, dy, y, kept, x.apply(s), gru.apply(g));
                  }
                }),
        op);
  }

  private static Mutant wrongLstm(String name, UnaryOperator<Sequences> x, OpCase op) {
    return new Mutant(
        name,
        k ->
            AlteredKernels.with(
                k,
                new AlteredKernels.Recurrent(k) {
                  @Override
                  public void lstmBackward(
                      LstmGradients to, Buffer dy, Buffer y, Buffer kept, Sequences s) {
                    super.lstmBackward(to, dy, y, kept, x.apply(s));
                  }
                }),
        op);
  }

  /// Without the way of δ through the gates.
  private static Sequences noWeights(Sequences x) {
    Buffer none = new Doubles(new double[at(x.u()).length], x.u().length());
    return new Sequences(x.projected(), none, x.initial(), x.lengths(), x.size());
  }

  private static Sequences noLengths(Sequences x) {
    return new Sequences(x.projected(), x.u(), x.initial(), null, x.size());
  }

  private static Sequences noInitial(Sequences x) {
    return new Sequences(x.projected(), x.u(), null, x.lengths(), x.size());
  }

  static Stream<Mutant> recurrent() {
    UnaryOperator<Sequences> same = x -> x;
    OpCase after = RecurrentGradCheckTest.gru(Reset.AFTER, Mixing.UPDATE, 3, 1);
    OpCase before = RecurrentGradCheckTest.gru(Reset.BEFORE, Mixing.ATTENTION_UPDATE, 3, 1);
    OpCase keep = RecurrentGradCheckTest.gru(Reset.AFTER, Mixing.KEEP, 3, 1);
    OpCase lstm = RecurrentGradCheckTest.lstm(3, 1);
    return Stream.of(
        wrongGru("gru without dp Uᵀ", KernelMutantsTest::noWeights, g -> g, after),
        wrongGru("gru without dp Uᵀ, reset before", KernelMutantsTest::noWeights, g -> g, before),
        wrongGru("gru past the end of a row", KernelMutantsTest::noLengths, g -> g, keep),
        wrongGru("gru, dU without the first state", KernelMutantsTest::noInitial, g -> g, after),
        wrongGru(
            "gru, reset before for after",
            same,
            g -> new Gru(Reset.BEFORE, g.mixing(), null, null),
            after),
        wrongGru(
            "gru, keep for update",
            same,
            g -> new Gru(g.reset(), Mixing.KEEP, g.candidateBias(), null),
            after),
        wrongGru(
            "augru without attention",
            same,
            g -> new Gru(g.reset(), Mixing.UPDATE, null, null),
            before),
        wrongLstm("lstm without dp Uᵀ", KernelMutantsTest::noWeights, lstm),
        wrongLstm("lstm past the end of a row", KernelMutantsTest::noLengths, lstm),
        wrongLstm("lstm, dU without the first state", KernelMutantsTest::noInitial, lstm));
  }

  static Stream<Mutant> tables() {
    OpCase rows =
        new OpCase(
            "rows",
            GradCheck.of(0),
            params -> {
              TableParameter t = params.table("t", 4, 2, -1, Initializers.zeros());
              return (mode, _) ->
                  Map.of("y", Lookup.rows(mode.tape(), t, shape(4), 3, 1, 3, 0).add(1).square());
            });
    OpCase mean = bags(Pooling.MEAN);
    OpCase maximum = bags(Pooling.MAX);
    return Stream.of(
        new Mutant(
            "table rows, only the first of duplicates",
            k ->
                AlteredKernels.with(
                    k,
                    new AlteredKernels.Jagged(k) {
                      @Override
                      public void sumRows(
                          Buffer g,
                          Buffer dy,
                          SortKernels.Merged merged,
                          Buffer source,
                          @Nullable Buffer coefficient,
                          int width) {
                        for (int r = 0; r < merged.count(); r++) {
                          int place =
                              Ints.of(merged.order())[
                                  Ints.of(merged.segments())[merged.first() + r]];
                          System.arraycopy(at(dy), Ints.of(source)[place], at(g), r * width, width);
                        }
                      }
                    }),
            rows),
        new Mutant(
            "mean of a bag, not divided",
            k ->
                AlteredKernels.with(
                    k,
                    new AlteredKernels.Jagged(k) {
                      @Override
                      public void sumRows(
                          Buffer g,
                          Buffer dy,
                          SortKernels.Merged merged,
                          Buffer source,
                          @Nullable Buffer coefficient,
                          int width) {
                        super.sumRows(g, dy, merged, source, null, width);
                      }
                    }),
            mean),
        new Mutant(
            "places of a bag, all of the first example",
            k ->
                AlteredKernels.with(
                    k,
                    new AlteredKernels.Jagged(k) {
                      @Override
                      public void places(
                          Buffer ids,
                          Buffer source,
                          int at,
                          Buffer values,
                          Buffer offsets,
                          Slice s) {
                        Slice still = new Slice(s.first(), s.batch(), s.padding(), s.column(), 0);
                        super.places(ids, source, at, values, offsets, still);
                      }
                    }),
            mean),
        new Mutant("maximum of a bag, to every row", k -> maximum(k, false, true), maximum),
        new Mutant("maximum of a bag, bags overwrite", k -> maximum(k, true, false), maximum),
        new Mutant(
            "maximum of a list, to every row",
            k ->
                AlteredKernels.with(
                    k,
                    new AlteredKernels.Jagged(k) {
                      @Override
                      public void poolBackward(
                          Buffer dx,
                          Buffer dy,
                          @Nullable Buffer argmax,
                          Buffer offsets,
                          Pooling pooling,
                          int bags,
                          int width) {
                        super.poolBackward(dx, dy, null, offsets, Pooling.SUM, bags, width);
                      }
                    }),
            OpCase.of(
                "pool",
                GradCheck.of(0).input("x", shape(5, 2)),
                (m, in) -> in.get("x").pool(ints(m, shape(3), 0, 3, 5), Pooling.MAX))));
  }

  /// Two bags, of which the second holds an id of the first.
  private static OpCase bags(Pooling pooling) {
    return new OpCase(
        "bags " + pooling,
        GradCheck.of(0),
        params -> {
          TableParameter t = params.table("t", 4, 2, -1, Initializers.zeros());
          return (mode, _) ->
              Map.of(
                  "y",
                  Lookup.bags(
                      mode.tape(),
                      java.util.List.of(new Lookup.Bag(t, pooling)),
                      new int[] {1, 2, 3, 2},
                      new int[] {0, 3, 4},
                      null));
        });
  }

  /// The gradient of a row: dy of the bags that hold it.
  ///
  /// @param winners only where the row has the maximum of the bag
  /// @param sum over the bags; otherwise the last one counts
  private static Kernels maximum(Kernels k, boolean winners, boolean sum) {
    return AlteredKernels.with(
        k,
        new AlteredKernels.Jagged(k) {
          @Override
          public void sumRowsMax(
              Buffer g,
              Buffer dy,
              SortKernels.Merged merged,
              Buffer source,
              Buffer place,
              Buffer argmax,
              int width) {
            java.util.Arrays.fill(at(g), 0, merged.count() * width, 0);
            for (int r = 0; r < merged.count(); r++) {
              for (int s = Ints.of(merged.segments())[merged.first() + r];
                  s < Ints.of(merged.segments())[merged.first() + r + 1];
                  s++) {
                int n = Ints.of(merged.order())[s];
                for (int d = 0; d < width; d++) {
                  int from = Ints.of(source)[n] + d;
                  if (!winners || Ints.of(argmax)[from] == Ints.of(place)[n]) {
                    at(g)[r * width + d] = (sum ? at(g)[r * width + d] : 0) + at(dy)[from];
                  }
                }
              }
            }
          }
        });
  }

  static Stream<Mutant> others() {
    return Stream.of(
        new Mutant(
            "gather, duplicates overwrite",
            k ->
                AlteredKernels.with(
                    k,
                    new AlteredKernels.Gather(k) {
                      @Override
                      public void scatterAdd(
                          Buffer x, Buffer y, Buffer ids, int outer, int n, int count, int inner) {
                        for (int i = 0; i < count; i++) {
                          System.arraycopy(at(y), i * inner, at(x), Ints.of(ids)[i] * inner, inner);
                        }
                      }
                    }),
            OpCase.of(
                "gather",
                GradCheck.of(0).input("x", shape(3, 2)),
                (m, in) -> in.get("x").gather(0, ints(m, shape(4), 2, 0, 2, 1)))),
        new Mutant(
            "tile, the last copy only",
            k ->
                AlteredKernels.with(
                    k,
                    new AlteredKernels.Layout(k) {
                      @Override
                      public void add(Buffer y, Buffer x, View view) {
                        int n = y.length();
                        System.arraycopy(at(x), view.elements() - n, at(y), 0, n);
                      }
                    }),
            OpCase.of("tile", shape(3), x -> x.tile(4))),
        new Mutant(
            "linear, without the slope of the activation",
            k ->
                AlteredKernels.with(
                    k,
                    new AlteredKernels.MatMul(k) {
                      @Override
                      public void linearBackward(
                          Buffer dz, Buffer db, Buffer dy, Buffer y, Activation a, int m, int n) {
                        super.linearBackward(dz, db, dy, y, Activation.IDENTITY, m, n);
                      }
                    }),
            linear()),
        new Mutant(
            "linear, bias from the first row only",
            k ->
                AlteredKernels.with(
                    k,
                    new AlteredKernels.MatMul(k) {
                      @Override
                      public void linearBackward(
                          Buffer dz, Buffer db, Buffer dy, Buffer y, Activation a, int m, int n) {
                        super.linearBackward(dz, db, dy, y, a, m, n);
                        System.arraycopy(at(dz), 0, at(db), 0, n);
                      }
                    }),
            linear()),
        new Mutant(
            "cross-entropy without −t",
            k ->
                AlteredKernels.with(
                    k,
                    new LossKernels() {
                      @Override
                      public void crossEntropy(Buffer l, Buffer z, Buffer t, int n) {
                        k.loss().crossEntropy(l, z, t, n);
                      }

                      @Override
                      public void crossEntropyBackward(
                          Buffer dz, Buffer dl, Buffer z, Buffer t, int n) {
                        for (int i = 0; i < n; i++) {
                          at(dz)[i] = at(dl)[i] / (1 + Math.exp(-at(z)[i]));
                        }
                      }
                    }),
            OpCase.of(
                "crossEntropyWithLogits",
                GradCheck.of(0).input("x", shape(3)),
                (m, in) ->
                    in.get("x")
                        .crossEntropyWithLogits(
                            m.tape().scope().upload(shape(3), 1.0, 0.5, 0.0)))));
  }

  private static OpCase linear() {
    return OpCase.of(
        "linear",
        GradCheck.of(0).input("x", shape(4, 3)).input("w", shape(3, 2)).input("b", shape(2)),
        (_, in) -> in.get("x").linear(in.get("w"), in.get("b"), Activation.TANH));
  }

  private static double[] at(Buffer buffer) {
    return Doubles.of(buffer);
  }
}
