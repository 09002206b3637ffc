// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.Settings;

/// `--data taobao-ads --path FOLDER`: advertisements shown on Taobao and whether they were clicked, from `raw_sample.csv` and
/// `ad_feature.csv`. The log of what users did elsewhere (`behavior_log.csv`) is not read: histories are those of the advertisements
/// themselves.
public final class TaobaoAdsSource implements DataSource {
  private static final String NAME = "taobao-ads";
  private static final String SAMPLE = "raw_sample.csv";
  private static final String ADS = "ad_feature.csv";
  private static final List<String> CONTEXT = List.of("pid", "campaign_id", "customer", "brand");

  /// For `ServiceLoader`.
  public TaobaoAdsSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "Taobao's display advertisements: a folder with raw_sample.csv and ad_feature.csv;"
        + " label: whether the advertisement was clicked";
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> presets = EventPreparation.presets();
    presets.put("history", "positive"); // what was clicked
    presets.put("split", "time");
    return presets;
  }

  @Override
  public Opened open(Request request) {
    Settings s = Settings.of(this, request.settings());
    Path folder = Paths.needed(this, request);
    List<Path> inputs = List.of(Paths.file(folder, SAMPLE), Paths.file(folder, ADS));
    return new EventPreparation(log(), s).open(NAME, request, folder, inputs);
  }

  private static EventLog log() {
    return new EventLog("", List.of("click"), CONTEXT, true, TaobaoAdsSource::read);
  }

  private static void read(Path folder, BadRows bad, Consumer<Event> each) {
    Map<String, List<String>> ads = new HashMap<>();
    new Table(Paths.file(folder, ADS), List.of())
        .forEach(
            List.of("adgroup_id", "cate_id", "campaign_id", "customer", "brand"),
            bad,
            line ->
                ads.put(
                    line.text("adgroup_id"),
                    List.of(
                        line.text("cate_id"),
                        line.text("campaign_id"),
                        line.text("customer"),
                        known(line.text("brand")))));
    new Table(Paths.file(folder, SAMPLE), List.of())
        .forEach(
            List.of("user", "time_stamp", "adgroup_id", "pid", "clk"),
            bad,
            line -> {
              List<String> ad = ads.get(line.text("adgroup_id"));
              if (ad == null) {
                throw line.bad("adgroup_id", "Expected an advertisement of " + ADS + ".");
              }
              each.accept(
                  new Event(
                      line.text("user"),
                      line.text("adgroup_id"),
                      ad.get(0),
                      line.whole("time_stamp"),
                      new float[] {line.flag("clk")},
                      List.of(line.text("pid"), ad.get(1), ad.get(2), ad.get(3))));
            });
    if (ads.isEmpty()) {
      throw new DataException(folder.resolve(ADS) + ": no rows after the first line.");
    }
  }

  /// The file writes NULL for an unknown brand.
  private static String known(String word) {
    return word.equals("NULL") ? "" : word;
  }

  @Override
  public Encoder encoder(Path folder) {
    return EventEncoder.load(folder, _ -> log());
  }
}
