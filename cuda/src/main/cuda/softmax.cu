// SPDX-License-Identifier: Apache-2.0
// Softmax and its relatives over rows of n numbers, under masks. A warp per row, four in a block; bound by memory.
#include "gradus.cuh"

// The largest unmasked x of a row, -infinity when none is left.
static __device__ float row_largest(const float* x, const mask_t* mask, long long at, int n) {
  float c = -INFINITY;
  FOR_EACH_LANE(j, n) if (counts(mask, at + j)) c = larger(c, x[at + j]);
  return warp_max(c);
}

// sum of e^(x - c) over the unmasked
static __device__ float row_exponentials(const float* x, const mask_t* mask, long long at, int n, float c) {
  float sum = 0;
  FOR_EACH_LANE(j, n) if (counts(mask, at + j)) sum += expf(x[at + j] - c);
  return warp_sum(sum);
}

// y_j = m_j e^(x_j - c) / sum_k m_k e^(x_k - c)
extern "C" __global__ void softmax_forward(float* y, const float* x, const mask_t* mask, int rows, int n) {
  FOR_EACH_ROW(r, rows) {
    long long at = (long long)r * n;
    float c = row_largest(x, mask, at, n);
    float sum = row_exponentials(x, mask, at, n, c);
    FOR_EACH_LANE(j, n) y[at + j] = counts(mask, at + j) ? expf(x[at + j] - c) / sum : 0;
  }
}

// dx_j = y_j (dy_j - sum_k y_k dy_k)
extern "C" __global__ void softmax_backward(float* dx, const float* dy, const float* y, int rows, int n) {
  FOR_EACH_ROW(r, rows) {
    long long at = (long long)r * n;
    float mean = 0;
    FOR_EACH_LANE(j, n) mean += y[at + j] * dy[at + j];
    mean = warp_sum(mean);
    FOR_EACH_LANE(j, n) dx[at + j] = y[at + j] * (dy[at + j] - mean);
  }
}

// y_j = x_j - c - ln sum_k m_k e^(x_k - c) where unmasked, else 0
extern "C" __global__ void softmax_log(float* y, const float* x, const mask_t* mask, int rows, int n) {
  FOR_EACH_ROW(r, rows) {
    long long at = (long long)r * n;
    float c = row_largest(x, mask, at, n);
    float log_sum = logf(row_exponentials(x, mask, at, n, c));
    FOR_EACH_LANE(j, n) y[at + j] = counts(mask, at + j) ? x[at + j] - c - log_sum : 0;
  }
}

// dx_j = m_j (dy_j - e^y_j sum_k m_k dy_k)
extern "C" __global__ void softmax_log_backward(float* dx, const float* dy, const float* y, const mask_t* mask, int rows, int n) {
  FOR_EACH_ROW(r, rows) {
    long long at = (long long)r * n;
    float sum = 0;
    FOR_EACH_LANE(j, n) if (counts(mask, at + j)) sum += dy[at + j];
    sum = warp_sum(sum);
    FOR_EACH_LANE(j, n) dx[at + j] = counts(mask, at + j) ? dy[at + j] - expf(y[at + j]) * sum : 0;
  }
}

// y = c + ln sum_k m_k e^(x_k - c) per row; 0 for a row with no entry
extern "C" __global__ void softmax_log_sum_exp(float* y, const float* x, const mask_t* mask, int rows, int n) {
  FOR_EACH_ROW(r, rows) {
    long long at = (long long)r * n;
    float c = row_largest(x, mask, at, n);
    float sum = row_exponentials(x, mask, at, n, c);
    if ((threadIdx.x & 31) == 0) y[r] = sum == 0 ? 0 : c + logf(sum);
  }
}

// dx_j = m_j e^(x_j - y) dy
extern "C" __global__ void softmax_log_sum_exp_backward(float* dx, const float* dy, const float* x, const float* y,
                                                        const mask_t* mask, int rows, int n) {
  FOR_EACH(i, (long long)rows * n) dx[i] = counts(mask, i) ? expf(x[i] - y[i / n]) * dy[i / n] : 0;
}
