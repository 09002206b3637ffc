// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import org.gradus.autograd.Masks;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// The lists of one sequence field as a rectangle: ids `[B, T]`, padded behind with 0, oldest first.
///
/// T is the longest list of the batch, at least 1: padding beyond it would change nothing.
///
/// @param ids row by row
/// @param lengths `[B]`: how many ids of a row are real
/// @param length T
public record PaddedIds(int[] ids, int[] lengths, int length) {
  /// The lists of a field of a batch.
  public static PaddedIds of(Batch batch, String field) {
    JaggedIds lists = batch.sparse().of(field);
    int[] lengths = lists.lengths();
    int longest = 1;
    for (int n : lengths) {
      longest = Math.max(longest, n);
    }
    int[] ids = new int[lengths.length * longest];
    for (int b = 0; b < lengths.length; b++) {
      System.arraycopy(lists.values(), lists.offsets()[b], ids, b * longest, lengths[b]);
    }
    return new PaddedIds(ids, lengths, longest);
  }

  /// `[B, T]`
  public Shape shape() {
    return Shape.of(lengths.length, length);
  }

  /// `[B, T]`: true where an id is real.
  public Tensor mask(Scope scope) {
    return Masks.sequenceMask(scope, lengths, length);
  }
}
