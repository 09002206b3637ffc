// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.Settings;
import org.gradus.data.Split;
import org.gradus.data.prepared.PreparedFolder;
import org.gradus.data.prepared.Row;
import org.gradus.data.prepared.SplitWriters;
import org.gradus.data.sessions.SessionDivision;
import org.gradus.data.vocabulary.MissingPolicy;
import org.gradus.data.vocabulary.TextVocabulary;

/// From a log to training, validation and test rows. Users with few events are left out; the rest is split by what happened last, of each
/// user or of all; vocabularies come from the training rows.
///
/// @param log the layout
/// @param settings what was asked for
record EventPreparation(EventLog log, Settings settings) {
  private enum HistoryChoice {
    NONE,
    POSITIVE,
    ALL
  }

  private enum By {
    USER,
    TIME
  }

  /// Settings of every source of logs, each with its preset.
  static TreeMap<String, String> presets() {
    TreeMap<String, String> presets = new TreeMap<>(SessionDivision.presets());
    presets.put("history", "all");
    presets.put("minEvents", "3");
    presets.put("minCount", "0");
    presets.put("split", "user");
    presets.put("validPercent", "10");
    presets.put("testPercent", "10");
    presets.put("on-bad-row", "fail");
    return presets;
  }

  /// Prepares, or opens what was prepared before.
  ///
  /// @param inputs every file that is read
  DataSource.Opened open(String name, DataSource.Request request, Path path, List<Path> inputs) {
    BadRows bad = new BadRows(settings.choice("on-bad-row", BadRows.Policy.class));
    PreparedFolder folder =
        PreparedFolder.of(
            request.cache(),
            name,
            // the seed changes nothing here
            PreparedFolder.key(settings, 0, inputs) + EventEncoder.KIND,
            building -> {
              request.progress().accept("reading " + path);
              EventColumns events = enough(path, bad);
              bad.report(request.progress());
              run(building, events, path);
              PreparedFolder.writeFacts(building, bad.with(Map.of()));
            });
    return new DataSource.Opened(folder.open(name), EventEncoder.load(folder.path(), _ -> log));
  }

  /// The events of users who have enough of them.
  private EventColumns enough(Path path, BadRows bad) {
    EventColumns all = new EventColumns(log.labels().size(), log.context().size());
    log.reader().read(path, bad, all::add);
    int least = settings.integer("minEvents", 1);
    int[] counts = new int[all.size()];
    for (int row = 0; row < all.size(); row++) {
      counts[all.user(row)]++;
    }
    EventColumns kept = new EventColumns(log.labels().size(), log.context().size());
    for (int row = 0; row < all.size(); row++) {
      if (counts[all.user(row)] >= least) {
        kept.add(all.event(row));
      }
    }
    return kept;
  }

  private void run(Path folder, EventColumns events, Path path) {
    int[] order = events.byUserAndTime();
    int[] places = EventEncoder.places(order);
    Split[] splits = splits(events, order);
    HistoryChoice choice = settings.choice("history", HistoryChoice.class);
    SessionDivision sessions = SessionDivision.of(settings);
    if (sessions != null && choice == HistoryChoice.NONE) {
      throw new DataException(
          "sessionPause="
              + settings.text("sessionPause")
              + " with history=none. Expected history=all or positive, which are divided.");
    }
    int length = sessions == null ? settings.integer("historyLength", 1) : Integer.MAX_VALUE;
    EventEncoder encoder =
        new EventEncoder(
            log,
            vocabularies(events, splits, path),
            new Histories(
                choice == HistoryChoice.NONE ? 0 : length,
                choice == HistoryChoice.POSITIVE,
                sessions),
            choice == HistoryChoice.NONE
                ? new EventColumns(log.labels().size(), log.context().size())
                : events,
            log.categories() ? events.categories() : Map.of());
    encoder.save(folder);
    try (SplitWriters writers = new SplitWriters(folder, encoder.schema())) {
      Row row = new Row(encoder.schema());
      BitSet none = new BitSet();
      for (int r = 0; r < order.length; r++) {
        encoder.encode(events, order, places[r], none, row);
        writers.of(splits[r]).append(row);
      }
      writers.finish();
    }
  }

  private List<TextVocabulary> vocabularies(EventColumns events, Split[] splits, Path path) {
    int columns = 3 + log.context().size();
    List<TextVocabulary.Builder> builders = new ArrayList<>();
    for (int c = 0; c < columns; c++) {
      builders.add(new TextVocabulary.Builder(settings.integer("minCount", 0), MissingPolicy.OOV));
    }
    boolean any = false;
    for (int row = 0; row < splits.length; row++) {
      if (splits[row] == Split.TRAIN) {
        any = true;
        for (int c = 0; c < columns; c++) {
          builders.get(c).add(events.word(row, c));
        }
      }
    }
    if (!any) {
      throw new DataException(
          path + ": no training rows. Expected users with at least three events.");
    }
    return builders.stream().map(TextVocabulary.Builder::build).toList();
  }

  /// The split of every row: the last ⌈percent⌉ of each user, or of all rows in the order of time, where rows of one time stay together.
  Split[] splits(EventColumns events, int[] order) {
    int test = (int) settings.number("testPercent", 1, 99);
    int valid = (int) settings.number("validPercent", 0, 99);
    Split[] splits = new Split[order.length];
    if (settings.choice("split", By.class) == By.TIME) {
      long[] times = new long[order.length];
      for (int row = 0; row < times.length; row++) {
        times[row] = events.time(row);
      }
      Arrays.sort(times);
      int n = times.length;
      long testFrom = n == 0 ? 0 : times[n - roundedUp(n, test)];
      long validFrom =
          n == 0 ? 0 : times[Math.max(0, n - roundedUp(n, test) - roundedUp(n, valid))];
      for (int row = 0; row < n; row++) {
        long t = events.time(row);
        splits[row] =
            t >= testFrom ? Split.TEST : valid > 0 && t >= validFrom ? Split.VALID : Split.TRAIN;
      }
      return splits;
    }
    for (int from = 0; from < order.length; ) {
      int to = from;
      while (to < order.length && events.user(order[to]) == events.user(order[from])) {
        to++;
      }
      int rows = to - from;
      int tested = roundedUp(rows, test);
      int chosen = Math.min(rows - tested, roundedUp(rows, valid));
      for (int i = 0; i < rows; i++) {
        splits[order[from + i]] =
            i >= rows - tested
                ? Split.TEST
                : i >= rows - tested - chosen ? Split.VALID : Split.TRAIN;
      }
      from = to;
    }
    return splits;
  }

  private static int roundedUp(int rows, int percent) {
    return (int) (((long) rows * percent + 99) / 100);
  }
}
