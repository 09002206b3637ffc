// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

/// C = op(A) op(B) with sizes: op(A) `[m, k]`, op(B) `[k, n]`, C `[m, n]`, which is never transposed.
record Product(Size size, Matrix a, Matrix b, Matrix c, Epilogue epilogue) {
  record Size(int m, int n, int k) {
    /// Multiply-adds.
    long work() {
      return (long) m * n * k;
    }
  }

  /// Product s of a batch.
  Product at(int s) {
    return new Product(size, a.at(s), b.at(s), c.at(s), epilogue);
  }
}
