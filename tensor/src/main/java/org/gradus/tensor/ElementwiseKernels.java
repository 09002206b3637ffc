// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// One number from one or two others, at every position. An output may be the same buffer as an input of
/// the same size. What an output holds beyond its n elements is undefined afterwards: devices work in whole vectors.
public interface ElementwiseKernels {
  /// A function of one number x, with parameters p and q where it has any.
  enum Unary {
    /// −x
    NEGATE,
    /// |x|; derivative 0 at 0
    ABS,
    /// x²
    SQUARE,
    /// √x
    SQRT,
    /// 1/√x
    RSQRT,
    /// 1/x
    RECIPROCAL,
    /// eˣ
    EXP,
    /// eˣ − 1
    EXPM1,
    /// ln x
    LOG,
    /// ln(1 + x)
    LOG1P,
    /// 1/(1 + e⁻ˣ), by the sign-split form
    SIGMOID,
    /// tanh x
    TANH,
    /// max(x, 0); derivative 0 at 0
    RELU,
    /// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)
    SOFTPLUS,
    /// ln σ(x) = −softplus(−x)
    LOG_SIGMOID,
    /// p·x + q
    AFFINE,
    /// x for x > 0, otherwise p·x; derivative p at 0
    LEAKY_RELU,
    /// x for x > 0, otherwise p(eˣ − 1); derivative p at 0
    ELU,
    /// min(max(x, p), q); derivative 1 in the closed interval, else 0
    CLIP
  }

  /// y = op(x)
  void unary(Unary op, Buffer y, Buffer x, int n, double p, double q);

  /// dx = dy · op′(x), where y = op(x)
  void unaryBackward(Unary op, Buffer dx, Buffer dy, Buffer x, Buffer y, int n, double p, double q);

  /// A function of two numbers.
  enum Binary {
    /// a + b
    ADD,
    /// a − b
    SUBTRACT,
    /// a · b
    MULTIPLY,
    /// a / b
    DIVIDE,
    /// the smaller; ties are the first argument's
    MIN,
    /// the larger; ties are the first argument's
    MAX
  }

  /// y = op(a, b), `a` and `b` read with the strides of the broadcast.
  void binary(Binary op, Buffer y, Buffer a, Buffer b, Broadcast shape);

  /// y = op(a, b) for n values each, without broadcasting: the common case, in place too.
  void binary(Binary op, Buffer y, Buffer a, Buffer b, int n);

  /// y += s · x
  void addScaled(Buffer y, Buffer x, double s, int n);

  /// A comparison.
  enum Compare {
    /// a < b
    LESS,
    /// a ≤ b
    LESS_EQUAL,
    /// a = b
    EQUAL
  }

  /// mask = op(a, b), `a` and `b` read with the strides of the broadcast.
  void compare(Compare op, Buffer mask, Buffer a, Buffer b, Broadcast shape);

  /// y = mask ? a : b
  void where(Buffer y, Buffer mask, Buffer a, Buffer b, int n);

  /// y = mask ? a : 0
  void keepWhere(Buffer y, Buffer mask, Buffer a, int n);

  /// y = mask ? 1 : 0, as `REAL`
  void toReal(Buffer y, Buffer mask, int n);

  /// mask = a AND b
  void and(Buffer mask, Buffer a, Buffer b, int n);

  /// mask = NOT a
  void not(Buffer mask, Buffer a, int n);

  /// y = value
  void fill(Buffer y, double value, int n);

  /// How two operands are read as one shape.
  ///
  /// @param sizes axis sizes of the result, neighbouring axes merged where both operands allow it
  /// @param a strides of the first operand, 0 along stretched axes
  /// @param b strides of the second
  record Broadcast(int[] sizes, int[] a, int[] b) {
    /// The plan for operands of these shapes; the result has shape [Shape#broadcast].
    public static Broadcast of(Shape result, Shape x, Shape y) {
      int[] sizes = result.toArray();
      int[] a = x.stridesAs(result);
      int[] b = y.stridesAs(result);
      int n = 0;
      for (int i = 0; i < sizes.length; i++) {
        if (sizes[i] == 1) {
          continue;
        }
        boolean merges = n > 0 && a[n - 1] == a[i] * sizes[i] && b[n - 1] == b[i] * sizes[i];
        if (merges) {
          sizes[n - 1] *= sizes[i];
          a[n - 1] = a[i];
          b[n - 1] = b[i];
        } else {
          sizes[n] = sizes[i];
          a[n] = a[i];
          b[n] = b[i];
          n++;
        }
      }
      if (n == sizes.length) {
        return new Broadcast(sizes, a, b);
      }
      return new Broadcast(
          java.util.Arrays.copyOf(sizes, n),
          java.util.Arrays.copyOf(a, n),
          java.util.Arrays.copyOf(b, n));
    }

    /// Number of elements of the result.
    public int elements() {
      int n = 1;
      for (int s : sizes) {
        n *= s;
      }
      return n;
    }
  }
}
