// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.gradus.data.DataSource;
import org.gradus.data.FittedFields;
import org.gradus.data.criteo.CriteoSource;
import org.gradus.data.csv.CsvSource;
import org.gradus.data.movielens.MovieLens100kSource;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `--init-from` with vocabularies that grow: a model goes on with the rows of the next day.
class WarmStartTest {
  @TempDir private Path folder;
  private Cli cli = new Cli(Path.of(""));

  @BeforeEach
  void emptyCache() throws IOException {
    cli = new Cli(Files.createDirectory(folder.resolve("cache")));
  }

  /// Writes the rows of two days, and says where they lie.
  interface Days {
    List<Path> write(Path folder) throws IOException;
  }

  /// A source, and two days of rows for it: known values come back in another order, after new ones.
  record Case(DataSource source, Days days) {
    @Override
    public String toString() {
      return source.name();
    }
  }

  static Stream<Case> cases() {
    return Stream.of(
        new Case(
            new CriteoSource(),
            to ->
                List.of(
                    CriteoText.draw(60, 2).write(to.resolve("monday.tsv")),
                    CriteoText.draw(60, 3)
                        .with(0, 14, "fffffff0")
                        .with(1, 30, "fffffff1")
                        .write(to.resolve("tuesday.tsv")))),
        new Case(new CsvSource(), to -> List.of(table(to, "monday", 0), table(to, "tuesday", 7))),
        new Case(
            new MovieLens100kSource(),
            to -> List.of(ratings(to, "monday", 1), ratings(to, "tuesday", 6))));
  }

