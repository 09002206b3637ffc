// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import it.unimi.dsi.fastutil.floats.FloatArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Linear;
import org.gradus.layers.Mlp;
import org.gradus.models.Fitted;
import org.gradus.models.Outputs;
import org.gradus.models.Served;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **YoutubeDNN**, ranking — Covington, Adams, Sargin. RecSys 2016,
/// [doi:10.1145/2959100.2959190](https://doi.org/10.1145/2959100.2959190)
///
/// ```
/// n = [x̃, x̃², √x̃, 1 if x is missing] of each number x, x̃ its quantile          (YR-2)
/// z = tower of ReLU layers on n and the vectors of the fields, and one number    (YR-3)
/// ```
///
/// The label is a click; how long it was watched is the weight of the example, of which a schema without weights takes 1 and
/// gives ordinary logistic regression. The loss is (YR-4) or (YR-5) of [WatchTime], and takes the place of the trainer's.
///
/// The head is the logit z, so that AUC and grouped AUC of clicks are measured; the served number is [#expectedWatchTime] of it,
/// where the schema has weights. Where only a share ρ of the negatives was kept, z + ln ρ is given in evaluation.
///
/// Where rows belong to users, the trainer measures the paper's weighted per-user loss too.
///
/// Departs from the paper in three places: a number that is missing counts as 0.5 and has an input that says so; the head is the logit z,
/// whose log loss against clicks is not what was minimised; and features of the past are the data's to bring.
public final class YoutubeRanking implements Fitted, Served {

  /// `PAPER`: a tower of 1024, 512 and 256, embeddings as wide as the logarithm of their number, odds as in the paper.
  ///
  /// @param embeddingDim D, or 0 for ⌈log₂ n⌉
  /// @param hidden layers of the tower
  /// @param quantiles Q, of every number
  /// @param watchTime the loss
  /// @param negativeKeepRate ρ
  public record Config(
      int embeddingDim,
      List<Integer> hidden,
      int quantiles,
      WatchTime watchTime,
      double negativeKeepRate) {
    /// The setting of the paper.
    public static final Config PAPER =
        new Config(
            0,
            List.of(1024, 512, 256),
            1000,
            new WatchTime(WatchTime.Weighting.PAPER, WatchTime.Normalise.MEAN_OVER_N, 0, 20),
            1);

    /// Checks the ranges.
    public Config {
      if (quantiles < 1 || !(negativeKeepRate > 0 && negativeKeepRate <= 1)) {
        throw new IllegalArgumentException(
            "youtube-ranking: quantiles "
                + quantiles
                + ", negativeKeepRate "
                + negativeKeepRate
                + ". Expected at least 1, and a share above 0.");
      }
    }
  }

  private final Config config;
  private final PooledFields fields;
  private final Mlp tower;
  private final Linear out; //                      [h, 1]
  private final List<DenseParameter> breaks; //     [Q + 1] for each number
  private final DenseParameter rows; //             how many the quantiles are of
  private final int numbers; //                     c
  private final Target target;
  private final boolean weighted;
  private @Nullable Quantiles read;

  /// A model for the only label of the schema.
  public YoutubeRanking(Config config, Schema schema, Params params) {
    target = Target.binary("youtube-ranking", schema);
    this.config = config;
    weighted = !schema.all(Field.SampleWeight.class).isEmpty();
    numbers = schema.dense().size();
    fields = new PooledFields(schema, Set.of(), config.embeddingDim, params.at("v"));
    int width = fields.width() + Quantiles.INPUTS * numbers;
    tower = new Mlp(width, config.hidden, Mlp.Style.RELU, params.at("tower"));
    out = new Linear(tower.out(), 1, params.at("out"));
    Params of = params.at("quantiles");
    Shape shape = Shape.of(config.quantiles + 1);
    breaks = schema.dense().stream().map(f -> of.state(f.name(), shape, 0)).toList();
    rows = params.state("rows", Shape.scalar(), 0);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var z = out.forward(tower.forward(inputs(batch, mode), mode)).squeeze(1); // [B]  (YR-3)
    if (!mode.training()) {
      double kept = config.negativeKeepRate;
      return target.outputs(kept < 1 ? z.add(StrictMath.log(kept)) : z); //      [B]
    }
    float[] y = batch.label(target.label());
    float @Nullable [] mask = batch.labelMask(target.label());
    Var loss = config.watchTime.loss(z, y, batch.sampleWeights(), mask);
    return target.outputs(z).withLoss(target.label(), loss);
  }

  private Var inputs(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    if (numbers == 0) {
      return fields.lookup(batch, mode);
    }
    Shape shape = Shape.of(batch.size(), Quantiles.INPUTS * numbers);
    double[] inputs = tape.scope().doubles(shape.elements());
    quantiles().inputs(batch.dense(), inputs);
    Var dense = tape.constant(shape, inputs); //                         [B, 4c]  (YR-2)
    return fields.width() == 0 ? dense : Var.concat(1, List.of(fields.lookup(batch, mode), dense));
  }

  /// Seconds, or whatever unit the weights of the clicks are in, that an impression is expected to be watched.
  ///
  /// @param z a logit in evaluation
  public double expectedWatchTime(double z) {
    return config.watchTime.expected(z);
  }

  /// `watch_time`; without weights e^z are the odds of a click.
  @Override
  public @Nullable String servedName() {
    return weighted ? "watch_time" : null;
  }

  @Override
  public double served(double score) {
    return expectedWatchTime(score);
  }

  private Quantiles quantiles() {
    Quantiles q = read;
    if (q == null) {
      if (!fitted()) {
        throw new IllegalStateException(
            "youtube-ranking: there are no quantiles yet. Expected fit(rows, seed) before the first"
                + " batch, which the trainer calls, or the parameters of a run.");
      }
      float[][] of = new float[numbers][config.quantiles + 1];
      for (int c = 0; c < numbers; c++) {
        double[] all = breaks.get(c).value().toDoubles();
        for (int k = 0; k < all.length; k++) {
          of[c][k] = (float) all[k];
        }
      }
      q = new Quantiles(of);
      read = q;
    }
    return q;
  }

  @Override
  public boolean fitted() {
    return numbers == 0 || rows.value().item() > 0;
  }

  /// Finds the quantiles of every number.
  @Override
  public String fit(Rows training, long seed) {
    FloatArrayList[] columns = new FloatArrayList[numbers];
    Arrays.setAll(columns, _ -> new FloatArrayList());
    int[] count = new int[1];
    training.forEach(
        batch -> {
          float[] dense = batch.dense();
          for (int i = 0; i < dense.length; i++) {
            columns[i % numbers].add(dense[i]);
          }
          count[0] += batch.size();
        });
    float[][] found = Quantiles.of(columns, config.quantiles).breaks();
    for (int c = 0; c < numbers; c++) {
      breaks.get(c).write(found[c]);
    }
    rows.write((double) count[0]);
    read = null;
    return config.quantiles + " quantiles of " + numbers + " numbers, from " + count[0] + " rows";
  }

  @Override
  public long @Nullable [] trainedRows(Rows training, long seed) {
    return null;
  }
}
