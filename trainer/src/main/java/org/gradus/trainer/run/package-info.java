// SPDX-License-Identifier: Apache-2.0

/// The training loop, and the folder that a run leaves behind: config, metrics, curves, model, checkpoints.
///
/// ```
/// Trainer trainer = new Trainer(config, data, model, params);
/// RunResult result = trainer.run(RunFolder.create(path), new PlainProgress(System.out));
/// ```
///
/// A run that is killed and resumed ends with the same bits as the run that was not.
@NullMarked
package org.gradus.trainer.run;

import org.jspecify.annotations.NullMarked;
