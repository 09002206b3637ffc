// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.data.DataSet;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.trainer.loss.Balance;
import org.gradus.trainer.run.TrainConfig.Stopping;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Runs of a model of three tasks, one of which is seen now and then: however losses are balanced, a run that was killed ends as the
/// one that was not.
class MultiTaskRunTest {
  @TempDir private Path folder;

  private static final Schema SCHEMA = schema();

  private static Schema schema() {
    List<Field> fields = new ArrayList<>(Toy.SCHEMA.fields());
    fields.add(new Field.Label("like", Field.LabelKind.BINARY));
    fields.add(new Field.LabelMask("like_seen", "like"));
    fields.add(new Field.Label("watch", Field.LabelKind.REGRESSION));
    return new Schema(fields);
  }

  /// The toy's rows with two labels more: whoever clicks likes what is dear, where that is known, and watches long what is cheap.
  private record Rows(Examples toy) implements Examples {
    @Override
    public long rows() {
      return toy.rows();
    }

    @Override
    public Schema schema() {
      return SCHEMA;
    }

    @Override
    public Stream stream(Pass pass) {
      Stream inner = toy.stream(pass);
      return new Stream() {
        @Override
        public @Nullable Batch next() {
          Batch b = inner.next();
          return b == null ? null : more(b);
        }

        @Override
        public void close() {
          inner.close();
        }
      };
    }

    private static Batch more(Batch b) {
      float[] click = b.label("click");
      float[] like = new float[b.size()];
      float[] seen = new float[b.size()];
      float[] watch = new float[b.size()];
      for (int i = 0; i < b.size(); i++) {
        seen[i] = b.dense()[i] > -0.3 ? 1 : 0;
        like[i] = seen[i] == 0 ? Float.NaN : b.dense()[i] > 0 ? click[i] : 0;
        watch[i] = click[i] - b.dense()[i];
      }
      return Batch.builder(SCHEMA, b.size())
          .dense(b.dense())
          .sparse(b.sparse())
          .real("click", click)
          .real("like", like)
          .real("like_seen", seen)
          .real("watch", watch)
          .integer("who", Objects.requireNonNull(b.groups()))
          .build();
    }
  }

  private static DataSet data() {
    DataSet toy = Toy.data();
    return new DataSet(
        "toy",
        SCHEMA,
        new Rows(toy.train()),
        new Rows(toy.valid()),
        new Rows(toy.test()),
        Map.of(),
        "toy-tasks-1");
  }

  static List<Balance> balances() {
    return List.of(
        new Balance.Fixed(Map.of("click", .9), Balance.Clock.STEP),
        Balance.Uncertainty.PRESET,
        Balance.GradNorm.PRESET,
        Balance.PcGrad.PAPER,
        new Balance.MinNorm(Map.of("like", .1)));
  }

  private static TrainConfig config(Balance balance) {
    TrainConfig c =
        Toy.of(
            "mmoe",
            Map.of(
                "embeddingDim",
                "3",
                "numExperts",
                "2",
                "expertUnits",
                "4",
                "towerUnits",
                "3",
                "dropout",
                "0.2"));
    return c.with(c.loss().with(balance)).with(new Stopping("valid.like.auc", 5));
  }

  private static RunResult run(TrainConfig config, Path run, Listener listener) {
    return Toy.with(config, data(), t -> t.run(RunFolder.create(run), listener));
  }

  private static String comparable(Path run) throws IOException {
    return Files.readString(run.resolve("metrics.jsonl")).replaceAll(",\"seconds\":[^}]*", "")
        + Files.readString(run.resolve("metrics.json")).replaceAll(".*second.*", "");
  }

  private static final class Killed extends RuntimeException {}

