// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lstmforecast;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Recurrent.LstmInputs;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Dropout;
import org.gradus.layers.Lstm;
import org.gradus.layers.Lstm.Memory;
import org.gradus.models.Head;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// **LSTM forecaster**: reads a window of s steps and says what the next p will be — the LSTM of Hochreiter, Schmidhuber (1997)
/// as encoder, and one of three ways from its last state to a horizon (Ben Taieb et al. 2012; Sutskever, Vinyals, Le 2014).
///
/// ```
/// (h₁…h_s, c_s) = LSTM(x)                                                          (LF-1)
/// DIRECT     ŷ  = φ([h_s, e] W + b) ∈ ℝᵖ                                            (LF-2)
/// SEQ2SEQ    (h′_j, c′_j) = LSTM′([y_{j−1}, future_j], h′_{j−1}, c′_{j−1}),  (h′₀, c′₀) = (h_s, c_s)     (LF-3)
///            ŷ_j = φ([h′_j, e] w + b)                                               (LF-4)
/// RECURSIVE  ŷ₁ = φ([h_s, e] w + b), then the window moves on by a step, p times     (LF-5)
/// ```
///
/// x holds the past of every series of the schema, the target's own first. e is the embedding of the station, if
/// there is one. y_{j−1} is the last known value of the target at j = 1. After it, it is the model's own ŷ_{j−1} in evaluation; in
/// training, with probability `teacherForcing` and for each example apart, the true value. φ is [Positivity]. With quantiles there
/// are Q columns for each step, and what is fed back is the one nearest to the median.
///
/// The heads are the labels of the schema, which are called by the target's series: `power+1` is the first step of `power`. Where the
/// first label is a later step, there is a gap; RECURSIVE refuses it, since its forecast would stand in the window at another
/// step than its own.
///
/// Departs from the paper in four places: e also stands beside h′_j in (LF-4), where the sequence-to-sequence paper has no stations; its decoder is
/// one layer, which begins from the state of the encoder's top one; DIRECT does not read what is known ahead; and no state is carried
/// from one window to the next.
public final class LstmForecast implements Model {

  /// Sizes of the encoder, the way to the horizon, and what comes out.
  public record Config(Encoder encoder, Decoder decoder, Output output) {
    /// One layer of 64, all steps at once, targets of both signs: the setting that this library begins with.
    public static final Config PRESET =
        new Config(
            new Encoder(64, 1, 0.1, 4),
            new Decoder(Decoding.DIRECT, 1),
            new Output(Positivity.LINEAR, 1, List.of()));
  }

  /// What reads the window.
  ///
  /// @param hidden H
  /// @param layers one on the other
  /// @param dropout share dropped between layers
  /// @param stationDim width of the embedding of each categorical field; 0 reads none
  public record Encoder(int hidden, int layers, double dropout, int stationDim) {
    /// Checks the width of a station.
    public Encoder {
      if (stationDim < 0) {
        throw new IllegalArgumentException(
            "lstm-forecast: stationDim " + stationDim + ". Expected at least 0, which reads none.");
      }
    }
  }

  /// From the window to the horizon.
  ///
  /// @param kind which way
  /// @param teacherForcing share of fed-back values in training that are the true ones
  public record Decoder(Decoding kind, double teacherForcing) {
    /// Checks the range.
    public Decoder {
      if (!(teacherForcing >= 0 && teacherForcing <= 1)) {
        throw new IllegalArgumentException(
            "lstm-forecast: teacherForcing " + teacherForcing + ". Expected 0 to 1.");
      }
    }
  }

  /// What a step of the horizon is.
  ///
  /// @param head φ
  /// @param targetMean mean of the targets, for the first biases
  /// @param quantiles levels, rising; none for one number per step
  public record Output(Positivity head, double targetMean, List<Double> quantiles) {
    /// Checks mean and levels.
    public Output {
      if (!(targetMean >= 0 && targetMean < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "lstm-forecast: targetMean "
                + targetMean
                + ". Expected at least 0: the heads that begin at it are never negative.");
      }
      quantiles = List.copyOf(quantiles);
      double before = 0;
      for (double level : quantiles) {
        if (!(level > before && level < 1)) {
          throw new IllegalArgumentException(
              "lstm-forecast: quantiles "
                  + quantiles
                  + ". Expected rising numbers between 0 and 1.");
        }
        before = level;
      }
    }

