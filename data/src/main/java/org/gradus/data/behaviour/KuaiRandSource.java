// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.Settings;

/// `--data kuairand --path FOLDER`: videos shown to users of Kuaishou and what they did, from the files `log_*.csv`, and the first tag of each
/// video as its category from `video_features_basic*.csv` where that is there.
///
/// What was shown at random, `log_random*.csv`, is an experiment of its own and not among them: mixed in, it would change what clicks
/// mean. It can be scored, as a file.
public final class KuaiRandSource implements DataSource {
  private static final String NAME = "kuairand";
  private static final List<String> LABELS =
      List.of("is_click", "long_view", "is_like", "is_follow", "is_comment", "is_forward");

  /// For `ServiceLoader`.
  public KuaiRandSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "KuaiRand's logs: a folder with log_*.csv and perhaps video_features_basic*.csv; the"
        + " labels are data.labels of is_click, long_view, is_like, is_follow, is_comment,"
        + " is_forward";
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> presets = EventPreparation.presets();
    presets.put("history", "positive");
    presets.put("labels", "is_click");
    presets.put("split", "time");
    return presets;
  }

  @Override
  public Opened open(Request request) {
    Settings s = Settings.of(this, request.settings());
    Path folder = Paths.needed(this, request);
    List<Path> inputs = new ArrayList<>(logs(folder));
    inputs.addAll(videos(folder));
    return new EventPreparation(log(labels(s.text("labels"))), s)
        .open(NAME, request, folder, inputs);
  }

  private static List<String> labels(String words) {
    List<String> labels = List.of(words.strip().split("\\s*,\\s*", -1));
    for (String label : labels) {
      if (!LABELS.contains(label)) {
        throw new DataException(
            "--data kuairand: label "
                + label
                + ". Expected some of: "
                + String.join(", ", LABELS)
                + ".");
      }
    }
    return labels;
  }

  private static List<Path> logs(Path folder) {
    List<Path> logs =
        Paths.files(folder, "log_", ".csv").stream()
            .filter(log -> !log.getFileName().toString().startsWith("log_random"))
            .toList();
    if (logs.isEmpty()) {
      throw new DataException(
          folder + ": no file log_*.csv in it, log_random*.csv aside. Expected one at least.");
    }
    return logs;
  }

  private static List<Path> videos(Path folder) {
    return Paths.files(folder, "video_features_basic", ".csv");
  }

  private static EventLog log(List<String> labels) {
    return new EventLog(
        String.join(",", labels),
        labels,
        List.of("tab"),
        true,
        (path, bad, each) -> read(labels, path, bad, each));
  }

  private static void read(List<String> labels, Path path, BadRows bad, Consumer<Event> each) {
    boolean folder = Files.isDirectory(path);
    Map<String, String> tags = new HashMap<>();
    for (Path file : folder ? videos(path) : List.<Path>of()) {
      new Table(file, List.of())
          .forEach(
              List.of("video_id", "tag"),
              bad,
              line -> tags.put(line.text("video_id"), first(line.text("tag"))));
    }
    List<String> needed = new ArrayList<>(List.of("user_id", "video_id", "time_ms", "tab"));
    needed.addAll(labels);
    for (Path file : folder ? logs(path) : List.of(path)) {
      new Table(file, List.of())
          .forEach(
              needed,
              bad,
              line -> {
                float[] values = new float[labels.size()];
                for (int l = 0; l < values.length; l++) {
                  values[l] = line.flag(labels.get(l));
                }
                each.accept(
                    new Event(
                        line.text("user_id"),
                        line.text("video_id"),
                        tags.getOrDefault(line.text("video_id"), ""),
                        line.whole("time_ms"),
                        values,
                        List.of(line.text("tab"))));
              });
    }
  }

  /// Tags stand with commas between them.
  private static String first(String tags) {
    int comma = tags.indexOf(',');
    return comma < 0 ? tags : tags.substring(0, comma);
  }

  @Override
  public Encoder encoder(Path folder) {
    return EventEncoder.load(folder, memo -> log(labels(memo)));
  }
}
