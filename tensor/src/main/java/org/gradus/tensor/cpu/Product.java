// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

/// C = op(A) op(B) with sizes: op(A) `[m, k]`, op(B) `[k, n]`, C `[m, n]`, which is never transposed.
///
/// An object may serve one product after the other ([#set], and that of its matrices), but none while one is under way.
final class Product {
  private int m;
  private int n;
  private int k;
  private final Matrix a;
  private final Matrix b;
  private final Matrix c;
  private Epilogue epilogue;

  /// A product of no rows, to be [#set].
  Product(Matrix a, Matrix b, Matrix c) {
    this.a = a;
    this.b = b;
    this.c = c;
    this.epilogue = Epilogue.STORE;
  }

  /// A product of these sizes.
  static Product of(int m, int n, int k, Matrix a, Matrix b, Matrix c, Epilogue epilogue) {
    Product p = new Product(a, b, c);
    p.set(m, n, k, epilogue);
    return p;
  }

  /// A product of nothing, to be [#set].
  static Product empty() {
    return new Product(Matrix.empty(), Matrix.empty(), Matrix.empty());
  }

  /// Turns to other sizes.
  void set(int m, int n, int k, Epilogue epilogue) {
    this.m = m;
    this.n = n;
    this.k = k;
    this.epilogue = epilogue;
  }

  /// Lets go of every array.
  void clear() {
    set(0, 0, 0, Epilogue.STORE);
    a.clear();
    b.clear();
    c.clear();
  }

  int m() {
    return m;
  }

  int n() {
    return n;
  }

  int k() {
    return k;
  }

  Matrix a() {
    return a;
  }

  Matrix b() {
    return b;
  }

  Matrix c() {
    return c;
  }

  Epilogue epilogue() {
    return epilogue;
  }

  /// Multiply-adds.
  long work() {
    return (long) m * n * k;
  }

  /// Product s of a batch.
  Product at(int s) {
    return s == 0 ? this : of(m, n, k, a.at(s), b.at(s), c.at(s), epilogue);
  }
}
