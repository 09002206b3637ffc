// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import it.unimi.dsi.fastutil.ints.IntSet;
import it.unimi.dsi.fastutil.ints.IntSets;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.UserStates;
import org.gradus.models.Retriever;
import org.gradus.trainer.metrics.Metric;
import org.gradus.trainer.metrics.TiedList;
import org.gradus.trainer.metrics.TopK;
import org.gradus.trainer.retrieval.CollaborativeFilter;
import org.gradus.trainer.retrieval.CsrMatrix;
import org.gradus.trainer.retrieval.DictionaryFilter;
import org.gradus.trainer.retrieval.ExactIndex;
import org.gradus.trainer.retrieval.HnswIndex;
import org.gradus.trainer.retrieval.IndexComparison;
import org.gradus.trainer.retrieval.Lists;
import org.gradus.trainer.retrieval.Neighbours;
import org.gradus.trainer.retrieval.Recommender;
import org.gradus.trainer.retrieval.VectorIndex;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.store.AtomicFiles;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/// `gradus retrieval`: how good the lists of a run's model are, beside popularity and collaborative filtering, and how much an
/// approximate search loses.
@Command(
    name = "retrieval",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Measures lists of items for the users of the test rows: by the model of a run, with exact",
      "and with approximate search, by popularity, and by collaborative filtering."
    })
final class RetrievalCommand implements Runnable {
  private static final int[] RECALLS = {1, 10, 100};

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--run", paramLabel = "DIR", required = true, description = "folder of the run")
  private Path run = Path.of("");

  @Option(
      names = "--top",
      paramLabel = "K",
      converter = Whole.Positive.class,
      description = "length of a list (default: ${DEFAULT-VALUE})")
  private int top = 50;

  @Option(
      names = "--neighbours",
      paramLabel = "N",
      converter = Whole.Positive.class,
      description = "of a user or an item, in collaborative filtering (default: ${DEFAULT-VALUE})")
  private int neighbours = 50;

