// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.gradus.trainer.loss.LossConfig;
import org.gradus.trainer.metrics.GroupedAuc;
import org.gradus.trainer.optim.AbsentRows;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Penalty;
import org.gradus.trainer.optim.RowRates;
import org.gradus.trainer.optim.Rule;
import org.gradus.trainer.optim.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigsTest {
  private static final TrainConfig PRESETS = TrainConfig.of("dlrm", "criteo-synthetic", "cpu");

  @TempDir private Path folder;

  private TrainConfig read(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, text);
    return Configs.read(file, PRESETS);
  }

  @Test
  void everythingComesBack() throws IOException {
    TrainConfig config =
        new TrainConfig(
            new TrainConfig.ModelChoice("dlrm", Map.of("embeddingDim", "8")),
            new TrainConfig.DataChoice("csv", "rows.csv", Map.of("label", "click")),
            "reference",
            Map.of("cuda.gemm", "auto"),
            Long.MIN_VALUE,
            new TrainConfig.Loop(3, 7, 11, true),
            new OptimizerConfig(
                List.of(
                    Group.all(new Rule.Ftrl(1, 0.1, 0.2), 0.3).on("wide.*"),
                    Group.all(new Rule.Sgd(0.9, true), 0.1)
                        .with(new Schedule.WarmupHoldDecay(1, 2, 3)),
                    Group.all(new Rule.RowWiseAdagrad(1e-6, 0.5), 0.1)
                        .with(new Schedule.Noam(4, 5)),
                    Group.all(new Rule.Adagrad(1e-6, 0.5), 0.1)
                        .with(new Schedule.StepDecay(10, 0.5)),
                    Group.all(new Rule.Adam(0.8, 0.9, 1e-7), 1e-3)
                        .with(new Schedule.Exponential(10, 0.25))
                        .with(new Penalty(0.1, 0.2, Penalty.Tables.DIN, 0.3))
                        .with(AbsentRows.LAZY)),
                2.5,
                1234),
            new LossConfig(Map.of("click", 0.5), Map.of("interest", 0.25)),
            new TrainConfig.Stopping("valid.gauc", 3),
            List.of("deep.*"),
            "runs/before",
            new TrainConfig.Measure(64, GroupedAuc.Weighting.UNIFORM),
            new TrainConfig.Execution(3, 99, "tables", false));
    assertThat(read("config.json", Configs.toJson(config))).isEqualTo(config);
    assertThat(read("presets.json", Configs.toJson(PRESETS))).isEqualTo(PRESETS);
  }

  @Test
  void whatAFileLeavesOutKeepsItsPreset() throws IOException {
    TrainConfig config =
        read(
            "config.yaml",
            """
            seed: 7
            loop:
              epochs: 4
            optimizer:
              groups:
                - parameters: wide.*
                  rule: {name: Ftrl, l1: 0.5}
                  rate: 0.1
                - parameters: proxies.*
                  rule: {name: Adam}
                  rate: 1
                  schedule: {name: Late, steps: 9, factor: 0}
                  rowRates: {decay: 0.9, least: 0.5, most: 2}
                - rule: {name: Adam}
                  schedule: {name: Noam, width: 64, warmup: 100}
                  rate: 1
            """);
    assertThat(config.seed()).isEqualTo(7);
    assertThat(config.loop())
        .isEqualTo(new TrainConfig.Loop(4, 0, PRESETS.loop().batchSize(), false));
    assertThat(config.model()).isEqualTo(PRESETS.model());
    assertThat(config.optimizer().groups())
        .containsExactly(
            Group.all(new Rule.Ftrl(1, 0.5, 0), 0.1).on("wide.*"),
            Group.all(Rule.Adam.PAPER, 1)
                .on("proxies.*")
                .with(new Schedule.Late(9, 0))
                .with(new RowRates(0.9, 0.5, 2)),
            Group.all(Rule.Adam.PAPER, 1).with(new Schedule.Noam(64, 100)));
    assertThat(config.optimizer().maxDenseRows()).isEqualTo(OptimizerConfig.MAX_DENSE_ROWS);
  }

  @Test
  void unknownKeysAreListedAllAtOnce() {
    assertThatThrownBy(
            () ->
                read(
                    "config.yaml",
                    """
                    sed: 7
                    loop: {epochs: 2, batchsize: 3}
                    optimizer:
                      groups:
                        - rule: {name: Adam, beta3: 1}
                    """))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unknown keys")
        .hasMessageContaining("sed (Did you mean seed?)")
        .hasMessageContaining("loop.batchsize (Did you mean batchSize?)")
        .hasMessageContaining("optimizer.groups.0.rule.beta3 (Did you mean beta1?)");
  }

  /// Whatever a key holds, and however deep in lists it stands, its whole path is said, and it is not said of others.
  @Test
  void unknownKeysHaveTheirWholePath() {
    assertThatThrownBy(
            () ->
                read(
                    "config.yaml",
                    """
                    froozen: [v.*, deep.*]
                    loop: {epoch: [1, 2], whatever: {epochs: 3}}
                    optimizer:
                      groups:
                        - rule: {name: Adam}
                        - rule: {name: Sgd}
                          paramters: [wide.*]
                          schedule: {name: Noam, width: 64, warmup: 10, warmpu: [100]}
                    """))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith(
            "config.yaml: unknown keys froozen (Did you mean frozen?), loop.epoch (Did you mean"
                + " epochs?), loop.whatever, optimizer.groups.1.paramters (Did you mean"
                + " parameters?), optimizer.groups.1.schedule.warmpu (Did you mean warmup?)."
                + " Expected the keys of config.json: data, device, deviceSettings, execution,"
                + " frozen, initFrom, loop, loss, measure, model, optimizer, seed, stopping.");
  }

  @Test
  void aBalanceHasKeys() {
    assertThatThrownBy(() -> read("config.yaml", "loss: {balance: gradnorm}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith(
            "config.yaml: loss: balance \"gradnorm\". Did you mean GradNorm? Expected keys and"
                + " values, such as balance: {name: GradNorm}, with a name of: Fixed, GradNorm,"
                + " MinNorm, PcGrad, Uncertainty.");
    assertThatThrownBy(() -> read("config.yaml", "loss: {balance: {name: gradnrm}}"))
        .hasMessageContaining(
            "loss: balance gradnrm. Did you mean GradNorm? Expected one of: Fixed");
  }

  @Test
  void aFileWithNothingInItIsRefused() {
    for (String nothing : new String[] {"", "# later\n", "null"}) {
      assertThatThrownBy(() -> read("config.yaml", nothing))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageEndingWith(
              "config.yaml: nothing in it. Expected keys and values, such as model: {name: mmoe}.");
    }
  }

  @Test
  void aKeyStandsOnce() {
    assertThatThrownBy(() -> read("config.yaml", "seed: 1\nepochs: 2\nseed: 3\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("config.yaml")
        .hasMessageContaining("seed");
    assertThatThrownBy(() -> read("config.json", "{\"loop\": {\"epochs\": 1, \"epochs\": 2}}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("config.json")
        .hasMessageContaining("epochs");
  }

  @Test
  void wrongValuesAreNamed() {
    assertThatThrownBy(() -> read("config.yaml", "loop: {epochs: many}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("many");
    assertThatThrownBy(() -> read("config.yaml", "loop: {epochs: 0}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("epochs 0");
    assertThatThrownBy(() -> read("config.yaml", "optimizer: {groups: [{rule: {name: Lion}}]}"))
        .hasMessageContaining("rule Lion. Expected one of: Adagrad, Adam, Ftrl");
    assertThatThrownBy(() -> read("config.json", "{\"seed\": "))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("config.json");
    assertThatThrownBy(() -> read("config.yaml", "- 1"))
        .hasMessageContaining("Expected keys and values");
  }
}
