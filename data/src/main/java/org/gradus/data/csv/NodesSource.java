// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.Settings;
import org.gradus.data.sampling.StratifiedExamples;

/// `--data nodes-synthetic`: generated nodes of a graph, few of which have a label.
public final class NodesSource implements DataSource {
  private static final String NAME = "nodes-synthetic";

  /// Changes when equal settings generate other rows.
  private static final String LAW = "law 1\n";

  /// How labelled and unlabelled nodes share a batch.
  enum Batching {
    /// shuffled together
    MIXED,
    /// as many labels in each
    STRATIFIED
  }

  /// For `ServiceLoader`.
  public NodesSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "generated: nodes of a graph with planted importance, a share of data.labelled of which"
        + " is known in training; known error of the truth; needs no path";
  }

  @Override
  public Map<String, String> settings() {
    return new TreeMap<>(
        Map.of(
            "rows", "8000",
            "validRows", "1000",
            "testRows", "4000",
            "content", "8",
            "labelled", "0.125",
            "noise", "0.3",
            "transductive", "false",
            "batching", Batching.MIXED.name(),
            "labelledPerBatch", "16"));
  }

  @Override
  public Opened open(Request request) {
    request.refusePath(NAME);
    Settings s = Settings.of(this, request.settings());
    NodesGenerator.Sizes sizes =
        new NodesGenerator.Sizes(
            s.integer("rows", 1), s.integer("validRows", 0), s.integer("testRows", 1));
    NodesGenerator.Spec spec =
        new NodesGenerator.Spec(
            sizes,
            s.integer("content", 1),
            s.number("labelled", 0, 1),
            s.number("noise", 0, 1e3),
            s.flag("transductive"));
    Batching batching = s.choice("batching", Batching.class);
    int labels = s.integer("labelledPerBatch", 1);
    GeneratedTable table = new GeneratedTable(new NodesGenerator(spec, request.seed()), LAW);
    Opened opened =
        table.open(
            this,
            request,
            new GeneratedTable.Rows(sizes.train() + spec.extra(), sizes.valid(), sizes.test()));
    if (batching == Batching.MIXED) {
      return opened;
    }
    DataSet data = opened.data();
    return new Opened(
        new DataSet(
            data.name(),
            data.schema(),
            new StratifiedExamples(data.train(), "importance", labels),
            data.valid(),
            data.test(),
            data.facts(),
            data.fingerprint()),
        opened.encoder());
  }

  @Override
  public Encoder encoder(Path folder) {
    return CsvEncoder.load(folder);
  }
}
