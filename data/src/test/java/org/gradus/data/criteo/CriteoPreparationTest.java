// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.gradus.data.BadRows;
import org.gradus.data.DataSource.Opened;
import org.gradus.data.DataSource.Request;
import org.gradus.data.Split;
import org.gradus.data.prepared.PreparedFile;
import org.gradus.data.prepared.PreparedFolder;
import org.gradus.data.prepared.PreparedWriter;
import org.gradus.data.prepared.Row;
import org.gradus.embeddings.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files prepared in blocks by several threads, against files written row by row from strings.
class CriteoPreparationTest {
  private static final int ROWS = 4000; // some blocks, and some blocks of the prepared form
  private static final int VALID = 400;
  private static final int TEST = 800;

  @TempDir Path folder;

  private static Split split(int row) {
    return row < ROWS - TEST - VALID ? Split.TRAIN : row < ROWS - TEST ? Split.VALID : Split.TEST;
  }

  /// For each token column, the ids of the tokens of the training rows, by first appearance.
  private static List<Map<String, Integer>> vocabularies(List<String> lines) {
    List<Map<String, Integer>> ids =
        Stream.<Map<String, Integer>>generate(HashMap::new).limit(CriteoRow.SPARSE).toList();
    for (int r = 0; r < ROWS && split(r) == Split.TRAIN; r++) {
      String[] cells = lines.get(r).split("\t", -1);
      for (int i = 0; i < CriteoRow.SPARSE; i++) {
        Map<String, Integer> known = ids.get(i);
        known.putIfAbsent(cells[14 + i], 2 + known.size());
      }
    }
    return ids;
  }

  private void writeRowByRow(List<String> lines, Split split, Schema schema) {
    List<Map<String, Integer>> ids = vocabularies(lines);
    Row row = new Row(schema);
    try (PreparedWriter writer = new PreparedWriter(folder.resolve(split.word()), schema)) {
      for (int r = 0; r < ROWS; r++) {
        String[] cells = lines.get(r).split("\t", -1);
        row.clear();
        row.real(0, Integer.parseInt(cells[0]));
        for (int i = 0; i < CriteoRow.DENSE; i++) {
          int x = cells[1 + i].isEmpty() ? 0 : Integer.parseInt(cells[1 + i]);
          row.dense(i, (float) StrictMath.log(Math.max(x, -2) + 3.0));
        }
        for (int i = 0; i < CriteoRow.SPARSE; i++) {
          row.id(i, ids.get(i).getOrDefault(cells[14 + i], 1));
        }
        if (split(r) == split) {
          writer.append(row);
        }
      }
      writer.finish();
    }
  }

  @Test
  void thePreparedFilesAreThoseOfRowByRowWriting() throws IOException {
    Path raw = folder.resolve("train.tsv");
    CriteoText.write(raw, new CriteoGenerator(new CriteoGenerator.Spec(40, 1.1, 1, 5), 0, ROWS));
    List<String> lines = Files.readAllLines(raw);
    Map<String, String> settings = Map.of("validPercent", "10", "testPercent", "20");
    Opened opened =
        new CriteoSource().open(new Request(raw, folder.resolve("cache"), 0, settings, _ -> {}));
    try (var data = opened.data();
        Stream<Path> cache = Files.list(folder.resolve("cache"))) {
      Path prepared = cache.findFirst().orElseThrow();
      for (Split split : Split.values()) {
        writeRowByRow(lines, split, data.schema());
        assertThat(PreparedFolder.rows(prepared, split))
            .hasSameBinaryContentAs(folder.resolve(split.word()));
      }
    }
  }

  @Test
  void generatedRowsAreThoseOfOneGenerator() {
    CriteoGenerator.Spec spec = new CriteoGenerator.Spec(1, 1.3, 1, 3);
    CriteoGenerator one = new CriteoGenerator(spec, 0, ROWS);
    CriteoRow expected = new CriteoRow();
    CriteoRow got = new CriteoRow();
    int n = 0;
    try (CriteoBlocks blocks =
        new GeneratedBlocks(new CriteoGenerator(spec, 0, ROWS), ROWS, _ -> {})) {
      for (CriteoBlock b = blocks.next(); b != null; b = blocks.next()) {
        for (int r = 0; r < b.rows; r++, n++) {
          b.copy(r, got);
          assertThat(one.next(expected)).isTrue();
          assertThat(got.number).isEqualTo(expected.number);
          assertThat(got.label).isEqualTo(expected.label);
          assertThat(got.probability).isEqualTo(expected.probability);
          assertThat(got.dense).isEqualTo(expected.dense);
          assertThat(got.denseMissing).isEqualTo(expected.denseMissing);
          assertThat(got.sparse).isEqualTo(expected.sparse);
          assertThat(got.sparseMissing).isEqualTo(expected.sparseMissing);
        }
      }
    }
    assertThat(n).isEqualTo(ROWS);
  }

  @Test
  void encodingAFileIsTheSameAsPreparingIt() throws IOException {
    Path raw = folder.resolve("train.tsv");
    CriteoText.write(raw, new CriteoGenerator(CriteoGenerator.Spec.PRESET, 0, ROWS));
    Opened opened =
        new CriteoSource()
            .open(
                new Request(
                    raw,
                    folder.resolve("cache"),
                    0,
                    Map.of("validPercent", "0", "testPercent", "0"),
                    _ -> {}));
    try (var data = opened.data();
        var encoded = (PreparedFile) opened.encoder().encode(raw);
        var prepared = (PreparedFile) data.train()) {
      assertThat(encoded.checksums()).isEqualTo(prepared.checksums()).isNotEmpty();
    }
  }

  @Test
  void unlabelledFilesAreToldByTheirFirstLine() throws IOException {
    Path raw = folder.resolve("f");
    CriteoText.write(raw, new CriteoGenerator(CriteoGenerator.Spec.PRESET, 0, ROWS));
    Path unlabelled = folder.resolve("g");
    Files.write(unlabelled, Files.readAllLines(raw).stream().map(l -> l.substring(2)).toList());
    CriteoRow a = new CriteoRow();
    CriteoRow b = new CriteoRow();
    BadRows never = BadRows.never();
    try (CriteoFile with = new CriteoFile(raw, CriteoOptions.REFERENCE, never, true);
        CriteoFile without = new CriteoFile(unlabelled, CriteoOptions.REFERENCE, never, true)) {
      while (with.next(a)) {
        assertThat(without.next(b)).isTrue();
        assertThat(b.label).isEqualTo(-1);
        assertThat(b.sparse).isEqualTo(a.sparse);
        assertThat(b.dense).isEqualTo(a.dense);
      }
      assertThat(without.next(b)).isFalse();
    }
  }
}
