// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.TableParameter;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.jspecify.annotations.Nullable;

/// What the places along the axes of a model's parameters stand for, where that follows the order of the fields: the name of a
/// field, a number of its embedding, a pair of fields. With it parameters can be carried to a model whose fields come in another order.
///
/// Tables go by name and need nothing. For every model, the vectors of dense fields follow the order of these fields, and the first
/// layer of a tower called `deep` reads `[embeddings; numbers]`. What a paper has besides is in [#of]; a model that is not there
/// has the two rules alone, and one more: an axis as long as `[embeddings; numbers]` is just that.
final class FieldOrder {
  private final Settings settings;
  private final ModelBench bench;
  private final List<String>
      ids; //     fields that have a vector each, in the order of their vectors
  private final List<String> tables; //  theirs
  private final List<String> dense; //   fields of numbers
  private final List<String> vectors; // ids, and dense fields where these own vectors
  private final Map<String, List<@Nullable List<String>>> axes = new TreeMap<>();

  private FieldOrder(Settings settings, Schema schema, ModelBench bench) {
    this.settings = settings;
    this.bench = bench;
    List<Field.Ids> pooled =
        schema.ids().stream()
            .filter(f -> f instanceof Field.Categorical || f instanceof Field.MultiValued)
            .toList();
    ids = pooled.stream().map(Field::name).toList();
    tables = pooled.stream().map(Field.Ids::table).toList();
    dense = schema.dense().stream().map(Field::name).toList();
    vectors = is("numeric", "SCALED_EMBEDDING") ? join(ids, dense) : ids;
  }

  /// The places of a model's parameters.
  ///
  /// @param schema of the model
  static FieldOrder of(ModelSpec spec, Settings settings, Schema schema, ModelBench bench) {
    FieldOrder order = new FieldOrder(settings, schema, bench);
    for (String path : bench.paths()) {
      if (path.endsWith("/numeric") && order.sizes(path)[0] == order.dense.size()) {
        order.along(path, 0, order.dense);
      }
    }
    switch (spec.name()) {
      case "deepfm" -> {
        order.along("linear", 0, order.blocks(order.vectors));
        order.along("deep/0/weight", 0, join(order.blocks(order.vectors), order.raw()));
      }
      case "wide-deep" -> order.along("deep/0/weight", 0, order.concatenated());
      case "ffm" -> order.ffm();
      case "afm" -> order.afm();
      case "nfm" -> order.nfm();
      case "pnn" -> order.pnn();
      case "dcn", "dcn-v2" -> order.dcn();
      case "xdeepfm" -> order.xdeepfm();
      case "fibinet" -> order.fibinet();
      case "autoint" -> order.autoint();
      case "dlrm" -> order.dlrm();
      case "din" -> order.din(schema);
      case "dien" -> order.readers(names(schema, Field.Sequence.class));
      case "dsin" -> order.readers(names(schema, Field.Sessions.class));
      case "infnet" -> order.infnet(schema);
      case "shared-bottom", "mmoe", "ple", "esmm" -> order.tasks();
      case "star" -> order.star();
      case "pepnet" -> order.pepnet();
      case "hmoe" -> order.hmoe();
      case "apg" -> order.apg();
      case "m2m" -> order.m2m(schema);
      case "youtube-ranking" -> order.ranking(schema);
      case "lr", "fm", "ls-plm", "neural-cf", "gbdt-lr", "source-attention" -> {
        // sums over fields, or fields by name
      }
      default -> order.unknown();
    }
    return order;
  }

  /// Why a model with these settings is another function when fields of ids change places, whatever its parameters; null when it is
  /// not.
  static @Nullable String reason(ModelSpec spec, Settings settings) {
    boolean matrices =
        spec.name().equals("fibinet")
            && !(settings.toMap().get("bilinear") + settings.toMap().get("bilinearSenet"))
                .equals("HADAMARDHADAMARD");
    return matrices ? "the matrix of a pair acts on the field that comes first (FB-4)" : null;
  }

  // Papers

  /// A vector for each field that may be met: [F, k] side by side (FFM-2).
  private void ffm() {
    List<String> all = join(ids, dense);
    for (String table : tables) {
      String path = "v/" + table;
      along(path, 1, numbered(all, bench.tableWidth(path) / all.size()));
    }
    if (!dense.isEmpty()) {
      along("v/numeric", 1, numbered(all, sizes("v/numeric")[1] / all.size()));
    }
  }

