// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

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
import java.util.Map;
import org.gradus.data.DataException;
import org.gradus.data.DataSource.Opened;
import org.gradus.data.DataSource.Request;
import org.gradus.data.Description;
import org.gradus.data.Examples;
import org.gradus.data.FittedFields;
import org.gradus.embeddings.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CriteoSourceTest {
  @TempDir Path folder;

  private final List<String> said = new ArrayList<>();

  /// One row per token: the token stands in every token column, the row's number in every integer column.
  private Path write(String name, String... tokens) throws IOException {
    StringBuilder text = new StringBuilder();
    for (int r = 0; r < tokens.length; r++) {
      List<String> cells = new ArrayList<>(List.of("" + r % 2));
      cells.addAll(Collections.nCopies(13, "" + r));
      cells.addAll(Collections.nCopies(26, tokens[r]));
      text.append(String.join("\t", cells)).append('\n');
    }
    return Files.writeString(folder.resolve(name), text);
  }

  private Opened open(Path path, String... settings) {
    Map<String, String> map = new java.util.TreeMap<>();
    for (String s : settings) {
      map.put(s.substring(0, s.indexOf('=')), s.substring(s.indexOf('=') + 1));
    }
    return new CriteoSource().open(new Request(path, folder.resolve("cache"), 0, map, said::add));
  }

  /// The ids of a token column.
  private static List<Integer> ids(Examples examples, int column) {
    List<Integer> ids = new ArrayList<>();
    try (Examples.Stream stream = examples.stream(Examples.Pass.inOrder(3))) {
      for (Batch b = stream.next(); b != null; b = stream.next()) {
        Arrays.stream(b.sparse().of("cat_" + column).values()).forEach(ids::add);
      }
    }
    return ids;
  }

  @Test
  void oneFileIsSplitByOrderAndVocabulariesComeFromItsTrainingRows() throws IOException {
    Path file = write("train.tsv", "7", "a", "", "7", "b", "a", "c", "", "7", "d");
    Opened o = open(file, "validPercent=10", "testPercent=20");
    try (var data = o.data()) {
      assertThat(ids(data.train(), 3)).containsExactly(2, 3, 4, 2, 5, 3, 6);
      assertThat(ids(data.valid(), 25)).containsExactly(4);
      assertThat(ids(data.test(), 0)).containsExactly(2, 1);
      assertThat(data.schema().categorical().get(3).size()).isEqualTo(7);
      assertThat(data.schema().dense()).hasSize(13);
    }
  }

  @Test
  void theReferencePipelineFitsOnEveryRow() throws IOException {
    Path file = write("train.tsv", "7", "a", "", "7", "b", "a", "c", "", "7", "d");
    try (var data = open(file, "testPercent=20", "fitDays=all").data()) {
      assertThat(ids(data.test(), 0)).containsExactly(2, 7);
    }
    try (var data = open(file, "fitDays=all", "minCount=2", "testPercent=0").data()) {
      assertThat(ids(data.train(), 0)).containsExactly(2, 3, 4, 2, 1, 3, 1, 4, 2);
    }
    try (var data = open(file, "fitDays=all", "hash=3", "testPercent=0").data()) {
      assertThat(ids(data.train(), 0)).containsExactly(2, 0, 1, 2, 2, 0, 0, 1, 2);
      assertThat(data.schema().categorical().get(0).size()).isEqualTo(3);
    }
  }

  @Test
  void aHashSplitsTheRowsOfOneFile() throws IOException {
    String[] tokens = new String[1000];
    Arrays.fill(tokens, "7");
    Path file = write("train.tsv", tokens);
    try (var data = open(file, "split=hash", "testPercent=20").data()) {
      long test = data.test().rows();
      assertThat(data.train().rows() + data.valid().rows() + test).isEqualTo(1000);
      // Six standard deviations of a binomial with probability 0.2.
      assertThat(Math.abs(test - 200.0)).isLessThan(6 * Math.sqrt(1000 * 0.2 * 0.8));
    }
  }

  @Test
  void theLastDayIsHeldOut() throws IOException {
    write("day_0", "1", "2");
    write("day_1", "3", "1");
    write("day_2", "2", "9", "3");
    try (var data = open(folder).data()) {
      assertThat(ids(data.train(), 0)).containsExactly(2, 3, 4, 2);
      assertThat(data.valid().rows()).isZero();
      assertThat(ids(data.test(), 0)).containsExactly(3, 1, 4);
    }
    try (var data = open(folder, "holdout=half-valid", "fitDays=all").data()) {
      assertThat(ids(data.valid(), 0)).containsExactly(3, 5);
      assertThat(ids(data.test(), 0)).containsExactly(4);
    }
    Files.delete(folder.resolve("day_1"));
    assertThatThrownBy(() -> open(folder))
        .hasMessageContaining("days [0, 2]. Expected the files day_0, day_1, … without a gap");
  }

  @Test
  void theKaggleLayoutClampsAndTheDaysDoNot() throws IOException {
    String low = Files.readString(write("one", "7", "a")).replaceFirst("\t1", "\t-3");
    Path file = Files.writeString(folder.resolve("train.tsv"), low);
    open(file, "testPercent=0", "validPercent=0").data().close();
    assertThat(said).contains("raised 1 values of int_0 to clampMin=-2");
    Files.writeString(folder.resolve("day_0"), low);
    Files.writeString(folder.resolve("day_1"), low);
    assertThatThrownBy(() -> open(folder))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("day_0:2: column int_0 is \"-3\"");
    open(folder, "clampMin=-2").data().close();
  }

  @Test
  void theEncoderIsSavedAndEncodesRowsWithoutLabels() throws IOException {
    Opened o = open(write("train.tsv", "7", "a", "7", "b"), "testPercent=0", "validPercent=0");
    o.data().close();
    Path saved = Files.createDirectory(folder.resolve("run"));
    o.encoder().save(saved);
    String unlabelled = Files.readString(write("x", "b", "f")).replaceAll("(?m)^[01]\t", "");
    Path file = Files.writeString(folder.resolve("test.tsv"), unlabelled);
    Examples examples = new CriteoSource().encoder(saved).encode(file);
    assertThat(examples.schema()).isEqualTo(o.data().schema());
    assertThat(ids(examples, 7)).containsExactly(4, 1);
    try (Examples.Stream stream = examples.stream(Examples.Pass.inOrder(2))) {
      assertThat(requireNonNull(stream.next()).label("label")).containsOnly(Float.NaN);
    }
    byte[] bytes = Files.readAllBytes(saved.resolve("encoder"));
    bytes[40] ^= 1;
    Files.write(saved.resolve("encoder"), bytes);
    assertThatThrownBy(() -> new CriteoSource().encoder(saved))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("encoder is damaged");
  }

  @Test
  void vocabulariesGrowForAWarmStart() throws IOException {
    Opened first = open(write("monday", "7", "a"), "testPercent=0", "validPercent=0");
    first.data().close();
    Path saved = Files.createDirectory(folder.resolve("run"));
    first.encoder().save(saved);
    try (var data =
        open(write("tuesday", "b", "a"), "testPercent=0", "validPercent=0", "growFrom=" + saved)
            .data()) {
      assertThat(ids(data.train(), 0)).containsExactly(4, 3);
    }
    assertThatThrownBy(() -> open(folder.resolve("tuesday"), "hash=50", "growFrom=" + saved))
        .hasMessageContaining("come from hash=50, and came from hash=0");
    assertThatThrownBy(() -> open(folder.resolve("tuesday"), "growFrom=" + folder))
        .hasMessageContaining("where no encoder lies");
  }

  @Test
  void aDescriptionCountsWhatIsThere() throws IOException {
    Opened o = open(write("t", "7", "a", "7", "", "7", ""), "testPercent=0", "validPercent=0");
    try (var data = o.data()) {
      Description d = Description.of(data.train(), (FittedFields) o.encoder(), 2);
      assertThat(d.rows()).isEqualTo(6);
      assertThat(d.labels()).containsEntry("label", new Description.LabelSummary(6, 0.5));
      Description.IdSummary ids = d.ids().get(4);
      assertThat(ids.distinct()).isEqualTo(3);
      assertThat(ids.missingShare()).isEqualTo(2 / 6.0);
      assertThat(ids.top())
          .containsExactly(
              new Description.Frequency(2, "00000007", 3),
              new Description.Frequency(4, "(missing)", 2));
      assertThat(d.dense().get(0).min()).isEqualTo((double) (float) Math.log(3));
      assertThat(d.dense().get(0).max()).isEqualTo((double) (float) Math.log(8));
    }
  }

  @Test
  void aBadRowLeavesNoPreparedFolder() throws IOException {
    Path file = write("train.tsv", "7", "xyz");
    assertThatThrownBy(() -> open(file)).hasMessageContaining("train.tsv:2: column cat_0");
    assertThat(folder.resolve("cache")).isEmptyDirectory();
    try (var data = open(file, "on-bad-row=skip", "testPercent=0", "validPercent=0").data()) {
      assertThat(data.train().rows()).isEqualTo(1);
      assertThat(data.facts()).containsExactly(Map.entry("skipped_rows", 1.0));
    }
    assertThat(said).anyMatch(s -> s.startsWith("left out 1 malformed rows; the first: "));
  }
}
