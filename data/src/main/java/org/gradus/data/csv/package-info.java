// SPDX-License-Identifier: Apache-2.0
/// Any table in CSV or TSV, described by a schema file: see [CsvSchema].
@NullMarked
package org.gradus.data.csv;

import org.jspecify.annotations.NullMarked;
