// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;

class SchemaTest {
  private final Field.Categorical item = new Field.Categorical("item", 9, "items");
  private final Field.Sequence history = new Field.Sequence("history", 9, "items", 5);
  private final Field.Dense price = new Field.Dense("price");
  private final Field.Label click = new Field.Label("click", Field.LabelKind.BINARY);

  @Test
  void sortsFieldsByKindInOrder() {
    Field.MultiValued tags = new Field.MultiValued("tags", 4, "tags", Pooling.MEAN, 3);
    Schema schema = Schema.of(history, price, item, click, tags);
    assertThat(schema.ids()).containsExactly(history, item, tags);
    assertThat(schema.categorical()).containsExactly(item);
    assertThat(schema.dense()).containsExactly(price);
    assertThat(schema.labels()).containsExactly(click);
    assertThat(schema.tables()).containsOnlyKeys("items", "tags").containsEntry("items", 9);
    assertThat(schema.field("price")).isEqualTo(price);
    assertThat(schema.one(Field.Domain.class)).isEmpty();
  }

  @Test
  void isAValue() {
    assertThat(Schema.of(item, price))
        .isEqualTo(Schema.of(item, price))
        .hasSameHashCodeAs(Schema.of(item, price))
        .isNotEqualTo(Schema.of(price, item));
  }

  @Test
  void saysWhatIsWrong() {
    refuses(() -> Schema.of(price, new Field.Dense("price")), "two fields are called price");
    refuses(
        () -> Schema.of(item, new Field.Sequence("history", 8, "items", 5)),
        "field history needs 8 rows of table items, which has 9");
    refuses(() -> Schema.of(click, new Field.LabelMask("seen", "buy")), "mask seen is for label");
    refuses(
        () -> Schema.of(new Field.Timestamp("a"), new Field.Timestamp("b")),
        "2 fields of kind Timestamp");
    refuses(() -> Schema.of(new Field.Group("a"), new Field.Group("b")), "2 fields of kind Group");
    refuses(() -> Schema.of(price).field("cost"), "no field cost. Expected one of: price");
  }

  @Test
  void fieldsCheckThemselves() {
    refuses(() -> new Field.Dense(" "), "name \" \"");
    refuses(() -> new Field.Categorical("a/b", 4), "name \"a/b\"");
    refuses(() -> new Field.Categorical("a", 1), "field a: size 1");
    refuses(() -> new Field.Sequence("a", 4, "", 3), "name \"\"");
    refuses(() -> new Field.Sequence("a", 4, "a", 0), "field a: length 0");
    refuses(() -> new Field.Sessions("a", 4, "a", 0, 3), "field a: length 0");
    refuses(() -> new Field.Domain("a", 0), "field a: 0 domains");
  }

  private static void refuses(Runnable wrong, String message) {
    assertThatThrownBy(wrong::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
