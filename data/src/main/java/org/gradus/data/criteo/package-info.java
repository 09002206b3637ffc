// SPDX-License-Identifier: Apache-2.0
/// Criteo's click logs: a label, 13 whole numbers and 26 tokens per row, in the layout of the Kaggle challenge (one
/// file) or of the terabyte log (24 days), and rows of the same shape that are generated.
///
/// The preprocessing is that of the DLRM reference pipeline.
@NullMarked
package org.gradus.data.criteo;

import org.jspecify.annotations.NullMarked;