  @ParameterizedTest
  @MethodSource("balances")
  void aKilledRunEndsTheSame(Balance balance) throws IOException {
    TrainConfig config = config(balance);
    RunResult whole = run(config, folder.resolve("whole"), Listener.SILENT);
    assertThat(whole.metrics())
        .containsKeys("test.click.auc", "test.like.auc", "test.watch.rmse", "test.click.gauc");
    assertThat(folder.resolve("whole/report.html"))
        .content()
        .contains("train.weight.click", "train.weight.like", "train.watch");
    Listener killer =
        new Listener() {
          @Override
          public void stepDone(long done, int rows, Map<String, Double> parts) {
            assertThat(parts.values()).allMatch(v -> Double.isFinite(v));
            if (done == 14) {
              throw new Killed();
            }
          }
        };
    Path run = folder.resolve("killed");
    assertThatThrownBy(() -> run(config, run, killer)).isInstanceOf(Killed.class);
    Toy.with(config, data(), t -> t.resume(RunFolder.open(run), Listener.SILENT));
    assertThat(comparable(run)).isEqualTo(comparable(folder.resolve("whole")));
    assertThat(RunFolder.open(run).config(TrainConfig.of("", "", ""))).isEqualTo(config);
  }

  static List<Arguments> strangers() {
    return List.of(
        Arguments.of(
            new Balance.Fixed(Map.of("clck", .9), Balance.Clock.STEP),
            "balance: decay of clck, which is no task. Did you mean click? Expected some of: click,"
                + " like, watch"),
        Arguments.of(
            new Balance.MinNorm(Map.of("bought", .1)),
            "balance: least of bought, which is no task. Expected some of: click, like, watch"),
        Arguments.of(
            new Balance.GradNorm(1, .01, "nowhere.*", 0),
            "balance: layer \"nowhere.*\" matches no"));
  }

  /// Who balances what is not there is told before there is a folder.
  @ParameterizedTest
  @MethodSource("strangers")
  void aBalanceOfNoTaskLeavesNoFolder(Balance balance, String message) {
    Path run = folder.resolve("run");
    assertThatThrownBy(() -> run(config(balance), run, Listener.SILENT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message);
    assertThat(run).doesNotExist();
  }

  /// How losses are balanced decides about results.
  @Test
  void anotherBalanceIsAnotherRun() {
    Path run = folder.resolve("run");
    TrainConfig config = config(Balance.SUM);
    run(config, run, Listener.SILENT);
    TrainConfig other = config.with(config.loss().with(Balance.PcGrad.PAPER));
    assertThatThrownBy(
            () -> Toy.with(other, data(), t -> t.resume(RunFolder.open(run), Listener.SILENT)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("loss.balance.name");
  }

  /// Conversions without a click stop the run of a model for which there is no such thing.
  @Test
  void labelsThatContradictTheModelStopTheRun() {
    Schema schema = new Schema(SCHEMA.fields().stream().filter(f -> !drops(f)).toList());
    DataSet toy = Toy.data();
    Examples rows = new Contradicting(schema, toy.train());
    DataSet data = new DataSet("toy", schema, rows, rows, rows, Map.of(), "toy-wrong-1");
    TrainConfig config =
        Toy.of("esmm", Map.of("embeddingDim", "2", "towerUnits", "3"))
            .with(new Stopping("valid.click.auc", 5));
    assertThatThrownBy(
            () ->
                Toy.with(
                    config,
                    data,
                    t -> t.run(RunFolder.create(folder.resolve("wrong")), Listener.SILENT)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has like 1.0 and click 0.0");
  }

  private static boolean drops(Field f) {
    return f.name().equals("watch") || f.name().equals("like_seen");
  }

  /// Likes of everything that was not clicked.
  private record Contradicting(Schema schema, Examples toy) implements Examples {
    @Override
    public long rows() {
      return toy.rows();
    }

    @Override
    public Stream stream(Pass pass) {
      Stream inner = toy.stream(pass);
      return new Stream() {
        @Override
        public @Nullable Batch next() {
          Batch b = inner.next();
          if (b == null) {
            return null;
          }
          float[] like = b.label("click").clone();
          for (int i = 0; i < like.length; i++) {
            like[i] = 1 - like[i];
          }
          return Batch.builder(schema, b.size())
              .dense(b.dense())
              .sparse(b.sparse())
              .real("click", b.label("click"))
              .real("like", like)
              .integer("who", Objects.requireNonNull(b.groups()))
              .build();
        }

        @Override
        public void close() {
          inner.close();
        }
      };
    }
  }
}