  /// [u; x_num], where there is a tower
  private void afm() {
    if (is("deepOnTop", "true")) {
      String reader = settings.list("hidden").isEmpty() ? "out" : "deep/0/weight";
      along(reader, 0, join(numbered("u", "v"), dense));
    }
  }

  /// [f_BI; x_num] (NFM-2)
  private void nfm() {
    if (is("concatNumeric", "true")) {
      List<String> both = join(numbered("u", "v"), dense);
      for (String path : bench.paths()) {
        boolean first = path.startsWith("norm/") || path.equals("deep/0/weight");
        if (first || (path.equals("out") && settings.list("hidden").isEmpty())) {
          along(path, 0, both);
        }
      }
    }
  }

  private void pnn() {
    along("product/linear", 0, blocks(vectors)); //  W_z (PNN-1)
    along("product/theta", 0, vectors); //           θ (PNN-2)
    along(
        "product/inner", 0, is("pairs", "ALL") ? squares(vectors) : pairs(vectors)); // W_p (PNN-2)
    List<String> units = numbered(List.of("l"), sizes("product/bias")[0]);
    along("deep/0/weight", 0, join(units, raw()));
  }

  private void dcn() {
    List<String> x0 = concatenated();
    cross("cross/", x0);
    if (bench.paths().contains("deep/0/weight")) {
      along("deep/0/weight", 0, x0);
    }
    if (!is("structure", "STACKED")) {
      along("out/weight", 0, x0); // of [x_L; h] (DCN-6); h stays
    }
  }

  /// A cross network over x₀: every axis as wide as it, but K and r.
  private void cross(String prefix, List<String> x0) {
    for (String path : bench.paths()) {
      if (path.startsWith(prefix)) {
        int rank = sizes(path).length;
        switch (path.substring(path.lastIndexOf('/') + 1)) {
          case "w" -> {
            along(path, 0, x0);
            if (sizes(path)[1] > 1) { // not the vector of DCN-1
              along(path, 1, x0);
            }
          }
          case "b", "gate" -> along(path, 0, x0);
          case "v" -> along(path, rank - 2, x0);
          case "u" -> along(path, rank - 1, x0);
          default -> {} // C, which lives in the small space
        }
      }
    }
  }

  private void xdeepfm() {
    along("deep/0/weight", 0, concatenated());
    int m = ids.size();
    for (int k = 0; k < settings.list("cin").size(); k++) {
      String w = "cin/" + k + "/w"; // row i·m + j (CIN-2)
      if (bench.paths().contains(w)) {
        along(w, 0, k == 0 ? squares(ids) : products(numbered(List.of("x"), sizes(w)[0] / m), ids));
      }
      if (k == 0) {
        along("cin/0/u", 0, ids);
      }
      along("cin/" + k + "/v", 0, ids);
    }
  }

  private void fibinet() {
    along("senet/w1", 0, ids); // (FB-2)
    along("senet/w2", 1, ids);
    int k = bench.tableWidth("v/" + tables.getFirst());
    List<String> p = numbered(pairs(ids), k); // (FB-5)
    List<String> q = numbered(pairs(ids).stream().map(pair -> "q " + pair).toList(), k);
    along("deep/0/weight", 0, join(join(p, q), dense));
  }

  private void autoint() {
    List<String> all = join(ids, dense);
    along("out", 0, numbered(all, sizes("out")[0] / all.size())); // (AI-5)
    along("deep/0/weight", 0, blocks(all));
  }

  /// T = [d; s₀; …], fields that share a table side by side (DI-1).
  private void dlrm() {
    boolean constant = dense.isEmpty() && is("constantInput", "true");
    List<String> d = dense.isEmpty() && !constant ? List.of() : List.of("d");
    along("bottom/0/weight", 0, constant ? List.of("1") : dense);
    Map<String, List<String>> byTable = new LinkedHashMap<>();
    for (int f = 0; f < ids.size(); f++) {
      byTable.computeIfAbsent(tables.get(f), _ -> new ArrayList<>()).add(ids.get(f));
    }
    List<String> t = new ArrayList<>(d);
    byTable.values().forEach(t::addAll);
    int dim = bench.tableWidth("tables/" + tables.getFirst());
    List<String> flat = numbered(t, dim);
    cross("interaction/", flat);
    along("interaction/branch1/0/weight", 0, flat);
    along("interaction/branch2/0/weight", 0, flat);
    if (is("interaction", "DOT")) {
      List<String> kept = numbered(d, dim);
      along("top/0/weight", 0, join(kept, dots(t)));
    } else if (!is("interaction", "PROJECTION")) {
      along("top/0/weight", 0, flat);
    }
  }