    private int columns() {
      return Math.max(1, quantiles.size());
    }
  }

  /// How a window becomes a horizon.
  public enum Decoding {
    /// every step of the horizon from the last state, at once
    DIRECT,
    /// a second LSTM, which is fed what came before
    SEQ2SEQ,
    /// a forecast of one step, applied to its own forecasts
    RECURSIVE
  }

  private final Config config;
  private final Horizon horizon;
  private final List<Lstm> encoder = new ArrayList<>();
  private final List<Dropout> between = new ArrayList<>();
  private final @Nullable FieldEmbeddings station;
  private final @Nullable Lstm decoder;
  private final ForecastHead head;
  private final String path;

  /// A model for the labels of a schema: one per step of the horizon.
  public LstmForecast(Config config, Schema schema, Params params) {
    this.config = config;
    this.horizon = Horizon.of(schema, config.decoder.kind == Decoding.RECURSIVE);
    this.path = params.path();
    Encoder e = config.encoder;
    if (e.layers < 1) {
      throw new IllegalArgumentException(
          "lstm-forecast: " + e.layers + " layers. Expected at least 1.");
    }
    for (int l = 0; l < e.layers; l++) {
      int in = l == 0 ? horizon.series().size() : e.hidden;
      Params own = params.at("encoder").at(l);
      encoder.add(new Lstm(in, e.hidden, Lstm.BiasInit.ZERO_FORGET_ONE, own));
      between.add(new Dropout(e.dropout, own));
    }
    boolean stations = e.stationDim > 0 && !schema.categorical().isEmpty();
    station =
        stations
            ? new FieldEmbeddings(
                schema, e.stationDim, Numeric.RAW, params.at("station"), Initializers.normal(0.1))
            : null;
    boolean direct = config.decoder.kind == Decoding.DIRECT;
    decoder =
        config.decoder.kind == Decoding.SEQ2SEQ
            ? new Lstm(
                1 + horizon.known().size(),
                e.hidden,
                Lstm.BiasInit.ZERO_FORGET_ONE,
                params.at("decoder"))
            : null;
    int in = e.hidden + (station == null ? 0 : station.count() * e.stationDim);
    int steps = direct ? horizon.labels().size() : 1;
    head = new ForecastHead(in, steps * config.output.columns(), config.output, params.at("head"));
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    return outputs(
        forecast(
            batch, mode, config.decoder.kind, mode.training() ? config.decoder.teacherForcing : 0));
  }

  /// What RECURSIVE says when every step is given the true values of those before it: a forecast of one step, p times. That is
  /// another task, with another score.
  public Outputs rollingOneStep(Batch batch, Mode mode) {
    if (config.decoder.kind != Decoding.RECURSIVE) {
      throw new IllegalArgumentException(
          "lstm-forecast: rolling one-step forecasts of "
              + config.decoder.kind
              + ". Expected RECURSIVE, whose step is one.");
    }
    return outputs(recursive(batch, mode, 1));
  }

  /// The horizon step by step, `[B, Q]` each.
  private List<Var> forecast(Batch batch, Mode mode, Decoding kind, double forcing) {
    return switch (kind) {
      case DIRECT -> direct(batch, mode);
      case SEQ2SEQ -> sequence(batch, mode, forcing);
      case RECURSIVE -> recursive(batch, mode, forcing);
    };
  }

