// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataSource.Opened;
import org.gradus.data.DataSource.Request;
import org.gradus.data.Examples;
import org.gradus.data.UserStates;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What users rate next, read from files.
class NextItemRowsTest {
  @TempDir private Path folder;

  @BeforeEach
  void write() throws IOException {
    StringBuilder ratings = new StringBuilder();
    for (int i = 1; i <= 10; i++) { // user 7 rates 1 to 10 at 100 to 1000; only even ones are liked
      ratings.append("7\t" + i + "\t" + (i % 2 == 0 ? 5 : 2) + "\t" + 100 * i + "\n");
    }
    ratings.append("8\t5\t4\t50\n8\t6\t4\t60\n8\t6\t4\t60\n8\t1\t4\t70\n8\t99\t4\t80\n");
    file("u.data", ratings.toString());
    file("u.user", "7|24|M|technician|85711\n8|53|F|other|V3N4P\n");
    StringBuilder items = new StringBuilder();
    for (int i = 1; i <= 10; i++) {
      items.append(i + "|Film|01-Jan-" + (1990 + i) + "||x|0|0|0|0|0|1").append("|0".repeat(13));
      items.append('\n');
    }
    file("u.item", items.toString());
  }

  private void file(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text, StandardCharsets.ISO_8859_1);
  }

  private Opened open(String... settings) {
    Map<String, String> given = new java.util.HashMap<>(Map.of("examples", "next-items"));
    for (int i = 0; i < settings.length; i += 2) {
      given.put(settings[i], settings[i + 1]);
    }
    return new MovieLens100kSource()
        .open(new Request(folder, folder.resolve("cache"), 0, given, _ -> {}));
  }

  /// User, age, history, item and the age of the example.
  private static List<String> rows(Examples examples, NextItemEncoder names) {
    List<String> rows = new ArrayList<>();
    try (Examples.Stream stream = examples.stream(Examples.Pass.inOrder(3))) {
      for (Batch b = stream.next(); b != null; b = stream.next()) {
        rows.addAll(rows(b, names));
      }
    }
    return rows;
  }

  private static List<String> rows(Batch b, NextItemEncoder names) {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < b.size(); i++) {
      JaggedIds lists = b.sparse().of("history");
      int[] ids = Arrays.copyOfRange(lists.values(), lists.offsets()[i], lists.offsets()[i + 1]);
      rows.add(
          requireNonNull(b.groups())[i]
              + " "
              + names.value("age", b.sparse().of("age").values()[i])
              + " "
              + Arrays.stream(ids).mapToObj(id -> names.value("history", id)).toList()
              + " "
              + names.value("item_id", b.sparse().of("item_id").values()[i])
              + " "
              + b.dense()[i]);
    }
    return rows;
  }

  @Test
  void rowsAreWhatComesNext() {
    Opened o = open("historyLength", "3");
    NextItemEncoder names = (NextItemEncoder) o.encoder();
    try (var data = o.data()) {
      assertThat(data.schema().labels()).isEmpty();
      assertThat(data.schema().fields().stream().map(Field::name))
          .doesNotContain("release_year", "genre"); // of the item: they would tell
      // 10 and 4 positives: one test row and one validation row each; training ends at 800
      assertThat(rows(data.train(), names))
          .containsExactly(
              "7 4 [1] 2 " + 600f / 740,
              "7 4 [1, 2] 3 " + 500f / 740,
              "7 4 [1, 2, 3] 4 " + 400f / 740,
              "7 4 [2, 3, 4] 5 " + 300f / 740,
              "7 4 [3, 4, 5] 6 " + 200f / 740,
              "7 4 [4, 5, 6] 7 " + 100f / 740,
              "7 4 [5, 6, 7] 8 0.0",
              "8 10 [5] 6 1.0");
      assertThat(rows(data.valid(), names))
          .containsExactly("7 4 [6, 7, 8] (out of vocabulary) 0.0", "8 10 [5, 6] 1 " + 730f / 740);
      assertThat(rows(data.test(), names))
          .containsExactly(
              "7 4 [7, 8, (out of vocabulary)] (out of vocabulary) 0.0",
              "8 10 [5, 6, 1] (out of vocabulary) " + 720f / 740);
      assertThat(data.facts())
          .containsEntry("duplicate_rows", 1.0)
          .containsEntry("capped_users", 0.0);
    }
  }

  @Test
  void settingsReachTheRules() {
    Opened o = open("positives", "liked", "divideBy", "last-out", "maxPerUser", "1");
    NextItemEncoder names = (NextItemEncoder) o.encoder();
    try (var data = o.data()) {
      assertThat(rows(data.train(), names)).hasSize(2).element(0).asString().contains("[2, 4] 6 ");
      assertThat(rows(data.test(), names)).hasSize(2);
      assertThat(data.facts()).containsEntry("capped_users", 1.0);
    }
    try (var data = open("divideBy", "time", "testPercent", "30").data()) {
      assertThat(data.test().rows()).isEqualTo(5); // ⌈14 · 30 %⌉, all of user 7's last
    }
    assertThatThrownBy(() -> open("growFrom", folder.toString()))
        .hasMessageContaining("growFrom with examples=next-items");
  }

  @Test
  void theEncoderIsSavedAndKnowsUsers() throws IOException {
    Opened o = open("historyLength", "3");
    o.data().close();
    Path saved = Files.createDirectory(folder.resolve("run"));
    o.encoder().save(saved);
    NextItemEncoder encoder = (NextItemEncoder) new MovieLens100kSource().encoder(saved);
    UserStates states = encoder;
    assertThat(rows(states.now(List.of("8", "7")), encoder))
        .containsExactly(
            "8 10 [6, 1, (out of vocabulary)] (padding) 0.0",
            "7 4 [8, (out of vocabulary), (out of vocabulary)] (padding) 0.0");
    assertThat(Arrays.stream(states.met("8")).mapToObj(id -> encoder.value("item_id", id)).toList())
        .containsExactlyInAnyOrder("5", "6", "1");
    int five = states.met("8")[0];
    assertThat(states.item(five)).endsWith(", " + (1990 + itemNumber(encoder, five)) + ")");
    assertThat(states.item(0)).isEqualTo("(padding)");
    assertThatThrownBy(() -> states.now(List.of("99")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("user 99 is not known.");
    assertThatThrownBy(() -> states.met("x")).hasMessageStartingWith("user x is not known.");
    Path asked =
        Files.writeString(folder.resolve("asked"), "8\t7\t1\t75\n", StandardCharsets.ISO_8859_1);
    assertThat(rows(encoder.encode(asked), encoder))
        .containsExactly("8 10 [5, 6, 1] 7 " + 725f / 740);
  }

  private static List<String> withoutAge(Examples examples, NextItemEncoder names) {
    return rows(examples, names).stream().map(r -> r.substring(0, r.lastIndexOf(' '))).toList();
  }

  /// Through the encoder the file that was prepared gives the same histories: what it says is known already.
  @Test
  void whatIsKnownCountsOnce() {
    Opened o = open("historyLength", "20");
    NextItemEncoder names = (NextItemEncoder) o.encoder();
    try (var data = o.data()) {
      List<String> prepared = new ArrayList<>(withoutAge(data.train(), names));
      prepared.addAll(withoutAge(data.valid(), names));
      prepared.addAll(withoutAge(data.test(), names));
      List<String> again = withoutAge(names.encode(folder.resolve("u.data")), names);
      assertThat(again).hasSize(15).containsAll(prepared); // with first ratings, and one twice
    }
  }

  /// The file has item 7 twice in one second; a rating without a value repeats a known, liked one.
  @Test
  void whatIsAskedTwiceCountsOnce() throws IOException {
    Opened o = open("positives", "liked");
    o.data().close();
    NextItemEncoder encoder = (NextItemEncoder) o.encoder();
    Path asked =
        Files.writeString(
            folder.resolve("asked"),
            "7\t4\t1\t400\n8\t4\t5\t75\n8\t4\t5\t75\n8\t2\t5\t78\n7\t6\t5\t450\n",
            StandardCharsets.ISO_8859_1);
    assertThat(withoutAge(encoder.encode(asked), encoder))
        .containsExactly(
            "7 4 [2] 4",
            "8 10 [5, 6, (out of vocabulary)] 4",
            "8 10 [5, 6, (out of vocabulary)] 4",
            "8 10 [5, 6, (out of vocabulary), 4] 2",
            // the file says that 7 disliked 4; what is known counts
            "7 4 [2, 4] 6");
  }

  @Test
  void thePastIsTheWholeLog() {
    Opened o = open("positives", "liked", "maxPerUser", "1");
    NextItemEncoder names = (NextItemEncoder) o.encoder();
    try (var data = o.data()) {
      assertThat(data.train().rows()).isEqualTo(2);
      List<String> told = new ArrayList<>();
      names.past(
          (user, item, time, positive) ->
              told.add(user + " " + names.value("item_id", item) + " " + time + " " + positive));
      assertThat(told)
          .hasSize(14) // one rating was there twice
          .contains("7 2 200 true", "7 (out of vocabulary) 100 false", "8 5 50 true");
    }
  }

  /// Which examples of a user stay is decided by the run's seed.
  @Test
  void theSeedDrawsWhatIsKept() {
    List<List<String>> kept = new ArrayList<>();
    for (long seed : new long[] {0, 1, 2, 3, 0}) {
      Map<String, String> settings =
          Map.of("examples", "next-items", "maxPerUser", "2", "keep", "random");
      Opened o =
          new MovieLens100kSource()
              .open(new Request(folder, folder.resolve("cache"), seed, settings, _ -> {}));
      try (var data = o.data()) {
        kept.add(rows(data.train(), (NextItemEncoder) o.encoder()));
      }
    }
    assertThat(kept.getLast()).isEqualTo(kept.getFirst());
    assertThat(kept.stream().distinct().count()).isGreaterThan(1); // of 21 pairs for user 7
  }

  private static int itemNumber(NextItemEncoder encoder, int id) {
    return Integer.parseInt(encoder.value("item_id", id));
  }
}
