// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import jcuda.driver.CUfunction;

/// A kernel of a family, as the driver knows it.
///
/// @param name its symbol, `family_what`
/// @param parameters how many arguments it takes
record Kernel(String name, CUfunction function, int parameters) {}
