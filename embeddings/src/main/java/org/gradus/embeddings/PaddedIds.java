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
    int longest = longest(lengths);
    return of(lists, lengths, longest, new int[lengths.length * longest]);
  }

  /// As above, in arrays of a scope: for a step.
  public static PaddedIds of(Batch batch, String field, Scope scope) {
    JaggedIds lists = batch.sparse().of(field, scope);
    int[] lengths = lists.lengths(scope);
    int longest = longest(lengths);
    return of(lists, lengths, longest, scope.ints(lengths.length * longest));
  }

  private static int longest(int... lengths) {
    int longest = 1;
    for (int n : lengths) {
      longest = Math.max(longest, n);
    }
    return longest;
  }

  private static PaddedIds of(JaggedIds lists, int[] lengths, int longest, int[] ids) {
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
