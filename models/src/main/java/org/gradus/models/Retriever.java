// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import org.gradus.autograd.Mode;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;

/// A model that ranks all items for a user by an inner product, so that a search for nearest neighbours finds the best ones.
///
/// What is exported here ranks as the model's own logits do: whatever was trained besides the inner product, a norm or a constant
/// per item, is in the vectors.
public interface Retriever extends Model {
  /// The id of the first item; lower ids are padding and unknown values, which are never retrieved.
  int FIRST_ITEM = 2;

  /// The field that names the item of an example. It is the target, and no input.
  Field.Categorical item();

  /// One vector per example, `[B, d]`. The target is not read.
  Var userVectors(Batch batch, Mode mode);

  /// One vector per item, `[C, d]`: row j is that of id j + [#FIRST_ITEM].
  Var itemVectors(Tape tape);
}
