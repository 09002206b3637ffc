// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.gradus.data.DataException;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource.Opened;
import org.gradus.data.DataSource.Request;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvSourceTest {
  private static final String ALL_TRAIN = "testPercent=0 validPercent=0";

  @TempDir Path folder;

  private Opened open(String table, String schema, String settings) throws IOException {
    Path file = Files.writeString(folder.resolve("table.csv"), table, StandardCharsets.ISO_8859_1);
    Files.writeString(folder.resolve("table.csv.schema"), schema);
    Map<String, String> map = new TreeMap<>();
    for (String s : settings.split(" ", -1)) {
      map.put(s.substring(0, s.indexOf('=')), s.substring(s.indexOf('=') + 1));
    }
    return new CsvSource().open(new Request(file, folder.resolve("cache"), 0, map, _ -> {}));
  }

  private static Batch all(Examples examples) {
    try (Examples.Stream stream =
        examples.stream(Examples.Pass.inOrder((int) Math.max(1, examples.rows())))) {
      return requireNonNull(stream.next());
    }
  }

  private void fails(String table, String schema, String message) {
    assertThatThrownBy(() -> open(table, schema, ALL_TRAIN).data().close())
        .isInstanceOf(DataException.class)
        .hasMessageContaining(message);
  }

  @Test
  void everyKindOfColumnIsRead() throws IOException {
    String table =
        """
        click,seen,w,user,page,time,price,size,city,tags,history,visits,ignored
        1,1,0.5,ann,0,100,,3,Paris,a|b|c,x|y|z,x|y;z,?
        0,0,2,7,2,200,1.5,5,"Rio, RJ",,y,,?
        1,1,1,ann,1,300,6.389056,7,,c,,q;x|y;y;z|q|x,?
        """;
    String schema =
        """
        label click
        mask seen label=click     # comments are left out
        weight w
        group user
        domain page domains=3
        timestamp time
        dense price transform=log1p missing=1
        dense size transform=standardise
        categorical city missing=own-value
        multi tags max-length=2 pooling=sum
        sequence history max-length=2 table=item
        sessions visits table=item max-sessions=2 max-length=2
        """;
    Opened o = open(table, schema, ALL_TRAIN);
    try (DataSet data = o.data()) {
      Batch b = all(data.train());
      assertThat(b.label("click")).containsExactly(1, 0, 1);
      assertThat(b.labelMask("click")).containsExactly(1, 0, 1);
      assertThat(b.sampleWeights()).containsExactly(0.5f, 2, 1);
      long[] groups = requireNonNull(b.groups());
      assertThat(groups[1]).isEqualTo(7);
      assertThat(groups[0]).isEqualTo(groups[2]).isNotEqualTo(7);
      assertThat(b.domains()).containsExactly(0, 2, 1);
      assertThat(b.timestamps()).containsExactly(100, 200, 300);
      // ln 2, ln 2.5, ln 7.389056; then (3, 5, 7) with mean 5 and variance 8/3.
      float sigma = (float) (2 / Math.sqrt(8.0 / 3));
      assertThat(b.dense())
          .containsExactly(
              (float) Math.log(2),
              -sigma,
              (float) Math.log(2.5),
              0,
              (float) Math.log1p(6.389056f),
              sigma);
      assertThat(b.sparse().of("city").values()).containsExactly(2, 3, 4);
      JaggedIds tags = b.sparse().of("tags");
      assertThat(tags.values()).containsExactly(2, 3, 4); // a, b; c alone
      assertThat(tags.offsets()).containsExactly(0, 2, 2, 3);
      // Items in first-seen order: y, z of the first history, then x, … of visits.
      JaggedIds history = b.sparse().of("history");
      assertThat(history.values()).containsExactly(2, 3, 2);
      JaggedIds visits = b.sparse().of("visits");
      assertThat(visits.values()).containsExactly(4, 2, 3, 2, 5, 4); // x y; z and y; q x
      assertThat(b.sessions("visits").values()).containsExactly(2, 1, 1, 2);
      assertThat(b.sessions("visits").offsets()).containsExactly(0, 2, 2, 4);
    }
    Path saved = Files.createDirectory(folder.resolve("run"));
    o.encoder().save(saved);
    Path rows =
        Files.writeString(
            folder.resolve("new.csv"),
            "city,user,page,time,price,size,tags,history,visits\nOslo,1,0,5,0,5,b,,\n");
    Batch b = all(new CsvSource().encoder(saved).encode(rows));
    assertThat(b.label("click")).containsExactly(Float.NaN);
    assertThat(b.labelMask("click")).containsExactly(1);
    assertThat(b.sparse().of("city").values()).containsExactly(1);
    assertThat(b.sparse().of("tags").values()).containsExactly(3);
    assertThat(b.dense()).containsExactly(0, 0);
  }

  /// Nothing, no number, a number out of range, and a label, all but the last of them masked.
  @Test
  void whatStandsInAMaskedLabelIsNotRead() throws IOException {
    String table = "like,seen,city\n,0,a\nnan,0,b\n7,0,c\n1,1,d\n";
    String schema = "label like\nmask seen label=like\ncategorical city\n";
    try (DataSet data = open(table, schema, ALL_TRAIN).data()) {
      Batch b = all(data.train());
      assertThat(b.label("like")).containsExactly(0, 0, 0, 1);
      assertThat(b.labelMask("like")).containsExactly(0, 0, 0, 1);
    }
    fails("like,seen,city\n,1,a\n", schema, "Expected a finite number");
    fails("like,seen,city\n1,2,a\n", schema, "Expected 0 or 1");
  }

  @Test
  void hashedIdsLeavePaddingAndOutOfVocabularyFree() throws IOException {
    StringBuilder table = new StringBuilder("y\tcity\n");
    for (int i = 0; i < 500; i++) {
      table.append("1\tcity").append(i).append('\n');
    }
    try (DataSet data =
        open(table.toString(), "separator tab\nlabel y\ncategorical city hash=10\n", ALL_TRAIN)
            .data()) {
      int[] ids = all(data.train()).sparse().values();
      assertThat(Arrays.stream(ids).distinct().sorted()).containsExactly(2, 3, 4, 5, 6, 7, 8, 9);
      assertThat(data.schema().tables()).containsEntry("city", 10);
    }
  }

  @Test
  void splitsKeepTimeAndUsersApart() throws IOException {
    StringBuilder table = new StringBuilder("y,user,time\n");
    for (int i = 0; i < 1000; i++) {
      table.append(i % 2).append(",u").append(i % 100).append(',').append(i * 7 % 40).append('\n');
    }
    String schema = "label y\ngroup user\ntimestamp time\n";
    try (DataSet data = open(table.toString(), schema, "split=time").data()) {
      long lastTrain =
          Arrays.stream(requireNonNull(all(data.train()).timestamps())).max().orElse(0);
      long[] valid = requireNonNull(all(data.valid()).timestamps());
      long firstTest = Arrays.stream(requireNonNull(all(data.test()).timestamps())).min().orElse(0);
      assertThat(Arrays.stream(valid).min().orElse(0)).isGreaterThan(lastTrain);
      assertThat(firstTest).isGreaterThan(Arrays.stream(valid).max().orElse(0));
      assertThat(data.test().rows()).isEqualTo(100); // 25 rows at each of 40 times
      assertThat(data.valid().rows()).isEqualTo(100);
    }
    try (DataSet data = open(table.toString(), schema, "split=user testPercent=30").data()) {
      Set<Long> users = new HashSet<>();
      long distinct = 0;
      for (Examples e : new Examples[] {data.train(), data.valid(), data.test()}) {
        long[] groups = requireNonNull(all(e).groups());
        Arrays.stream(groups).forEach(users::add);
        distinct += Arrays.stream(groups).distinct().count();
      }
      assertThat(distinct).isEqualTo(users.size()).isEqualTo(100);
    }
    try (DataSet data = open(table.toString(), schema, "split=order").data()) {
      assertThat(data.train().rows()).isEqualTo(800);
      assertThat(requireNonNull(all(data.test()).timestamps())[0]).isEqualTo(900 * 7 % 40);
    }
    assertThatThrownBy(() -> open(table.toString(), "label y\n", "split=time"))
        .hasMessageContaining("split=time needs a column of kind timestamp");
  }

  @Test
  void malformedRowsNameFileLineColumnValueAndRule() {
    String schema = "label y\ndense x transform=log1p\ndomain d domains=2\n";
    String head = "y,x,d\n1,1,1\n";
    fails(head + "1,1\n", schema, "table.csv:3: 2 columns. Expected 3, as in the first line.");
    fails(head + "1,1,1,1\n", schema, "table.csv:3: 4 columns. Expected 3");
    fails(head + "2,1,1\n", schema, "table.csv:3: column y is \"2\". Expected 0 or 1.");
    fails(head + ",1,1\n", schema, "table.csv:3: column y is \"\". Expected a finite number.");
    fails(head + "1,NaN,1\n", schema, "column x is \"NaN\". Expected a finite number.");
    fails(head + "1,abc,1\n", schema, "column x is \"abc\". Expected a finite number.");
    fails(head + "1,-1,1\n", schema, "column x is \"-1\". Expected more than -1, for ln(1 + x).");
    fails(head + "1,1,2\n", schema, "column d is \"2\". Expected a whole number from 0 to 1.");
    fails(head + "1,\"1,1\n", schema, "table.csv:");
    fails("", schema, "table.csv: the file is empty");
    fails("y,x,d\n", schema, "table.csv: no rows after the first line");
    fails("y,x\n1,1\n", schema, "table.csv:1: no column d, which the schema names");
  }

  /// A step that was left out would move those behind it against the columns beside it.
  @Test
  void listsWithAnEmptyStepAreRefused() {
    String schema = "label y\nmulti tags\nsequence history\nsessions visits\n";
    String head = "y,tags,history,visits\n1,,,\n1,a|b,x|y,x|y;z\n";
    fails(
        head + "1,a||b,x,x\n", schema, "table.csv:4: column tags is \"a||b\". Expected something");
    fails(head + "1,a,x||y,x\n", schema, "table.csv:4: column history is \"x||y\". Expected");
    fails(head + "1,a,x|,x\n", schema, "table.csv:4: column history is \"x|\". Expected");
    fails(head + "1,a,|x,x\n", schema, "column history is \"|x\". Expected something before");
    fails(head + "1,a,x,x|;y\n", schema, "column visits is \"x|;y\". Expected something");
    fails(head + "1,a,x,x;;y\n", schema, "behind separators \";\": a word of its own");
  }

  @Test
  void aWeightIsANumberOfAtLeastZero() {
    String schema = "label y\nweight w\n";
    fails("y,w\n1,2\n1,\n", schema, "table.csv:3: column w is \"\". Expected a finite number.");
    fails(
        "y,w\n1,-1\n", schema, "table.csv:2: column w is \"-1\". Expected a weight of at least 0");
  }

  @Test
  void bytesThatAreNotUtf8AreAnErrorWithTheirLine() {
    String rows = "1,Paris\n".repeat(20_000);
    fails(
        "y,city\n" + rows + "1,K\u00f6ln\n" + rows,
        "label y\ncategorical city\n",
        "table.csv:20002: byte 0xf6 here. Its bytes are not UTF-8.");
  }

  @Test
  void aQuotedCellMayHoldLineEndsAndSkippingCounts() throws IOException {
    String table = "y,city\n1,\"a\nb\"\n5,c\n0,\"d \"\"e\"\"\"\n";
    try (DataSet data =
        open(table, "label y\ncategorical city\n", ALL_TRAIN + " on-bad-row=skip").data()) {
      assertThat(data.train().rows()).isEqualTo(2);
      assertThat(data.facts()).containsExactly(Map.entry("skipped_rows", 1.0));
    }
    fails(table, "label y\ncategorical city\n", "table.csv:4: column y is \"5\"");
  }

  @Test
  void vocabulariesGrowForAWarmStart() throws IOException {
    String schema =
        """
        label y
        dense price transform=standardise
        categorical city missing=own-value
        multi cities table=city
        categorical page hash=5
        """;
    String monday = "y,price,city,cities,page\n1,1,Paris,Oslo|Rome,p\n0,3,,Paris,q\n";
    Opened first = open(monday, schema, ALL_TRAIN);
    int[] pages;
    try (DataSet data = first.data()) {
      Batch b = all(data.train());
      assertThat(b.sparse().of("city").values()).containsExactly(2, 5);
      assertThat(b.sparse().of("cities").values()).containsExactly(3, 4, 2);
      pages = b.sparse().of("page").values();
    }
    Path run = folder.resolve("run");
    first.encoder().save(Files.createDirectories(run.resolve("encoder")));

    // Rome is not seen again, Bonn is new and comes first, there is a column more
    String tuesday =
        "y,price,shop,city,cities,page\n1,70,s,Bonn,Oslo|Bonn,p\n1,90,t,Paris,,q\n0,2,s,,Rome,q\n";
    Opened second = open(tuesday, schema + "categorical shop\n", ALL_TRAIN + " growFrom=" + run);
    try (DataSet data = second.data()) {
      Batch b = all(data.train());
      assertThat(b.sparse().of("city").values()).containsExactly(6, 2, 5);
      assertThat(b.sparse().of("cities").values()).containsExactly(3, 6, 4);
      assertThat(b.sparse().of("page").values()).startsWith(pages);
      assertThat(b.sparse().of("shop").values()).containsExactly(2, 3, 2);
      assertThat(data.schema().tables()).containsEntry("city", 7).containsEntry("shop", 4);
      // Monday's mean 2 and deviation 1: a number means to the model what it meant
      assertThat(b.dense()).containsExactly(68, 88, 0);
    }
    Map.of("hash=5", "hash=6", "missing=own-value", "missing=padding")
        .forEach(
            (before, now) ->
                assertThatThrownBy(
                        () ->
                            open(
                                tuesday,
                                schema.replace(before, now),
                                ALL_TRAIN + " growFrom=" + run))
                    .isInstanceOf(DataException.class)
                    .hasMessageContaining(now + ", and came from")
                    .hasMessageContaining(before));
    assertThatThrownBy(() -> open(tuesday, schema, ALL_TRAIN + " growFrom=" + folder))
        .hasMessageContaining(folder + "\", where no encoder lies");
  }

  /// The first line is a row, and the schema says which column is which.
  @Test
  void tablesWithoutALineOfNamesAreRead() throws IOException {
    String schema =
        """
        separator tab
        names user item seen liked
        label liked
        group user
        categorical item
        """;
    Opened o = open("\u00EF\u00BB\u00BF7\ta\t0\t1\n8\tb\t1\t0\n", schema, ALL_TRAIN);
    try (DataSet data = o.data()) {
      Batch b = all(data.train());
      assertThat(b.label("liked")).containsExactly(1, 0);
      assertThat(b.groups()).containsExactly(7, 8);
      assertThat(b.sparse().of("item").values()).containsExactly(2, 3);
    }
    Path more = Files.writeString(folder.resolve("more.tsv"), "9\tb\t1\t1\n");
    assertThat(all(o.encoder().encode(more)).sparse().of("item").values()).containsExactly(3);
    fails("7\ta\t0\n", schema, "table.csv:1: 3 columns. Expected 4, as many as names.");
    fails(
        "7\ta\t0\t1\n",
        schema + "dense price\n",
        "no column price, which the schema names. The names are: user, item, seen, liked.");
  }

  @Test
  void malformedSchemasAreNamed() {
    String table = "y,x\n1,1\n";
    fails(table, "label\n", "table.csv.schema:1: \"label\". Expected a kind and a name.");
    fails(
        table,
        "label y\nsparse x\n",
        ":2: column kind is \"sparse\". Expected separator, names or");
    fails(table, "dense x log1p\n", ":1: column x is \"log1p\". Expected option=value");
    fails(table, "dense x missing=1 missing=2\n", "\"missing=2\". Expected missing= once");
    fails(table, "dense x hash=3\n", "[missing, transform]");
    fails(table, "dense x transform=sqrt\n", "x: transform=sqrt. Expected one of: [NONE, LOG1P");
    fails(table, "categorical x hash=2\n", "x: hash=2. Expected a whole number of at least 3");
    fails(table, "# nothing\n", "table.csv.schema: no columns");
    fails(
        table,
        "label y\ndomain x domains=3\ncategorical x\n",
        "table.csv.schema:3: column x as categorical, and as domain at "
            + folder.resolve("table.csv.schema")
            + ":2. Expected each column once; to use one in two ways, copy it in the table under"
            + " another name");
    fails(table, "group y\nlabel y\n", ":2: column y as label, and as group at ");
    assertThatThrownBy(
            () ->
                new CsvSource()
                    .open(new Request(folder.resolve("other.csv"), folder, 0, Map.of(), _ -> {})))
        .hasMessageContaining("other.csv does not exist. Expected a table");
  }
}
