// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.Arrays;
import org.gradus.tensor.ElementwiseKernels.Compare;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Truth values that say what is real and what is padding, and the padding itself. True is a real element, everywhere.
public final class Masks {
  private Masks() {}

  /// Which end of a list is padded or cut.
  public enum End {
    /// The front: the oldest entries of a history.
    PRE,
    /// The back.
    POST
  }

  /// `mask[b, t] = t < lengths[b]`
  ///
  /// @return `[B, maxLength]`
  public static Tensor sequenceMask(Scope scope, int[] lengths, int maxLength) {
    return sequenceMask(scope, Shape.of(lengths.length), lengths, maxLength);
  }

  /// As above for lengths of any shape, which gains an axis.
  ///
  /// @return `lengthsShape + [maxLength]`
  public static Tensor sequenceMask(Scope scope, Shape lengthsShape, int[] lengths, int maxLength) {
    boolean[] mask = scope.booleans(lengths.length * maxLength);
    for (int b = 0; b < lengths.length; b++) {
      if (lengths[b] < 0 || lengths[b] > maxLength) {
        throw new IllegalArgumentException(
            "sequenceMask: length "
                + lengths[b]
                + " at position "
                + b
                + ". Expected lengths from 0 to "
                + maxLength
                + "; cut longer lists with padSequences.");
      }
      Arrays.fill(mask, b * maxLength, b * maxLength + lengths[b], true);
    }
    return scope.upload(lengthsShape.insert(lengthsShape.rank(), maxLength), mask);
  }

  /// As below, padded behind with 0, and cut in front so that the newest entries stay.
  public static int[] padSequences(int[][] lists, int length) {
    return padSequences(lists, length, End.POST, End.PRE, 0);
  }

  /// Lists of different lengths as rows of one length.
  ///
  /// @param padding the end where short lists get `value`s; only `POST` matches [#sequenceMask]
  /// @param truncating the end where long lists lose entries
  /// @return `[lists, length]`, row by row
  public static int[] padSequences(
      int[][] lists, int length, End padding, End truncating, int value) {
    int[] rows = new int[lists.length * length];
    Arrays.fill(rows, value);
    for (int b = 0; b < lists.length; b++) {
      int kept = Math.min(lists[b].length, length);
      int from = truncating == End.PRE ? lists[b].length - kept : 0;
      int to = b * length + (padding == End.PRE ? length - kept : 0);
      System.arraycopy(lists[b], from, rows, to, kept);
    }
    return rows;
  }

  /// `mask[i, j] = i − j ≤ lower and j − i ≤ upper`; a negative bound is none. `band(scope, n, n, -1, 0)` is the causal
  /// mask: each position sees itself and what came before.
  ///
  /// @return `[rows, columns]`
  public static Tensor band(Scope scope, int rows, int columns, int lower, int upper) {
    boolean[] mask = scope.booleans(rows * columns);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        mask[i * columns + j] = (lower < 0 || i - j <= lower) && (upper < 0 || j - i <= upper);
      }
    }
    return scope.upload(Shape.of(rows, columns), mask);
  }

  /// a AND b, broadcast.
  public static Tensor and(Scope scope, Tensor a, Tensor b) {
    check("and", a);
    check("and", b);
    Shape shape = Shape.broadcast("and", a.shape(), b.shape());
    Tensor x = Layout.expandTo(scope, a, shape);
    Tensor z = Layout.expandTo(scope, b, shape);
    Tensor y = scope.allocate("and", Kind.MASK, shape);
    scope.device().kernels().elementwise().and(y.buffer(), x.buffer(), z.buffer(), y.elements());
    return y;
  }

  /// NOT a.
  public static Tensor not(Scope scope, Tensor a) {
    check("not", a);
    Tensor y = scope.allocate("not", Kind.MASK, a.shape());
    scope.device().kernels().elementwise().not(y.buffer(), a.buffer(), y.elements());
    return y;
  }

  /// x ≠ 0, for `REAL` x.
  public static Tensor nonZero(Scope scope, Tensor x) {
    Tensor zero = scope.upload(Shape.scalar(), 0.0);
    Tensor equal = Elementwise.compare(scope, Compare.EQUAL, x, zero, x.shape());
    scope.release(zero);
    Tensor y = not(scope, equal);
    scope.release(equal);
    return y;
  }

  /// 1 where true, 0 where false.
  public static Tensor toReal(Scope scope, Tensor mask) {
    check("toReal", mask);
    Tensor y = scope.real("toReal", mask.shape());
    scope.device().kernels().elementwise().toReal(y.buffer(), mask.buffer(), y.elements());
    return y;
  }

  static void check(String op, Tensor mask) {
    if (mask.kind() != Kind.MASK) {
      throw new IllegalArgumentException(
          op + ": a mask of kind " + mask.kind() + ". Expected kind MASK, true for real elements.");
    }
  }
}
