// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Pooling;
import org.jspecify.annotations.Nullable;

/// A model that can be chosen by name. Found by `ServiceLoader`, so that models outside this repository can register.
public interface ModelSpec {
  /// Rows that a model of [#createExample] is fitted on.
  int EXAMPLE_ROWS = 64;

  /// The word after `--model`.
  String name();

  /// What it implements.
  Paper paper();

  /// What a user may set.
  List<Option> options();

  /// Builds the model.
  ///
  /// @param settings values for [#options]
  /// @param schema what batches will look like
  /// @param params hands out the parameters
  Model create(Settings settings, Schema schema, Params params);

  /// A small schema on which a gradient check shows every path of the model with these settings.
  default Schema exampleSchema(Settings settings) {
    return Schema.of(
        new Field.Dense("price"),
        new Field.Dense("age"),
        new Field.Categorical("user", 7),
        new Field.Categorical("city", 5),
        new Field.MultiValued("tags", 6, "tags", Pooling.MEAN, 4),
        new Field.Label("click", Field.LabelKind.BINARY));
  }

  /// As [#create] for checks and measurements that have no data: a [Fitted] model is fitted on rows drawn from the schema.
  default Model createExample(Settings settings, Schema schema, Params params) {
    Model model = create(settings, schema, params);
    if (model instanceof Fitted f && !f.fitted()) {
      f.fit(each -> each.accept(SampleBatches.draw(schema, EXAMPLE_ROWS, 1)), 1);
    }
    return model;
  }

  /// Why no model can be built with these settings, or null when one can. `create` fails with the same words.
  default @Nullable String conflict(Settings settings) {
    return null;
  }

  /// The kinds of label that the model predicts. `create` refuses others. None for a model whose objective is a loss of its own: it
  /// has no head, and reads schemas without labels.
  default Set<Field.LabelKind> labelKinds() {
    return EnumSet.allOf(Field.LabelKind.class);
  }

  /// What the model misses with these settings in data of this schema, though it can be trained on them; null when nothing. Commands that
  /// train say it.
  default @Nullable String misses(Settings settings, Schema schema) {
    return null;
  }

  /// Parameters whose gradient is zero by construction with these settings, each with the reason.
  default Map<String, String> structuralZeros(Settings settings) {
    return Map.of();
  }

  /// The settings that override presets given by a user.
  default Settings settings(Map<String, String> given) {
    return new Settings(options(), given);
  }
}
