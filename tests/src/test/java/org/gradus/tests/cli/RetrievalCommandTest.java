// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A model that retrieves, from training to a list for a user.
class RetrievalCommandTest {
  private static final List<String> DATA =
      List.of(
          "--data=movielens-synthetic",
          "--set=data.users=120",
          "--set=data.items=60",
          "--set=data.ratings=2400",
          "--device=reference",
          "--batch-size=128",
          "--epochs=2");

  @TempDir private static Path folder;
  private static Cli cli = new Cli(Path.of(""));
  private static String said = "";

  @BeforeAll
  static void train() throws IOException {
    cli = new Cli(Files.createDirectory(folder.resolve("cache")));
    Result r =
        cli.run(
            Cli.join(
                Cli.join(List.of("train", "--model=youtube-dnn"), DATA),
                List.of(
                    "--set=data.examples=next-items",
                    "--set=hidden=8",
                    "--set=embeddingDim=6",
                    "--set=negatives=10",
                    "--set=data.maxPerUser=12",
                    "--out=" + folder.resolve("run"))));
    assertThat(r.code()).as(r.all()).isZero();
    said = r.all();
  }

  @Test
  void itIsTrainedByItsLoss() throws IOException {
    assertThat(said).contains("items, ").contains("never a label in training");
    JsonNode metrics = Cli.metrics(folder.resolve("run"));
    assertThat(metrics.path("test.loss").asDouble()).isPositive();
    assertThat(metrics.path("test.next_item")).isEqualTo(metrics.path("test.loss"));
    assertThat(metrics.path("capped_users").asInt()).isEqualTo(120); // 20 ratings each
    assertThat(metrics.has("test.auc")).isFalse();
    JsonNode config =
        JsonMapper.shared().readTree(Files.readString(folder.resolve("run/config.json")));
    // the preset of these data goes by AUC, and there is none
    assertThat(config.at("/stopping/metric").asString()).isEqualTo("valid.loss");
    Result e = cli.run("evaluate", "--run=" + folder.resolve("run"));
    assertThat(e.code()).as(e.all()).isZero();
    assertThat(e.out()).contains("valid.loss").contains("test.next_item");
  }

  /// Without the cap there are more items, and other counts: both are those of the new run.
  @Test
  void aRunMayStartFromOneOfFewerItems() throws IOException {
    List<String> model = Cli.join(List.of("train", "--model=youtube-dnn"), DATA);
    List<String> settings =
        List.of(
            "--set=data.examples=next-items",
            "--set=hidden=8",
            "--set=embeddingDim=6",
            "--set=negatives=10");
    Path few = folder.resolve("few");
    Path many = folder.resolve("many");
    List<String> first = new ArrayList<>(Cli.join(model, settings));
    List<String> second = new ArrayList<>(first);
    first.addAll(List.of("--set=data.minCount=30", "--out=" + few));
    second.addAll(List.of("--init-from=" + few, "--out=" + many));
    Result small = cli.run(first);
    assertThat(small.code()).as(small.all()).isZero();
    Result large = cli.run(second);
    assertThat(large.code()).as(large.all()).isZero();
    assertThat(large.all())
        .contains("grown, so loaded in part: item: ", "not used: counts", "never a label");
    assertThat(items(large)).isGreaterThan(items(small));
  }

  private static int items(Result trained) {
    Matcher said = Pattern.compile("(\\d+) items, \\d+ of them never").matcher(trained.all());
    assertThat(said.find()).isTrue();
    return Integer.parseInt(said.group(1));
  }

