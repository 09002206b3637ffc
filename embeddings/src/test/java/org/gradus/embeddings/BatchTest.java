// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;

class BatchTest {
  private static final Schema SCHEMA =
      Schema.of(
          new Field.Dense("x"),
          new Field.Categorical("c", 5),
          new Field.Dense("y"),
          new Field.Sessions("s", 6, "s", 2, 3),
          new Field.MultiValued("m", 4, "m", Pooling.MEAN, 2),
          new Field.Label("click", Field.LabelKind.BINARY),
          new Field.LabelMask("seen", "click"),
          new Field.SampleWeight("w"),
          new Field.Group("user"),
          new Field.Domain("domain", 3),
          new Field.Timestamp("time"));

  private static final Field.Label CLICK = new Field.Label("click", Field.LabelKind.BINARY);
  private static final Field.LabelMask SEEN = new Field.LabelMask("seen", "click");

  private static final List<String> KEYS = List.of("c", "s", "m");

  private static Batch.Builder builder() {
    return Batch.builder(SCHEMA, 2).dense(new float[] {1, 2, 3, 4}).sparse(ids());
  }

  private static KeyedJaggedTensor ids() {
    return KeyedJaggedTensor.fromLengths(
        KEYS, new int[] {4, 1, 2, 3, 5, 2, 2}, new int[] {1, 1, 3, 0, 0, 2});
  }

  private static JaggedIds sizes(int... sizes) {
    return new JaggedIds(sizes, null, new int[] {0, sizes.length, sizes.length});
  }

  @Test
  void readsColumnsByName() {
    Batch batch =
        builder()
            .sessions("s", sizes(2, 1))
            .real("click", new float[] {1, 0})
            .real("seen", new float[] {0, 1})
            .real("w", new float[] {2, 3})
            .integer("user", new long[] {7, 8})
            .integer("domain", new long[] {2, 0})
            .integer("time", new long[] {10, 20})
            .build();
    assertThat(batch.size()).isEqualTo(2);
    assertThat(batch.schema()).isEqualTo(SCHEMA);
    assertThat(batch.dense()).containsExactly(1, 2, 3, 4);
    assertThat(batch.sparse().keys()).isEqualTo(KEYS);
    assertThat(batch.sessions("s").lengths()).containsExactly(2, 0);
    assertThat(batch.label("click")).containsExactly(1, 0);
    assertThat(batch.labelMask("click")).containsExactly(0, 1);
    assertThat(batch.sampleWeights()).containsExactly(2, 3);
    assertThat(batch.groups()).containsExactly(7, 8);
    assertThat(batch.domains()).containsExactly(2, 0);
    assertThat(batch.timestamps()).containsExactly(10, 20);
  }

  @Test
  void whatTheSchemaLacksIsAbsent() {
    Schema small = Schema.of(new Field.Label("click", Field.LabelKind.BINARY));
    Batch batch = Batch.builder(small, 3).build();
    assertThat(batch.sampleWeights()).isNull();
    assertThat(batch.groups()).isNull();
    assertThat(batch.timestamps()).isNull();
    assertThat(batch.labelMask("click")).isNull();
    assertThat(batch.sparse().stride()).isEqualTo(3);
    refuses(batch::domains, "no domain field");
    refuses(() -> batch.label("click"), "no label click");
    assertThatThrownBy(() -> builder().build().sampleWeights())
        .hasMessageContaining("no sample weight w");
    assertThatThrownBy(() -> builder().build().domains())
        .hasMessageContaining("no domain domain. Expected one for each example.");
  }

  @Test
  void otherIdsKeepTheOtherColumns() {
    Batch batch = builder().sessions("s", sizes(2, 1)).real("w", new float[] {2, 3}).build();
    KeyedJaggedTensor others = ids().withValues(new int[7]);
    Batch changed = batch.withSparse(SCHEMA, others);
    assertThat(changed.sparse()).isSameAs(others);
    assertThat(changed.dense()).isSameAs(batch.dense());
    assertThat(changed.sampleWeights()).containsExactly(2, 3);
    assertThat(changed.sessions("s").values()).containsExactly(2, 1);
    refuses(
        () -> batch.withSparse(Schema.of(new Field.Dense("x")), ids()), "the same but for fields");
  }

  @Test
  void labelsMayBeLeftOut() {
    Field.Label like = new Field.Label("like", Field.LabelKind.BINARY);
    Field.Dense price = new Field.Dense("price");
    Schema both = Schema.of(price, CLICK, SEEN, like);
    Batch batch =
        Batch.builder(both, 2)
            .dense(new float[] {1, 2})
            .real("click", new float[] {1, 0})
            .real("seen", new float[] {1, 1})
            .real("like", new float[] {0, 1})
            .build();
    Batch less = batch.withLabels(Schema.of(price, like));
    assertThat(less.schema().labels()).containsExactly(like);
    assertThat(less.dense()).isSameAs(batch.dense());
    assertThat(less.label("like")).isSameAs(batch.label("like"));
    refuses(() -> less.label("click"), "no label click");
    refuses(() -> batch.withLabels(Schema.of(like)), "but for labels and masks");
    refuses(() -> less.withLabels(both), "but for labels and masks");
  }

