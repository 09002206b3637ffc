// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lstmforecast;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.lstmforecast.LstmForecast.Config;
import org.gradus.models.lstmforecast.LstmForecast.Decoding;

/// `--model lstm-forecast`.
public final class LstmForecastSpec implements ModelSpec {
  @Override
  public String name() {
    return "lstm-forecast";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Long Short-Term Memory",
        "S. Hochreiter, J. Schmidhuber",
        1997,
        "Neural Computation",
        "https://doi.org/10.1162/neco.1997.9.8.1735");
  }

  @Override
  public List<Option> options() {
    Config p = Config.PRESET;
    return List.of(
        Option.choice("decoding", p.decoder().kind(), "from the window to the horizon"),
        Option.integer("hidden", p.encoder().hidden(), List.of(3, 2), "numbers in a state"),
        Option.integer("layers", p.encoder().layers(), List.of(1, 2), "LSTMs one on the other"),
        Option.real(
            "dropout", p.encoder().dropout(), List.of(0.0, 0.4), "share dropped between layers"),
        Option.integer(
            "stationDim", p.encoder().stationDim(), List.of(2, 0), "width of a station; 0: none"),
        Option.real(
            "teacherForcing",
            p.decoder().teacherForcing(),
            List.of(1.0, 0.5, 0.0),
            "share of true values fed back in training"),
        Option.choice("head", p.output().head(), "what keeps forecasts from being negative"),
        Option.real(
            "targetMean", p.output().targetMean(), List.of(1.0, 0.5), "of the targets, for biases"),
        Option.words(
            "quantiles",
            List.of(),
            List.of("", "0.1,0.5,0.9"),
            "levels that are predicted instead of one number"));
  }

  /// A target, a clock that is known ahead, and a station.
  @Override
  public Schema exampleSchema(Settings settings) {
    return Schema.of(
        new Field.Series("power", 4),
        new Field.Series("hour", 4, 2),
        new Field.Categorical("station", 5),
        new Field.Label("power+1", Field.LabelKind.REGRESSION),
        new Field.Label("power+2", Field.LabelKind.REGRESSION));
  }

  @Override
  public Set<Field.LabelKind> labelKinds() {
    return EnumSet.of(Field.LabelKind.REGRESSION);
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new LstmForecast(
        new Config(
            new LstmForecast.Encoder(
                s.integer("hidden"),
                s.integer("layers"),
                s.real("dropout"),
                s.integer("stationDim")),
            new LstmForecast.Decoder(
                s.choice("decoding", Decoding.class), s.real("teacherForcing")),
            new LstmForecast.Output(
                s.choice("head", Positivity.class),
                s.real("targetMean"),
                levels(s.wordList("quantiles")))),
        schema,
        params);
  }

  private static List<Double> levels(List<String> words) {
    List<Double> levels = new ArrayList<>();
    for (String word : words) {
      try {
        levels.add(Double.parseDouble(word));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "lstm-forecast: quantile " + word + ". Expected a number between 0 and 1.", e);
      }
    }
    return levels;
  }
}
