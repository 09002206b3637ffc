// SPDX-License-Identifier: Apache-2.0
// What all kernels share. Bounds are `int` arguments; numbers are float32; `REAL` is float, `INT` is int, `MASK` is one byte.
#pragma once

// One thread for each of n elements, and more where the grid is smaller.
#define FOR_EACH(i, n)                                                                                  \
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < (n); \
       i += (long long)gridDim.x * blockDim.x)

// A warp for each of some rows, and a lane for each of their n numbers.
#define FOR_EACH_ROW(r, rows)                                                       \
  for (int r = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5); r < (rows); \
       r += gridDim.x * (blockDim.x >> 5))
#define FOR_EACH_LANE(j, n) for (int j = threadIdx.x & 31; j < (n); j += 32)

#define ALL_LANES 0xffffffffu

typedef unsigned char mask_t;

// The larger of two; NaN where one is NaN, which fmaxf would drop.
static __device__ __forceinline__ float larger(float a, float b) {
  return a != a ? a : b != b ? b : a >= b ? a : b;
}

static __device__ __forceinline__ float smaller(float a, float b) {
  return a != a ? a : b != b ? b : a <= b ? a : b;
}

// 1/(1 + e^-x), never raising e to a positive power, which could overflow.
static __device__ __forceinline__ float sigmoid(float x) {
  if (x >= 0) return 1 / (1 + expf(-x));
  float e = expf(x);
  return e / (1 + e);
}

// ln(1 + e^x)
static __device__ __forceinline__ float softplus(float x) { return larger(x, 0) + log1pf(expf(-fabsf(x))); }

// The sum over the 32 lanes of a warp, the same bits in each.
static __device__ __forceinline__ float warp_sum(float v) {
  for (int o = 16; o > 0; o >>= 1) v += __shfl_xor_sync(ALL_LANES, v, o);
  return v;
}

static __device__ __forceinline__ float warp_max(float v) {
  for (int o = 16; o > 0; o >>= 1) v = larger(v, __shfl_xor_sync(ALL_LANES, v, o));
  return v;
}

// Whether an entry counts: every one where there is no mask.
static __device__ __forceinline__ bool counts(const mask_t* mask, long long i) { return !mask || mask[i]; }
