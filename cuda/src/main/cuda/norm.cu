// SPDX-License-Identifier: Apache-2.0
// Batch and layer normalisation without scale and shift. Bound by memory.
#include "gradus.cuh"

// Columns go in blocks of 32 columns by 8 rows: thread (x, y) adds rows y, y + 8, ... of column x, then the eight sums are added in
// their order, by all threads alike.
static __device__ float column_sum(float (*part)[32], float sum) {
  part[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  float all = part[0][threadIdx.x];
  for (int r = 1; r < 8; r++) all += part[r][threadIdx.x];
  __syncthreads();
  return all;
}

// Mean and biased variance of each column over the unmasked rows, the variance about the mean; 0 where no row is left. The count is
// found along the way. Grid: columns / 32.
extern "C" __global__ void norm_column_moments(float* mean, float* variance, const float* x, const mask_t* mask, int rows, int n) {
  __shared__ float part[8][32];
  int j = blockIdx.x * 32 + threadIdx.x;
  float count = 0;
  float sum = 0;
  for (int r = threadIdx.y; r < rows; r += 8) {
    if (j < n && counts(mask, r)) {
      sum += x[(long long)r * n + j];
      count += 1;
    }
  }
  count = column_sum(part, count);
  sum = column_sum(part, sum);
  float m = count == 0 ? 0 : sum / count;
  float squares = 0;
  for (int r = threadIdx.y; r < rows; r += 8) {
    if (j < n && counts(mask, r)) {
      float d = x[(long long)r * n + j] - m;
      squares += d * d;
    }
  }
  squares = column_sum(part, squares);
  if (threadIdx.y == 0 && j < n) {
    mean[j] = m;
    variance[j] = count == 0 ? 0 : squares / count;
  }
}

// y = (x - mean) / sqrt(variance + e) by column; 0 in masked rows. One thread per element.
extern "C" __global__ void norm_columns(float* y, const float* x, const float* mean, const float* variance, const mask_t* mask,
                                        float epsilon, int n, long long elements) {
  FOR_EACH(i, elements) {
    int j = (int)(i % n);
    y[i] = counts(mask, i / n) ? (x[i] - mean[j]) / sqrtf(variance[j] + epsilon) : 0;
  }
}

// dx = (dy - mean(dy) - y mean(dy y)) / sqrt(variance + e), means over unmasked rows; 0 in masked ones. Grid: columns / 32.
extern "C" __global__ void norm_columns_backward(float* dx, const float* dy, const float* y, const float* variance,
                                                 const mask_t* mask, float epsilon, int rows, int n) {
  __shared__ float part[8][32];
  int j = blockIdx.x * 32 + threadIdx.x;
  float count = 0;
  float sum = 0;
  float sum_y = 0;
  for (int r = threadIdx.y; r < rows; r += 8) {
    if (j < n && counts(mask, r)) {
      long long at = (long long)r * n + j;
      count += 1;
      sum += dy[at];
      sum_y += dy[at] * y[at];
    }
  }
  count = column_sum(part, count);
  sum = column_sum(part, sum);
  sum_y = column_sum(part, sum_y);
  if (j >= n) return;
  float inverse = 1 / sqrtf(variance[j] + epsilon);
  for (int r = threadIdx.y; r < rows; r += 8) {
    long long at = (long long)r * n + j;
    dx[at] = counts(mask, r) ? (dy[at] - sum / count - y[at] * (sum_y / count)) * inverse : 0;
  }
}

// y = (x - mean) inverse by row, inverse = 1 / sqrt(variance + e). A warp per row.
extern "C" __global__ void norm_rows(float* y, float* inverse, const float* x, float epsilon, int rows, int n) {
  FOR_EACH_ROW(r, rows) {
    long long at = (long long)r * n;
    float sum = 0;
    FOR_EACH_LANE(j, n) sum += x[at + j];
    float mean = warp_sum(sum) / n;
    float squares = 0;
    FOR_EACH_LANE(j, n) squares += (x[at + j] - mean) * (x[at + j] - mean);
    float factor = 1 / sqrtf(warp_sum(squares) / n + epsilon);
    FOR_EACH_LANE(j, n) y[at + j] = (x[at + j] - mean) * factor;
    if ((threadIdx.x & 31) == 0) inverse[r] = factor;
  }
}

// dx = inverse (dy - mean(dy) - y mean(dy y)), means over the row. A warp per row.
extern "C" __global__ void norm_rows_backward(float* dx, const float* dy, const float* y, const float* inverse, int rows, int n) {
  FOR_EACH_ROW(r, rows) {
    long long at = (long long)r * n;
    float sum = 0;
    float sum_y = 0;
    FOR_EACH_LANE(j, n) {
      sum += dy[at + j];
      sum_y += dy[at + j] * y[at + j];
    }
    sum = warp_sum(sum) / n;
    sum_y = warp_sum(sum_y) / n;
    FOR_EACH_LANE(j, n) dx[at + j] = inverse[r] * (dy[at + j] - sum - y[at + j] * sum_y);
  }
}
