// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.translation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradus.data.DataException;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource.Encoder;
import org.gradus.data.DataSource.Opened;
import org.gradus.data.DataSource.Request;
import org.gradus.data.Examples;
import org.gradus.data.FittedFields;
import org.gradus.data.prepared.PreparedFile;
import org.gradus.embeddings.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TranslationSourceTest {
  private static final Map<String, String> SMALL =
      Map.of("words", "6", "shortest", "2", "longest", "4", "rows", "300", "testRows", "50");

  @TempDir Path folder;

  private Opened open(Map<String, String> settings) {
    return new TranslationSource()
        .open(new Request(null, folder.resolve("cache"), 3, settings, _ -> {}));
  }

  private static int[] of(Batch batch, String field, int row) {
    var lists = batch.sparse().of(field);
    return Arrays.copyOfRange(lists.values(), lists.offsets()[row], lists.offsets()[row + 1]);
  }

  private static List<int[]> all(Examples rows, String field) {
    List<int[]> all = new ArrayList<>();
    try (Examples.Stream stream = rows.stream(Examples.Pass.inOrder(64))) {
      for (Batch b = stream.next(); b != null; b = stream.next()) {
        for (int i = 0; i < b.size(); i++) {
          all.add(of(b, field, i));
        }
      }
    }
    return all;
  }

  /// One dictionary, found from the pairs, explains every target; every word and every length occurs.
  @Test
  void targetsAreSourcesWordByWordFromTheirEnd() {
    try (DataSet data = open(SMALL).data()) {
      int[] dictionary = new int[10];
      Set<Integer> lengths = new HashSet<>();
      for (Examples split : List.of(data.train(), data.valid(), data.test())) {
        List<int[]> sources = all(split, "source");
        List<int[]> targets = all(split, "target");
        for (int r = 0; r < sources.size(); r++) {
          int[] x = sources.get(r);
          int[] y = targets.get(r);
          int n = x.length - 1;
          lengths.add(n);
          assertThat(x[n]).isEqualTo(3);
          assertThat(y).hasSize(n + 2).startsWith(2).endsWith(3);
          for (int t = 0; t < n; t++) {
            assertThat(x[t]).isBetween(4, 9);
            int translated = y[n - t];
            dictionary[x[t]] = dictionary[x[t]] == 0 ? translated : dictionary[x[t]];
            assertThat(translated).isEqualTo(dictionary[x[t]]);
          }
        }
      }
      assertThat(lengths).containsExactlyInAnyOrder(2, 3, 4);
      assertThat(Arrays.copyOfRange(dictionary, 4, 10))
          .containsExactlyInAnyOrder(4, 5, 6, 7, 8, 9)
          .isNotEqualTo(new int[] {4, 5, 6, 7, 8, 9});
      assertThat(data.train().rows()).isEqualTo(300);
      assertThat(data.test().rows()).isEqualTo(50);
    }
  }

  /// Of 24 words in sentences of 4 to 8, the test rows hold almost none that was trained on: of 331,776 sentences of four words
  /// each is drawn with 4,000 of 20,000 training rows, so that about 1.2 % of the short test rows repeat one.
  @Test
  void testRowsAreNew() {
    try (DataSet data = open(Map.of()).data()) {
      Set<List<Integer>> seen = new HashSet<>();
      all(data.train(), "source").forEach(x -> seen.add(Arrays.stream(x).boxed().toList()));
      List<int[]> test = all(data.test(), "source");
      long known =
          test.stream().filter(x -> seen.contains(Arrays.stream(x).boxed().toList())).count();
      assertThat(known).isLessThan(test.size() / 100);
    }
  }

  @Test
  void aFileOfTheSameLayoutGivesTheSameExamples() throws IOException {
    Path file = folder.resolve("pairs.tsv");
    assertThat(new TranslationSource().generate(file, 300, 3, SMALL)).isEqualTo(300);
    assertThat(Files.readAllLines(file))
        .hasSize(300)
        .allMatch(s -> s.matches("(a\\d ?)+\t(b\\d ?)+"));
    Opened opened = open(SMALL);
    Path saved = Files.createDirectory(folder.resolve("saved"));
    opened.encoder().save(saved);
    Encoder again = new TranslationSource().encoder(saved);
    try (DataSet data = opened.data()) {
      PreparedFile encoded = (PreparedFile) again.encode(file);
      for (String field : List.of("source", "target")) {
        List<int[]> expected = all(data.train(), field);
        List<int[]> found = all(encoded, field);
        assertThat(found).hasSize(300);
        for (int r = 0; r < 300; r++) {
          assertThat(found.get(r)).isEqualTo(expected.get(r));
        }
      }
      encoded.close();
    }
  }

  @Test
  void sentencesWithoutTranslationsAndUnknownWordsAreEncoded() throws IOException {
    Path file = folder.resolve("sentences.txt");
    Files.writeString(file, "a0 a5 a6 b1\n\n");
    Opened opened = open(SMALL);
    opened.data().close();
    try (PreparedFile rows = (PreparedFile) opened.encoder().encode(file)) {
      List<int[]> sources = all(rows, "source");
      assertThat(sources.get(0)).containsExactly(4, 9, 1, 1, 3);
      assertThat(sources.get(1)).containsExactly(3);
      assertThat(all(rows, "target").get(0)).containsExactly(2, 3);
    }
    FittedFields names = (FittedFields) opened.encoder();
    assertThat(names.value("source", 4)).isEqualTo("a0");
    assertThat(names.value("target", 9)).isEqualTo("b5");
    assertThat(names.value("target", 2)).isEqualTo("<s>");
  }

  @Test
  void whatCannotBeReadIsSaid() throws IOException {
    Path file = folder.resolve("sentences.txt");
    Opened opened = open(SMALL);
    opened.data().close();
    Files.writeString(file, "a0\na0 a1 a2 a3 a4\n");
    assertThatThrownBy(() -> opened.encoder().encode(file))
        .isInstanceOf(DataException.class)
        .hasMessageEndingWith(
            "sentences.txt:2: column source is \"a0 a1 a2 a3 a4\". It has 5 words. Expected at most"
                + " 4.");
    Files.writeString(file, "a0\tb1\tb2\n");
    assertThatThrownBy(() -> opened.encoder().encode(file))
        .isInstanceOf(DataException.class)
        .hasMessageEndingWith(
            "sentences.txt:1: 3 columns. Expected a sentence, a tab and its translation.");
    assertThatThrownBy(() -> open(Map.of("shortest", "5", "longest", "4")))
        .isInstanceOf(DataException.class)
        .hasMessage("sentences of 5 to 4 words. Expected a range of lengths.");
  }
}
