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
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `--data amazon-reviews --path FILE`: reviews of a department of Amazon, as JSON lines (`reviewerID`, `asin`, `overall`, `unixReviewTime`, or
/// the names of 2023: `user_id`, `parent_asin`, `rating`, `timestamp`) or as a table of ratings. Categories come from `data.meta`, JSON lines
/// with `asin` or `parent_asin` and `categories` or `category`, whose last word is taken.
///
/// Where a line has both, `parent_asin` is the item, as in the metadata of 2023: `asin` is then one colour or size of it.
public final class AmazonReviewsSource implements DataSource {
  private static final String NAME = "amazon-reviews";
  private static final List<String> USER = List.of("reviewerID", "user_id");
  private static final List<String> ITEM = List.of("parent_asin", "asin");
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
            meta);
    return new EventPreparation(layout.log(), s)
        .open(NAME, request, file, meta == null ? List.of(file) : List.of(file, meta));
  }

  /// How reviews are read.
  ///
  /// @param columns of a table
  /// @param positive rating from which the label is 1
  /// @param meta where categories are, or null
  private record Layout(List<String> columns, double positive, @Nullable Path meta) {
    EventLog log() {
      String memo = positive + "," + String.join(",", columns);
      return new EventLog(memo, List.of("label"), List.of(), true, this::read);
    }

    private void read(Path file, BadRows bad, Consumer<Event> taker) {
      Map<String, String> categories = meta == null ? Map.of() : categories(meta, bad);
      Consumer<Event> each = categories.isEmpty() ? taker : e -> taker.accept(with(e, categories));
      if (isJson(file)) {
        json(file, bad, line -> each.accept(event(line)));
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
                if (!Double.isFinite(rating)) {
                  throw line.bad("rating", "Expected a finite number.");
                }
                each.accept(
                    event(line.text("user"), line.text("item"), rating, line.whole("time")));
              });
    }

    private Event event(Numbered line) {
      JsonNode rating = line.first(RATING);
      JsonNode time = line.first(TIME);
      boolean numbers = rating.isNumber() && time.isIntegralNumber() && time.canConvertToLong();
      if (!numbers || !Double.isFinite(rating.doubleValue())) {
        throw line.bad("rating " + rating + ", time " + time + ". Expected numbers.");
      }
      return event(line.word(USER), line.word(ITEM), rating.doubleValue(), time.longValue());
    }

    private Event event(String user, String item, double rating, long time) {
      float label = rating >= positive ? 1 : 0;
      return new Event(user, item, "", time, new float[] {label}, List.of());
    }

    private static Event with(Event e, Map<String, String> categories) {
      String category = categories.getOrDefault(e.item(), "");
      return new Event(e.user(), e.item(), category, e.time(), e.labels(), e.context());
    }
  }

  /// A line of JSON.
  private record Numbered(Path file, long number, JsonNode json) {
    /// The value of the first of these names that is there.
    JsonNode first(List<String> names) {
      for (String name : names) {
        if (json.hasNonNull(name)) {
          return json.path(name);
        }
      }
      throw bad("none of " + String.join(", ", names) + ". Expected one of them.");
    }

    /// The word behind the first of these names that is there: text, or a number that stands for it.
    String word(List<String> names) {
      JsonNode node = first(names);
      if (!node.isString() && !node.isIntegralNumber()) {
        throw bad(String.join(" or ", names) + " is " + node + ". Expected a word.");
      }
      return node.asString();
    }

    DataException bad(String why) {
      return DataException.row(file, number, why);
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
          each.accept(new Numbered(file, number, parsed(file, number, text)));
        } catch (DataException e) {
          bad.add(e);
        } catch (JacksonException e) { // a number beyond all bounds
          bad.add(DataException.row(file, number, e.getOriginalMessage() + "."));
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

  private static Map<String, String> categories(Path meta, BadRows bad) {
    Map<String, String> categories = new HashMap<>();
    json(
        meta,
        bad,
        line -> {
          JsonNode node = line.first(CATEGORY);
          while (node.isArray() && !node.isEmpty()) {
            node = node.path(node.size() - 1);
          }
          categories.put(line.word(ITEM), node.isString() ? node.asString() : "");
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
          return new Layout(words.subList(1, words.size()), positive, null).log();
        });
  }
}
