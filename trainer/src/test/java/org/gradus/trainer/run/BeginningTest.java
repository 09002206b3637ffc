// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Fitted;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.tensor.Device;
import org.gradus.trainer.store.SafeTensors;
import org.gradus.trainer.store.Stored;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A model that begins with the weights of another run.
class BeginningTest {
  @TempDir private Path folder;

  private static Schema schema(int items) {
    return Schema.of(
        new Field.Categorical("item", items), new Field.Sequence("watched", items, "item", 4));
  }

  private static Fitted model(Schema schema, Params params) {
    ModelSpec spec = Models.get("youtube-dnn");
    return (Fitted)
        spec.create(spec.settings(Map.of("embeddingDim", "3", "hidden", "4")), schema, params);
  }

  private static double[] table(Params params, String path) {
    TableParameter t = (TableParameter) params.get(path);
    double[] rows = new double[(int) t.elements()];
    t.table().read(0, rows);
    return rows;
  }

  /// How often items were labels says something of the other run's rows: it is counted anew, whether there are more items or not.
  @Test
  void labelsAreCountedAnew() {
    Path file = folder.resolve("old.safetensors");
    try (Device device = Device.open("reference")) {
      double[] items;
      try (Params old = Params.create(device, 1)) {
        model(schema(6), old);
        ((DenseParameter) old.get("counts")).write(1.0, 2.0, 3.0, 4.0);
        items = table(old, "item");
        SafeTensors.write(file, device, Stored.of(old), Map.of());
      }
      for (int size : new int[] {6, 9}) {
        try (Params params = Params.create(device, 2)) {
          Fitted model = model(schema(size), params);
          List<String> said = new Beginning(model, params, schema(size)).from(file.toString());
          assertThat(said).contains("not used: counts");
          assertThat(model.fitted()).isFalse();
          assertThat(((DenseParameter) params.get("counts")).value().toDoubles())
              .hasSize(size - 2)
              .containsOnly(0);
          assertThat(Arrays.copyOf(table(params, "item"), items.length)).isEqualTo(items);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"runs/a,", ",runs/a", "runs/a, ,runs/b", ""})
  void anEmptyNameIsRefused(String origin) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      Beginning beginning = new Beginning(model(schema(6), params), params, schema(6));
      assertThatThrownBy(() -> beginning.from(origin))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "--init-from "
                  + origin
                  + ": a name is empty. Expected the folder of a run, or several with commas"
                  + " between them.");
    }
  }
}
