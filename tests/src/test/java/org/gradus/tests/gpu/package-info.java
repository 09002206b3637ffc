// SPDX-License-Identifier: Apache-2.0
/// What `cuda/src/gpu/run.sh` runs on a machine with a GPU and without a build.
@NullMarked
package org.gradus.tests.gpu;

import org.jspecify.annotations.NullMarked;
