// SPDX-License-Identifier: Apache-2.0
/// Lines and bytes of raw files, plain or gzip, one line or one block of lines at a time.
@NullMarked
package org.gradus.data.text;

import org.jspecify.annotations.NullMarked;
