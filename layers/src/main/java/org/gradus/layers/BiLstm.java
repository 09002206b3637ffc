// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Recurrent.LstmInputs;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// **Bidirectional LSTM** — Schuster, Paliwal, IEEE Transactions on Signal Processing 1997; in layers, as DSIN reads sessions.
///
/// ```
/// F⁰ = R⁰ = x                                                          (BI-1)
/// Fˡ = LSTM_fw(Fˡ⁻¹),  Rˡ = rev(LSTM_bw(rev(Rˡ⁻¹)))                    (BI-2)
/// Fˡ += Fˡ⁻¹,  Rˡ += Rˡ⁻¹  in the last residual layers                  (BI-3)
/// F, R, [F, R], F + R, (F + R)/2 or F ∘ R                              (BI-4)
/// ```
///
/// rev turns the real steps of a row around and leaves its padding behind them, so that no direction reads padding before a
/// step, and place t belongs to step t in both.
public final class BiLstm {
  /// How the two directions become one.
  public enum Merge {
    /// F
    FORWARD,
    /// R
    BACKWARD,
    /// `[F, R]`
    CONCAT,
    /// F + R
    SUM,
    /// (F + R)/2
    AVERAGE,
    /// F ∘ R, whose gradients vanish where one of them does
    MULTIPLY,
    /// F and R apart
    NONE
  }

  /// What a layer above the first one reads.
  public enum Stacking {
    /// The direction below: the two never see each other before they are merged.
    INDEPENDENT,
    /// Both directions below, `[Fˡ⁻¹, Rˡ⁻¹]`.
    MERGED
  }

  /// What a user may set.
  ///
  /// @param layers how many, at least 1
  /// @param residualLayers how many of the last ones add what stands below them
  /// @param merge how the two directions become one
  /// @param stacking what a layer above the first one reads
  /// @param cell of both directions of every layer; its order is not looked at
  public record Config(
      int layers, int residualLayers, Merge merge, Stacking stacking, Lstm.Config cell) {
    /// The setting of DSIN's authors: two layers, a fifth of the inputs dropped, the mean of the directions.
    public static final Config SESSIONS =
        new Config(
            2, 0, Merge.AVERAGE, Stacking.INDEPENDENT, Lstm.Config.PLAIN.withDropout(0.2, 0));

    /// One layer.
    public static Config single(Merge merge, Lstm.Config cell) {
      return new Config(1, 0, merge, Stacking.INDEPENDENT, cell);
    }

    /// Checks the numbers.
    public Config {
      if (layers < 1 || residualLayers < 0 || residualLayers > layers) {
        throw new IllegalArgumentException(
            "bilstm: "
                + layers
                + " layers, "
                + residualLayers
                + " of them residual. Expected at least 1, and 0 to as many.");
      }
    }
  }

  private final Config config;
  private final List<Lstm> forward = new ArrayList<>();
  private final List<Lstm> backward = new ArrayList<>();
  private final int width;

  /// The directions of layer l have the paths `l/forward` and `l/backward` under `params`.
  ///
  /// @param in D, numbers in a step
  /// @param width H, numbers in a state of one direction
  public BiLstm(int in, int width, Config config, Params params) {
    if (config.residualLayers == config.layers && in != width) {
      throw new IllegalArgumentException(
          params.path()
              + ": the first layer is residual, and reads "
              + in
              + " numbers where its states have "
              + width
              + ". Expected as many, or fewer residual layers.");
    }
    this.config = config;
    this.width = width;
    for (int l = 0; l < config.layers; l++) {
      int below = l == 0 ? in : config.stacking == Stacking.MERGED ? 2 * width : width;
      Params p = params.at(l);
      Lstm.Config cell = config.cell;
      forward.add(new Lstm(below, width, cell.withOrder(Lstm.Order.FORWARD), p.at("forward")));
      backward.add(new Lstm(below, width, cell.withOrder(Lstm.Order.BACKWARD), p.at("backward")));
    }
  }

  /// Numbers in a merged state: H, or 2H.
  public int out() {
    return config.merge == Merge.CONCAT ? 2 * width : width;
  }

  /// The states of both directions.
  ///
  /// @param x `[B, T, D]`
  /// @param lengths `INT [B]`, each 0 … T: what lies behind changes nothing; null when every row has T steps
  public BiStates forward(Var x, @Nullable Tensor lengths, Mode mode) {
    LstmInputs more = new LstmInputs(null, null, lengths);
    Var f = emitted(x, lengths); //                                         (BI-1)
    Var r = f;
    List<Lstm.Memory> last = List.of();
    for (int l = 0; l < config.layers; l++) {
      boolean both = l > 0 && config.stacking == Stacking.MERGED;
      Var below = both ? Var.concat(2, List.of(f, r)) : f; //               [B, T, H or 2H]
      Lstm.Found fw = forward.get(l).forward(below, more, mode);
      Lstm.Found bw = backward.get(l).forward(both ? below : r, more, mode);
      Var nextF = fw.states().emitted(); //                                 [B, T, H]  (BI-2)
      Var nextR = bw.states().emitted();
      boolean residual = l >= config.layers - config.residualLayers;
      f = residual ? nextF.add(f) : nextF; //                               (BI-3)
      r = residual ? nextR.add(r) : nextR;
      last = List.of(fw.last(), bw.last());
    }
    return new BiStates(f, r, last, lengths, config.merge);
  }

  /// x, and 0 behind the end of a row: a residual layer would hand padding on.
  private static Var emitted(Var x, @Nullable Tensor lengths) {
    if (lengths == null) {
      return x;
    }
    Tape tape = x.tape();
    int time = x.size(1);
    Tensor real = Masks.sequenceMask(tape.scope(), tape.scope().ints(lengths), time);
    return x.keepWhere(tape.scope().reshape(real, Shape.of(x.size(0), time, 1)));
  }
}
