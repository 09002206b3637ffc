// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.gradus.data.BadRows;
import org.gradus.data.DataSource;
import org.gradus.data.Settings;

/// `--data taobao-behaviour --path UserBehavior.csv`: what users of Taobao did with items, a line each without a first line of names:
/// user, item, category, behaviour (`pv`, `buy`, `cart`, `fav`), seconds.
public final class TaobaoBehaviourSource implements DataSource {
  private static final String NAME = "taobao-behaviour";
  private static final List<String> COLUMNS =
      List.of("user", "item", "category", "behaviour", "time");
  private static final List<String> BEHAVIOURS = List.of("pv", "buy", "cart", "fav");

  /// For `ServiceLoader`.
  public TaobaoBehaviourSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "Taobao's user behaviour: the file UserBehavior.csv (user, item, category, behaviour,"
        + " time); label: whether the item was bought";
  }

  @Override
  public Map<String, String> settings() {
    return EventPreparation.presets();
  }

  @Override
  public Opened open(Request request) {
    Settings s = Settings.of(this, request.settings());
    Path file = Paths.needed(this, request);
    return new EventPreparation(log(), s).open(NAME, request, file, List.of(file));
  }

  private static EventLog log() {
    return new EventLog("", List.of("bought"), List.of(), true, TaobaoBehaviourSource::read);
  }

  private static void read(Path file, BadRows bad, Consumer<Event> each) {
    new Table(file, COLUMNS)
        .forEach(
            COLUMNS,
            bad,
            line -> {
              String behaviour = line.text("behaviour");
              if (!BEHAVIOURS.contains(behaviour)) {
                throw line.bad(
                    "behaviour", "Expected one of: " + String.join(", ", BEHAVIOURS) + ".");
              }
              each.accept(
                  new Event(
                      line.text("user"),
                      line.text("item"),
                      line.text("category"),
                      line.whole("time"),
                      new float[] {behaviour.equals("buy") ? 1 : 0},
                      List.of()));
            });
  }

  @Override
  public Encoder encoder(Path folder) {
    return EventEncoder.load(folder, _ -> log());
  }
}