  /// [fields; v of every history; numbers] (DIN-5)
  private void din(Schema schema) {
    List<String> x = new ArrayList<>(blocks(ids));
    for (Field.Sequence f : schema.all(Field.Sequence.class)) {
      int width = bench.tableWidth("v/" + f.table());
      x.addAll(numbered(List.of("pooled " + f.name()), width));
      if (is("alsoSumPool", "true")) {
        x.addAll(numbered(List.of("sum " + f.name()), width));
      }
    }
    along("deep/0/weight", 0, join(x, dense));
  }

  /// [fields; as much of every history as of the next; numbers] (DIEN-11), (DSIN-9)
  private void readers(List<String> histories) {
    List<String> x = new ArrayList<>(blocks(ids));
    int rest = sizes("deep/0/weight")[0] - x.size() - dense.size();
    x.addAll(numbered(histories, histories.isEmpty() ? 0 : rest / histories.size()));
    along("deep/0/weight", 0, join(x, dense));
  }

  /// φ_cat reads [fields; vectors of numbers] (IN-4), and the gate of the steps r proxies of every behaviour (IN-12).
  private void infnet(Schema schema) {
    int dim = settings.integer("embeddingDim");
    String layer = settings.list("phiHidden").isEmpty() ? "out" : "0";
    along("proxies/fields/" + layer + "/weight", 0, numbered(join(ids, dense), dim));
    int each = settings.integer("seqProxiesPerBehaviour") * dim;
    for (String path : bench.paths()) {
      if (path.matches("block/[^/]+/gate/S/(0|out)/weight")) {
        List<String> proxies = numbered(names(schema, Field.Sequence.class), each);
        if (path.endsWith("0/weight") || settings.list("pguHidden").isEmpty()) {
          along(path, 0, proxies);
        }
      }
    }
  }

  /// [fields, histories among them; four of every number] (YR-2)
  private void ranking(Schema schema) {
    List<String> x = new ArrayList<>();
    for (Field.Ids f : schema.ids()) {
      if (!(f instanceof Field.Sessions)) {
        x.addAll(numbered(List.of(f.name()), bench.tableWidth("v/" + f.table())));
      }
    }
    along("tower/0/weight", 0, join(x, numbered(dense, 4)));
  }

  /// What reads x: the bottom, the experts and the gates at the first level, or the towers where nothing is below them
  private void tasks() {
    List<String> x = is("fieldPooling", "SUM") ? join(numbered("sum", "v"), dense) : concatenated();
    Pattern below =
        Pattern.compile("(bottom|expert/\\d+|gate/[^/]+|level/0/.+?/(expert/\\d+|gate))/.*");
    Pattern tower = Pattern.compile("(tower/[^/]+)/.*");
    boolean bare = bench.paths().stream().noneMatch(p -> p.matches("(bottom|expert|level)/.*"));
    for (String path : bench.paths()) {
      Matcher reader = (bare ? tower : below).matcher(path);
      if (reader.matches()) {
        String prefix = reader.group(1);
        String layer = bench.paths().contains(prefix + "/0/weight") ? "/0" : bare ? "/out" : "";
        along(prefix + layer + "/weight", 0, x);
      }
    }
  }

  /// x, standardised (ST-2), and again behind the vector of the scenario (ST-6)
  private void star() {
    List<String> x = concatenated();
    String first = settings.list("hidden").isEmpty() ? "out" : "0";
    String below = settings.list("auxUnits").isEmpty() ? "out" : "0";
    for (String path : bench.paths()) {
      if (path.matches("(aux/)?pn/.*|star/" + first + "/.*weight")) {
        along(path, 0, x);
      }
    }
    along("aux/" + below + "/weight", 0, join(numbered(List.of("u"), width("domainDim")), x));
  }

