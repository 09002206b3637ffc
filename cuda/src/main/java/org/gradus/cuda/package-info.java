// SPDX-License-Identifier: Apache-2.0

/// The device on NVIDIA GPUs.
@NullMarked
package org.gradus.cuda;

import org.jspecify.annotations.NullMarked;