  @Test
  void seriesHaveAValuePerStepAndBehindThemThoseAhead() {
    Schema schema =
        Schema.of(
            new Field.Series("power", 3),
            new Field.Series("hour", 3, 2),
            new Field.Label("click", Field.LabelKind.BINARY));
    assertThat(schema.series()).hasSize(2);
    float[] power = {1, 2, 3, 4, 5, 6};
    float[] hour = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    Batch batch = Batch.builder(schema, 2).series("power", power).series("hour", hour).build();
    assertThat(batch.series("power")).isSameAs(power);
    assertThat(batch.withSparse(schema, batch.sparse()).series("hour")).isSameAs(hour);
    refuses(() -> batch.series("wind"), "no series wind");
    refuses(() -> Batch.builder(schema, 2).series("click", power), "click is no series");
    refuses(() -> Batch.builder(schema, 2).series("hour", power), "6 values. Expected 10");
    refuses(
        () -> Batch.builder(schema, 2).series("power", new float[] {1, 2, 3, 4, Float.NaN, 6}),
        "value NaN at step 1 of series power of example 1");
    refuses(() -> new Field.Series("power", 0), "length 0");
    refuses(() -> new Field.Series("power", 3, -1), "-1 values ahead");
  }

  @Test
  void refusesColumnsOfTheWrongSizeOrKind() {
    refuses(() -> Batch.builder(SCHEMA, 2).dense(new float[3]), "dense has 3 values. Expected 4");
    refuses(() -> Batch.builder(SCHEMA, 2).sparse(ids()).build(), "dense has 0 values");
    refuses(() -> Batch.builder(SCHEMA, 2).dense(new float[4]).build(), "no ids given");
    refuses(() -> builder().real("click", new float[3]), "click has 3 values. Expected 2");
    refuses(() -> builder().real("user", new float[2]), "user is no label");
    refuses(() -> builder().integer("click", new long[2]), "click is no group");
    refuses(() -> builder().integer("domain", new long[] {0, 3}), "domain 3 in domain");
    refuses(() -> builder().real("nothing", new float[2]), "no field nothing");
  }

  @Test
  void refusesIdsThatTheSchemaForbids() {
    refuses(() -> sparse(List.of("s", "c", "m"), "4 1 2 3 5 2 2", "1 1 3 0 0 2"), "key 0 is s");
    refuses(() -> sparse(List.of("c", "s"), "4 1", "1 1 0 0"), "sparse keys has 2 values");
    refuses(() -> sparse(KEYS, "4 1 2", "1 1 1"), "sparse examples has 1 values. Expected 2");
    refuses(() -> sparse(KEYS, "4", "1 0 0 0 0 0"), "0 ids in field c of example 1");
    refuses(() -> sparse(KEYS, "4 1 2", "1 2 0 0 0 0"), "2 ids in field c of example 1");
    refuses(() -> sparse(KEYS, "4 1 2 2 2", "1 1 0 0 3 0"), "3 ids in field m of example 0");
    refuses(() -> sparse(KEYS, "4 5", "1 1 0 0 0 0"), "id 5 in field c of example 1");
    refuses(() -> sparse(KEYS, "4 4 -1", "1 1 0 1 0 0"), "id -1 in field s of example 1");
    refuses(
        () -> sparse(KEYS, "4 4 1 1 1 1 1 1 1", "1 1 0 7 0 0"), "7 ids in field s of example 1");
  }

  @Test
  void refusesSessionsThatDoNotFitTheirIds() {
    refuses(() -> builder().sessions("c", sizes(1)), "c is no field of sessions");
    refuses(
        () -> builder().sessions("s", sizes(2)).build(), "in all 2 ids in field s of example 0");
    refuses(() -> builder().sessions("s", sizes(1, 1, 1)).build(), "3 sessions of at most 1");
    refuses(() -> builder().sessions("s", sizes(4)).build(), "1 sessions of at most 4");
  }

  private static void sparse(List<String> keys, String values, String lengths) {
    builder().sparse(KeyedJaggedTensor.fromLengths(keys, ints(values), ints(lengths)));
  }

  private static int[] ints(String text) {
    return List.of(text.split(" ")).stream().mapToInt(Integer::parseInt).toArray();
  }

  private static void refuses(Runnable wrong, String message) {
    assertThatThrownBy(wrong::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
