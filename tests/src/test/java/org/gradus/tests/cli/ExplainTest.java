// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;
import org.gradus.trainer.explain.Explainer;
import org.gradus.trainer.explain.Explanation;
import org.gradus.trainer.explain.Step;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ExplainTest {
  @TempDir Path folder;
  private Cli cli = new Cli(Path.of(""));

  @BeforeEach
  void useAFolderOfItsOwn() {
    cli = new Cli(folder.resolve("cache"));
  }

  @Test
  void aSchemaFileNeedsNoData() throws IOException {
    Path schema = folder.resolve("shop.schema");
    Files.writeString(
        schema,
        """
        label       click
        dense       price
        categorical city
        categorical item hash=50
        """);
    Cli.Result r =
        cli.run(
            "explain", "--model=lr", "--schema=" + schema, "--rows=20", "--set", "firstOrder=X");
    assertThat(r.code()).as(r.all()).isNotZero();
    assertThat(r.err()).contains("firstOrder");

    Cli.Result lr = cli.run("explain", "--model=lr", "--schema=" + schema, "--rows=20");
    assertThat(lr.code()).as(lr.all()).isZero();
    assertThat(lr.out())
        .contains("z = w₀ + Σᵢ wᵢ xᵢ", "city (20)", "[20, 1]", "[50, 1]")
        .endsWith("72" + System.lineSeparator()); // 20 + 50 rows, price, w₀
  }

  @Test
  void dataBringTheirSchema() {
    Cli.Result r =
        cli.run(
            "explain",
            "--model=dlrm",
            "--data=criteo-synthetic",
            "--set=data.rows=300",
            "--set=data.validRows=100",
            "--set=data.testRows=100",
            "--set=embeddingDim=8",
            "--set=bottom=8",
            "--json");
    assertThat(r.code()).as(r.all()).isZero();
    JsonNode e = JsonMapper.shared().readTree(r.out());
    assertThat(e.path("model").asString()).isEqualTo("dlrm");
    assertThat(e.path("steps").path(0).path("shape").toString()).isEqualTo("[\"B\",\"208\"]");
  }

  @Test
  void optionsThatDoNotGoTogetherAreRefused() {
    assertThat(cli.run("explain", "--model=lr", "--rows=5").err()).contains("beside --schema");
    assertThat(cli.run("explain", "--model=lr", "--path=x").err()).contains("--path without");
    assertThat(cli.run("explain", "--model=lr", "--data=csv", "--schema=x").err())
        .contains("no --schema");
    assertThat(cli.run("explain", "--model=none").err()).contains("no such model");
  }

  /// A tiny run on generated ratings whose histories are what the user liked before.
  private Path trained(String model, String... more) {
    Path run = folder.resolve(model);
    Cli.Result r =
        cli.run(
            Cli.join(
                List.of(
                    "train",
                    "--model=" + model,
                    "--data=movielens-synthetic",
                    "--set=data.users=30",
                    "--set=data.items=20",
                    "--set=data.ratings=300",
                    "--set=data.history=all",
                    "--set=data.historyLength=5",
                    "--set=embeddingDim=4",
                    "--set=hidden=4",
                    "--no-baselines",
                    "--epochs=1",
                    "--device=cpu",
                    "--out=" + run),
                List.of(more)));
    assertThat(r.code()).as(r.all()).isZero();
    return run;
  }

  /// The numbers of the steps, their names and weights, as printed.
  private static List<List<String>> steps(String text) {
    return text.lines()
        .filter(line -> line.matches(" +\\d+  \\S+ +-?\\d+\\.\\d{6}( .*)?"))
        .map(line -> List.of(line.strip().split(" +", -1)))
        .toList();
  }

  @Test
  void attentionOfAScoredRowIsPrintedAndDrawn() throws IOException {
    Path run = trained("dien");
    Path png = folder.resolve("attention.png");
    Path svg = folder.resolve("attention.svg");
    Cli.Result r = cli.run("explain", "--run=" + run, "--row=7", "--out=" + png);
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.out())
        .startsWith("dien on movielens-synthetic, test row 7 (cpu)")
        .contains("interest/history/attention: 5 steps of history, oldest first")
        .contains("drawn: " + png);
    List<List<String>> steps = steps(r.out());
    assertThat(steps).hasSize(5);
    double sum = 0;
    for (List<String> step : steps) {
      assertThat(step.get(1)).matches("\\d+|\\(out"); // items are called by numbers in these data
      sum += Double.parseDouble(step.get(2));
    }
    assertThat(sum).isCloseTo(1, org.assertj.core.api.Assertions.within(5 * 0.5e-6));
    assertThat(Files.readAllBytes(png)).startsWith(0x89, 'P', 'N', 'G');
    assertThat(cli.run("explain", "--run=" + run, "--row=7", "--out=" + svg).code()).isZero();
    assertThat(Files.readString(svg)).contains("<svg");
    String other = cli.run("explain", "--run=" + run, "--row=8").out();
    assertThat(steps(other)).isNotEqualTo(steps);
  }

  /// What the fields of a head asked for is one picture, a line each: two layers of two heads have four.
  @Test
  void aHeadOfSelfAttentionIsOnePicture() throws IOException {
    Path run = trained("autoint", "--set=layers=2", "--set=heads=2", "--set=headDim=2");
    Path png = folder.resolve("heads.png");
    Cli.Result r = cli.run("explain", "--run=" + run, "--row=0", "--out=" + png);
    assertThat(r.code()).as(r.all()).isZero();
    for (int head = 1; head <= 4; head++) {
      Path picture = folder.resolve("heads-" + head + ".png");
      assertThat(r.out()).contains(picture.toString());
      assertThat(Files.readAllBytes(picture)).startsWith(0x89, 'P', 'N', 'G');
    }
    assertThat(folder.resolve("heads-5.png")).doesNotExist();
  }

  /// Pairs of fields in AFM, which add up to 1, and fields in FiBiNET.
  @Test
  void weightsOfPairsAndOfFieldsArePrinted() {
    Path afm = trained("afm");
    String pairs = cli.run("explain", "--run=" + afm, "--row=3").out();
    assertThat(pairs)
        .containsPattern("\nattention: \\d+ parts")
        .containsPattern(" user_id × item_id +0\\.\\d{6}")
        .containsPattern("sum +1\\.000000|sum +0\\.999999|sum +1\\.000001"); // float32 shares
    Path fibinet = trained("fibinet");
    assertThat(cli.run("explain", "--run=" + fibinet, "--row=3").out())
        .containsPattern("\nsenet: \\d+ parts")
        .containsPattern(" item_id +\\d+\\.\\d{6}");
  }

  @Test
  void aRowThatCannotBeExplainedSaysWhy() {
    Path din = trained("din", "--set=pooling=SUM");
    assertThat(cli.run("explain", "--run=" + din, "--row=0").err())
        .contains("the model reports no weights")
        .contains("such as afm, din or dien");
    assertThat(cli.run("explain", "--run=" + din, "--row=100000").err())
        .containsPattern("--row 100000 of \\d+ test rows. Expected one from 0 to \\d+\\.");
    assertThat(cli.run("explain", "--run=" + din, "--row=0", "--out=x.gif").err())
        .contains("--out x.gif. Expected a name that ends in .png or .svg");
    assertThat(cli.run("explain", "--run=" + folder.resolve("none"), "--row=0").err())
        .contains("is no run");
    assertThat(cli.run("explain", "--run=" + din).err()).contains("--run without --row");
    assertThat(cli.run("explain", "--row=1").err()).contains("--row without --run");
    assertThat(cli.run("explain", "--run=" + din, "--row=1", "--model=din").err())
        .contains("--run and --row beside what explains a model");
    assertThat(cli.run("explain").err()).contains("nothing to explain").contains("--model M");
    assertThat(cli.run("explain", "--model=lr", "--device=cpu").err())
        .contains("--out or --device with --model");
  }

  /// Numbers in a row, added.
  private static final class SumSpec implements ModelSpec {
    @Override
    public String name() {
      return "sum";
    }

    @Override
    public Paper paper() {
      return new Paper("Sums", "A. Nonymous", 2025, "none", "https://example.org");
    }

    @Override
    public List<Option> options() {
      return List.of();
    }

    @Override
    public Model create(Settings settings, Schema schema, Params params) {
      DenseParameter bias = params.bias("bias", Shape.scalar());
      Target target = Target.only(schema);
      return (batch, mode) -> {
        Shape shape = Shape.of(batch.size(), schema.dense().size());
        Var x = mode.tape().constant(shape, batch.dense());
        return target.outputs(x.sum(1).add(mode.tape().use(bias)));
      };
    }
  }

  /// Tests have no sources beside their byte code, like a model in a jar of its own.
  @Test
  void withoutASourceOperationsAreNamed() {
    ModelSpec spec = new SumSpec();
    Settings settings = spec.settings(Map.of());
    Explanation e = new Explainer().explain(spec, settings, spec.exampleSchema(settings));
    assertThat(e.steps()).hasSize(2);
    assertThat(e.steps().getFirst().shape()).containsExactly("B", "2");
    assertThat(e.steps().getLast().code()).endsWith(": sum, add");
    assertThat(e.steps().getLast().shape()).containsExactly("B");
    assertThat(e.steps().getLast().reads())
        .containsExactly(new Step.Reading("bias", List.of(), 1, true));
    assertThat(e.unread()).isEmpty();
  }
}
