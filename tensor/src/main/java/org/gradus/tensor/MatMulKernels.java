// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// Matrix products, and the fully connected layer.
public interface MatMulKernels {
  /// `batch` products C (+)= op(A) op(B), op(A) `[m, k]`, op(B) `[k, n]`, C `[m, n]`.
  ///
  /// The order in which an element of C is summed depends on `shape` alone, never on the number of
  /// threads: a chain in the order of k, or fixed lanes where C is a vector.
  void multiply(Buffer c, Buffer a, Buffer b, Product shape);

  /// The sizes of a batched product.
  ///
  /// @param batch number of products
  /// @param m rows of C
  /// @param n columns of C
  /// @param k inner size
  /// @param transposeA A is stored `[k, m]`
  /// @param transposeB B is stored `[n, k]`
  /// @param strideA elements from one A to the next; 0 uses the same A for all
  /// @param strideB elements from one B to the next; 0 uses the same B for all
  /// @param accumulate adds to C instead of overwriting it
  record Product(
      int batch,
      int m,
      int n,
      int k,
      boolean transposeA,
      boolean transposeB,
      int strideA,
      int strideB,
      boolean accumulate) {
    /// One product of row-major matrices, `[m, k] × [k, n]`.
    public static Product of(int m, int n, int k) {
      return new Product(1, m, n, k, false, false, 0, 0, false);
    }

    /// The same with A read transposed.
    public Product transposedA() {
      return new Product(batch, m, n, k, true, transposeB, strideA, strideB, accumulate);
    }

    /// The same with B read transposed.
    public Product transposedB() {
      return new Product(batch, m, n, k, transposeA, true, strideA, strideB, accumulate);
    }

    /// The same, added to C.
    public Product accumulating() {
      return new Product(batch, m, n, k, transposeA, transposeB, strideA, strideB, true);
    }
  }

  /// Activations that can be fused with a layer.
  enum Activation {
    /// z
    IDENTITY,
    /// max(z, 0)
    RELU,
    /// σ(z)
    SIGMOID,
    /// tanh z
    TANH
  }

  /// y = act(x W + b): x `[m, k]`, W `[k, n]`, b `[n]`, y `[m, n]`.
  void linear(Buffer y, Buffer x, Buffer w, Buffer b, Activation act, int m, int n, int k);

  /// dz = dy · act′ read off from y, and db = column sums of dz; all but db `[m, n]`. dz may be dy.
  void linearBackward(Buffer dz, Buffer db, Buffer dy, Buffer y, Activation act, int m, int n);
}
