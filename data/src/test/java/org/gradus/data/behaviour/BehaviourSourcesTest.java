// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.io.ByteArrayDataOutput;
import com.google.common.io.ByteStreams;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataException;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.DataSource.Opened;
import org.gradus.data.Examples;
import org.gradus.data.Examples.Pass;
import org.gradus.data.FittedFields;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Small files in the layouts of public logs; what an example holds is worked out by hand.
class BehaviourSourcesTest {
  @TempDir private Path folder;

  private Path write(String name, String... lines) throws IOException {
    Path file = folder.resolve("raw").resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, List.of(lines));
  }

  private Opened open(DataSource source, @Nullable Path path, String... settings) {
    Map<String, String> given = new HashMap<>();
    for (int i = 0; i < settings.length; i += 2) {
      given.put(settings[i], settings[i + 1]);
    }
    return source.open(new DataSource.Request(path, folder.resolve("cache"), 0, given, _ -> {}));
  }

  /// Every example as text: fields by the words behind their ids, then labels and time.
  private static List<String> told(Examples rows, DataSource.Encoder encoder) {
    List<String> all = new ArrayList<>();
    FittedFields words = (FittedFields) encoder;
    try (Examples.Stream stream = rows.stream(Pass.inOrder(100))) {
      for (Batch batch = stream.next(); batch != null; batch = stream.next()) {
        for (int b = 0; b < batch.size(); b++) {
          StringBuilder line = new StringBuilder();
          for (Field.Ids f : rows.schema().ids()) {
            var ids = batch.sparse().of(f.name());
            List<String> own = new ArrayList<>();
            for (int i = ids.offsets()[b]; i < ids.offsets()[b + 1]; i++) {
              own.add(words.value(f.name(), ids.values()[i]));
            }
            line.append(String.join("+", own)).append(' ');
          }
          for (Field.Label l : rows.schema().labels()) {
            line.append((int) batch.label(l.name())[b]).append(' ');
          }
          all.add(line.append(requireNonNull(batch.timestamps())[b]).toString());
        }
      }
    }
    return all;
  }

  /// Lines of a user stand in any order; two at the same time are not before each other.
  @Test
  void taobaosBehaviour() throws IOException {
    Path file =
        write(
            "UserBehavior.csv",
            "u1,a,c1,pv,100",
            "u1,b,c2,buy,300",
            "u2,a,c1,pv,50",
            "u1,c,c1,cart,200",
            "u1,d,c2,fav,300",
            "u2,b,c2,pv,60",
            "u2,d,c2,buy,70");
    Opened opened =
        open(new TaobaoBehaviourSource(), file, "testPercent", "30", "validPercent", "0");
    try (DataSet set = opened.data()) {
      assertThat(set.schema().ids().stream().map(Field::name))
          .containsExactly("user_id", "item_id", "category", "history", "history_category");
      // of u1's four rows the last two, b and d at 300 in the order of the file, of u2's three the
      // last
      assertThat(told(set.train(), opened.encoder()))
          .containsExactlyInAnyOrder(
              "u1 a c1   0 100", "u1 c c1 a c1 0 200", "u2 a c1   0 50", "u2 b c2 a c1 0 60");
      assertThat(told(set.test(), opened.encoder()))
          .containsExactlyInAnyOrder(
              "u1 b c2 a+c c1+c1 1 300",
              "u1 (out of vocabulary) c2 a+c c1+c1 0 300",
              "u2 (out of vocabulary) c2 a+b c1+c2 1 70");
    }
  }

  @Test
  void historiesAreCutAndMayHoldPurchasesOnly() throws IOException {
    Path file =
        write(
            "UserBehavior.csv",
            "u,a,c,buy,1",
            "u,b,c,pv,2",
            "u,a,c,buy,3",
            "u,b,c,buy,4",
            "u,a,c,pv,5",
            "u,b,c,pv,6");
    Opened opened =
        open(
            new TaobaoBehaviourSource(),
            file,
            "history",
            "positive",
            "historyLength",
            "2",
            "testPercent",
            "1",
            "validPercent",
            "0");
    assertThat(told(opened.data().test(), opened.encoder())).containsExactly("u b c a+b c+c 0 6");
    Opened none = open(new TaobaoBehaviourSource(), file, "history", "none", "testPercent", "1");
    assertThat(none.data().schema().all(Field.Sequence.class)).isEmpty();
  }

  /// Items and their categories have the same sessions: two events, one, and after the pause one more.
  @Test
  void historiesMayBeDividedIntoSessions() throws IOException {
    Path file =
        write(
            "UserBehavior.csv",
            "u,a,c1,pv,0",
            "u,b,c2,buy,1800",
            "u,a,c1,pv,3601",
            "u,b,c2,pv,9000",
            "u,a,c1,pv,9000");
    Opened opened =
        open(
            new TaobaoBehaviourSource(),
            file,
            "sessionPause",
            "1800",
            "maxSessions",
            "2",
            "testPercent",
            "1",
            "validPercent",
            "0");
    try (DataSet set = opened.data()) {
      assertThat(set.schema().all(Field.Sequence.class)).isEmpty();
      assertThat(told(set.test(), opened.encoder()))
          .containsExactly("u a c1 a+b+a c1+c2+c1 0 9000");
      try (Examples.Stream stream = set.test().stream(Pass.inOrder(1))) {
        Batch last = requireNonNull(stream.next());
        for (String name : List.of("history", "history_category")) {
          assertThat(last.sessions(name).values()).as(name).containsExactly(2, 1);
        }
      }
      Path saved = Files.createDirectory(folder.resolve("saved"));
      opened.encoder().save(saved);
      DataSource.Encoder read = new TaobaoBehaviourSource().encoder(saved);
      Path asked = write("asked.csv", "u,a,c1,pv,9000");
      assertThat(told(read.encode(asked), read)).containsExactly("u a c1 a+b+a c1+c2+c1 0 9000");
    }
    assertThatThrownBy(
            () ->
                open(new TaobaoBehaviourSource(), file, "sessionPause", "1800", "history", "none"))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("sessionPause=1800 with history=none. Expected history=all");
  }

  /// Encoders that were saved before there were sessions have a length and what counts, and nothing behind it.
  @Test
  void historiesOfOlderEncodersAreOneList() throws IOException {
    Histories history = new Histories(50, true, null);
    byte[] old = {0, 0, 0, 50, 1};
    assertThat(Histories.read(ByteStreams.newDataInput(old))).isEqualTo(history);
    ByteArrayDataOutput out = ByteStreams.newDataOutput();
    history.write(out);
    assertThat(out.toByteArray()).isEqualTo(old);
  }

  /// What comes after the boundary changes nothing before it: neither vocabularies nor histories.
  @Test
  void aSplitByTimeKnowsNothingOfTheFuture() throws IOException {
    List<List<String>> trained = new ArrayList<>();
    for (String last : List.of("z", "a")) {
      List<String> lines = new ArrayList<>();
      for (int t = 0; t < 20; t++) {
        String item = t >= 16 ? last : List.of("a", "b", "c").get(t % 3);
        lines.add("u" + t % 2 + "," + item + ",c,pv," + t);
      }
      Path file = write("UserBehavior-" + last + ".csv", lines.toArray(String[]::new));
      Opened opened =
          open(
              new TaobaoBehaviourSource(),
              file,
              "split",
              "time",
              "testPercent",
              "10",
              "validPercent",
              "10");
      assertThat(opened.data().test().rows()).isEqualTo(2);
      assertThat(opened.data().valid().rows()).isEqualTo(2);
      trained.add(told(opened.data().train(), opened.encoder()));
    }
    assertThat(trained.get(1)).hasSize(16).isEqualTo(trained.get(0));
  }

  @Test
  void usersWithFewEventsAreLeftOut() throws IOException {
    Path file = write("UserBehavior.csv", "u,a,c,pv,1", "u,a,c,pv,2", "v,b,c,pv,1", "u,a,c,pv,3");
    DataSet set = open(new TaobaoBehaviourSource(), file, "minEvents", "2").data();
    assertThat(set.train().rows() + set.valid().rows() + set.test().rows()).isEqualTo(3);
    assertThatThrownBy(() -> open(new TaobaoBehaviourSource(), file, "minEvents", "9"))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("no training rows");
  }

  @Test
  void malformedLinesSayWhere() throws IOException {
    Path file =
        write(
            "UserBehavior.csv",
            "u,a,c,pv,1",
            "u,a,c,look,2",
            "u,a,c,pv,soon",
            "u,a",
            "u,b,c,pv,3",
            "u,b,c,pv,4");
    assertThatThrownBy(() -> open(new TaobaoBehaviourSource(), file))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("UserBehavior.csv:2: column behaviour is \"look\"");
    DataSet set = open(new TaobaoBehaviourSource(), file, "on-bad-row", "skip").data();
    assertThat(set.facts()).containsEntry("skipped_rows", 3.0);
    assertThatThrownBy(() -> open(new TaobaoBehaviourSource(), null))
        .hasMessageContaining("needs --path");
  }

  @Test
  void taobaosAdvertisements() throws IOException {
    write(
        "ad_feature.csv",
        "adgroup_id,cate_id,campaign_id,customer,brand,price",
        "1,c1,k1,w1,NULL,10",
        "2,c2,k2,w2,b2,20");
    write(
        "raw_sample.csv",
        "user,time_stamp,adgroup_id,pid,nonclk,clk",
        "u,10,1,p,0,1",
        "u,20,2,p,1,0",
        "u,30,2,p,0,1",
        "u,40,1,p,1,0");
    Opened opened =
        open(
            new TaobaoAdsSource(), folder.resolve("raw"), "testPercent", "25", "validPercent", "0");
    try (DataSet set = opened.data()) {
      // the unknown brand is no word; what was not clicked is in no history
      assertThat(told(set.train(), opened.encoder()))
          .containsExactly(
              "u 1 c1 p k1 w1 (out of vocabulary)   1 10",
              "u 2 c2 p k2 w2 b2 1 c1 0 20",
              "u 2 c2 p k2 w2 b2 1 c1 1 30");
      assertThat(told(set.test(), opened.encoder()))
          .containsExactly("u 1 c1 p k1 w1 (out of vocabulary) 1+2 c1+c2 0 40");
    }
    write("raw_sample.csv", "user,time_stamp,adgroup_id,pid,nonclk,clk", "u,10,9,p,0,1");
    assertThatThrownBy(() -> open(new TaobaoAdsSource(), folder.resolve("raw")))
        .hasMessageContaining("raw_sample.csv:2: column adgroup_id is \"9\"");
    Files.delete(folder.resolve("raw").resolve("ad_feature.csv"));
    assertThatThrownBy(() -> open(new TaobaoAdsSource(), folder.resolve("raw")))
        .hasMessageContaining("no file ad_feature.csv");
  }

  @Test
  void kuaiRandsLogs() throws IOException {
    String names = "user_id,video_id,date,time_ms,is_click,is_like,long_view,is_rand,tab";
    write(
        "log_standard_1.csv", names, "0,v1,20220408,100,1,0,1,0,1", "0,v2,20220408,200,0,0,0,0,4");
    write(
        "log_standard_2.csv", names, "0,v2,20220409,300,1,1,0,0,1", "0,v1,20220409,400,1,0,1,0,1");
    write("video_features_basic_1k.csv", "video_id,author_id,tag", "v1,7,\"t1,t2\"", "v2,8,t3");
    Opened opened =
        open(
            new KuaiRandSource(),
            folder.resolve("raw"),
            "labels",
            "is_click,long_view",
            "testPercent",
            "25",
            "validPercent",
            "0");
    assertThat(opened.data().schema().labels().stream().map(Field.Label::name))
        .containsExactly("is_click", "long_view");
    assertThat(told(opened.data().train(), opened.encoder()))
        .containsExactly(
            "0 v1 t1 1   1 1 100", "0 v2 t3 4 v1 t1 0 0 200", "0 v2 t3 1 v1 t1 1 0 300");
    assertThat(told(opened.data().test(), opened.encoder()))
        .containsExactly("0 v1 t1 1 v1+v2 t1+t3 1 1 400");
    assertThatThrownBy(() -> open(new KuaiRandSource(), folder.resolve("raw"), "labels", "is_hate"))
        .hasMessageContaining("label is_hate");
    assertThatThrownBy(() -> open(new KuaiRandSource(), folder.resolve("cache")))
        .hasMessageContaining("no file log_*.csv");
    // what was shown at random is another experiment
    write("log_random_4_22_to_5_08.csv", names, "0,v2,20220409,350,1,1,0,1,1");
    DataSet without = open(new KuaiRandSource(), folder.resolve("raw")).data();
    assertThat(without.train().rows() + without.valid().rows() + without.test().rows())
        .isEqualTo(4);
  }

  private static List<String> all(Opened opened) {
    List<String> rows = new ArrayList<>();
    for (Examples part :
        List.of(opened.data().train(), opened.data().valid(), opened.data().test())) {
      rows.addAll(told(part, opened.encoder()));
    }
    return rows;
  }

  /// Through the encoder the training file gives the rows that were prepared: what it says is known already. A user does the same
  /// twice at one time, and two things at another; a part of the file, and what is new, give the same histories.
  @Test
  void whatIsKnownCountsOnce() throws IOException {
    String[] lines = {
      "u,a,c,buy,1",
      "u,a,c,buy,1",
      "u,b,c,pv,2",
      "u,c,d,buy,2",
      "v,a,c,pv,2",
      "u,a,c,pv,3",
      "u,b,c,buy,5",
      "v,b,c,buy,3",
      "v,c,d,pv,4"
    };
    Path file = write("UserBehavior.csv", lines);
    for (String history : List.of("all", "positive")) {
      Opened opened =
          open(
              new TaobaoBehaviourSource(),
              file,
              "history",
              history,
              "testPercent",
              "20",
              "validPercent",
              "0");
      List<String> prepared = all(opened);
      assertThat(told(opened.encoder().encode(file), opened.encoder()))
          .containsExactlyInAnyOrderElementsOf(prepared);
      Path part =
          write("part.csv", "u,c,d,pv,2", lines[6], "u,d,d,buy,4", "u,d,d,buy,4", "u,b,c,pv,6");
      List<String> rows = told(opened.encoder().encode(part), opened.encoder());
      String before = history.equals("all") ? "a+a+b+c+a" : "a+a+c";
      String categories = history.equals("all") ? "c+c+c+d+c" : "c+c+d";
      String unknown = "(out of vocabulary)";
      assertThat(rows)
          .hasSize(5)
          .contains(
              "u " + unknown + " d " + before + " " + categories + " 1 4",
              // both of the file's own, then the known purchase
              "u b c " + before + ("+" + unknown).repeat(2) + "+b " + categories + "+d+d+c 0 6");
      assertThat(rows.getFirst()).startsWith("u c d a+a c+c ");
    }
  }

  /// Without histories no events are kept, but what is known about items is.
  @Test
  void categoriesAreKnownWithoutHistories() throws IOException {
    String names = "user_id,video_id,date,time_ms,is_click,is_like,long_view,is_rand,tab";
    write("log_standard.csv", names, "0,v1,1,100,1,0,1,0,1", "0,v2,1,200,0,0,0,0,1");
    write("log_standard_2.csv", names, "0,v1,1,300,1,0,1,0,1", "0,v2,1,400,1,0,1,0,1");
    write("video_features_basic_1k.csv", "video_id,tag", "v1,t1", "v2,t2");
    Opened opened =
        open(
            new KuaiRandSource(),
            folder.resolve("raw"),
            "history",
            "none",
            "testPercent",
            "25",
            "validPercent",
            "0");
    Path saved = Files.createDirectory(folder.resolve("encoder"));
    opened.encoder().save(saved);
    DataSource.Encoder encoder = new KuaiRandSource().encoder(saved);
    Path more = write("more.csv", names, "0,v2,1,500,1,0,1,0,1");
    assertThat(told(encoder.encode(more), encoder)).containsExactly("0 v2 t2 1 1 500");
  }

  /// Both names of an item, as the reviews of 2023 have them: the metadata know the parent.
  @Test
  void amazonsReviewsOf2023() throws IOException {
    String[] lines = new String[6];
    for (int t = 0; t < lines.length; t++) {
      lines[t] =
          "{\"rating\": 5.0, \"title\": \"x\", \"images\": [], \"asin\": \"V"
              + t
              + "\", \"parent_asin\": \"P"
              + t % 2
              + "\", \"user_id\": \"U\", \"timestamp\": "
              + (1000 + t)
              + ", \"verified_purchase\": true}";
    }
    Path meta =
        write(
            "meta.jsonl",
            "{\"main_category\": \"Books\", \"parent_asin\": \"P0\", \"categories\": [\"Books\","
                + " \"Poetry\"]}",
            "{\"parent_asin\": \"P1\", \"categories\": [\"Books\", \"Prose\"]}");
    Opened opened =
        open(
            new AmazonReviewsSource(),
            write("reviews.jsonl", lines),
            "meta",
            meta.toString(),
            "testPercent",
            "1",
            "validPercent",
            "0");
    assertThat(told(opened.data().test(), opened.encoder()))
        .containsExactly("U P1 Prose P0+P1+P0+P1+P0 Poetry+Prose+Poetry+Prose+Poetry 1 1005");
  }

  @Test
  void malformedReviewsSayWhere() throws IOException {
    String good = "{\"reviewerID\": \"R\", \"asin\": \"B\", \"overall\": 5, \"unixReviewTime\": 1}";
    List<String> bad =
        List.of(
            good.replace("\"R\"", "{}"),
            good.replace("\"R\"", "null"),
            good.replace("\"B\"", "[\"B\"]"),
            good.replace(": 1}", ": 99999999999999999999}"),
            good.replace(": 5", ": 1e999"),
            good.replace(": 5", ": 1" + "0".repeat(400)));
    for (int i = 0; i < bad.size(); i++) {
      Path file = write("reviews" + i + ".json", good, good, bad.get(i), good, good, good);
      assertThatThrownBy(() -> open(new AmazonReviewsSource(), file))
          .as(bad.get(i))
          .isInstanceOf(DataException.class)
          .hasMessageContaining(file.getFileName() + ":3: ");
      DataSet set = open(new AmazonReviewsSource(), file, "on-bad-row", "skip").data();
      assertThat(set.facts()).containsEntry("skipped_rows", 1.0);
      assertThat(set.train().rows() + set.valid().rows() + set.test().rows()).isEqualTo(5);
    }
    for (String rating : List.of("NaN", "Infinity", "-Infinity")) {
      String[] lines = {
        "u,i,5,1", "u,i," + rating + ",2", "u,i,5,3", "u,i,5,4", "u,i,5,5", "u,i,5,6"
      };
      Path file = write("ratings" + rating + ".csv", lines);
      assertThatThrownBy(() -> open(new AmazonReviewsSource(), file))
          .isInstanceOf(DataException.class)
          .hasMessageContaining(":2: column rating is \"" + rating + "\"");
    }
    Path reviews = write("reviews.json", good, good, good, good, good);
    Path meta = write("meta.json", "{\"asin\": {}, \"categories\": [\"Books\"]}");
    assertThatThrownBy(() -> open(new AmazonReviewsSource(), reviews, "meta", meta.toString()))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("meta.json:1: ");
  }

  @Test
  void amazonsReviews() throws IOException {
    String json =
        "{\"reviewerID\": \"%s\", \"asin\": \"%s\", \"overall\": %s, \"reviewText\": \"a,"
            + " \\\"b\\\"\", \"unixReviewTime\": %d}";
    String[] lines = new String[6];
    String[] table = new String[6];
    for (int t = 0; t < 6; t++) {
      String item = t % 2 == 0 ? "B0" : "B1";
      double rating = t % 3 == 0 ? 5 : 3;
      lines[t] = String.format(java.util.Locale.ROOT, json, "R", item, rating, t);
      table[t] = item + ",R," + rating + "," + t;
    }
    Path reviews = write("reviews.json", lines);
    Path meta =
        write(
            "meta.json",
            "{\"asin\": \"B0\", \"categories\": [[\"Books\", \"Poetry\"]]}",
            "{\"asin\": \"B1\", \"category\": [\"Books\", \"Prose\"]}");
    Opened opened =
        open(
            new AmazonReviewsSource(),
            reviews,
            "meta",
            meta.toString(),
            "testPercent",
            "1",
            "validPercent",
            "0");
    List<String> test = told(opened.data().test(), opened.encoder());
    assertThat(test)
        .containsExactly("R B1 Prose B0+B1+B0+B1+B0 Poetry+Prose+Poetry+Prose+Poetry 0 5");
    Opened rated =
        open(
            new AmazonReviewsSource(),
            write("ratings.csv", table),
            "columns",
            "item,user,rating,time",
            "meta",
            meta.toString(),
            "testPercent",
            "1",
            "validPercent",
            "0");
    assertThat(told(rated.data().test(), rated.encoder())).isEqualTo(test);
    assertThat(told(rated.data().train(), rated.encoder()))
        .isEqualTo(told(opened.data().train(), opened.encoder()));

    // A new file without metadata: the encoder knows the items, and what came before.
    Path saved = Files.createDirectory(folder.resolve("encoder"));
    opened.encoder().save(saved);
    DataSource.Encoder encoder = new AmazonReviewsSource().encoder(saved);
    Path more = write("more.json", String.format(java.util.Locale.ROOT, json, "R", "B0", 4.0, 9));
    assertThat(told(encoder.encode(more), encoder))
        .containsExactly(
            "R B0 Poetry B0+B1+B0+B1+B0+B1 Poetry+Prose+Poetry+Prose+Poetry+Prose 1 9");
    assertThatThrownBy(
            () -> open(new AmazonReviewsSource(), write("bad.json", "{\"asin\": \"B0\"}")))
        .hasMessageContaining("bad.json:1: none of");
    assertThatThrownBy(() -> open(new AmazonReviewsSource(), write("cut.json", "{\"asin\": ")))
        .hasMessageContaining("cut.json:1: no JSON");
  }
}
