// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.junit.jupiter.api.Test;

class TargetTest {
  @Test
  void severalLabelsAreForOtherModels() {
    assertThatThrownBy(() -> Target.only(TaskExamples.SCHEMA))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "model: the schema has 3 labels [click, like, watch]. Expected one: data with the"
                + " others left out, or a model of several tasks, such as shared-bottom or mmoe.");
  }

  @Test
  void withoutALabelThereIsNothingToPredict() {
    assertThatThrownBy(() -> Target.only(Schema.of(new Field.Dense("price"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("model: the schema has 0 labels. Expected one.");
  }
}
