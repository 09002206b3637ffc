// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntSet;
import it.unimi.dsi.fastutil.ints.IntSets;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.gradus.data.DataSource;
import org.gradus.data.UserStates;
import org.gradus.embeddings.Batch;
import org.gradus.models.Model;
import org.gradus.models.Retriever;
import org.gradus.trainer.retrieval.ExactIndex;
import org.gradus.trainer.retrieval.Recommender;
import org.gradus.trainer.retrieval.VectorIndex;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.TrainConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `gradus recommend`: items for a user.
@Command(
    name = "recommend",
    mixinStandardHelpOptions = true,
    description = {
      "Lists the items that suit a user best, by the model of a run that retrieves items.",
      "The user is taken as he was at the end of the data that the run was trained on."
    })
final class RecommendCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--run", paramLabel = "DIR", required = true, description = "folder of the run")
  private Path run = Path.of("");

  @Option(names = "--user", paramLabel = "U", required = true, description = "as the data call him")
  private String user = "";

  @Option(
      names = "--top",
      paramLabel = "K",
      converter = Whole.Positive.class,
      description = "items (default: ${DEFAULT-VALUE})")
  private int top = 10;

  @Option(names = "--with-seen", description = "items that the user met already, too")
  private boolean withSeen;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "any device (default: $$GRADUS_DEVICE, else that of the run)")
  private @Nullable String device;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    RunFolder folder = RunFolder.open(run);
    TrainConfig config = folder.config(Presets.of(null, null));
    UserStates states = states(config, run);
    Batch now = states.now(List.of(user));
    String name = Runs.device(device, config, spec.commandLine().getErr());
    try (Session session = new Session(config, now.schema(), name)) {
      folder.loadModel(session.params());
      Retriever model = retriever(session.model(), config);
      Recommender recommender = new Recommender(model, session.device());
      IntSet without = withSeen ? IntSets.emptySet() : new IntOpenHashSet(states.met(user));
      try (VectorIndex index = new ExactIndex(recommender.items())) {
        float[] query = recommender.users(List.of(now))[0];
        VectorIndex.Hits hits = index.search(query, top, top, without);
        out.printf(
            Locale.ROOT,
            "user %s: %d of %d items%s%n",
            user,
            hits.ids().length,
            index.size(),
            withSeen ? "" : ", without " + without.size() + " that he met");
        for (int i = 0; i < hits.ids().length; i++) {
          out.printf(
              Locale.ROOT, "%4d  %9.4f  %s%n", i + 1, hits.scores()[i], states.item(hits.ids()[i]));
        }
      }
    }
    out.flush();
  }

  /// The encoder of a run, which knows users.
  static UserStates states(TrainConfig config, Path run) {
    DataSource.Encoder encoder =
        Sources.get(config.data().name()).encoder(run.resolve(Runs.ENCODER));
    if (encoder instanceof UserStates states) {
      return states;
    }
    throw new IllegalArgumentException(
        "recommend: the run was trained on rows of "
            + config.data().name()
            + " that do not say what users did. Expected a run on next items, such as MovieLens"
            + " with --set data.examples=next-items.");
  }

  /// The model of a run, which retrieves items.
  static Retriever retriever(Model model, TrainConfig config) {
    if (model instanceof Retriever r) {
      return r;
    }
    throw new IllegalArgumentException(
        "model "
            + config.model().name()
            + " retrieves no items. Expected a run of one that does, such as youtube-dnn.");
  }
}
