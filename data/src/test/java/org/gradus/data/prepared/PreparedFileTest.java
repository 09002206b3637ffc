// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;
import org.gradus.data.DataException;
import org.gradus.data.Examples;
import org.gradus.data.Examples.Pass;
import org.gradus.data.Examples.Stream;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PreparedFileTest {
  private static final Schema EVERY_KIND =
      Schema.of(
          new Field.Timestamp("time"),
          new Field.Dense("price"),
          new Field.Categorical("city", 5000),
          new Field.Label("click", Field.LabelKind.BINARY),
          new Field.MultiValued("tags", 40, "tags", Pooling.MEAN, 9),
          new Field.Dense("age"),
          new Field.Sessions("visits", 5000, "city", 3, 9),
          new Field.LabelMask("seen", "click"),
          new Field.Sequence("history", 5000, "city", 9),
          new Field.SampleWeight("weight"),
          new Field.Group("user"),
          new Field.Domain("page", 3));

  @TempDir Path folder;

  // Every column is a function of the row's number, so that a batch can be checked without what was
  // written.
  private static int city(int r) {
    return 2 + r % 4998;
  }

  private static List<Integer> tags(int r) {
    return Collections.nCopies(r % 4, r % 40);
  }

  private static List<Integer> history(int r) {
    return r % 3 == 0 ? List.of() : List.of(city(r), city(r + 1));
  }

  private static List<Integer> sessionSizes(int r) {
    return r % 2 == 0 ? List.of(2, 1) : List.of();
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aTemporaryFileHasNoNameWhileItIsOpen() {
    Path file = write(3);
    try (PreparedFile rows = PreparedFile.openTemporary(file);
        Stream stream = rows.streamWithoutPrefetch(Pass.inOrder(3))) {
      assertThat(file).doesNotExist();
      assertThat(stream.next()).isNotNull().extracting(Batch::size).isEqualTo(3);
    }
  }

  private Path write(int rows) {
    Path file = folder.resolve("every-kind-" + rows);
    try (PreparedWriter writer = new PreparedWriter(file, EVERY_KIND)) {
      Row row = new Row(EVERY_KIND);
      for (int r = 0; r < rows; r++) {
        row.clear();
        row.integer(row.integerIndex("time"), 1L << 40 | r);
        row.integer(row.integerIndex("user"), -r);
        row.integer(row.integerIndex("page"), r % 3);
        row.dense(0, r / 7f);
        row.dense(1, -r);
        row.id(0, city(r));
        tags(r).forEach(id -> row.add(1, id));
        for (int size : sessionSizes(r)) {
          for (int i = 0; i < size; i++) {
            row.add(2, city(r + i));
          }
          row.session(2, size);
        }
        history(r).forEach(id -> row.add(3, id));
        row.real(row.realIndex("click"), r % 2);
        row.real(row.realIndex("seen"), r % 5 == 0 ? 0 : 1);
        row.real(row.realIndex("weight"), r * 0.5f);
        writer.append(row);
      }
      writer.finish();
    }
    return file;
  }

  private static List<Integer> list(JaggedIds lists, int b) {
    return Arrays.stream(lists.values(), lists.offsets()[b], lists.offsets()[b + 1])
        .boxed()
        .toList();
  }

  private static void check(Batch batch, int b, int r) {
    assertThat(requireNonNull(batch.timestamps())[b]).isEqualTo(1L << 40 | r);
    assertThat(requireNonNull(batch.groups())[b]).isEqualTo(-r);
    assertThat(batch.domains()[b]).isEqualTo(r % 3);
    assertThat(batch.dense()[2 * b]).isEqualTo(r / 7f);
    assertThat(batch.dense()[2 * b + 1]).isEqualTo(-r);
    assertThat(batch.label("click")[b]).isEqualTo(r % 2);
    assertThat(requireNonNull(batch.labelMask("click"))[b]).isEqualTo(r % 5 == 0 ? 0 : 1);
    assertThat(requireNonNull(batch.sampleWeights())[b]).isEqualTo(r * 0.5f);
    assertThat(list(batch.sparse().of("city"), b)).containsExactly(city(r));
    assertThat(list(batch.sparse().of("tags"), b)).isEqualTo(tags(r));
    assertThat(list(batch.sparse().of("history"), b)).isEqualTo(history(r));
    assertThat(list(batch.sessions("visits"), b)).isEqualTo(sessionSizes(r));
    assertThat(list(batch.sparse().of("visits"), b))
        .isEqualTo(sessionSizes(r).isEmpty() ? List.of() : List.of(city(r), city(r + 1), city(r)));
  }

  private static List<Integer> rows(Stream stream) {
    List<Integer> rows = new ArrayList<>();
    try (stream) {
      for (Batch b = stream.next(); b != null; b = stream.next()) {
        for (int i = 0; i < b.size(); i++) {
          int r = (int) -requireNonNull(b.groups())[i];
          check(b, i, r);
          rows.add(r);
        }
      }
    }
    return rows;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1023, 1024, 1025, 2500})
  void everyColumnOfEveryRowComesBackInOrder(int n) {
    try (PreparedFile file = PreparedFile.open(write(n))) {
      assertThat(file.schema()).isEqualTo(EVERY_KIND);
      assertThat(file.rows()).isEqualTo(n);
      List<Integer> rows = rows(file.stream(Pass.inOrder(100)));
      assertThat(rows).hasSize(n);
      for (int r = 0; r < n; r++) {
        assertThat(rows.get(r)).isEqualTo(r);
      }
    }
  }

  @Test
  void seriesAreNotPrepared() {
    Schema series =
        Schema.of(
            new Field.Series("power", 24, 2), new Field.Label("y", Field.LabelKind.REGRESSION));
    assertThat(SchemaText.read(SchemaText.write(series))).isEqualTo(series);
    assertThatThrownBy(() -> new PreparedWriter(folder.resolve("series.rows"), series))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("field power is a series");
  }

  @Test
  void shufflingIsAFunctionOfSeedAndEpoch() {
    try (PreparedFile file = PreparedFile.open(write(2500))) {
      List<Integer> first = rows(file.stream(Pass.shuffled(64, 3, 0)));
      assertThat(first).isNotEqualTo(rows(file.stream(Pass.shuffled(64, 3, 1))));
      assertThat(first).isNotEqualTo(rows(file.stream(Pass.shuffled(64, 4, 0))));
      assertThat(first).isEqualTo(rows(file.stream(Pass.shuffled(333, 3, 0))));
      assertThat(first).isEqualTo(rows(file.streamWithoutPrefetch(Pass.shuffled(64, 3, 0))));
      assertThat(first.stream().sorted().toList()).isEqualTo(rows(file.stream(Pass.inOrder(2500))));
    }
  }

  @Test
  void skippedBatchesAreTheFirstOnes() {
    try (PreparedFile file = PreparedFile.open(write(1000))) {
      Pass pass = Pass.shuffled(64, 3, 2);
      List<Integer> all = rows(file.stream(pass));
      assertThat(rows(file.stream(pass.skipping(5)))).isEqualTo(all.subList(5 * 64, 1000));
      assertThat(rows(file.stream(pass.skipping(100)))).isEmpty();
      Pass whole = new Pass(64, true, 3, 2, 0, true);
      assertThat(rows(file.stream(whole))).isEqualTo(all.subList(0, 15 * 64));
    }
  }

  /// Some rows are rows: in order, shuffled among themselves, without the first batches, and again some of them.
  @Test
  void someRowsAreAFileOfTheirOwn() {
    try (PreparedFile file = PreparedFile.open(write(2500))) {
      long[] places = LongStream.range(0, 2500).filter(r -> r % 7 == 2).toArray();
      List<Integer> expected = Arrays.stream(places).mapToObj(r -> (int) r).toList();
      Examples some = file.only(places);
      assertThat(some.schema()).isEqualTo(file.schema());
      assertThat(some.rows()).isEqualTo(places.length);
      assertThat(rows(some.stream(Pass.inOrder(100)))).isEqualTo(expected);
      Pass pass = Pass.shuffled(64, 3, 1);
      List<Integer> shuffled = rows(some.stream(pass));
      assertThat(shuffled).isNotEqualTo(expected).containsExactlyInAnyOrderElementsOf(expected);
      assertThat(rows(some.stream(pass.skipping(2)))).isEqualTo(shuffled.subList(128, 357));
      assertThat(rows(some.only(new long[] {3, 1}).stream(Pass.inOrder(9)))).containsExactly(23, 9);
      assertThatThrownBy(() -> file.only(new long[] {2500}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageEndingWith("row 2500. Expected 0 to 2499.");
    }
  }

  @Test
  void aPassMayBeLeftInTheMiddle() {
    try (PreparedFile file = PreparedFile.open(write(2500))) {
      try (Stream stream = file.stream(Pass.inOrder(10))) {
        assertThat(stream.next()).isNotNull();
      }
    }
  }

  @Test
  void aTruncatedFileIsRefused() throws IOException {
    Path file = write(1500);
    byte[] bytes = Files.readAllBytes(file);
    for (int length : new int[] {0, 7, 39, 40, 5000, bytes.length - 1}) {
      Files.write(file, Arrays.copyOf(bytes, length));
      assertThatThrownBy(() -> PreparedFile.open(file))
          .isInstanceOf(DataException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining(length < 40 ? length + " bytes" : "truncated: " + length + " bytes")
          .hasMessageContaining("prepare the data again");
    }
    Files.write(file, Arrays.copyOf(bytes, bytes.length + 1));
    assertThatThrownBy(() -> PreparedFile.open(file)).hasMessageContaining("appended");
  }

  @Test
  void anyFlippedBitIsFound() throws IOException {
    Path file = write(1500);
    byte[] bytes = Files.readAllBytes(file);
    for (int at = 0; at < bytes.length; at += at < 48 ? 1 : 997) {
      byte[] damaged = bytes.clone();
      damaged[at] ^= 4;
      Files.write(file, damaged);
      assertThatThrownBy(() -> PreparedFile.open(file))
          .as("byte %s", at)
          .isInstanceOf(DataException.class)
          .hasMessageContaining(file.toString());
    }
    byte[] damaged = bytes.clone();
    damaged[PreparedFormat.PRELUDE + 3] ^= 4;
    Files.write(file, damaged);
    assertThatThrownBy(() -> PreparedFile.open(file))
        .hasMessageContaining("the rows from 0 on (bytes 40 to")
        .hasMessageContaining("do not match their checksum");
  }

  @Test
  void anotherVersionIsRefused() throws IOException {
    Path file = write(3);
    byte[] bytes = Files.readAllBytes(file);
    bytes[8] = 9;
    Files.write(file, bytes);
    assertThatThrownBy(() -> PreparedFile.open(file))
        .hasMessageContaining("version 9. This build reads version 1");
    Files.writeString(file, "label,feature\n".repeat(10));
    assertThatThrownBy(() -> PreparedFile.open(file)).hasMessageContaining("not a prepared file");
    assertThatThrownBy(() -> PreparedFile.open(folder.resolve("nowhere")))
        .hasMessageContaining("nowhere failed: it does not exist");
  }

  @Test
  void anUnfinishedWriterLeavesTheOldFileAndNothingElse() throws IOException {
    Path file = write(3);
    byte[] before = Files.readAllBytes(file);
    Row row = new Row(EVERY_KIND);
    row.id(0, 5000);
    assertThatThrownBy(
            () -> {
              try (PreparedWriter writer = new PreparedWriter(file, EVERY_KIND)) {
                writer.append(row);
                writer.finish();
              }
            })
        .isInstanceOf(DataException.class)
        .hasMessageContaining("row 0, field city: id 5000. Expected 0 to 4999");
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
    assertThat(folder).isDirectoryNotContaining(p -> !p.equals(file));
  }

  @Test
  void valuesThatNoModelCouldUseAreRefused() {
    try (PreparedWriter writer = new PreparedWriter(folder.resolve("f"), EVERY_KIND)) {
      Row row = new Row(EVERY_KIND);
      assertThatThrownBy(() -> writer.append(row))
          .hasMessageContaining("field city: 0 ids. Expected exactly one");
      row.id(0, 1);
      row.dense(1, Float.NaN);
      assertThatThrownBy(() -> writer.append(row))
          .hasMessageContaining("field age: NaN. Expected a finite number");
    }
  }

  @Test
  void aSchemaSurvivesItsText() {
    Schema odd =
        Schema.of(
            new Field.Dense("a b\tc\\n\nd"),
            new Field.MultiValued("é", 3, "ta ble", Pooling.SQRTN, 1),
            new Field.Label("y", Field.LabelKind.REGRESSION));
    assertThat(SchemaText.read(SchemaText.write(odd))).isEqualTo(odd);
    assertThat(SchemaText.read(SchemaText.write(EVERY_KIND))).isEqualTo(EVERY_KIND);
    assertThatThrownBy(() -> SchemaText.read("categorical\tcity\tmany\tcity\n"))
        .hasMessageContaining("categorical\tcity\tmany");
  }
}
