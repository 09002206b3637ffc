// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.models.Settings;
import org.gradus.models.Spelling;
import org.gradus.trainer.bench.TrainedModel.Rules;

/// The workloads with a name, and those made of any other model.
public final class Workloads {
  /// Rows of each table unless asked for otherwise.
  public static final int ROWS = 100_000;

  /// The longest history that is generated for a model that reads one.
  private static final int HISTORY = 50;

  private static final int FIELDS = 26;
  private static final int NUMBERS = 13;

  private Workloads() {}

  /// Every workload with a name of its own.
  ///
  /// @param rows of each table
  public static List<Workload> all(int rows) {
    return List.of(deepFm(rows), dlrm(rows), din(rows), gru(), lstm());
  }

  /// The workload of this name.
  public static Workload get(String name, int rows) {
    for (Workload w : all(rows)) {
      if (w.name().equals(name)) {
        return w;
      }
    }
    List<String> names = all(rows).stream().map(Workload::name).toList();
    throw new IllegalArgumentException(
        "bench: no workload "
            + name
            + "."
            + Spelling.hint(name, names)
            + " Expected "
            + String.join(", ", names)
            + " or all; --model measures any other model.");
  }

  /// DeepFM with embeddings of 16 and a tower 400-400-400, 2048 examples of Criteo's shape; Adam, and Adagrad for tables.
  public static TrainedModel deepFm(int rows) {
    ModelSpec spec = Models.get("deepfm");
    return new TrainedModel(
        "deepfm",
        spec,
        spec.settings(Map.of("embeddingDim", "16", "hidden", "400,400,400", "dropout", "0")),
        criteo(rows),
        Rules.ADAM_AND_ADAGRAD,
        2048);
  }

  /// DLRM with embeddings of 64, towers 512-256-64 and 512-256-1 and dot products, 2048 examples of Criteo's shape; gradient
  /// descent.
  public static TrainedModel dlrm(int rows) {
    ModelSpec spec = Models.get("dlrm");
    return new TrainedModel(
        "dlrm",
        spec,
        spec.settings(
            Map.of(
                "embeddingDim", "64", "bottom", "512,256,64", "top", "512,256", "init", "PYTORCH")),
        criteo(rows),
        Rules.SGD,
        2048);
  }

  /// DIN with embeddings of 32, an activation unit 80-40 with sigmoids on candidate, step, difference and product, and a tower
  /// 200-80, on 512 histories of 50; Adam, and Adagrad for the table.
  public static TrainedModel din(int rows) {
    ModelSpec spec = Models.get("din");
    Schema schema =
        Schema.of(
            new Field.Categorical("item", rows),
            new Field.Sequence("history", rows, "item", HISTORY),
            new Field.Label("label", Field.LabelKind.BINARY));
    return new TrainedModel(
        "din",
        spec,
        spec.settings(
            Map.of(
                "embeddingDim", "32",
                "attentionHidden", "80,40",
                "attentionActivation", "SIGMOID",
                "attentionNormalization", "NONE",
                "hidden", "200,80",
                "activation", "RELU")),
        schema,
        Rules.ADAM_AND_ADAGRAD,
        512);
  }

  /// A GRU of 32 numbers over 512 sequences of 50.
  public static GruLayer gru() {
    return new GruLayer(512);
  }

  /// An LSTM of 32 numbers over 512 sequences of 50.
  public static LstmLayer lstm() {
    return new LstmLayer(512);
  }

  /// Any model on 2048 examples: of Criteo's shape, or, where it reads histories, scenarios or several labels, of its own example
  /// with larger tables and histories of 50. The first two of Criteo's fields are then called `user_id` and `item_id`, for models
  /// that read no others.
  public static TrainedModel of(ModelSpec spec, Map<String, String> given, int rows) {
    Settings settings = spec.settings(given);
    Schema example = spec.exampleSchema(settings);
    boolean anyFeatures =
        example.labels().size() == 1
            && example.fields().stream()
                .noneMatch(
                    f ->
                        f instanceof Field.Sequence
                            || f instanceof Field.Sessions
                            || f instanceof Field.LabelMask
                            || f instanceof Field.Domain);
    Schema schema = anyFeatures ? criteo(rows, "user_id", "item_id") : enlarged(example, rows);
    return new TrainedModel(spec.name(), spec, settings, schema, Rules.ADAM_AND_ADAGRAD, 2048);
  }

  /// Thirteen numbers, 26 fields of ids with a table each, the first ones under these names, one label.
  private static Schema criteo(int rows, String... names) {
    List<Field> fields = new ArrayList<>();
    for (int i = 0; i < NUMBERS; i++) {
      fields.add(new Field.Dense("int_" + i));
    }
    for (int f = 0; f < FIELDS; f++) {
      fields.add(new Field.Categorical(f < names.length ? names[f] : "cat_" + f, rows));
    }
    fields.add(new Field.Label("label", Field.LabelKind.BINARY));
    return new Schema(fields);
  }

  private static Schema enlarged(Schema example, int rows) {
    List<Field> fields = new ArrayList<>();
    for (Field field : example.fields()) {
      fields.add(
          switch (field) {
            case Field.Categorical f -> new Field.Categorical(f.name(), rows, f.table());
            case Field.MultiValued f ->
                new Field.MultiValued(f.name(), rows, f.table(), f.pooling(), f.maxLength());
            case Field.Sequence f -> new Field.Sequence(f.name(), rows, f.table(), HISTORY);
            case Field.Sessions f ->
                new Field.Sessions(f.name(), rows, f.table(), f.maxSessions(), f.maxLength());
            case Field.Series f -> new Field.Series(f.name(), HISTORY, f.ahead());
            default -> field;
          });
    }
    return new Schema(fields);
  }
}
