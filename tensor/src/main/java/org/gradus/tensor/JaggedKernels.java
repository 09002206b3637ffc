// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Bags of rows, pooled, and back.
public interface JaggedKernels {
  /// Looks up and pools the bags of F features at once.
  ///
  /// Bag s = f·B + b holds ids `values[offsets[s] … offsets[s+1])` of feature f's table; its pooled vector
  /// goes to `y[b · width + column(f) …)`, width being Σ of the tables' widths. So y is `[B, ΣD_f]`, or `[B, F, D]`
  /// when all widths are D.
  ///
  /// An id equal to the feature's padding id is passed over: not added, not counted.
  ///
  /// @param argmax `[B, ΣD_f]` for features with [Pooling#MAX]: the place in `values` that won, −1 for an empty
  ///     bag; null when no feature pools by maximum
  /// @param weights one per value, or null for 1
  void bags(
      Buffer y,
      @Nullable Buffer argmax,
      List<Bags> features,
      Buffer values,
      Buffer offsets,
      @Nullable Buffer weights,
      int batch);

  /// One feature of a lookup.
  ///
  /// @param table rows of the feature; features may share one
  /// @param pooling how a bag becomes a vector
  /// @param paddingId the id that means "nothing", −1 for none
  record Bags(Table table, Pooling pooling, int paddingId) {}

  /// What the bags of one feature look up: from `at` on, one after the other, the ids of the feature that are not padding,
  /// and for each where in the gradient `[B, stride]` of the lookup its slice starts.
  void places(Buffer ids, Buffer source, int at, Buffer values, Buffer offsets, Slice slice);

  /// One feature of a lookup `[B, stride]`: bags first … first + B − 1, pooled into the columns from `column` on.
  ///
  /// @param padding the id that means "nothing", −1 for none
  record Slice(int first, int batch, int padding, int column, int stride) {}

  /// Gradient of one table: for each distinct row, Σ over the places where it was looked up of
  /// coefficient · dy, in the order of places.
  ///
  /// The distinct rows and the places of each come from [SortKernels#merge] over `ids`, where `ids[i]` is the row
  /// looked up at place `place[i]` of `values`; the bag that holds it, and so the slice of dy, is `bag[i]`.
  ///
  /// @param rowGradients `[count, width]`, overwritten
  /// @param dy `[B, dyWidth]`
  /// @param merged what the sort said
  /// @param source for each i, where in dy its slice starts (b · dyWidth + column)
  /// @param coefficient for each i, the factor of its term, or null for 1
  void sumRows(
      Buffer rowGradients,
      Buffer dy,
      SortKernels.Merged merged,
      Buffer source,
      @Nullable Buffer coefficient,
      int width);

  /// As [#sumRows] for a maximum: the term of i counts component d only where `argmax[source[i] + d]` is
  /// `place[i]`.
  void sumRowsMax(
      Buffer rowGradients,
      Buffer dy,
      SortKernels.Merged merged,
      Buffer source,
      Buffer place,
      Buffer argmax,
      int width);

  /// Gradient of the weights of a weighted sum: dw`[i]` = ⟨table row ids`[i]`, dy slice source`[i]`⟩ for from ≤ i < to.
  void weightGradients(
      Buffer dw, Buffer dy, Table table, Buffer ids, Buffer source, int from, int to);

  /// y `[S, D]` = pooled values `[N, D]` of the bags `offsets [S+1]`; `argmax [S, D]` only for [Pooling#MAX].
  void pool(
      Buffer y,
      @Nullable Buffer argmax,
      Buffer values,
      Buffer offsets,
      Pooling pooling,
      int bags,
      int width);

  /// dx `[N, D]` from dy `[S, D]`.
  void poolBackward(
      Buffer dx,
      Buffer dy,
      @Nullable Buffer argmax,
      Buffer offsets,
      Pooling pooling,
      int bags,
      int width);

  /// y `[S, T, D]` = the first T values of each bag `[N, D]`, then zeros.
  void pad(Buffer y, Buffer values, Buffer offsets, int bags, int length, int width);

  /// dx `[N, D]` from dy `[S, T, D]`; values beyond T get 0.
  void padBackward(Buffer dx, Buffer dy, Buffer offsets, int bags, int length, int width);
}
