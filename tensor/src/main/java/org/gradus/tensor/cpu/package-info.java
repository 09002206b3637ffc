// SPDX-License-Identifier: Apache-2.0
/// The `cpu` device: float32 on `float[]`, vectorised with the Vector API, on a fixed set of workers.
///
/// Every result is a function of the inputs alone. It does not depend on the number of threads, on
/// the width of the hardware's vectors, or on whether a method has been compiled yet:
///
/// - work is cut into chunks by shape only, and no sum is ever split differently by another cut;
/// - sums run in 16 logical lanes and a fixed tree ([Lanes]), or along one chain ([Gemm]);
/// - only exactly specified operations are used: add, subtract, multiply, divide, square root, fused
///   multiply-add, comparisons and bit operations. The functions of [Polynomials] are made of these.
@NullMarked
package org.gradus.tensor.cpu;

import org.jspecify.annotations.NullMarked;
