// SPDX-License-Identifier: Apache-2.0
/// Benchmarks: whole training steps through the public API. Run them with `mvn -Pbench verify -DskipTests -Dbench=NAME`.
@NullMarked
package org.gradus.tests.bench;

import org.jspecify.annotations.NullMarked;
