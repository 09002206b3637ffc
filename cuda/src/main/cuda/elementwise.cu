// SPDX-License-Identifier: Apache-2.0
// One number from one or two others. One thread per number; bound by memory.
#include "gradus.cuh"

// In the order of ElementwiseKernels.Unary.
enum Unary {
  NEGATE, ABS, SQUARE, SQRT, RSQRT, RECIPROCAL, EXP, EXPM1, LOG, LOG1P, SIGMOID, TANH, RELU, SOFTPLUS, LOG_SIGMOID,
  AFFINE, LEAKY_RELU, ELU, CLIP
};

static __device__ float unary_value(int op, float x, float p, float q) {
  switch (op) {
    case NEGATE: return -x;
    case ABS: return fabsf(x);
    case SQUARE: return x * x;
    case SQRT: return sqrtf(x);
    case RSQRT: return 1 / sqrtf(x);
    case RECIPROCAL: return 1 / x;
    case EXP: return expf(x);
    case EXPM1: return expm1f(x);
    case LOG: return logf(x);
    case LOG1P: return log1pf(x);
    case SIGMOID: return sigmoid(x);
    case TANH: return tanhf(x);
    case RELU: return larger(x, 0);
    case SOFTPLUS: return softplus(x);
    case LOG_SIGMOID: return -softplus(-x);
    case AFFINE: return p * x + q;
    case LEAKY_RELU: return x > 0 ? x : p * x;
    case ELU: return x > 0 ? x : p * expm1f(x);
    default: return smaller(larger(x, p), q);
  }
}

static __device__ float unary_slope(int op, float x, float y, float p, float q) {
  switch (op) {
    case NEGATE: return -1;
    case ABS: return x > 0 ? 1 : x < 0 ? -1 : 0;
    case SQUARE: return 2 * x;
    case SQRT: return 0.5f / y;
    case RSQRT: return -0.5f * y * y * y;
    case RECIPROCAL: return -y * y;
    case EXP: return y;
    case EXPM1: return y + 1;
    case LOG: return 1 / x;
    case LOG1P: return 1 / (1 + x);
    case SIGMOID: return y * (1 - y);
    case TANH: return 1 - y * y;
    case RELU: return x > 0 ? 1 : 0;
    case SOFTPLUS: return sigmoid(x);
    case LOG_SIGMOID: return sigmoid(-x);
    case AFFINE: return p;
    case LEAKY_RELU: return x > 0 ? 1 : p;
    case ELU: return x > 0 ? 1 : p * expf(x);
    default: return p <= x && x <= q ? 1 : 0;
  }
}

// y = op(x)
extern "C" __global__ void elementwise_unary(float* y, const float* x, int op, float p, float q, int n) {
  FOR_EACH(i, n) y[i] = unary_value(op, x[i], p, q);
}

// dx = dy op'(x), where y = op(x)
extern "C" __global__ void elementwise_unary_backward(float* dx, const float* dy, const float* x, const float* y, int op,
                                                      float p, float q, int n) {
  FOR_EACH(i, n) dx[i] = dy[i] * unary_slope(op, x[i], y[i], p, q);
}

// In the order of ElementwiseKernels.Binary.
enum Binary { ADD, SUBTRACT, MULTIPLY, DIVIDE, MIN, MAX };

static __device__ float binary_value(int op, float a, float b) {
  switch (op) {
    case ADD: return a + b;
    case SUBTRACT: return a - b;
    case MULTIPLY: return a * b;
    case DIVIDE: return a / b;
    case MIN: return smaller(a, b);
    default: return larger(a, b);
  }
}

// y = op(a, b)
extern "C" __global__ void elementwise_binary(float* y, const float* a, const float* b, int op, int n) {
  FOR_EACH(i, n) y[i] = binary_value(op, a[i], b[i]);
}

// The strides with which two operands are read as one shape, row-major; 0 along a stretched axis.
struct Strides {
  int rank;
  int sizes[8];
  int a[8];
  int b[8];
};

static __device__ void places(const Strides& s, long long i, int* a, int* b) {
  *a = 0;
  *b = 0;
  for (int axis = s.rank - 1; axis >= 0; axis--) {
    int at = (int)(i % s.sizes[axis]);
    i /= s.sizes[axis];
    *a += at * s.a[axis];
    *b += at * s.b[axis];
  }
}

// y = op(a, b), broadcast
extern "C" __global__ void elementwise_broadcast(float* y, const float* a, const float* b, int op, Strides s, int n) {
  FOR_EACH(i, n) {
    int k, l;
    places(s, i, &k, &l);
    y[i] = binary_value(op, a[k], b[l]);
  }
}

// In the order of ElementwiseKernels.Compare.
enum Compare { LESS, LESS_EQUAL, EQUAL };

// mask = op(a, b), broadcast
extern "C" __global__ void elementwise_compare(mask_t* mask, const float* a, const float* b, int op, Strides s, int n) {
  FOR_EACH(i, n) {
    int k, l;
    places(s, i, &k, &l);
    mask[i] = op == LESS ? a[k] < b[l] : op == LESS_EQUAL ? a[k] <= b[l] : a[k] == b[l];
  }
}

// y += s x
extern "C" __global__ void elementwise_add_scaled(float* y, const float* x, float s, int n) {
  FOR_EACH(i, n) y[i] += s * x[i];
}

// y = mask ? a : b, or 0 without b
extern "C" __global__ void elementwise_where(float* y, const mask_t* mask, const float* a, const float* b, int n) {
  FOR_EACH(i, n) y[i] = mask[i] ? a[i] : b ? b[i] : 0;
}

// y = mask ? 1 : 0
extern "C" __global__ void elementwise_to_real(float* y, const mask_t* mask, int n) {
  FOR_EACH(i, n) y[i] = mask[i] ? 1 : 0;
}

// mask = a AND b
extern "C" __global__ void elementwise_and(mask_t* mask, const mask_t* a, const mask_t* b, int n) {
  FOR_EACH(i, n) mask[i] = a[i] && b[i];
}

// mask = NOT a
extern "C" __global__ void elementwise_not(mask_t* mask, const mask_t* a, int n) {
  FOR_EACH(i, n) mask[i] = !a[i];
}

// y = value
extern "C" __global__ void elementwise_fill(float* y, float value, int n) {
  FOR_EACH(i, n) y[i] = value;
}
