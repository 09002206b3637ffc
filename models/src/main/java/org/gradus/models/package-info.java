// SPDX-License-Identifier: Apache-2.0
/// One package per paper, and the contract that all of them keep.
///
/// A [Model] is built from a configuration, a schema and parameters, and turns batches into [Outputs]. It knows nothing of
/// data sets, optimisers or devices. [Models] lists what exists.
@NullMarked
package org.gradus.models;

import org.jspecify.annotations.NullMarked;
