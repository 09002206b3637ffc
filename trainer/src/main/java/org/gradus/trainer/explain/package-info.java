// SPDX-License-Identifier: Apache-2.0
/// What a model computes, told by the model: its forward pass is watched, and each operation is traced to the statement that
/// asked for it. The statement, its equation and the sentence about its class are read from the sources, which lie beside the
/// byte code of embeddings, layers and models; nothing is said twice.
@NullMarked
package org.gradus.trainer.explain;

import org.jspecify.annotations.NullMarked;