  /// What gates see and scale, (PEP-3) and (PEP-5), and the towers
  private void pepnet() {
    List<String> x = concatenated();
    List<String> seen = is("gateInput", "FULL") ? x : List.of();
    List<String> scenario = numbered(List.of("scenario"), width("embeddingDim"));
    List<String> person = blocks(ids).stream().map(place -> "prior " + place).toList();
    String first = settings.list("towerUnits").isEmpty() ? "out" : "0";
    for (String path : bench.paths()) {
      boolean scales = is("gatePosition", "BEFORE") && path.startsWith("pp/0/out/");
      if (path.equals("ep/hidden/weight")) {
        along(path, 0, join(scenario, seen));
      } else if (path.matches("pp/\\d+/hidden/weight")) {
        along(path, 0, join(person, seen));
      } else if (path.startsWith("ep/out/") || scales) {
        along(path, path.endsWith("weight") ? 1 : 0, x);
      } else if (path.matches("tower/[^/]+/" + first + "/weight")) {
        along(path, 0, x);
      }
    }
  }

  /// Experts, gates and mixtures of x
  private void hmoe() {
    String gate = settings.list("gateUnits").isEmpty() ? "" : "0/";
    String mix = settings.list("mixUnits").isEmpty() ? "" : "0/";
    for (String path : bench.paths()) {
      if (path.matches(
          "expert/\\d+/0/weight|gate/[^/]+/" + gate + "weight|mix/[^/]+/" + mix + "weight")) {
        along(path, 0, concatenated());
      }
    }
  }

  /// What x meets first, shared or generated (APG-2), (APG-3), and what generators read of it
  private void apg() {
    List<String> x = concatenated();
    String first = settings.list("generatorUnits").isEmpty() ? "/out/weight" : "/0/weight";
    for (String path : bench.paths()) {
      boolean bias = path.contains("/biases/"); // from a single layer
      boolean self = path.startsWith("layer/0/") && path.contains("/self/");
      if ((path.contains("/fields/") || self) && path.endsWith(bias ? "/out/weight" : first)) {
        boolean all = self || is("mixCombine", "CONCAT");
        along(path, 0, self ? x : all ? blocks(ids) : List.of());
      }
      if (path.matches("layer/0/(v|vl)/weight")) {
        along(path, 0, x);
      } else if (path.matches("layer/0/(v|full)/[^/]+/out/(weight|bias)")) {
        int axis = path.endsWith("weight") ? 1 : 0;
        int columns = sizes(path)[axis] / x.size();
        along(path, axis, products(x, numbered(List.of("w"), columns)));
      }
    }
  }

  /// What experts read (META-2), and what speaks for scenario and user (META-4)
  private void m2m(Schema schema) {
    int dim = width("embeddingDim");
    int step = is("positionMode", "CONCAT") ? 2 * dim : dim;
    List<String> x = join(numbered(names(schema, Field.Sequence.class), step), concatenated());
    for (String path : bench.paths()) {
      if (path.matches("expert/\\d+/0/weight")) {
        along(path, 0, x);
      }
    }
    List<String> scenario = numbered(List.of("scenario"), dim);
    along("scenario/0/weight", 0, join(scenario, blocks(ids)));
  }

  private int width(String option) {
    return settings.integer(option);
  }

  private static List<String> names(Schema schema, Class<? extends Field> kind) {
    return schema.all(kind).stream().map(Field::name).toList();
  }

  private void unknown() {
    String dim = settings.toMap().get("embeddingDim");
    if (dim != null) {
      List<String> x = join(numbered(ids, Integer.parseInt(dim)), dense);
      for (String path : bench.paths()) {
        int[] sizes = sizes(path);
        if (bench.params().get(path) instanceof DenseParameter
            && sizes.length > 1
            && sizes[0] == x.size()) {
          along(path, 0, x);
        }
      }
    }
  }

  // Words for places

  private boolean is(String option, String value) {
    return value.equals(settings.toMap().get(option));
  }

  /// Dense fields that stand beside embeddings.
  private List<String> raw() {
    return vectors.size() > ids.size() ? List.of() : dense;
  }

  /// The numbers of all embeddings one behind the other, then the dense fields.
  private List<String> concatenated() {
    return join(blocks(ids), dense);
  }

