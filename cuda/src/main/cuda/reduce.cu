// SPDX-License-Identifier: Apache-2.0
// Sums and maxima over the middle of [outer, n, inner]. The order of a sum is fixed by the shape. Bound by memory.
#include "gradus.cuh"

// y[o, i] = scale sum_j x[o, j, i]. Blocks of 32 columns by 8 rows: thread (x, y) adds rows y, y + 8, ..., then the first row
// adds the eight. Grid: (columns / 32, outer).
extern "C" __global__ void reduce_sum(float* y, const float* x, int outer, int n, int inner, float scale) {
  __shared__ float part[8][32];
  int i = blockIdx.x * 32 + threadIdx.x;
  for (int o = blockIdx.y; o < outer; o += gridDim.y) {
    float sum = 0;
    if (i < inner)
      for (int j = threadIdx.y; j < n; j += 8) sum += x[((long long)o * n + j) * inner + i];
    part[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && i < inner) {
      sum = part[0][threadIdx.x];
      for (int r = 1; r < 8; r++) sum += part[r][threadIdx.x];
      y[(long long)o * inner + i] = scale * sum;
    }
    __syncthreads();
  }
}

// The same for inner = 1: a warp per row.
extern "C" __global__ void reduce_sum_rows(float* y, const float* x, int rows, int n, float scale) {
  int lane = threadIdx.x & 31;
  int warps = blockDim.x >> 5;
  for (int r = blockIdx.x * warps + (threadIdx.x >> 5); r < rows; r += gridDim.x * warps) {
    float sum = 0;
    for (int j = lane; j < n; j += 32) sum += x[(long long)r * n + j];
    sum = warp_sum(sum);
    if (lane == 0) y[r] = scale * sum;
  }
}

// y = max_j x[o, j, i] and the first j where it is. One thread per maximum.
extern "C" __global__ void reduce_max(float* y, int* argmax, const float* x, int outer, int n, int inner) {
  FOR_EACH(t, (long long)outer * inner) {
    const float* row = x + t / inner * n * inner + t % inner;
    int best = 0;
    for (int j = 1; j < n; j++)
      if (row[(long long)j * inner] > row[(long long)best * inner]) best = j;
    y[t] = row[(long long)best * inner];
    argmax[t] = best;
  }
}

// dx = dy at the place of the maximum, 0 elsewhere. One thread per element of dx.
extern "C" __global__ void reduce_max_backward(float* dx, const float* dy, const int* argmax, int outer, int n, int inner) {
  FOR_EACH(t, (long long)outer * n * inner) {
    long long of = t / ((long long)n * inner) * inner + t % inner;
    dx[t] = argmax[of] == (int)(t / inner % n) ? dy[of] : 0;
  }
}

// part[b] = the share of block b (256 threads) of sum x^2, or of sum |x|, in float64; the host adds the blocks in order.
extern "C" __global__ void reduce_magnitude(double* part, const float* x, int squares, long long n) {
  __shared__ double sums[256];
  double sum = 0;
  FOR_EACH(i, n) sum += squares ? (double)x[i] * x[i] : (double)fabsf(x[i]);
  sums[threadIdx.x] = sum;
  __syncthreads();
  for (int w = 128; w > 0; w >>= 1) {
    if ((int)threadIdx.x < w) sums[threadIdx.x] += sums[threadIdx.x + w];
    __syncthreads();
  }
  if (threadIdx.x == 0) part[blockIdx.x] = sums[0];
}

// first[b] = the first place that block b (256 threads) sees whose number is NaN or infinite, n when there is none.
extern "C" __global__ void reduce_first_non_finite(int* first, const float* x, int n) {
  __shared__ int least[256];
  int found = n;
  FOR_EACH(i, n) if (found == n && !(fabsf(x[i]) < INFINITY)) found = (int)i;
  least[threadIdx.x] = found;
  __syncthreads();
  for (int w = 128; w > 0; w >>= 1) {
    if ((int)threadIdx.x < w) least[threadIdx.x] = min(least[threadIdx.x], least[threadIdx.x + w]);
    __syncthreads();
  }
  if (threadIdx.x == 0) first[blockIdx.x] = least[0];
}