  @Option(
      names = "--ef",
      paramLabel = "N",
      converter = Whole.Positive.class,
      description = "how widely the approximate search looks (default: ${DEFAULT-VALUE})")
  private int effort = 100;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "any device (default: $$GRADUS_DEVICE, else that of the run)")
  private @Nullable String device;

  @Option(
      names = "--dictionary",
      description = "collaborative filtering on maps of maps too: what memory and time it takes")
  private boolean dictionary;

  @Option(names = "--json", paramLabel = "FILE", description = "the same for programs")
  private @Nullable Path json;

  // held here, for a logger that nobody holds forgets its level
  private final Logger lucene = Logger.getLogger("org.apache.lucene");

  private final Map<String, Object> found = new LinkedHashMap<>();

  /// The first items for a user, by his place: one more than a list has, to see whether it ends among equal scores.
  private interface Ranking {
    VectorIndex.Hits of(int user, int items, IntSet met);
  }

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    Runs.checkFile("--json", json);
    lucene.setLevel(Level.WARNING); // it would tell which vectors it uses
    RunFolder folder = RunFolder.open(run);
    TrainConfig config = folder.config(Presets.of(null, null));
    String name = Runs.device(device, config, err);
    DataSource.Opened opened = Session.open(config, err);
    UserStates past = opened.encoder() instanceof UserStates states ? states : null;
    try (DataSet set = opened.data();
        Session session = new Session(config, set.schema(), name)) {
      folder.loadModel(session.params());
      Retriever model = RecommendCommand.retriever(session.model(), config);
      Lists lists = new Lists(set, model.item(), past);
      Recommender recommender = new Recommender(model, session.device());
      VectorIndex.Vectors items = recommender.items();
      float[][] users = recommender.users(lists.states());
      out.printf(
          Locale.ROOT,
          "%s on %s (%s), seed %d: %d users, %d items%n%n",
          config.model().name(),
          set.name(),
          name,
          config.seed(),
          lists.size(),
          items.ids().length);
      heading(out);
      baselines(lists, items.ids(), out);
      searches(config.model().name(), lists, items, users, out);
      if (dictionary) {
        dictionary(lists.interactions(), out);
      }
    }
    if (json != null) {
      AtomicFiles.write(json, JsonMapper.shared().writeValueAsString(found) + "\n");
    }
    out.flush();
  }

  private void baselines(Lists lists, int[] items, PrintWriter out) {
    double[] counts = lists.counts();
    float[] popularity = new float[items.length];
    for (int i = 0; i < items.length; i++) {
      popularity[i] = (float) counts[items[i]];
    }
    ExactIndex popular =
        new ExactIndex(new VectorIndex.Vectors(items, popularity, 1, VectorIndex.Metric.DOT));
    measure("popularity", lists, items, (_, n, met) -> popular.search(ONE, n, n, met), out);
    CsrMatrix met = lists.interactions();
    long cold = IntStream.range(0, lists.size()).filter(lists::cold).count();
    found.put("cold_users", cold);
    Neighbours.Options options =
        Neighbours.Options.of(Neighbours.Measure.COSINE).withTopK(neighbours);
    for (CollaborativeFilter.Kind kind : CollaborativeFilter.Kind.values()) {
      long begun = System.nanoTime();
      CollaborativeFilter filter = new CollaborativeFilter(kind, met, options);
      double seconds = (System.nanoTime() - begun) * 1e-9;
      String name = kind == CollaborativeFilter.Kind.USERS ? "user-cf" : "item-cf";
      measure(
          name,
          lists,
          items,
          (u, n, without) ->
              lists.cold(u) ? popular.search(ONE, n, n, without) : filter.recommend(u, n, without),
          out);
      found.put(name + ".seconds", seconds);
    }
    if (cold > 0) {
      out.printf(
          Locale.ROOT,
          "  of the users %d had taken nothing: the filters list what is popular%n",
          cold);
    }
    found.put("interactions.bytes", met.bytes());
  }

  /// Both forms of both filters, built one after the other. Memory is what the heap grew by, after collections.
  private void dictionary(CsrMatrix met, PrintWriter out) {
    Neighbours.Options options =
        Neighbours.Options.of(Neighbours.Measure.COSINE).withTopK(neighbours);
    out.println();
    for (CollaborativeFilter.Kind kind : CollaborativeFilter.Kind.values()) {
      String name = kind.name().toLowerCase(Locale.ROOT);
      long before = heap();
      Map<Integer, Map<Integer, Double>> maps = DictionaryFilter.maps(met);
      long bytes = heap() - before;
      long begun = System.nanoTime();
      DictionaryFilter slow = new DictionaryFilter(kind, maps, options);
      double seconds = (System.nanoTime() - begun) * 1e-9;
      begun = System.nanoTime();
      CollaborativeFilter fast = new CollaborativeFilter(kind, met, options);
      double compressed = (System.nanoTime() - begun) * 1e-9;
      int[] slowest = slow.recommend(0, top, NONE).ids();
      boolean same = Arrays.equals(slowest, fast.recommend(0, top, NONE).ids());
      out.printf(
          Locale.ROOT,
          "%s of %d ratings: maps %d bytes and %.3f s, compressed rows %d bytes and %.3f s%s%n",
          name,
          met.values().length,
          bytes,
          seconds,
          met.bytes(),
          compressed,
          same ? "" : "; their lists differ");
    }
  }

  private static long heap() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    Runtime r = Runtime.getRuntime();
    return r.totalMemory() - r.freeMemory();
  }

  private static final float[] ONE = {1};
  private static final IntSet NONE = IntSets.emptySet();

  private void searches(
      String model, Lists lists, VectorIndex.Vectors items, float[][] users, PrintWriter out) {
    ExactIndex exact = new ExactIndex(items);
    measure(
        model + ", exact",
        lists,
        items.ids(),
        (u, n, met) -> exact.search(users[u], n, n, met),
        out);
    HnswIndex.Graph graph = HnswIndex.Graph.DEFAULT;
    long begun = System.nanoTime();
    try (HnswIndex hnsw = HnswIndex.build(items, graph)) {
      double seconds = (System.nanoTime() - begun) * 1e-9;
      int looks =
          Math.max(effort, top); // an item more would widen the search where the list is as long
      measure(
          model + ", hnsw",
          lists,
          items.ids(),
          (u, n, met) -> hnsw.search(users[u], Math.min(n, looks), looks, met),
          out);
      IndexComparison compared = IndexComparison.of(items, hnsw, users, effort, RECALLS);
      out.printf(
          Locale.ROOT,
          "%nhnsw: %s, N %d, d %d, %s, M %d, efConstruction %d, efSearch %d%n",
          HnswIndex.LIBRARY,
          hnsw.size(),
          items.width(),
          items.metric(),
          graph.m(),
          graph.construction(),
          effort);
      out.printf(
          Locale.ROOT,
          "built in %.2f s, %d bytes; the vectors alone have %d%n",
          seconds,
          hnsw.bytes(),
          exact.bytes());
      out.printf(
          Locale.ROOT,
          "a query takes %.0f µs, 99 of 100 at most %.0f µs; exact %.0f and %.0f (k %d, %d"
              + " queries)%n",
          compared.approximate().mean(),
          compared.approximate().p99(),
          compared.exact().mean(),
          compared.exact().p99(),
          RECALLS[RECALLS.length - 1],
          users.length);
      compared
          .recall()
          .forEach(
              (k, recall) -> {
                out.printf(Locale.ROOT, "recall@%d of exact search: %.4f%n", k, recall);
                found.put("hnsw.recall@" + k, recall);
              });
      found.put("hnsw.build_seconds", seconds);
      found.put("hnsw.bytes", hnsw.bytes());
    }
  }

  private void heading(PrintWriter out) {
    out.printf(Locale.ROOT, "%-22s", "");
    List<String> names = new ArrayList<>(new TopK(top, 1).metrics().keySet());
    for (String name : names) {
      out.printf(Locale.ROOT, " %12s", name);
    }
    out.printf(Locale.ROOT, " %12s %8s %8s%n", "short lists", "tied", "skipped");
  }

  private void measure(String name, Lists lists, int[] items, Ranking ranking, PrintWriter out) {
    TopK all = new TopK(top, items.length);
    List<Lists.User> users = lists.users();
    int oneMore = (int) Math.min(Integer.MAX_VALUE, top + 1L);
    int tied = 0;
    for (int u = 0; u < users.size(); u++) {
      Lists.User user = users.get(u);
      VectorIndex.Hits hits = ranking.of(u, oneMore, user.met());
      int[] list = Arrays.copyOf(hits.ids(), Math.min(top, hits.ids().length));
      all.add(list, user.relevant());
      boolean cut = TiedList.of(hits.scores(), new double[hits.ids().length]).tiedAtCutoff(top);
      tied += cut && user.relevant().length > 0 ? 1 : 0;
    }
    out.printf(Locale.ROOT, "%-22s", name);
    for (Map.Entry<String, Metric> e : all.metrics().entrySet()) {
      out.printf(
          Locale.ROOT,
          " %12s",
          e.getValue().defined()
              ? String.format(Locale.ROOT, "%.4f", e.getValue().value())
              : "undefined");
      found.put(name + "." + e.getKey(), e.getValue().value());
    }
    out.printf(Locale.ROOT, " %12d %8d %8d%n", all.shortLists(), tied, all.skippedUsers());
    found.put(name + ".tied", tied);
  }
}
