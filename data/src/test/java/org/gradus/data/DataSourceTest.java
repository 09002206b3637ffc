// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import java.util.ServiceLoader;
import org.gradus.data.DataSource.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataSourceTest {
  @TempDir Path cache;

  @Test
  void everySourceIsFoundByName() {
    assertThat(ServiceLoader.load(DataSource.class))
        .extracting(DataSource::name)
        .containsExactlyInAnyOrder(
            "criteo-synthetic",
            "interactions-synthetic",
            "movielens-synthetic",
            "translation-synthetic",
            "ml-100k",
            "ml-1m",
            "criteo",
            "csv",
            "power-synthetic",
            "series",
            "tasks-synthetic",
            "nodes-synthetic",
            "amazon-reviews",
            "kuairand",
            "taobao-ads",
            "taobao-behaviour");
  }

  @Test
  void settingsAreChecked() {
    for (DataSource source : ServiceLoader.load(DataSource.class)) {
      assertThatThrownBy(() -> source.open(request(Map.of("colour", "red"))))
          .isInstanceOf(DataException.class)
          .hasMessageContaining("--data " + source.name() + " has no setting colour")
          .hasMessageContaining("Expected one of: ");
    }
  }

  @Test
  void sourcesThatReadFilesSayWhatTheirPathMustHold() {
    for (DataSource source : ServiceLoader.load(DataSource.class)) {
      if (!source.name().endsWith("synthetic")) {
        assertThatThrownBy(() -> source.open(request(Map.of())))
            .isInstanceOf(DataException.class)
            .hasMessageContaining("--data " + source.name() + " needs --path: ");
      }
    }
  }

  @Test
  void valuesOfSettingsAreChecked() {
    for (DataSource source : ServiceLoader.load(DataSource.class)) {
      if (source.name().equals("criteo-synthetic")) {
        assertThatThrownBy(() -> source.open(request(Map.of("rows", "many"))))
            .hasMessageContaining(
                "setting rows is \"many\". Expected a whole number of at least 1");
      }
    }
  }

  private Request request(Map<String, String> settings) {
    return new Request(null, cache, 0, settings, _ -> {});
  }
}
