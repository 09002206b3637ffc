// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.data.series.Panels.hour;

import java.util.ArrayList;
import java.util.List;
import org.gradus.data.Examples;
import org.gradus.data.Examples.Pass;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.tensor.Counter;
import org.junit.jupiter.api.Test;

class WindowExamplesTest {
  private static final Windowing W = new Windowing(6, 3, 2, 1);
  private static final long VALID = hour(60);

  private static Panel panel() {
    return new PowerStations(2, 0.1, 3).panel(100);
  }

  private static WindowExamples train(Panel panel, PanelScaler.Rules rules) {
    PanelScaler scaler = PanelScaler.fit(panel, rules, VALID);
    return new WindowExamples(panel, scaler, W, Windows.of(panel, W, Targets.before(VALID)));
  }

  private static List<Batch> batches(Examples rows, Pass pass) {
    List<Batch> all = new ArrayList<>();
    try (Examples.Stream stream = rows.stream(pass)) {
      for (Batch b = stream.next(); b != null; b = stream.next()) {
        all.add(b);
      }
    }
    return all;
  }

  /// Every number of every window, against the series themselves.
  @Test
  void aWindowIsAStretchOfItsStation() {
    Panel panel = panel();
    WindowExamples rows = train(panel, PanelScaler.Rules.MEANS);
    assertThat(rows.schema().series().getFirst()).isEqualTo(new Field.Series("power", 6));
    assertThat(rows.schema().series().get(1)).isEqualTo(new Field.Series("hour_sin", 6, 3));
    assertThat(rows.schema().labels().stream().map(Field.Label::name))
        .containsExactly("power+2", "power+3", "power+4"); // behind a gap of one
    int n = 0;
    for (Batch batch : batches(rows, Pass.inOrder(7))) {
      for (int b = 0; b < batch.size(); b++, n++) {
        Window w = rows.windows().get(n);
        TimeSeries s = panel.stations().get(w.station());
        double mean = 0;
        for (int t = 0; t < 60; t++) {
          mean += s.target()[t] / 60;
        }
        for (int i = 0; i < 6; i++) {
          assertThat(batch.series("power")[b * 6 + i])
              .isCloseTo(
                  (float) (s.target()[w.start() + i] / mean),
                  org.assertj.core.api.Assertions.within(1e-6f));
          assertThat(batch.series("hour_sin")[b * 9 + i])
              .isEqualTo((float) s.values()[1][w.start() + i]);
        }
        for (int j = 0; j < 3; j++) {
          int at = w.start() + 6 + 1 + j;
          assertThat(batch.series("hour_sin")[b * 9 + 6 + j]).isEqualTo((float) s.values()[1][at]);
          float label = batch.label("power+" + (j + 2))[b];
          assertThat(rows.unscaled(w, label))
              .isCloseTo(s.target()[at], org.assertj.core.api.Assertions.within(1e-6));
          assertThat(rows.observed(w)[j]).isEqualTo(s.target()[at]);
        }
        assertThat(batch.sparse().of("station").values()[b]).isEqualTo(2 + w.station());
        assertThat(requireNonNull(batch.timestamps())[b]).isEqualTo(s.times()[w.firstTarget()]);
      }
    }
    assertThat(n).isEqualTo(rows.windows().size());
  }

  private static List<Long> order(Examples rows, Pass pass) {
    List<Long> order = new ArrayList<>();
    for (Batch b : batches(rows, pass)) {
      long[] times = requireNonNull(b.timestamps());
      for (int i = 0; i < b.size(); i++) {
        order.add(times[i] * 10 + b.sparse().of("station").values()[i]);
      }
    }
    return order;
  }

  @Test
  void anEpochVisitsEveryWindowOnceInAnOrderOfItsSeed() {
    WindowExamples rows = train(panel(), PanelScaler.Rules.MEANS);
    List<Long> stored = order(rows, Pass.inOrder(5));
    assertThat(stored).doesNotHaveDuplicates().hasSize((int) rows.rows());
    List<Long> shuffled = order(rows, Pass.shuffled(5, 1, 0));
    assertThat(shuffled).containsExactlyInAnyOrderElementsOf(stored).isNotEqualTo(stored);
    assertThat(order(rows, Pass.shuffled(5, 1, 0))).isEqualTo(shuffled);
    assertThat(order(rows, Pass.shuffled(7, 1, 0))).as("another batch size").isEqualTo(shuffled);
    assertThat(order(rows, Pass.shuffled(5, 2, 0))).isNotEqualTo(shuffled);
    assertThat(order(rows, Pass.shuffled(5, 1, 1))).isNotEqualTo(shuffled);
    assertThat(order(rows, Pass.shuffled(5, 1, 0).skipping(2)))
        .isEqualTo(shuffled.subList(10, shuffled.size()));
    int whole = (int) rows.rows() / 5 * 5;
    assertThat(order(rows, new Pass(5, true, 1, 0, 0, true))).isEqualTo(shuffled.subList(0, whole));
    assertThat(order(rows.only(new long[] {4, 2}), Pass.inOrder(5)))
        .containsExactly(stored.get(4), stored.get(2));
  }

  /// The future may be anything, missing or noise: training windows and scalers are the same bits.
  @Test
  void nothingOfTheFutureLeaksIntoTraining() {
    for (Scaling scaling : Scaling.values()) {
      for (boolean perStation : new boolean[] {true, false}) {
        PanelScaler.Rules rules =
            new PanelScaler.Rules(scaling, Scaling.STANDARD, perStation, TargetTransform.NONE);
        List<Batch> expected = batches(train(panel(), rules), Pass.shuffled(8, 1, 0));
        for (boolean missing : new boolean[] {true, false}) {
          Panel changed = panel();
          for (TimeSeries s : changed.stations()) {
            for (int t = 60; t < 100; t++) {
              s.target()[t] = missing ? Double.NaN : 100 * Counter.uniform53(9, t);
            }
          }
          List<Batch> found = batches(train(changed, rules), Pass.shuffled(8, 1, 0));
          assertThat(found).hasSameSizeAs(expected);
          for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i).series("power")).isEqualTo(expected.get(i).series("power"));
            assertThat(found.get(i).label("power+3")).isEqualTo(expected.get(i).label("power+3"));
          }
        }
      }
    }
  }

  @Test
  void aStationSharesItsScalersOnlyWhereTheyAreGlobal() {
    Panel panel = Panels.of(new double[] {1, 3, 1, 3}, new double[] {10, 30, 10, 30});
    for (boolean perStation : new boolean[] {true, false}) {
      PanelScaler scaler =
          PanelScaler.fit(
              panel,
              new PanelScaler.Rules(Scaling.MEAN, Scaling.NONE, perStation, TargetTransform.NONE),
              Long.MAX_VALUE);
      assertThat(scaler.target(0, 2)).isEqualTo(perStation ? 1 : 2.0 / 11);
      assertThat(scaler.target(1, 20)).isEqualTo(perStation ? 1 : 20.0 / 11);
      assertThat(scaler.forecast(1, 1)).isEqualTo(perStation ? 20 : 11);
    }
  }
}