  private List<Var> direct(Batch batch, Mode mode) {
    int q = config.output.columns();
    Var h = encode(horizon.past(batch, mode), mode).h(); //                  [B, H]  (LF-1)
    Var y = head.forward(withStation(h, batch, mode), mode); //              [B, p·Q]  (LF-2)
    List<Var> steps = new ArrayList<>();
    for (int j = 0; j < horizon.labels().size(); j++) {
      steps.add(y.slice(1, j * q, (j + 1) * q)); //                          [B, Q]
    }
    return steps;
  }

  private List<Var> sequence(Batch batch, Mode mode, double forcing) {
    Lstm cell = decoder;
    if (cell == null) {
      throw new IllegalStateException("lstm-forecast: no decoder");
    }
    Var x = horizon.past(batch, mode); //                                    [B, s, F]
    Memory memory = encode(x, mode); //                                      [B, H] each  (LF-1)
    Var before = x.index(1, horizon.steps() - 1).slice(1, 0, 1); //          [B, 1]
    List<Var> steps = new ArrayList<>();
    for (int j = 0; j < horizon.labels().size(); j++) {
      memory = cell.cell(horizon.with(before, j, batch, mode), memory); //   [B, H] each  (LF-3)
      Var y = head.forward(withStation(memory.h(), batch, mode), mode); //   [B, Q]  (LF-4)
      steps.add(y);
      before = fedBack(y, j, batch, mode, forcing);
    }
    return steps;
  }

  private List<Var> recursive(Batch batch, Mode mode, double forcing) {
    Var x = horizon.past(batch, mode); //                                    [B, s, F]
    List<Var> steps = new ArrayList<>();
    for (int j = 0; j < horizon.labels().size(); j++) {
      Var h = encode(x, mode).h(); //                                        [B, H]  (LF-1)
      Var y = head.forward(withStation(h, batch, mode), mode); //            [B, Q]  (LF-5)
      steps.add(y);
      Var next = horizon.with(fedBack(y, j, batch, mode, forcing), j, batch, mode);
      x = Var.concat(1, List.of(x.slice(1, 1, horizon.steps()), next.unsqueeze(1)));
    }
    return steps;
  }

  /// The last state and cell of the top layer.
  private Memory encode(Var x, Mode mode) {
    Var in = x; //                                                           [B, s, F]
    for (int l = 0; ; l++) {
      Lstm.Found found = encoder.get(l).forward(in, LstmInputs.NONE);
      if (l == encoder.size() - 1) {
        return new Memory(found.states().last(), found.lastCell());
      }
      in = between.get(l).forward(found.states().carried(), mode); //        [B, s, H]
    }
  }

  private Var withStation(Var h, Batch batch, Mode mode) {
    return station == null
        ? h
        : Var.concat(1, List.of(h, station.lookup(batch, mode).flatten(1))); // [B, H + D]
  }

  /// What stands for step j when step j + 1 is computed, `[B, 1]`.
  private Var fedBack(Var y, int j, Batch batch, Mode mode, double forcing) {
    int q = Head.Quantiles.middle(config.output.quantiles);
    Var own = y.slice(1, q, q + 1); //                                       [B, 1]
    if (forcing == 0) {
      return own;
    }
    Tape tape = mode.tape();
    int size = batch.size();
    Var truth = tape.constant(Shape.of(size, 1), batch.label(horizon.labels().get(j)));
    if (forcing == 1) {
      return truth;
    }
    long key = mode.draw(path + "/teacher");
    boolean[] forced = tape.scope().booleans(size);
    for (int b = 0; b < size; b++) {
      forced[b] = Counter.uniform53(key, b) < forcing;
    }
    Tensor mask = tape.scope().upload(Shape.of(size, 1), forced);
    return truth.where(mask, own);
  }

  private Outputs outputs(List<Var> steps) {
    Outputs outputs = new Outputs(Map.of(), Map.of());
    List<Double> levels = config.output.quantiles;
    for (int j = 0; j < steps.size(); j++) {
      Var y = steps.get(j);
      outputs =
          outputs.with(
              horizon.labels().get(j),
              levels.isEmpty() ? new Head.Value(y.squeeze(1)) : new Head.Quantiles(y, levels));
    }
    return outputs;
  }
}
