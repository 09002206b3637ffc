// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.List;
import org.gradus.tensor.ElementwiseKernels.Binary;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// A tensor on a tape. Its methods are the differentiable operations.
///
/// A method checks shapes, computes at once, and records how to differentiate; the class of its family
/// ([Elementwise], [MatMul], …) holds both. Conventions of all of them:
///
/// - Binary operations broadcast: axes are aligned at the end, and a missing axis or one of size 1 stretches; the
///   gradient is summed over stretched axes.
/// - Negative axes count from the end, −1 being the last.
/// - A reduction drops its axis unless `keepDims`.
/// - A mask is true at real elements. It is a constant: no gradient flows into the choice.
///
/// Lookups in embedding tables are in [Lookup], masks in [Masks], recomputation in [Tape#checkpoint].
public final class Var {
  /// The number of a value that no gradient is asked for.
  static final int CONSTANT = -1;

  private final Tape tape;
  private final Tensor value;
  private final int number;

  /// @param number among the values of the tape that a gradient is asked for, or [#CONSTANT]
  Var(Tape tape, Tensor value, int number) {
    this.tape = tape;
    this.value = value;
    this.number = number;
  }

  /// As the constructor takes it.
  int number() {
    return number;
  }

  /// Where it was recorded.
  public Tape tape() {
    return tape;
  }

  /// The numbers.
  public Tensor value() {
    return value;
  }

  /// Sizes of the axes.
  public Shape shape() {
    return value.shape();
  }

  /// Size of one axis; negative axes count from the end.
  public int size(int axis) {
    return value.shape().size(axis);
  }

  /// Whether a parameter or variable lies behind it.
  public boolean needsGradient() {
    return number != CONSTANT;
  }

  @Override
  public String toString() {
    return value.toString();
  }

  // Two numbers at every position.

  /// x + b, broadcast
  public Var add(Var b) {
    return Elementwise.add(this, b);
  }

  /// x − b, broadcast
  public Var subtract(Var b) {
    return Elementwise.subtract(this, b);
  }

  /// x · b, broadcast
  public Var multiply(Var b) {
    return Elementwise.multiply(this, b);
  }

  /// x / b, broadcast
  public Var divide(Var b) {
    return Elementwise.divide(this, b);
  }

  /// The smaller of x and b, broadcast; a tie is x, which gets the gradient.
  public Var min(Var b) {
    return Elementwise.extreme(this, b, Binary.MIN);
  }

  /// The larger of x and b, broadcast; a tie is x, which gets the gradient.
  public Var max(Var b) {
    return Elementwise.extreme(this, b, Binary.MAX);
  }

  /// x where the mask is true, `other` elsewhere, all three broadcast; only the side taken gets a gradient.
  public Var where(Tensor mask, Var other) {
    return Elementwise.where(this, mask, other);
  }

  /// x where the mask is true, 0 elsewhere, broadcast.
  public Var keepWhere(Tensor mask) {
    return Elementwise.keepWhere(this, mask);
  }

  /// x for x > 0, α · x otherwise; α broadcasts to x, such as one slope per column (He et al., ICCV 2015).
  public Var prelu(Var alpha) {
    return Elementwise.prelu(this, alpha);
  }

  // One number at every position.

  /// x + c
  public Var add(double c) {
    return Elementwise.add(this, c);
  }

  /// c · x
  public Var multiply(double c) {
    return Elementwise.unary(this, Unary.AFFINE, c, 0);
  }

  /// −x
  public Var negate() {
    return Elementwise.unary(this, Unary.NEGATE);
  }

  /// |x|; derivative 0 at 0
  public Var abs() {
    return Elementwise.unary(this, Unary.ABS);
  }

  /// x²
  public Var square() {
    return Elementwise.unary(this, Unary.SQUARE);
  }

  /// √x
  public Var sqrt() {
    return Elementwise.unary(this, Unary.SQRT);
  }

  /// 1/√x
  public Var rsqrt() {
    return Elementwise.unary(this, Unary.RSQRT);
  }

  /// 1/x
  public Var reciprocal() {
    return Elementwise.unary(this, Unary.RECIPROCAL);
  }

  /// eˣ
  public Var exp() {
    return Elementwise.unary(this, Unary.EXP);
  }

