// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradus.data.BadRows;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource.Request;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CriteoGeneratorTest {
  @TempDir Path folder;

  private static final CriteoGenerator.Spec SPEC = CriteoGenerator.Spec.PRESET;

  @Test
  void writtenRowsReadBackAsTheyWereGenerated() throws Exception {
    Path file = folder.resolve("train.tsv.gz");
    assertThat(CriteoText.write(file, new CriteoGenerator(SPEC, 0, 500))).isEqualTo(500);
    CriteoRow a = new CriteoRow();
    CriteoRow b = new CriteoRow();
    try (CriteoRows generated = new CriteoGenerator(SPEC, 0, 500);
        CriteoRows read =
            new CriteoFile(
                file, CriteoOptions.REFERENCE, new BadRows(BadRows.Policy.FAIL), false)) {
      int missing = 0;
      while (generated.next(a)) {
        assertThat(read.next(b)).isTrue();
        assertThat(b.label).isEqualTo(a.label);
        assertThat(b.dense).isEqualTo(a.dense);
        assertThat(b.denseMissing).isEqualTo(a.denseMissing);
        assertThat(b.sparse).isEqualTo(a.sparse);
        assertThat(b.sparseMissing).isEqualTo(a.sparseMissing);
        for (int f = 0; f < CriteoRow.SPARSE; f++) {
          missing += a.sparseMissing[f] ? 1 : 0;
        }
      }
      assertThat(read.next(b)).isFalse();
      assertThat(missing).as("missing tokens").isPositive();
    }
    assertThat(Files.size(file)).isPositive();
  }

  @Test
  void aRowIsAFunctionOfSeedAndNumber() {
    CriteoRow a = new CriteoRow();
    CriteoRow b = new CriteoRow();
    try (CriteoRows all = new CriteoGenerator(SPEC, 0, 10);
        CriteoRows last = new CriteoGenerator(SPEC, 9, 10)) {
      while (all.next(a)) {}
      assertThat(last.next(b)).isTrue();
    }
    assertThat(b.sparse).isEqualTo(a.sparse);
    assertThat(b.probability).isEqualTo(a.probability);
    try (CriteoRows other = new CriteoGenerator(new CriteoGenerator.Spec(1, 1.3, 1, 5), 9, 10)) {
      assertThat(other.next(b)).isTrue();
      assertThat(b.sparse).isNotEqualTo(a.sparse);
    }
  }

  @Test
  void labelsAreDrawnFromTheirProbabilities() {
    int buckets = 5;
    double[] expected = new double[buckets];
    double[] variance = new double[buckets];
    double[] positives = new double[buckets];
    try (CriteoRows rows = new CriteoGenerator(SPEC, 0, 50_000)) {
      CriteoRow r = new CriteoRow();
      while (rows.next(r)) {
        int k = (int) (r.probability * buckets);
        expected[k] += r.probability;
        variance[k] += r.probability * (1 - r.probability);
        positives[k] += r.label;
      }
    }
    for (int k = 0; k < buckets; k++) {
      assertThat(Math.abs(positives[k] - expected[k])).isLessThan(5 * Math.sqrt(variance[k]));
    }
  }

  @Test
  void columnsHaveDifferentSizesAndPowerLaws() {
    CriteoGenerator g = new CriteoGenerator(SPEC, 0, 20_000);
    List<Map<Integer, Integer>> counts = new ArrayList<>();
    for (int f = 0; f < CriteoRow.SPARSE; f++) {
      counts.add(new java.util.HashMap<>());
    }
    CriteoRow r = new CriteoRow();
    while (g.next(r)) {
      for (int f = 0; f < CriteoRow.SPARSE; f++) {
        counts.get(f).merge(r.sparse[f], 1, Integer::sum);
      }
    }
    Set<Integer> sizes = new HashSet<>();
    for (int f = 0; f < CriteoRow.SPARSE; f++) {
      int n = g.cardinality(f);
      sizes.add(n);
      assertThat(counts.get(f).size()).isBetween(2, n + 1); // one for missing
      // The first of n values has probability 1 / Σ v^-1.3, of the rows that are not missing.
      double sum = 0;
      for (int v = 1; v <= n; v++) {
        sum += Math.pow(v, -1.3);
      }
      int missing = counts.get(f).getOrDefault(0, 0);
      double rows = 20_000 - missing;
      double first =
          counts.get(f).entrySet().stream()
              .filter(e -> e.getKey() != 0)
              .mapToInt(Map.Entry::getValue)
              .max()
              .orElse(0);
      assertThat(Math.abs(first - rows / sum))
          .isLessThan(6 * Math.sqrt(rows / sum * (1 - 1 / sum)));
    }
    assertThat(sizes).hasSizeGreaterThanOrEqualTo(20).contains(10, 200);
  }

  @Test
  void theBayesAucIsThatOfTheTestRowsAndTheDataRepeat() {
    Map<String, String> small = Map.of("rows", "2000", "validRows", "100", "testRows", "3000");
    CriteoSyntheticSource source = new CriteoSyntheticSource();
    double[] p = new double[3000];
    float[] y = new float[3000];
    CriteoRow r = new CriteoRow();
    try (CriteoRows rows =
        new CriteoGenerator(
            new CriteoGenerator.Spec(SPEC.vocabularyScale(), SPEC.skew(), SPEC.noise(), 3),
            2100,
            5100)) {
      for (int i = 0; rows.next(r); i++) {
        p[i] = r.probability;
        y[i] = r.label;
      }
    }
    double won = 0;
    double pairs = 0;
    for (int i = 0; i < 3000; i++) {
      for (int j = 0; j < 3000; j++) {
        if (y[i] == 1 && y[j] == 0) {
          pairs++;
          won += p[i] > p[j] ? 1 : p[i] == p[j] ? 0.5 : 0;
        }
      }
    }
    String[] prints = new String[2];
    for (int k = 0; k < 2; k++) {
      Path cache = folder.resolve("cache" + k);
      try (DataSet data = source.open(new Request(null, cache, 3, small, _ -> {})).data()) {
        prints[k] = data.fingerprint();
        assertThat(data.train().rows()).isEqualTo(2000);
        assertThat(data.valid().rows()).isEqualTo(100);
        assertThat(data.facts().get("bayes_auc")).isEqualTo(won / pairs);
        int at = 0;
        try (Examples.Stream stream = data.test().stream(Examples.Pass.inOrder(512))) {
          for (Batch b = stream.next(); b != null; b = stream.next()) {
            for (float label : b.label("label")) {
              assertThat(label).isEqualTo(y[at++]);
            }
          }
        }
        assertThat(at).isEqualTo(3000);
      }
    }
    assertThat(prints[0]).isEqualTo(prints[1]);
  }
}
