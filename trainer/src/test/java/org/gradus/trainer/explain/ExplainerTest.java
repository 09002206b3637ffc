// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.models.Option;
import org.gradus.models.Settings;
import org.gradus.tensor.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ExplainerTest {
  private static final Explainer EXPLAINER = new Explainer();

  /// `[B, F, D]` at the beginning of a comment, or of two with an arrow between them the second.
  private static final Pattern SYMBOLS = Pattern.compile("^(?:\\[[^\\]]*\\] → )?\\[([^\\]]*)\\]");

  static Stream<ModelSpec> models() {
    return Models.all().stream();
  }

  /// Presets with small sizes, then each sample of each option alone.
  private static List<Settings> variants(ModelSpec spec) {
    Map<String, String> small = new HashMap<>();
    for (Option o : spec.options()) {
      boolean sized = o.type() != Option.Type.FLAG && o.type() != Option.Type.CHOICE;
      if (sized && !o.samples().isEmpty()) {
        small.put(o.name(), o.samples().getFirst());
      }
    }
    List<Settings> all = new ArrayList<>(List.of(spec.settings(small)));
    for (Option o : spec.options()) {
      for (String sample : o.samples()) {
        Map<String, String> given = new HashMap<>(small);
        given.put(o.name(), sample);
        Settings settings = spec.settings(given);
        if (spec.conflict(settings) == null) {
          all.add(settings);
        }
      }
    }
    return all;
  }

  /// Statements in order, those inside others behind them.
  private static List<Step> flat(List<Step> steps) {
    List<Step> all = new ArrayList<>();
    for (Step s : steps) {
      all.add(s);
      all.addAll(flat(s.steps()));
    }
    return all;
  }

  /// Path and size of parameters, asked of the model itself.
  ///
  /// @param frozen those that no gradient reaches, or the others
  private static Map<String, Long> parameters(
      ModelSpec spec, Settings settings, Schema schema, boolean frozen) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      spec.createExample(settings, schema, params);
      Map<String, Long> sizes = new TreeMap<>();
      for (Parameter p : params.all()) {
        if (p.frozen() == frozen) {
          sizes.put(p.path(), p.elements());
        }
      }
      return sizes;
    }
  }

  /// Presets in small sizes, and each sample of each option: parameters, shapes and equations.
  @ParameterizedTest
  @MethodSource("models")
  void everyVariantIsToldRight(ModelSpec spec) {
    int shapes = 0;
    Set<String> numbers = new TreeSet<>();
    for (Settings settings : variants(spec)) {
      Schema schema = spec.exampleSchema(settings);
      Explanation e = EXPLAINER.explain(spec, settings, schema);
      List<Step> steps = flat(e.steps());
      // what no gradient reaches may be read on the host, as the trees of GBDT+LR are, or in
      // training only; and auxiliary losses are for training alone
      Map<String, Long> frozen = parameters(spec, settings, schema, true);
      Map<String, Long> all = new TreeMap<>(parameters(spec, settings, schema, false));
      all.putAll(frozen);
      Map<String, Long> told = firstReadings(steps);
      for (Step.Reading r : e.unread()) {
        boolean replaced = // by moving means, in evaluation
            "POPULATION".equals(settings.toMap().get("attentionLevel"))
                && r.path().contains("/score/");
        if (!r.path().contains("/auxiliary/") && !replaced) {
          assertThat(frozen).containsEntry(r.path(), r.elements());
        }
        assertThat(told.put(r.path(), r.elements())).as(r.path()).isNull();
      }
      assertThat(told).isEqualTo(all);
      assertThat(e.parameters()).isEqualTo(all.values().stream().mapToLong(n -> n).sum());
      for (Step s : steps) {
        shapes += hasTheShapeThatItsCommentClaims(s) ? 1 : 0;
        for (Step.Equation equation : s.equations()) {
          assertThat(equation.lines()).as("(%s) at %s", equation.number(), s.code()).isNotEmpty();
          numbers.add(equation.number());
        }
      }
    }
    assertThat(shapes).as("lines with a shape").isPositive();
    assertThat(numbers).as("equations of the model's class").containsAll(numbered(spec));
  }

  /// What the comment of the model's class numbers, but for equations that no forward pass computes.
  private static Set<String> numbered(ModelSpec spec) {
    String model = spec.getClass().getName().replaceFirst("Spec$", "");
    Set<String> all = new TreeSet<>(Objects.requireNonNull(SourceFile.of(model)).numbered());
    all.remove("FM-4"); //  a derivative
    all.remove("DIEN-5"); // the trainer adds the auxiliary loss
    all.remove("NCF-4"); // where a model starts that was trained in parts
    if (spec.name().equals("lr")) {
      all.remove("2"); //   the loss computes it
    }
    return all;
  }

  /// Path and size of what is read for the first time; once for each path, and before it is read again.
  private static Map<String, Long> firstReadings(List<Step> steps) {
    Map<String, Long> sizes = new TreeMap<>();
    for (Step s : steps) {
      for (Step.Reading r : s.reads()) {
        long product = r.shape().stream().mapToLong(n -> n).reduce(1, (a, b) -> a * b);
        assertThat(r.elements()).as(r.path()).isEqualTo(product);
        assertThat(r.first())
            .as("first reading of %s", r.path())
            .isNotEqualTo(sizes.containsKey(r.path()));
        sizes.put(r.path(), r.elements());
      }
    }
    return sizes;
  }

  /// Each `// [B, F, D]` in the sources is a claim about the line that it stands on.
  ///
  /// @return whether there is one
  private static boolean hasTheShapeThatItsCommentClaims(Step s) {
    Matcher m = SYMBOLS.matcher(s.comment());
    if (!m.find() || m.group(1).contains("…")) {
      return false;
    }
    String[] symbols = m.group(1).isBlank() ? new String[0] : m.group(1).split(", ");
    assertThat(s.shape())
        .as("%s: %s // %s", s.type(), s.code(), s.comment())
        .hasSize(symbols.length);
    for (int axis = 0; axis < symbols.length; axis++) {
      if (symbols[axis].equals("B") || symbols[axis].matches("\\d+")) {
        assertThat(s.shape().get(axis))
            .as("%s: %s // %s", s.type(), s.code(), s.comment())
            .isEqualTo(symbols[axis]);
      }
    }
    return true;
  }

  @ParameterizedTest
  @MethodSource("models")
  void theTextIsTheSameEachTime(ModelSpec spec) {
    Settings settings = spec.settings(Map.of());
    Schema schema = spec.exampleSchema(settings);
    String once = ExplanationText.of(EXPLAINER.explain(spec, settings, schema));
    String again = ExplanationText.of(EXPLAINER.explain(spec, settings, schema));
    assertThat(again).isEqualTo(once);
    assertThat(once).endsWith("\n");
    assertThat(once.lines())
        .as("width of a terminal")
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(100));
  }

  /// What the host finds from parameters is part of the flow.
  @Test
  void treesAreInTheFlow() {
    ModelSpec spec = Models.get("gbdt-lr");
    Settings settings = spec.settings(Map.of("trees", "3", "maxLeaves", "4", "minSplit", "2"));
    Explanation e = EXPLAINER.explain(spec, settings, spec.exampleSchema(settings));
    Map<String, List<String>> readers = new TreeMap<>();
    for (Step s : flat(e.steps())) {
      s.reads().forEach(r -> readers.computeIfAbsent(r.path(), _ -> s.shape()));
    }
    assertThat(readers)
        .containsEntry("trees/nodes", List.of("B", "3"))
        .containsEntry("trees/leaves", List.of("B", "3"))
        .containsEntry("statistics/user", List.of("B", "8")) // 2 numbers, 3 fields of ids
        .containsEntry("w/leaves", List.of("B", "1"));
    assertThat(e.unread().stream().map(Step.Reading::path)).containsExactly("trees/values");
    assertThat(ExplanationText.of(e)).contains("on the host: the leaf of each tree");
    assertThat(e.steps().getFirst().code()).isEqualTo("h = leavesOf(batch, mode)");
  }

  /// Sizes at which the model works part by part on batches: smaller ones tell what grows with the batch.
  @Test
  void theBatchIsSeenWhereItIsComputedInParts() {
    ModelSpec spec = Models.get("xdeepfm");
    Settings settings = spec.settings(Map.of("hidden", "4", "cin", "400")); // ten examples
    List<Field> fields = new ArrayList<>(List.of(new Field.Dense("price")));
    for (int f = 0; f < 26; f++) {
      fields.add(new Field.Categorical("field" + f, 5));
    }
    fields.add(new Field.Label("click", Field.LabelKind.BINARY));
    Explanation e = EXPLAINER.explain(spec, settings, new Schema(fields));
    List<Step> steps = flat(e.steps());
    assertThat(steps.stream().filter(s -> s.type().equals("XDeepFm")))
        .isNotEmpty()
        .allMatch(s -> s.shape().getFirst().equals("B"));
    // the products: for each example and number of an embedding those of 26 fields with 400 maps
    assertThat(steps).anyMatch(s -> s.shape().equals(List.of("10B", "26", "400")));
  }

  /// What did not run is not told: one product of PNN, one cross network of DCN V2.
  @Test
  void equationsAreThoseOfTheVariantThatRan() {
    for (var told :
        Map.of(
                "pnn product=INNER", List.of("PNN-2", "PNN-3"),
                "pnn product=OUTER", List.of("PNN-3", "PNN-2"),
                "dcn-v2 cross=LOW_RANK", List.of("DCN-3", "DCN-2"))
            .entrySet()) {
      List<String> words = List.of(told.getKey().split("[ =]", -1));
      ModelSpec spec = Models.get(words.get(0));
      Settings settings = spec.settings(Map.of(words.get(1), words.get(2)));
      String text =
          ExplanationText.of(EXPLAINER.explain(spec, settings, spec.exampleSchema(settings)));
      assertThat(text)
          .as(told.getKey())
          .contains("(" + told.getValue().get(0))
          .doesNotContain("(" + told.getValue().get(1));
    }
  }

  @Test
  void deepFmByHand() {
    ModelSpec spec = Models.get("deepfm");
    Settings settings =
        spec.settings(Map.of("embeddingDim", "4", "hidden", "6,5", "firstOrder", "WEIGHT_TABLE"));
    Schema schema =
        Schema.of(
            new Field.Dense("price"),
            new Field.Categorical("user", 7),
            new Field.Categorical("city", 3),
            new Field.Label("click", Field.LabelKind.BINARY));
    Explanation e = EXPLAINER.explain(spec, settings, schema);
    List<String> lines = new ArrayList<>();
    for (Step s : flat(e.steps())) {
      if (!s.type().equals("FieldEmbeddings")) {
        List<String> read = s.reads().stream().map(r -> r.path() + r.shape()).toList();
        lines.add(s.code() + " " + s.shape() + " " + read);
      }
    }
    assertThat(lines)
        .containsExactly(
            "e = v.lookup(batch, mode) [B, 2, 4] []",
            "z = z.add(w.forward(batch, mode)) [B] [bias[]]",
            "return weights.lookup(batch, mode).squeeze(2).sum(1) [B] []",
            "z = z.add(e.pairwise()) [B] []",
            "a = e.flatten(1) [B, 8] []",
            "x = tape.constant(Shape.of(batch.size(), numbers), batch.dense()) [B, 1] []",
            "a = Var.concat(1, List.of(a, x)) [B, 9] []",
            "z = z.add(deep.forward(a, mode).matmul(out).squeeze(1)) [B] [out[5, 1]]",
            "h = layer.linear.forward(h) [B, 6] []",
            "return x.linear(weight, bias, activation) [B, 6] [deep/0/weight[9, 6],"
                + " deep/0/bias[6]]",
            "h = layer.linear.forward(h) [B, 5] []",
            "return x.linear(weight, bias, activation) [B, 5] [deep/1/weight[6, 5],"
                + " deep/1/bias[5]]");
    // 10 rows of 4 and of 1, a weight for the number, w₀; 9·6 + 6, 6·5 + 5, 5
    assertThat(e.parameters()).isEqualTo(10 * 4 + 10 + 1 + 1 + 60 + 35 + 5);
    assertThat(e.outputs()).containsExactly("click: Logit");
  }
}
