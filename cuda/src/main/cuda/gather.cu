// SPDX-License-Identifier: Apache-2.0
// Rows by index, and back. One thread per number; bound by memory.
#include "gradus.cuh"

// y[o, j, i] = x[o, ids[j], i]
extern "C" __global__ void gather_forward(float* y, const float* x, const int* ids, int outer, int n, int k, int inner) {
  FOR_EACH(t, (long long)outer * k * inner) {
    long long o = t / ((long long)k * inner);
    int j = (int)(t / inner % k);
    y[t] = x[(o * n + ids[j]) * inner + t % inner];
  }
}

// x[o, ids[j], i] += y[o, j, i], j rising. One thread per column (o, i), which goes through j alone: the order is fixed, and no two
// threads meet.
extern "C" __global__ void gather_scatter_add(float* x, const float* y, const int* ids, int outer, int n, int k, int inner) {
  FOR_EACH(t, (long long)outer * inner) {
    long long o = t / inner;
    long long i = t % inner;
    for (int j = 0; j < k; j++) x[(o * n + ids[j]) * inner + i] += y[(o * k + j) * inner + i];
  }
}

// y[r] = x[r, ids[r]]
extern "C" __global__ void gather_pick(float* y, const float* x, const int* ids, int rows, int n) {
  FOR_EACH(r, rows) y[r] = x[r * n + ids[r]];
}

// x[r, ids[r]] += y[r]
extern "C" __global__ void gather_pick_backward(float* x, const float* y, const int* ids, int rows, int n) {
  FOR_EACH(r, rows) x[r * n + ids[r]] += y[r];
}

// y[j] = row ids[j] of a table, which may have more than 2^31 numbers
extern "C" __global__ void gather_rows(float* y, const float* table, const int* ids, int width, long long n) {
  FOR_EACH(t, n) y[t] = table[(long long)ids[t / width] * width + t % width];
}