  /// eˣ − 1
  public Var expm1() {
    return Elementwise.unary(this, Unary.EXPM1);
  }

  /// ln x
  public Var log() {
    return Elementwise.unary(this, Unary.LOG);
  }

  /// ln(1 + x)
  public Var log1p() {
    return Elementwise.unary(this, Unary.LOG1P);
  }

  /// σ(x) = 1/(1 + e⁻ˣ)
  public Var sigmoid() {
    return Elementwise.unary(this, Unary.SIGMOID);
  }

  /// tanh x
  public Var tanh() {
    return Elementwise.unary(this, Unary.TANH);
  }

  /// max(x, 0); derivative 0 at 0
  public Var relu() {
    return Elementwise.unary(this, Unary.RELU);
  }

  /// x for x > 0, slope · x otherwise
  public Var leakyRelu(double slope) {
    return Elementwise.unary(this, Unary.LEAKY_RELU, slope, 0);
  }

  /// x for x > 0, α(eˣ − 1) otherwise
  public Var elu(double alpha) {
    return Elementwise.unary(this, Unary.ELU, alpha, 0);
  }

  /// ln(1 + eˣ), stable for every x
  public Var softplus() {
    return Elementwise.unary(this, Unary.SOFTPLUS);
  }

  /// ln σ(x) = −softplus(−x), stable for every x
  public Var logSigmoid() {
    return Elementwise.unary(this, Unary.LOG_SIGMOID);
  }

  /// min(max(x, lo), hi); derivative 1 in the closed interval, 0 outside
  public Var clip(double lo, double hi) {
    return Elementwise.clip(this, lo, hi);
  }

  /// x, through which no gradient passes.
  public Var stopGradient() {
    return Elementwise.stopGradient(this);
  }

  /// Each element becomes 0 with probability `rate`, and otherwise x / (1 − rate) (inverted dropout). Which ones is a
  /// function of key and position.
  ///
  /// @param key from [Mode#draw]; call this in training only
  public Var dropout(double rate, long key) {
    return Elementwise.dropout(this, rate, key);
  }

  // Reductions.

  /// Σ x over everything, `[]`
  public Var sum() {
    return Reduce.sum(this);
  }

  /// Σ x along an axis, which is dropped
  public Var sum(int axis) {
    return Reduce.sum(this, axis, false);
  }

  /// Σ x along an axis, which stays with size 1 when `keepDims`
  public Var sum(int axis, boolean keepDims) {
    return Reduce.sum(this, axis, keepDims);
  }

  /// The mean of everything, `[]`; of nothing, 0
  public Var mean() {
    return Reduce.mean(this);
  }

  /// The mean along an axis, which is dropped; of nothing, 0
  public Var mean(int axis) {
    return Reduce.mean(this, axis, false);
  }

  /// The mean along an axis, which stays with size 1 when `keepDims`; of nothing, 0
  public Var mean(int axis, boolean keepDims) {
    return Reduce.mean(this, axis, keepDims);
  }

  /// The largest along an axis, which is dropped; the gradient goes to the first of equals
  public Var max(int axis) {
    return Reduce.max(this, axis, false);
  }

  /// The largest along an axis, which stays with size 1 when `keepDims`; the gradient goes to the first of equals
  public Var max(int axis, boolean keepDims) {
    return Reduce.max(this, axis, keepDims);
  }

  /// Σ m x / max(1, Σ m), `[]`: the mean over real elements, 0 when there are none
  public Var maskedMean(Tensor mask) {
    return Reduce.maskedMean(this, mask);
  }

  // Layout.

  /// The same numbers, row by row, under other sizes; one of them may be −1, for what is left. Shares memory.
  public Var reshape(int... sizes) {
    return Layout.reshape(this, Layout.inferred(shape(), sizes));
  }

  /// The axes from this one to the last become one: `[B, F, D].flatten(1)` is `[B, F·D]`.
  public Var flatten(int fromAxis) {
    return Layout.flatten(this, fromAxis);
  }

  /// Without an axis of size 1; an error when it has another size.
  public Var squeeze(int axis) {
    return Layout.squeeze(this, axis);
  }

