// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.io.ByteArrayDataOutput;
import com.google.common.io.ByteStreams;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.DataSource.Opened;
import org.gradus.data.DataSource.Request;
import org.gradus.data.Examples;
import org.gradus.data.FittedFields;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MovieLensSourceTest {
  private static final String USERS =
      "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n";
  @TempDir Path folder;

  /// User 7 rates items 1 to 12, in a file that is in no order; items 3 and 2 in the same second. User 8 rates three.
  private static final int[][] RATINGS = { // user, item, rating, time
    {7, 12, 5, 1200},
    {7, 1, 4, 100},
    {8, 5, 2, 50},
    {7, 3, 1, 300},
    {7, 2, 5, 300},
    {7, 4, 4, 400},
    {7, 5, 3, 500},
    {7, 6, 4, 600},
    {8, 6, 5, 60},
    {7, 7, 4, 700},
    {7, 8, 1, 800},
    {7, 9, 4, 900},
    {7, 10, 5, 1000},
    {7, 11, 2, 1100},
    {8, 1, 4, 70}
  };

  private static String ratings(String separator) {
    StringBuilder s = new StringBuilder();
    for (int[] r : RATINGS) {
      s.append(String.join(separator, Arrays.stream(r).mapToObj(Integer::toString).toList()))
          .append('\n');
    }
    return s.toString();
  }

  private void file(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text, StandardCharsets.ISO_8859_1);
  }

  private void atomic() throws IOException {
    file(
        "tiny.inter",
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + ratings("\t"));
    file("tiny.user", USERS + "7\t24\tM\ttechnician\t85711\n8\t53\tF\tother\tV3N4P\n");
    StringBuilder items =
        new StringBuilder(
            "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n");
    for (int i = 1; i <= 12; i++) {
      items
          .append(i + "\tA film\t" + (1990 + i % 3) + "\t" + (i % 2 == 0 ? "Drama War" : "Comedy"))
          .append('\n');
    }
    file("tiny.item", items.toString());
  }

  private void original100k() throws IOException {
    file("u.data", ratings("\t"));
    file("u.user", "7|24|M|technician|85711\n8|53|F|other|V3N4P\n");
    StringBuilder items = new StringBuilder();
    for (int i = 1; i <= 12; i++) {
      // 19 flags: comedy is the sixth, drama the ninth, war the eighteenth.
      String flags = i % 2 == 0 ? "0|0|0|0|0|0|0|0|1|0|0|0|0|0|0|0|0|1|0" : "0|".repeat(5) + "1";
      flags = i % 2 == 0 ? flags : flags + "|0".repeat(13);
      items.append(
          i + "|Am\u00e9lie (1999)|01-Jan-" + (1990 + i % 3) + "||http://x|" + flags + "\n");
    }
    file("u.item", items.toString());
  }

  private void original1m() throws IOException {
    file("ratings.dat", ratings("::"));
    file("users.dat", "7::M::24::technician::85711\n8::F::53::other::V3N4P\n");
    StringBuilder items = new StringBuilder();
    for (int i = 1; i <= 12; i++) {
      String genres = i % 2 == 0 ? "Drama|War" : "Comedy";
      items.append(i + "::Am\u00e9lie: a film (" + (1990 + i % 3) + ")::" + genres + "\n");
    }
    file("movies.dat", items.toString());
  }

  private Opened open(DataSource source, Map<String, String> settings) {
    Path path = source instanceof MovieLensSyntheticSource ? null : folder; // generated
    return source.open(new Request(path, folder.resolve("cache"), 0, settings, _ -> {}));
  }

  /// Rows as text: the values of the eight fields, label, time, and history if there is one.
  private static List<String> rows(Examples examples, FittedFields names) {
    List<String> rows = new ArrayList<>();
    try (Examples.Stream stream = examples.stream(Examples.Pass.inOrder(4))) {
      for (Batch b = stream.next(); b != null; b = stream.next()) {
        for (int i = 0; i < b.size(); i++) {
          StringBuilder s = new StringBuilder();
          for (String key : b.sparse().keys()) {
            JaggedIds lists = b.sparse().of(key);
            for (int k = lists.offsets()[i]; k < lists.offsets()[i + 1]; k++) {
              s.append(names.value(key, lists.values()[k])).append(' ');
            }
          }
          assertThat(requireNonNull(b.groups())[i]).isIn(7L, 8L, 9L);
          rows.add(s + "" + b.label("label")[i] + " " + requireNonNull(b.timestamps())[i]);
        }
      }
    }
    return rows;
  }

  /// The values behind the ids of a field.
  private static List<String> names(FittedFields fitted, String field, int size) {
    return IntStream.range(0, size).mapToObj(id -> fitted.value(field, id)).toList();
  }

  @Test
  void theLatestRowsOfEachUserAreHeldOut() throws IOException {
    atomic();
    Opened o = open(new MovieLens100kSource(), Map.of());
    FittedFields names = (FittedFields) o.encoder();
    try (var data = o.data()) {
      // ⌈12 · 10 %⌉ = 2 and ⌈3 · 10 %⌉ = 1, in the order of the file.
      assertThat(rows(data.test(), names))
          .containsExactly(
              "7 (out of vocabulary) 4 M technician 8 1990 Drama 1.0 1200",
              "7 (out of vocabulary) 4 M technician 8 1992 Comedy 0.0 1100",
              "8 1 10 F other V 1991 Comedy 1.0 70");
      assertThat(rows(data.valid(), names))
          .containsExactly(
              "8 6 10 F other V 1990 Drama 1.0 60",
              "7 (out of vocabulary) 4 M technician 8 1990 Comedy 1.0 900",
              "7 (out of vocabulary) 4 M technician 8 1991 Drama 1.0 1000");
      assertThat(rows(data.train(), names))
          .hasSize(9)
          .startsWith(
              "7 1 4 M technician 8 1991 Comedy 1.0 100",
              "8 5 10 F other V 1992 Comedy 0.0 50",
              "7 3 4 M technician 8 1990 Comedy 0.0 300");
    }
  }

  /// User 7 is 24, user 8 is 53; the test rows are ratings of 5, 2 and 4, and the first are in no order of users.
  @Test
  void ratingsMayHaveTwoLabelsAndAScenario() throws IOException {
    atomic();
    Opened o = open(new MovieLens100kSource(), Map.of("labels", "two", "domain", "age"));
    try (var data = o.data()) {
      assertThat(data.schema().labels().stream().map(Field.Label::name))
          .containsExactly("liked", "loved");
      Batch test = all(data.test());
      assertThat(test.label("liked")).containsExactly(1, 0, 1);
      assertThat(test.label("loved")).containsExactly(1, 0, 0);
      assertThat(test.domains()).containsExactly(1, 1, 4);
    }
    Path asked = folder.resolve("asked.inter");
    Files.writeString(
        asked,
        """
        user_id:token\titem_id:token\trating:float\ttimestamp:float
        8\t1\t5\t2000
        9\t1\t3\t2000
        """);
    o.encoder().save(folder.resolve("cache"));
    Batch read = all(new MovieLens100kSource().encoder(folder.resolve("cache")).encode(asked));
    assertThat(read.label("loved")).containsExactly(1, 0);
    assertThat(read.domains()).as("nobody knows user 9").containsExactly(4, 0);
    assertThatThrownBy(
            () ->
                open(new MovieLens100kSource(), Map.of("labels", "two", "examples", "next-items")))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("examples=next-items with labels=two and domain=none");
  }

  /// Below 25, 25 to 34, 35 to 44, 45 and above, from ages div 5; 0 is nobody knows.
  @Test
  void agesFallIntoGroups() {
    int[] years = {7, 24, 25, 34, 35, 44, 45, 73};
    int[] groups = {1, 1, 2, 2, 3, 3, 4, 4};
    for (int i = 0; i < years.length; i++) {
      MovieLens.User user = new MovieLens.User("" + years[i] / 5, "", "", "");
      assertThat(RatingTasks.group(user)).as("%s years", years[i]).isEqualTo(groups[i]);
    }
    assertThat(RatingTasks.group(MovieLens.User.UNKNOWN)).isZero();
  }

  private static Batch all(Examples examples) {
    try (Examples.Stream stream = examples.stream(Examples.Pass.inOrder((int) examples.rows()))) {
      return requireNonNull(stream.next());
    }
  }

  @Test
  void theThreeLayoutsHoldTheSame() throws IOException {
    List<String> fingerprints = new ArrayList<>();
    for (int layout = 0; layout < 3; layout++) {
      try (var files = Files.list(folder)) {
        for (Path p : files.filter(Files::isRegularFile).toList()) {
          Files.delete(p);
        }
      }
      switch (layout) {
        case 0 -> atomic();
        case 1 -> original100k();
        default -> original1m();
      }
      Opened o = open(new MovieLens100kSource(), Map.of());
      o.data().close();
      fingerprints.add(o.data().fingerprint());
    }
    assertThat(fingerprints).containsOnly(fingerprints.get(0));
  }

  @Test
  void historiesHoldOnlyWhatHappenedStrictlyBefore() throws IOException {
    atomic();
    Opened o = open(new MovieLens100kSource(), Map.of("history", "all", "historyLength", "3"));
    FittedFields names = (FittedFields) o.encoder();
    try (var data = o.data()) {
      assertThat(rows(data.train(), names))
          .contains(
              "7 1 4 M technician 8 1991 Comedy 1.0 100",
              "7 2 4 M technician 8 1992 Drama 1 1.0 300", // item 3 was rated in the same second
              "7 3 4 M technician 8 1990 Comedy 1 0.0 300",
              "7 4 4 M technician 8 1991 Drama 1 2 3 1.0 400",
              "7 5 4 M technician 8 1992 Comedy 2 3 4 0.0 500");
    }
    Opened liked =
        open(new MovieLens100kSource(), Map.of("history", "liked", "historyLength", "3"));
    try (var data = liked.data()) {
      assertThat(rows(data.train(), names))
          .contains("7 5 4 M technician 8 1992 Comedy 1 2 4 0.0 500");
    }
  }

  @Test
  void genresStandBesideTheItemsOfAHistory() throws IOException {
    atomic();
    Map<String, String> settings =
        Map.of("history", "all", "historyLength", "3", "historyGenres", "true");
    Opened o = open(new MovieLens100kSource(), settings);
    try (var data = o.data()) {
      Field.Sequence genres = data.schema().all(Field.Sequence.class).getLast();
      assertThat(genres.name()).isEqualTo("history_genres");
      assertThat(genres.table()).isEqualTo("genre");
      List<String> train = rows(data.train(), (FittedFields) o.encoder());
      assertThat(train)
          .contains(
              "7 1 4 M technician 8 1991 Comedy 1.0 100",
              "7 4 4 M technician 8 1991 Drama 1 2 3 Comedy Drama Comedy 1.0 400",
              "7 5 4 M technician 8 1992 Comedy 2 3 4 Drama Comedy Drama 0.0 500");
      Path saved = Files.createDirectory(folder.resolve("encoder"));
      o.encoder().save(saved);
      DataSource.Encoder loaded = new MovieLens100kSource().encoder(saved);
      Examples again = loaded.encode(folder.resolve("tiny.inter"));
      assertThat(rows(again, (FittedFields) loaded)).containsAll(train);
    }
  }

  @Test
  void genresOfSessionsAreDividedAsTheItemsAre() throws IOException {
    atomic();
    Opened o =
        open(
            new MovieLens100kSource(),
            Map.of("history", "all", "sessionPause", "150", "historyGenres", "true"));
    Batch b = all(o.data().train());
    assertThat(b.sessions("history_genres").values())
        .isEqualTo(b.sessions("history").values())
        .hasSizeGreaterThan(b.size());
    assertThat(b.sparse().of("history_genres").offsets())
        .isEqualTo(b.sparse().of("history").offsets());
  }

  /// The last row of a split: the words of its history, session by session.
  private static String sessions(Examples examples, FittedFields names) {
    Batch b = all(examples);
    int row = b.size() - 1;
    JaggedIds lists = b.sparse().of("history");
    JaggedIds sizes = b.sessions("history");
    StringBuilder s = new StringBuilder();
    int at = lists.offsets()[row];
    for (int k = sizes.offsets()[row]; k < sizes.offsets()[row + 1]; k++) {
      for (int i = 0; i < sizes.values()[k]; i++) {
        s.append(i == 0 ? "" : " ").append(names.value("history", lists.values()[at++]));
      }
      s.append(';');
    }
    assertThat(at).isEqualTo(lists.offsets()[row + 1]);
    return s.toString();
  }

  /// Ratings of one user at 0, 10 and 20; at 31; at 100 and 110, the validation row; at 500, the test row.
  @Test
  void aPauseDividesAHistoryIntoSessions() throws IOException {
    atomic();
    StringBuilder ratings =
        new StringBuilder("user_id:token\titem_id:token\trating:float\ttimestamp:float\n");
    int[] times = {0, 10, 20, 31, 100, 110, 500};
    for (int i = 0; i < times.length; i++) {
      ratings.append("7\t" + (i + 1) + "\t" + (i == 1 ? 2 : 5) + "\t" + times[i] + "\n");
    }
    file("tiny.inter", ratings.toString());
    Map<String, String> expected =
        Map.of(
            "history=all sessionPause=10", "1 2 3;4;5 (out of vocabulary);",
            "history=all sessionPause=11", "1 2 3 4;5 (out of vocabulary);",
            "history=all sessionPause=9", "2;3;4;5;(out of vocabulary);",
            "history=liked sessionPause=10", "1;3;4;5 (out of vocabulary);",
            "history=all sessionPause=10 maxSessions=2", "4;5 (out of vocabulary);",
            "history=all sessionPause=10 sessionLength=2", "2 3;4;5 (out of vocabulary);");
    for (String settings : expected.keySet()) {
      Opened o = open(new MovieLens100kSource(), settings(settings));
      FittedFields names = (FittedFields) o.encoder();
      try (var data = o.data()) {
        assertThat(data.schema().all(Field.Sequence.class)).isEmpty();
        assertThat(data.schema().all(Field.Sessions.class)).hasSize(1);
        assertThat(sessions(data.test(), names)).as(settings).isEqualTo(expected.get(settings));
        Path saved = Files.createDirectories(folder.resolve("run of " + settings));
        o.encoder().save(saved);
        DataSource.Encoder read = new MovieLens100kSource().encoder(saved);
        Path asked =
            Files.writeString(
                folder.resolve("asked"),
                "user_id:token\titem_id:token\ttimestamp:float\n7\t7\t500\n");
        Examples again = read.encode(asked);
        assertThat(again.schema()).isEqualTo(data.schema());
        assertThat(sessions(again, (FittedFields) read))
            .as("saved, %s", settings)
            .isEqualTo(expected.get(settings));
      }
    }
  }

  private static Map<String, String> settings(String text) {
    Map<String, String> map = new TreeMap<>();
    for (String s : text.split(" ", -1)) {
      map.put(s.substring(0, s.indexOf('=')), s.substring(s.indexOf('=') + 1));
    }
    return map;
  }

  /// Encoders that were saved before there were sessions have a length and what counts, and nothing behind it.
  @Test
  void historiesOfOlderEncodersAreOneList() throws IOException {
    MovieLensHistory history = new MovieLensHistory(50, true);
    byte[] old = {0, 0, 0, 50, 1};
    assertThat(MovieLensHistory.read(ByteStreams.newDataInput(old))).isEqualTo(history);
    ByteArrayDataOutput out = ByteStreams.newDataOutput();
    history.write(out);
    assertThat(out.toByteArray()).isEqualTo(old);
  }

  @Test
  void sessionsThatCannotBeAreRefused() throws IOException {
    atomic();
    Map<String, String> refused =
        Map.of(
            "sessionPause=1800", "history=none. Expected examples=ratings and history=all",
            "history=all sessionPause=1800 historyLength=20",
                "historyLength=20 with sessionPause=1800. Expected data.maxSessions",
            "history=all maxSessions=3", "without sessions. Expected data.sessionPause too",
            "history=all sessionPause=1800 examples=next-items", "examples=next-items",
            "history=all sessionPause=-1", "Expected a whole number of at least 0",
            "historyGenres=true", "history=none. Expected examples=ratings and history=all",
            "historyGenres=true history=all examples=next-items", "examples=next-items");
    refused.forEach(
        (settings, message) ->
            assertThatThrownBy(() -> open(new MovieLens100kSource(), settings(settings)))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(message));
  }

  @Test
  void theEncoderIsSavedAndEncodesPairs() throws IOException {
    atomic();
    Opened o = open(new MovieLens100kSource(), Map.of("history", "all", "historyLength", "2"));
    o.data().close();
    Path saved = Files.createDirectory(folder.resolve("run"));
    o.encoder().save(saved);
    DataSource.Encoder encoder = new MovieLens100kSource().encoder(saved);
    Path pairs =
        Files.writeString(folder.resolve("pairs"), "item_id:token\tuser_id:token\n4\t8\n5\t7\n");
    Examples examples = encoder.encode(pairs);
    assertThat(examples.schema()).isEqualTo(o.data().schema());
    long never = Long.MAX_VALUE; // no time: after everything known
    assertThat(rows(examples, (FittedFields) encoder))
        .containsExactly(
            "8 4 10 F other V 1991 Drama 6 1 NaN " + never,
            "7 5 4 M technician 8 1992 Comedy (out of vocabulary) (out of vocabulary) NaN "
                + never);
  }

  /// Through the encoder the file that was prepared gives the same rows: what it says is known already.
  @Test
  void whatIsKnownCountsOnce() throws IOException {
    atomic();
    for (String history : List.of("all", "liked")) {
      Opened o = open(new MovieLens100kSource(), Map.of("history", history));
      FittedFields names = (FittedFields) o.encoder();
      try (var data = o.data()) {
        List<String> prepared = new ArrayList<>(rows(data.train(), names));
        prepared.addAll(rows(data.valid(), names));
        prepared.addAll(rows(data.test(), names));
        assertThat(rows(o.encoder().encode(folder.resolve("tiny.inter")), names))
            .containsExactlyInAnyOrderElementsOf(prepared);
      }
    }
  }

  @Test
  void vocabulariesGrowForAWarmStart() throws IOException {
    atomic();
    Opened first = open(new MovieLens100kSource(), Map.of());
    first.data().close();
    Path run = Files.createDirectories(folder.resolve("run"));
    first.encoder().save(Files.createDirectory(run.resolve("encoder")));
    // a new user comes first, with a new item and an old one; user 7 does not come back
    file(
        "tiny.inter",
        """
        user_id:token item_id:token rating:float timestamp:float
        9 40 5 2000
        9 4 1 2001
        8 2 4 2002
        8 40 4 2003
        9 6 5 2004
        9 5 5 2005
        """
            .replace(' ', '\t'));
    file("tiny.user", USERS + "9\t53\tF\tdancer\t10115\n8\t53\tF\tother\tV3N4P\n");
    Opened second = open(new MovieLens100kSource(), Map.of("growFrom", run.toString()));
    FittedFields before = (FittedFields) first.encoder();
    FittedFields now = (FittedFields) second.encoder();
    try (var data = second.data()) {
      for (String field : MovieLensEncoder.FIELDS) {
        List<String> known = names(before, field, first.data().schema().rows(field));
        assertThat(names(now, field, data.schema().rows(field)))
            .startsWith(known.toArray(String[]::new));
      }
      assertThat(names(now, "user_id", data.schema().rows("user_id")))
          .containsExactly("(padding)", "(out of vocabulary)", "7", "8", "9");
      // training rows of users 9 and 8: items 40, 4 and 2, in the order of the file
      assertThat(names(now, "item_id", data.schema().rows("item_id")))
          .containsExactly(
              "(padding)", "(out of vocabulary)", "1", "5", "3", "2", "4", "6", "7", "8", "40");
      assertThat(rows(data.train(), now).getFirst()).startsWith("9 40 10 F dancer 1 ");
    }
  }

  @Test
  void malformedFilesAreNamed() throws IOException {
    assertThatThrownBy(() -> open(new MovieLens1mSource(), Map.of()))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("no MovieLens here. Expected u.data, u.user and u.item; or");
    original1m();
    file("ratings.dat", "7::1::4::100\n7::2::six::100\n");
    assertThatThrownBy(() -> open(new MovieLens1mSource(), Map.of()))
        .hasMessageContaining("ratings.dat:2: column rating is \"six\". Expected a rating from 0");
    file("ratings.dat", "7::1::4::100\n7::2::4::1::1\n");
    assertThatThrownBy(() -> open(new MovieLens1mSource(), Map.of()))
        .hasMessageContaining("ratings.dat:2: 5 columns. Expected 2 to 4");
    file("ratings.dat", "");
    assertThatThrownBy(() -> open(new MovieLens1mSource(), Map.of()))
        .hasMessageContaining("ratings.dat: the file is empty");
    file("ratings.dat", ratings("::") + "7::0.5::4::100\n");
    assertThatThrownBy(() -> open(new MovieLens1mSource(), Map.of()))
        .hasMessageContaining("ratings.dat:16: column item_id is \"0.5\". Expected a whole number");
    try (var data = open(new MovieLens1mSource(), Map.of("on-bad-row", "skip")).data()) {
      assertThat(data.train().rows()).isEqualTo(9);
      assertThat(data.facts()).containsExactly(Map.entry("skipped_rows", 1.0));
    }
    Files.delete(folder.resolve("ratings.dat"));
    atomic();
    file("tiny.user", USERS + "7\t24\t\u00c9\tx\t1\n");
    assertThatThrownBy(() -> open(new MovieLens100kSource(), Map.of()))
        .hasMessageContaining("tiny.user:2: column gender is \"\u00c9\". Its bytes are not UTF-8");
    file("tiny.user", "user:token\n7\n");
    assertThatThrownBy(() -> open(new MovieLens100kSource(), Map.of()))
        .hasMessageContaining("tiny.user:1: no column user_id");
  }

  @Test
  void generatedRatingsFollowTheirProbabilities() {
    MovieLens data = new MovieLensGenerator(300, 200, 4).generate(15_000);
    Ratings r = data.ratings();
    assertThat(r.size()).isEqualTo(15_000);
    double expected = 0;
    double variance = 0;
    double positives = 0;
    for (int i = 0; i < r.size(); i++) {
      double p = r.probabilities.getDouble(i);
      expected += p;
      variance += p * (1 - p);
      positives += r.label(i);
      assertThat(r.ratings.getFloat(i)).isBetween(1f, 5f);
    }
    assertThat(Math.abs(positives - expected)).isLessThan(5 * Math.sqrt(variance));
    int[] order = r.byUserAndTime();
    for (int p = 1; p < order.length; p++) {
      if (r.users.getInt(order[p]) == r.users.getInt(order[p - 1])) {
        assertThat(r.times.getLong(order[p])).isGreaterThan(r.times.getLong(order[p - 1]));
      }
    }
    Opened o =
        open(
            new MovieLensSyntheticSource(),
            Map.of("users", "300", "items", "200", "ratings", "15000"));
    try (var split = o.data()) {
      assertThat(split.test().rows()).isEqualTo(1500);
      assertThat(split.facts().get("bayes_auc")).isBetween(0.7, 0.9);
    }
  }

  /// What is written raw and read back is, byte for byte, what is prepared without the detour.
  @Test
  void generatedFilesReadBackAsTheSameRows() throws IOException {
    MovieLensSyntheticSource source = new MovieLensSyntheticSource();
    Map<String, String> size = Map.of("users", "40", "items", "60", "ratings", "800");
    Path raw = folder.resolve("raw");
    assertThat(source.generate(raw, 800, 5, size)).isEqualTo(800);
    Path cache = folder.resolve("cache");
    source.open(new Request(null, cache, 5, size, _ -> {})).data().close();
    Opened read = new MovieLens100kSource().open(new Request(raw, cache, 0, Map.of(), _ -> {}));
    read.data().close();
    assertThat(read.data().test().rows()).isEqualTo(80);
    Map<String, byte[]> rows = new TreeMap<>();
    try (Stream<Path> files = Files.walk(cache)) {
      for (Path p : files.filter(f -> f.toString().endsWith(".rows")).toList()) {
        String prepared = requireNonNull(p.getParent()).getFileName().toString();
        rows.put(
            prepared.substring(0, prepared.lastIndexOf('-')) + "/" + p.getFileName(),
            Files.readAllBytes(p));
      }
    }
    for (String split : List.of("train", "valid", "test")) {
      assertThat(rows.get("ml-100k/" + split + ".rows"))
          .isNotEmpty()
          .isEqualTo(rows.get("movielens-synthetic/" + split + ".rows"));
    }
    // equal seeds, equal files; another seed, others; and nothing is overwritten
    Path again = Files.createDirectory(folder.resolve("again"));
    source.generate(again, 800, 5, size);
    assertThat(again.resolve("u.data")).hasSameBinaryContentAs(raw.resolve("u.data"));
    assertThat(again.resolve("u.user")).hasSameBinaryContentAs(raw.resolve("u.user"));
    source.generate(folder.resolve("other"), 800, 6, size);
    assertThat(Files.readString(folder.resolve("other/u.data")))
        .isNotEqualTo(Files.readString(raw.resolve("u.data")));
    assertThatThrownBy(() -> source.generate(raw, 800, 6, size))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("the folder is not empty");
    assertThat(again.resolve("u.data")).hasSameBinaryContentAs(raw.resolve("u.data"));
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left.map(f -> f.getFileName().toString())).noneMatch(n -> n.contains("writing"));
    }
  }
}