  @Test
  void aUserGetsAListOfWhatHeHasNotMet() {
    Result r = cli.run("recommend", "--run=" + folder.resolve("run"), "--user=7", "--top=5");
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.out().lines().findFirst().orElseThrow())
        .matches("user 7: 5 of \\d+ items, without \\d+ that he met");
    assertThat(r.out().lines().skip(1)).hasSize(5).first().asString().startsWith("   1 ");
    Result all =
        cli.run(
            "recommend", "--run=" + folder.resolve("run"), "--user=7", "--top=500", "--with-seen");
    Result unseen = cli.run("recommend", "--run=" + folder.resolve("run"), "--user=7", "--top=500");
    List<String> names = all.out().lines().skip(1).map(l -> l.substring(17)).toList();
    List<String> left = unseen.out().lines().skip(1).map(l -> l.substring(17)).toList();
    assertThat(names).doesNotHaveDuplicates().containsSubsequence(left);
    assertThat(names.size() - left.size()).isBetween(15, 20); // of twenty ratings, the known ones
    Result unknown = cli.run("recommend", "--run=" + folder.resolve("run"), "--user=7000");
    assertThat(unknown.code()).isEqualTo(1);
    assertThat(unknown.err()).contains("user 7000 is not known.");
  }

  @Test
  void listsAreMeasuredBesideOthers() throws IOException {
    Path json = folder.resolve("retrieval.json");
    Result r = cli.run("retrieval", "--run=" + folder.resolve("run"), "--top=20", "--json=" + json);
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.out())
        .contains("recall@20", "popularity", "user-cf", "item-cf", "youtube-dnn, hnsw")
        .contains("M 16, efConstruction 200, efSearch 100");
    JsonNode found = JsonMapper.shared().readTree(Files.readString(json));
    for (String name : List.of("popularity", "user-cf", "item-cf", "youtube-dnn, exact")) {
      assertThat(found.path(name + ".recall@20").asDouble()).as(name).isBetween(0.0, 1.0);
    }
    // at most 60 items: a search that looks at 100 sees them all
    assertThat(found.path("youtube-dnn, hnsw.recall@20"))
        .isEqualTo(found.path("youtube-dnn, exact.recall@20"));
    assertThat(found.path("hnsw.recall@10").asDouble()).isEqualTo(1);
    assertThat(found.path("cold_users").asInt(-1)).isZero();
  }

  /// User 9 rated two items in one second: nothing came before the second one, which is for the test and the item that most rated.
  /// The others' last items are nobody else's, so that user 9 is the only one who is measured.
  @Test
  void usersWhoTookNothingGetWhatIsPopular() throws IOException {
    Path data = Files.createDirectory(folder.resolve("cold"));
    StringBuilder ratings =
        new StringBuilder("user_id:token\titem_id:token\trating:float\ttimestamp:float\n");
    for (int u = 1; u <= 8; u++) {
      int[] items = u < 8 ? new int[] {50, 51, 52, 53, 100 + u} : new int[] {50, 53, 54, 51, 108};
      for (int i = 0; i < items.length; i++) {
        ratings.append(u + "\t" + items[i] + "\t5\t" + (1000 + i) + "\n");
      }
    }
    ratings.append("9\t40\t5\t2000\n9\t50\t5\t2000\n");
    Files.writeString(data.resolve("cold.inter"), ratings);
    Files.writeString(
        data.resolve("cold.user"),
        """
        user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token
        9\t24\tM\twriter\t12345
        """);
    Files.writeString(
        data.resolve("cold.item"),
        """
        item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq
        50\tA film\t1990\tDrama
        """);
    Path run = folder.resolve("cold-run");
    Result trained =
        cli.run(
            "train",
            "--model=youtube-dnn",
            "--data=ml-100k",
            "--path=" + data,
            "--set=data.examples=next-items",
            "--set=data.divideBy=last-out",
            "--set=hidden=4",
            "--set=embeddingDim=4",
            "--set=negatives=2",
            "--device=reference",
            "--epochs=1",
            "--out=" + run);
    assertThat(trained.code()).as(trained.all()).isZero();
    Path json = folder.resolve("cold.json");
    Result r = cli.run("retrieval", "--run=" + run, "--top=1", "--json=" + json);
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.out())
        .contains("9 users", "of the users 1 had taken nothing: the filters list what is popular");
    JsonNode found = JsonMapper.shared().readTree(Files.readString(json));
    assertThat(found.path("cold_users").asInt()).isEqualTo(1);
    for (String name : List.of("popularity", "user-cf", "item-cf")) {
      assertThat(found.path(name + ".hr@1").asDouble(-1)).as(name).isEqualTo(1);
      assertThat(found.path(name + ".tied").asInt(-1)).as(name).isZero();
    }
    // seven took 51 and seven 52: which of them is second, their numbers decide
    Result two = cli.run("retrieval", "--run=" + run, "--top=2", "--json=" + json);
    assertThat(two.code()).as(two.all()).isZero();
    assertThat(JsonMapper.shared().readTree(Files.readString(json)).path("popularity.tied").asInt())
        .isEqualTo(1);
  }

  @Test
  void whatDoesNotFitIsSaid() {
    Result r =
        cli.run(
            "predict",
            "--run=" + folder.resolve("run"),
            "--in=" + folder.resolve("run/config.json"),
            "--out=" + folder.resolve("scores"));
    assertThat(r.code()).isEqualTo(1);
    assertThat(r.err()).contains("predict: youtube-dnn has no head, so a row has no score.");
    Result labelled =
        cli.run(
            Cli.join(
                Cli.join(List.of("train", "--model=youtube-dnn"), DATA),
                List.of("--set=item=item_id", "--set=hidden=4")));
    assertThat(labelled.code()).isEqualTo(1);
    assertThat(labelled.err()).contains("youtube-dnn: the schema has labels [label]");
    Result ratings =
        cli.run(
            Cli.join(
                Cli.join(List.of("train", "--model=lr"), DATA),
                List.of("--out=" + folder.resolve("lr"), "--no-baselines")));
    assertThat(ratings.code()).as(ratings.all()).isZero();
    Result recommend = cli.run("recommend", "--run=" + folder.resolve("lr"), "--user=7");
    assertThat(recommend.err()).contains("recommend: the run was trained on rows of");
    Result retrieval = cli.run("retrieval", "--run=" + folder.resolve("lr"));
    assertThat(retrieval.err()).contains("model lr retrieves no items.");
  }
}