  /// With a new axis of size 1 at this position; −1 appends.
  public Var unsqueeze(int axis) {
    return Layout.reshape(this, shape().insert(axis, 1));
  }

  /// The last two axes exchanged.
  public Var transpose() {
    return Layout.transpose(this);
  }

  /// The axes in another order: axis i of the result is axis `axes[i]` of x.
  public Var permute(int... axes) {
    return Layout.permute(this, axes);
  }

  /// Places `from … to−1` of an axis, which stays, with length 1 too.
  public Var slice(int axis, int from, int to) {
    return Layout.slice(this, axis, from, to);
  }

  /// Place i of an axis, which is dropped; −1 is the last place.
  public Var index(int axis, int i) {
    return Layout.index(this, axis, i);
  }

  /// Repeated along missing axes and axes of size 1 until it has this shape.
  public Var expand(Shape to) {
    return Layout.expand(this, to);
  }

  /// Repeated as a whole along each axis: `[3, 2, 2].tile(2, 3, 2)` is `[6, 6, 4]`.
  public Var tile(int... multiples) {
    return Layout.tile(this, multiples);
  }

  /// Element (i, j) of the last two axes where i − j ≤ lower and j − i ≤ upper, 0 elsewhere; a negative bound is none.
  public Var bandPart(int lower, int upper) {
    return Elementwise.keepWhere(this, Masks.band(tape.scope(), size(-2), size(-1), lower, upper));
  }

  /// Parts one behind the other along an axis; all other sizes are equal.
  public static Var concat(int axis, List<Var> parts) {
    return Layout.concat(axis, parts);
  }

  /// Parts of one shape along a new axis at this position; −1 appends it.
  public static Var stack(int axis, List<Var> parts) {
    return Layout.stack(axis, parts);
  }

  /// Consecutive slices of an axis, of these sizes.
  public List<Var> split(int axis, int... sizes) {
    return Layout.split(this, axis, sizes);
  }

  // Products.

  /// x b over the last two axes, `[…, m, k] × […, k, n]`; the axes before them broadcast.
  public Var matmul(Var b) {
    return MatMul.matmul(this, b, false, false);
  }

  /// op(x) op(b) over the last two axes, each read transposed where asked for; the axes before them broadcast.
  public Var matmul(Var b, boolean transposeA, boolean transposeB) {
    return MatMul.matmul(this, b, transposeA, transposeB);
  }

  /// act(x W + b), the fully connected layer in one kernel: x `[…, in]`, W `[in, out]`, b `[out]`, result `[…, out]`.
  public Var linear(Var w, Var b, Activation act) {
    return MatMul.linear(this, w, b, act);
  }

  /// Σ over pairs of axes of x and b; the axes left over are those of x, then those of b.
  public Var tensordot(Var b, int[] axesA, int[] axesB) {
    return MatMul.tensordot(this, b, axesA, axesB);
  }

  /// Σ_pq x`[B, p, q]` · b`[p, q, u]`, result `[B, u]`.
  public Var contract(Var b) {
    return MatMul.contract(this, b);
  }

  /// Convolution along time (as a correlation): x `[B, T, C]`, filter `[k, C, F]`, result `[B, T′, F]`.
  ///
  /// @param same pads with zeros to T′ = ⌈T/stride⌉; otherwise T′ = ⌊(T − k)/stride⌋ + 1
  public Var conv1d(Var filter, int stride, boolean same) {
    return Convolution.conv1d(this, filter, stride, same);
  }

  // Normalised exponentials over the last axis.

  /// e^xⱼ / Σₖ e^xₖ
  public Var softmax() {
    return Softmax.softmax(this, null);
  }

  /// As [#softmax()] over the true entries; 0 at the others, and everywhere in a row without true entries.
  public Var softmax(Tensor mask) {
    return Softmax.softmax(this, mask);
  }

  /// xⱼ − ln Σₖ e^xₖ
  public Var logSoftmax() {
    return Softmax.logSoftmax(this, null);
  }

  /// As [#logSoftmax()] over the true entries; 0 at the others.
  public Var logSoftmax(Tensor mask) {
    return Softmax.logSoftmax(this, mask);
  }

  /// ln Σₖ e^xₖ, the last axis dropped
  public Var logSumExp() {
    return Softmax.logSumExp(this, null);
  }

