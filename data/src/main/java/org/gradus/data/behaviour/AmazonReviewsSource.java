// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import com.google.common.base.Splitter;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.Settings;
import org.gradus.data.text.Utf8Reader;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `--data amazon-reviews --path FILE`: reviews of a department of Amazon, as JSON lines (`reviewerID`, `asin`, `overall`, `unixReviewTime`, or
/// the names of 2023: `user_id`, `parent_asin`, `rating`, `timestamp`) or as a table of ratings. Categories come from `data.meta`, JSON lines
/// with `asin` or `parent_asin` and `categories` or `category`, whose last word is taken.
public final class AmazonReviewsSource implements DataSource {
  private static final String NAME = "amazon-reviews";
  private static final List<String> USER = List.of("reviewerID", "user_id");
  private static final List<String> ITEM = List.of("asin", "parent_asin");
  private static final List<String> RATING = List.of("overall", "rating");
  private static final List<String> TIME = List.of("unixReviewTime", "timestamp");
  private static final List<String> CATEGORY = List.of("categories", "category");

  /// For `ServiceLoader`.
  public AmazonReviewsSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "Amazon's reviews: a file of JSON lines, or a table of ratings whose columns"
        + " data.columns names; label: a rating of at least data.positive";
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> presets = EventPreparation.presets();
    presets.put("columns", "user,item,rating,time");
    presets.put("meta", "");
    presets.put("minEvents", "5");
    presets.put("positive", "4");
    return presets;
  }

  @Override
  public Opened open(Request request) {
    Settings s = Settings.of(this, request.settings());
    Path file = Paths.needed(this, request);
    Path meta = s.given("meta") ? Path.of(s.text("meta")) : null;
    Layout layout =
        new Layout(
            Splitter.on(',').trimResults().splitToList(s.text("columns")),
            s.number("positive", 0, 5),
            meta == null ? Map.of() : categories(meta));
    return new EventPreparation(layout.log(), s)
        .open(NAME, request, file, meta == null ? List.of(file) : List.of(file, meta));
  }

  /// How reviews are read.
  ///
  /// @param columns of a table
  /// @param positive rating from which the label is 1
  /// @param categories by item
  private record Layout(List<String> columns, double positive, Map<String, String> categories) {
    EventLog log() {
      String memo = positive + "," + String.join(",", columns);
      return new EventLog(memo, List.of("label"), List.of(), true, this::read);
    }

    private void read(Path file, BadRows bad, Consumer<Event> each) {
      if (isJson(file)) {
        json(file, bad, line -> each.accept(event(line, file)));
        return;
      }
      new Table(file, columns)
          .forEach(
              List.of("user", "item", "rating", "time"),
              bad,
              line -> {
                double rating;
                try {
                  rating = Double.parseDouble(line.text("rating"));
                } catch (NumberFormatException e) {
                  throw line.bad("rating", "Expected a number.");
                }
                each.accept(
                    event(line.text("user"), line.text("item"), rating, line.whole("time")));
              });
    }

    private Event event(Numbered line, Path file) {
      JsonNode rating = line.first(RATING, file);
      JsonNode time = line.first(TIME, file);
      if (!rating.isNumber() || !time.isIntegralNumber()) {
        throw DataException.row(
            file, line.number, "rating " + rating + ", time " + time + ". Expected numbers.");
      }
      return event(
          line.first(USER, file).asString(),
          line.first(ITEM, file).asString(),
          rating.doubleValue(),
          time.longValue());
    }

    private Event event(String user, String item, double rating, long time) {
      float label = rating >= positive ? 1 : 0;
      return new Event(
          user, item, categories.getOrDefault(item, ""), time, new float[] {label}, List.of());
    }
  }

  /// A line of JSON.
  private record Numbered(long number, JsonNode json) {
    /// The value of the first of these names that is there.
    JsonNode first(List<String> names, Path file) {
      for (String name : names) {
        if (json.has(name)) {
          return json.path(name);
        }
      }
      throw DataException.row(
          file, number, "none of " + String.join(", ", names) + ". Expected one of them.");
    }
  }

  private static boolean isJson(Path file) {
    try (Utf8Reader reader = new Utf8Reader(file)) {
      return reader.read() == '{';
    } catch (IOException e) {
      throw DataException.io("reading", file, e);
    }
  }

  private static void json(Path file, BadRows bad, Consumer<Numbered> each) {
    try (BufferedReader reader = new BufferedReader(new Utf8Reader(file))) {
      long number = 0;
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        number++;
        try {
          each.accept(new Numbered(number, parsed(file, number, text)));
        } catch (DataException e) {
          bad.add(e);
        }
      }
    } catch (IOException e) {
      throw DataException.io("reading", file, e);
    }
  }

  private static JsonNode parsed(Path file, long number, String text) {
    try {
      return JsonMapper.shared().readTree(text);
    } catch (JacksonException e) {
      throw DataException.row(
          file, number, "no JSON: " + e.getOriginalMessage() + ". Expected an object in a line.");
    }
  }

  private static Map<String, String> categories(Path meta) {
    Map<String, String> categories = new HashMap<>();
    json(
        meta,
        BadRows.never(),
        line -> {
          JsonNode node = line.first(CATEGORY, meta);
          while (node.isArray() && !node.isEmpty()) {
            node = node.path(node.size() - 1);
          }
          categories.put(line.first(ITEM, meta).asString(), node.isString() ? node.asString() : "");
        });
    return categories;
  }

  /// The items of new rows have the categories that they had in the training data.
  @Override
  public Encoder encoder(Path folder) {
    return EventEncoder.load(
        folder,
        memo -> {
          List<String> words = Splitter.on(',').splitToList(memo);
          double positive = Double.parseDouble(words.getFirst());
          return new Layout(words.subList(1, words.size()), positive, Map.of()).log();
        });
  }
}
