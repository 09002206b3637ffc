// SPDX-License-Identifier: Apache-2.0
/// Does one contract serve all papers? Sketches of models that are not there yet, against the contract that is.
@NullMarked
package org.gradus.tests.contract;

import org.jspecify.annotations.NullMarked;