  /// As [#logSumExp()] over the true entries; 0 for a row without any.
  public Var logSumExp(Tensor mask) {
    return Softmax.logSumExp(this, mask);
  }

  // Normalisation, without scale and shift.

  /// (x − μ) / √(v + ε) with mean μ and biased variance v of each column (last axis) over all rows.
  ///
  /// @param rowMask x's shape without the last axis: rows that count; the others give 0. Null for all.
  public Normalized batchNorm(@Nullable Tensor rowMask, double epsilon) {
    return Normalization.batchNorm(this, rowMask, epsilon);
  }

  /// (x − mean) / √(variance + ε) with given `[n]` statistics of the columns, which are constants.
  public Var normalizeColumns(Tensor mean, Tensor variance, double epsilon) {
    return Normalization.normalizeColumns(this, mean, variance, epsilon);
  }

  /// (x − μ) / √(v + ε) with mean μ and biased variance v of each row (last axis).
  public Var layerNorm(double epsilon) {
    return Normalization.layerNorm(this, epsilon);
  }

  // Places by index, and lists of different lengths.

  /// The places `ids` of an axis: it is replaced by the axes of `ids` (`INT`, any shape). Duplicates add up in the
  /// gradient.
  public Var gather(int axis, Tensor ids) {
    return Gather.gather(this, axis, ids);
  }

  /// x`[r, ids[r]]`: one column of each row, `[rows, n]` and `[rows]` to `[rows]`.
  public Var pick(Tensor ids) {
    return Gather.pick(this, ids);
  }

  /// Rows `[N, D]` pooled list by list, `[S, D]`; list s is `offsets[s] … offsets[s+1]` of `[S+1]` `INT`s.
  public Var pool(Tensor offsets, Pooling pooling) {
    return JaggedOps.pool(this, offsets, pooling);
  }

  /// Rows `[N, D]` as lists of one length, `[S, T, D]`: cut or padded with 0 behind.
  public Var pad(Tensor offsets, int length) {
    return JaggedOps.pad(this, offsets, length);
  }

  // Interactions of field embeddings [B, F, D], and losses.

  /// Σ over pairs of fields of their inner product, `[B]` (Rendle 2010).
  public Var pairwise() {
    return Interaction.pairwise(this);
  }

  /// The inner products of all pairs of fields, packed `[B, P]` (Naumov et al. 2019).
  ///
  /// @param lower (1,0), (2,0), (2,1), … instead of (0,1), (0,2), …
  /// @param self with the products of each field and itself
  public Var dots(boolean lower, boolean self) {
    return Interaction.dots(this, lower, self);
  }

  /// As [#dots(boolean, boolean)], with one vector before those of this `[B, F, D]`: the products of
  /// `[first; e₀; …; e_{F−1}]`, without the copy that puts them side by side.
  ///
  /// @param first `[B, D]`
  public Var dots(Var first, boolean lower, boolean self) {
    return Interaction.dots(first, this, lower, self);
  }

  /// Each key beside its query, `[q, k_t, q − k_t, q ⊙ k_t]`, `[B, T, 4D]` of keys `[B, T, D]` (Zhou et al. 2018): what a local
  /// activation unit reads.
  ///
  /// @param query `[B, D]`
  public Var facing(Var query) {
    return Interaction.facing(this, query);
  }

  /// Σ_t w_t x_t of weights w `[B, T]`, `[B, D]`.
  ///
  /// @param vectors x `[B, T, D]`
  public Var weightedSum(Var vectors) {
    return Interaction.weightedSum(this, vectors);
  }

  /// x₀ ⊙ z + x of this x₀ `[B, N]`: a cross layer, but for what gives z (Wang et al. 2021).
  ///
  /// @param z `[B, N]`, or `[B, 1]` for one factor a row
  /// @param x `[B, N]`
  public Var cross(Var z, Var x) {
    return Interaction.cross(this, z, x);
  }

  /// Cross-entropy of targets t in [0, 1] from logits, per example: softplus(x) − x · t.
  public Var crossEntropyWithLogits(Tensor targets) {
    return Loss.crossEntropyWithLogits(this, targets);
  }
}
