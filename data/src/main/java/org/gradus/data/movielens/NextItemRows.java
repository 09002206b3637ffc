// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataException;
import org.gradus.data.Settings;
import org.gradus.data.Split;
import org.gradus.data.nextitem.ExampleAge;
import org.gradus.data.nextitem.NextItems;
import org.gradus.data.nextitem.NextItems.By;
import org.gradus.data.nextitem.NextItems.Cap;
import org.gradus.data.nextitem.NextItems.Context;
import org.gradus.data.nextitem.NextItems.Division;
import org.gradus.data.nextitem.NextItems.Keep;
import org.gradus.data.nextitem.NextItems.Rules;
import org.gradus.data.prepared.Row;
import org.gradus.data.prepared.SplitWriters;
import org.gradus.data.vocabulary.MissingPolicy;
import org.gradus.data.vocabulary.TextVocabulary;

/// Rows of what a user rates next: `--set data.examples=next-items`. Vocabularies come from the training examples, their histories
/// included.
///
/// @param rules what makes an example
/// @param division which examples are for what
/// @param cap of training examples per user
/// @param positives which ratings are positives
/// @param minCount of a value, below which it is unknown
record NextItemRows(Rules rules, Division division, Cap cap, Positives positives, int minCount) {
  /// Which ratings are positives.
  enum Positives {
    ALL,
    LIKED
  }

  static Map<String, String> presets() {
    return Map.of(
        "positives", "all",
        "context", "before",
        "divideBy", "user",
        "maxPerUser", "0",
        "keep", "newest");
  }

  static NextItemRows of(Settings s) {
    return new NextItemRows(
        new Rules(0, 0, s.integer("historyLength", 1), s.choice("context", Context.class), false),
        new Division(
            s.choice("divideBy", By.class),
            (int) s.number("testPercent", 1, 99),
            (int) s.number("validPercent", 0, 99)),
        new Cap(s.integer("maxPerUser", 0), s.choice("keep", Keep.class)),
        s.choice("positives", Positives.class),
        s.integer("minCount", 0));
  }

  /// Whether a seed decides about the rows.
  boolean draws() {
    return cap.most() > 0 && cap.keep() == Keep.RANDOM;
  }

  /// Fills a folder that is being built. Facts are how many users had more training examples than allowed, and how many ratings
  /// were there twice.
  ///
  /// @param seed of what is drawn
  Map<String, Double> run(Path folder, MovieLensFiles layout, MovieLens data, long seed) {
    NextItems found =
        NextItems.of(NextItemEncoder.log(data, positives), rules, division, cap, seed);
    List<NextItems.Example> examples = found.examples();
    if (examples.stream().noneMatch(e -> e.split() == Split.TRAIN)) {
      throw new DataException("no training rows: no user has more than three positives.");
    }
    NextItemEncoder encoder =
        new NextItemEncoder(
            layout,
            data,
            vocabularies(data, examples),
            ExampleAge.of(examples),
            new NextItemEncoder.Reach(rules.maxHistory(), positives));
    encoder.save(folder);
    try (SplitWriters writers = new SplitWriters(folder, encoder.schema())) {
      Row row = new Row(encoder.schema());
      for (NextItems.Example e : examples) {
        encoder.encode(e, row);
        writers.of(e.split()).append(row);
      }
      writers.finish();
    }
    return Map.of(
        "capped_users",
        (double) found.cappedUsers(),
        "duplicate_rows",
        (double) found.duplicates());
  }

  private List<TextVocabulary> vocabularies(MovieLens data, List<NextItems.Example> examples) {
    List<TextVocabulary.Builder> builders = new ArrayList<>();
    for (int f = 0; f < NextItemEncoder.FIELDS.size(); f++) {
      builders.add(new TextVocabulary.Builder(minCount, MissingPolicy.OOV));
    }
    IntOpenHashSet seen = new IntOpenHashSet(); // items of the user, each counted once
    int user = -1;
    for (NextItems.Example e : examples) {
      if (e.split() != Split.TRAIN) {
        continue;
      }
      if (e.user() != user) {
        seen.clear();
        user = e.user();
      }
      for (int item : e.history()) {
        if (seen.add(item)) {
          builders.getFirst().add(Integer.toString(item));
        }
      }
      String[] values = NextItemEncoder.values(data, e.user(), e.item());
      for (int f = 0; f < values.length; f++) {
        if (f > 0 || seen.add(e.item())) {
          builders.get(f).add(values[f]);
        }
      }
    }
    return builders.stream().map(TextVocabulary.Builder::build).toList();
  }
}
