// SPDX-License-Identifier: Apache-2.0

/// From one configuration to a table of metrics per task and scenario, in five calls:
///
/// ```
/// Experiment experiment = Experiment.named("mmoe");
/// DataSource.Opened opened = experiment.load(source, cache, System.out::println);
/// Prepared rows = experiment.prepare(opened.data());
/// try (BuiltModel model = experiment.train(rows, () -> RunFolder.create(path), Listener.SILENT)) {
///   System.out.print(MetricsTable.of(experiment.evaluate(model, rows).all()));
/// }
/// ```
@NullMarked
package org.gradus.trainer.experiment;

import org.jspecify.annotations.NullMarked;