  private static Path table(Path to, String day, int first) throws IOException {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      rows.add(
          i % 2 + "," + i + ",c" + (first + i * i % 11) + ",t" + i % 3 + "|t" + (first + i) % 5);
    }
    Collections.reverse(rows);
    rows.addFirst("click,price,city,tags");
    Files.writeString(
        to.resolve(day + ".csv.schema"),
        "label click\ndense price transform=standardise\ncategorical city\nmulti tags\n");
    return Files.write(to.resolve(day + ".csv"), rows);
  }

  private static Path ratings(Path to, String day, int first) throws IOException {
    Path at = Files.createDirectory(to.resolve(day));
    List<String> ratings = new ArrayList<>();
    List<String> users = new ArrayList<>();
    List<String> items = new ArrayList<>();
    for (int u = first + 9; u >= first; u--) {
      users.add(u + "|" + (20 + 3 * u) + "|" + (u % 2 == 0 ? "M" : "F") + "|job" + u + "|" + u);
      for (int i = 0; i < 12; i++) {
        int item = first + (u * 7 + i * 5) % 20;
        ratings.add(u + "\t" + item + "\t" + (i % 2 == 0 ? 5 : 1) + "\t" + (1000 + i));
      }
    }
    for (int i = first; i < first + 20; i++) {
      items.add(i + "|A film|01-Jan-" + (1980 + i) + "||http://x|" + "0|".repeat(18) + "1");
    }
    Files.write(at.resolve("u.data"), ratings);
    Files.write(at.resolve("u.user"), users);
    Files.write(at.resolve("u.item"), items);
    return at;
  }

  private Result train(Case c, Path rows, String name, String... more) {
    Result r =
        cli.run(
            Cli.join(
                List.of(
                    "train",
                    "--data=" + c.source().name(),
                    "--path=" + rows,
                    "--epochs=1",
                    "--batch-size=16",
                    "--out=" + folder.resolve(name)),
                List.of(more)));
    assertThat(r.code()).as(r.all()).isZero();
    return r;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void oldValuesKeepTheirRowsAndNewOnesAreAppended(Case c) throws IOException {
    List<Path> days = c.days().write(folder);
    train(c, days.get(0), "first", "--model=lr", "--set=optimizer=sgd", "--set=rate=0.5");
    // steps too small for float32 to see, but from zero: what is trained can be compared with what
    // was loaded
    String still = "--set=optimizer=sgd";
    String grow = "--set=data.growFrom=" + folder.resolve("first");
    String rate = "--set=rate=1e-30";
    Result r =
        train(
            c,
            days.get(1),
            "second",
            "--model=fm",
            "--init-from=" + folder.resolve("first"),
            grow,
            still,
            rate);
    train(c, days.get(1), "cold", "--model=fm", grow, still, rate);
    train(c, days.get(1), "alone", "--model=fm", still, rate);

    Map<String, float[][]> first = tensors("first");
    Map<String, float[][]> second = tensors("second");
    Map<String, float[][]> cold = tensors("cold");
    FittedFields before = encoder(c, "first");
    FittedFields now = encoder(c, "second");
    FittedFields alone = encoder(c, "alone");
    int grown = 0;
    int moved = 0;
    for (Field.Ids field : schema(c, days.get(0)).ids()) {
      String path = "w/" + field.table();
      float[][] old = requireNonNull(first.get(path), path);
      float[][] rows = requireNonNull(second.get(path), path);
      float[][] fresh = requireNonNull(cold.get(path), path);
      assertThat(rows).as(path).hasDimensions(fresh.length, 1);
      assertThat(rows.length).isGreaterThanOrEqualTo(old.length);
      for (int id = 0; id < rows.length; id++) {
        boolean known = id < old.length;
        if (known) {
          assertThat(now.value(field.name(), id)).isEqualTo(before.value(field.name(), id));
        }
        float expected = known ? old[id][0] : fresh[id][0];
        assertThat((double) Math.abs(rows[id][0] - expected)).as(path + " " + id).isLessThan(1e-25);
      }
      if (rows.length > old.length) {
        grown++;
        assertThat(r.err()).contains(path + ": " + old.length + " of " + rows.length + " rows");
      }
      for (int id = 2;
          id < Math.min(old.length, schema(c, days.get(1)).rows(field.table()));
          id++) {
        moved += alone.value(field.name(), id).equals(before.value(field.name(), id)) ? 0 : 1;
      }
    }
    assertThat(grown).as("tables that have grown").isPositive();
    assertThat(moved).as("ids of other values when nothing grows").isPositive();
    assertThat(r.err()).contains("grown, so loaded in part: ", "new, so at their initial values: ");
    for (String path : second.keySet()) {
      if (!first.containsKey(path)) {
        assertThat(path).startsWith("v/");
        assertThat(r.err()).contains(path);
        assertThat(second.get(path)).isDeepEqualTo(cold.get(path));
      }
    }
    assertThat(second.keySet()).anyMatch(path -> path.startsWith("v/"));
  }

  /// The schema of rows that are encoded alone.
  private Schema schema(Case c, Path rows) {
    DataSource.Request request = new DataSource.Request(rows, cli.cache(), 0, Map.of(), _ -> {});
    try (var data = c.source().open(request).data()) {
      return data.schema();
    }
  }

  private FittedFields encoder(Case c, String run) {
    return (FittedFields) c.source().encoder(folder.resolve(run).resolve("encoder"));
  }

  /// The tables and matrices of a run's model, row by row.
  private Map<String, float[][]> tensors(String run) throws IOException {
    byte[] bytes = Files.readAllBytes(folder.resolve(run).resolve("model.safetensors"));
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int header = (int) file.getLong(0);
    JsonNode json =
        JsonMapper.shared().readTree(new String(bytes, 8, header, StandardCharsets.UTF_8));
    Map<String, float[][]> found = new TreeMap<>();
    for (Map.Entry<String, JsonNode> e : json.properties()) {
      JsonNode shape = e.getValue().path("shape");
      if (shape.size() == 2) {
        float[][] rows = new float[shape.get(0).asInt()][shape.get(1).asInt()];
        int at = 8 + header + e.getValue().path("data_offsets").get(0).asInt();
        for (float[] row : rows) {
          for (int i = 0; i < row.length; i++, at += Float.BYTES) {
            row[i] = file.getFloat(at);
          }
        }
        found.put(e.getKey(), rows);
      }
    }
    return found;
  }
}
