// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.gradus.data.DataException;
import org.gradus.data.DataSet;
import org.gradus.data.Split;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreparedFolderTest {
  private static final Schema SCHEMA =
      Schema.of(new Field.Categorical("city", 9), new Field.Label("y", Field.LabelKind.BINARY));

  @TempDir Path cache;

  private static void build(Path folder, int id) {
    try (SplitWriters writers = new SplitWriters(folder, SCHEMA)) {
      Row row = new Row(SCHEMA);
      row.id(0, id);
      for (Split split : Split.values()) {
        writers.of(split).append(row);
      }
      writers.finish();
    }
    PreparedFolder.writeFacts(folder, Map.of("bayes_auc", 0.8));
  }

  @Test
  void aFolderIsBuiltOnceAndOpened() {
    PreparedFolder first = PreparedFolder.of(cache, "data", "key", f -> build(f, 3));
    PreparedFolder second =
        PreparedFolder.of(
            cache,
            "data",
            "key",
            f -> {
              throw new AssertionError("built twice");
            });
    assertThat(second.path()).isEqualTo(first.path());
    try (DataSet data = second.open("data")) {
      assertThat(data.schema()).isEqualTo(SCHEMA);
      assertThat(data.facts()).containsExactly(Map.entry("bayes_auc", 0.8));
      assertThat(data.test().rows()).isEqualTo(1);
    }
  }

  @Test
  void equalDataHaveEqualFingerprints() {
    String[] prints = new String[3];
    for (int i = 0; i < 3; i++) {
      int id = i == 2 ? 4 : 3;
      try (DataSet data =
          PreparedFolder.of(cache, "data", "key" + i, f -> build(f, id)).open("data")) {
        prints[i] = data.fingerprint();
      }
    }
    assertThat(prints[0]).isEqualTo(prints[1]).isNotEqualTo(prints[2]).hasSize(64);
  }

  @Test
  void aFailedBuildLeavesNothing() {
    assertThatThrownBy(
            () ->
                PreparedFolder.of(
                    cache,
                    "data",
                    "key",
                    f -> {
                      build(f, 3);
                      throw new DataException("a bad row");
                    }))
        .hasMessage("a bad row");
    assertThat(cache).isEmptyDirectory();
  }

  @Test
  void whatAKilledProcessLeftIsRemoved() throws IOException {
    PreparedFolder built = PreparedFolder.of(cache, "data", "key", f -> build(f, 3));
    String name = built.path().getFileName().toString();
    Path left = Files.createDirectory(cache.resolve("." + name + ".building-" + Integer.MAX_VALUE));
    Files.writeString(left.resolve("train.rows"), "half");
    Files.move(built.path(), cache.resolve("elsewhere"));
    PreparedFolder.of(cache, "data", "key", f -> build(f, 3));
    assertThat(left).doesNotExist();
  }

  @Test
  void damageInASplitIsFoundWhenOpened() throws IOException {
    PreparedFolder built = PreparedFolder.of(cache, "data", "key", f -> build(f, 3));
    Path rows = PreparedFolder.rows(built.path(), Split.VALID);
    byte[] bytes = Files.readAllBytes(rows);
    bytes[41] ^= 1;
    Files.write(rows, bytes);
    assertThatThrownBy(() -> built.open("data"))
        .hasMessageContaining("valid.rows is damaged")
        .hasMessageContaining("prepare the data again");
  }

  @Test
  void anyFlippedBitOfASmallFileIsFound() throws IOException {
    Path file = cache.resolve("numbers");
    ChecksummedFile.write(file, "numbers 1", out -> out.writeLong(1234567));
    assertThat(ChecksummedFile.<Long>read(file, "numbers 1", in -> in.readLong()))
        .isEqualTo(1234567L);
    byte[] bytes = Files.readAllBytes(file);
    for (int at = 0; at < bytes.length; at++) {
      byte[] damaged = bytes.clone();
      damaged[at] ^= 1;
      Files.write(file, damaged);
      assertThatThrownBy(() -> ChecksummedFile.<Long>read(file, "numbers 1", in -> in.readLong()))
          .as("byte %s", at)
          .isInstanceOf(DataException.class)
          .hasMessageContaining(file.toString());
    }
  }
}