  /// The numbers of the vectors of fields, as wide as their tables below `v`.
  private List<String> blocks(List<String> fields) {
    List<String> all = new ArrayList<>();
    for (String f : fields) {
      int at = ids.indexOf(f);
      String table = "v/" + tables.get(Math.max(0, at)); // of dense fields they are as wide
      all.addAll(numbered(List.of(f), bench.tableWidth(table)));
    }
    return all;
  }

  /// As many places as vectors below a path are wide.
  private List<String> numbered(String word, String prefix) {
    return numbered(List.of(word), bench.tableWidth(prefix + "/" + tables.getFirst()));
  }

  private static List<String> numbered(List<String> words, int each) {
    List<String> all = new ArrayList<>();
    for (String w : words) {
      for (int i = 0; i < each; i++) {
        all.add(w + " " + i);
      }
    }
    return all;
  }

  private static List<String> join(List<String> first, List<String> second) {
    List<String> all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }

  private static List<String> products(List<String> left, List<String> right) {
    return left.stream().flatMap(l -> right.stream().map(r -> l + " · " + r)).toList();
  }

  private static List<String> squares(List<String> words) {
    return products(words, words);
  }

  /// A pair is the same from both sides.
  private static String pair(String a, String b) {
    return a.compareTo(b) <= 0 ? a + " · " + b : b + " · " + a;
  }

  /// i < j, row by row.
  private static List<String> pairs(List<String> words) {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < words.size(); i++) {
      for (int j = i + 1; j < words.size(); j++) {
        all.add(pair(words.get(i), words.get(j)));
      }
    }
    return all;
  }

  /// The products of DLRM, in the order that it is set to; a vector alone has none and stays as it is.
  private List<String> dots(List<String> t) {
    boolean self = is("includeSelf", "true");
    boolean lower = is("order", "LOWER_ROW_MAJOR");
    List<String> all = new ArrayList<>();
    for (int i = 0; i < t.size(); i++) {
      for (int j = 0; j < t.size(); j++) {
        if (i == j ? self : lower == j < i) {
          all.add(pair(t.get(i), t.get(j)));
        }
      }
    }
    return all;
  }

  // Carrying

  private int[] sizes(String path) {
    return switch (bench.params().get(path)) {
      case DenseParameter d -> d.shape().toArray();
      case TableParameter t -> new int[] {t.table().rows(), t.table().width()};
    };
  }

  /// Says what the first places of an axis are; those behind them stay where they are. A parameter that the model does not have
  /// with these settings is passed over.
  private void along(String path, int axis, List<String> places) {
    if (!bench.paths().contains(path)) {
      return;
    }
    int[] sizes = sizes(path);
    if (places.size() > sizes[axis] || places.stream().distinct().count() != places.size()) {
      throw new IllegalStateException(
          path + ": axis " + axis + " of " + Arrays.toString(sizes) + " cannot be " + places);
    }
    List<@Nullable List<String>> own = axes.computeIfAbsent(path, _ -> new ArrayList<>());
    while (own.size() <= axis) {
      own.add(null);
    }
    own.set(axis, places);
  }

  /// The values of a parameter of this model, as a model of another order keeps them.
  double[] carried(Parameter p, FieldOrder to) {
    double[] values = bench.get(p.path());
    List<@Nullable List<String>> from = axes.getOrDefault(p.path(), List.of());
    List<@Nullable List<String>> there = to.axes.getOrDefault(p.path(), List.of());
    int[] sizes = sizes(p.path());
    for (int axis = 0; axis < from.size(); axis++) {
      List<String> places = from.get(axis);
      List<String> others = there.get(axis);
      if (places != null && others != null) {
        values = moved(values, sizes, axis, others.stream().mapToInt(places::indexOf).toArray());
      }
    }
    return values;
  }

  /// Values whose place i along an axis is the old place `source[i]`.
  private static double[] moved(double[] values, int[] sizes, int axis, int[] source) {
    int inner = 1;
    for (int a = axis + 1; a < sizes.length; a++) {
      inner *= sizes[a];
    }
    double[] moved = values.clone();
    int block = sizes[axis] * inner;
    for (int outer = 0; outer < values.length; outer += block) {
      for (int i = 0; i < source.length; i++) {
        System.arraycopy(values, outer + source[i] * inner, moved, outer + i * inner, inner);
      }
    }
    return moved;
  }
}
