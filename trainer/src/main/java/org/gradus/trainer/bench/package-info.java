// SPDX-License-Identifier: Apache-2.0
/// Benchmarks of training steps: [Workload]s, which are models with their configuration on generated data, and the [Benchmark]
/// that measures one beside the peaks of the machine.
@NullMarked
package org.gradus.trainer.bench;

import org.jspecify.annotations.NullMarked;
