// SPDX-License-Identifier: Apache-2.0
// Fused interactions of field embeddings. Bound by memory.
#include "gradus.cuh"

// y[b] = 1/2 sum_d ((sum_f e)^2 - sum_f e^2), and sums = sum_f e (Rendle 2010). A warp per example, a lane per component.
extern "C" __global__ void interaction_pairwise(float* y, float* sums, const float* e, int batch, int fields, int width) {
  FOR_EACH_ROW(b, batch) {
    float twice = 0;
    FOR_EACH_LANE(d, width) {
      float sum = 0;
      float squares = 0;
      for (int f = 0; f < fields; f++) {
        float x = e[((long long)b * fields + f) * width + d];
        sum += x;
        squares += x * x;
      }
      sums[(long long)b * width + d] = sum;
      twice += sum * sum - squares;
    }
    twice = warp_sum(twice);
    if ((threadIdx.x & 31) == 0) y[b] = 0.5f * twice;
  }
}

// de = dy (sums - e). One thread per number.
extern "C" __global__ void interaction_pairwise_backward(float* de, const float* dy, const float* sums, const float* e, int fields,
                                                         int width, long long n) {
  FOR_EACH(t, n) {
    long long b = t / ((long long)fields * width);
    de[t] = dy[b] * (sums[b * width + t % width] - e[t]);
  }
}

// Vector f of example b: all in `rest` [B, F, D], or the first of each in `first` [B, D] and `rest` [B, F - 1, D].
static __device__ long long vector(const float* first, long long b, int f, int fields, int width) {
  return first ? (f == 0 ? b : b * (fields - 1) + f - 1) * width : (b * fields + f) * width;
}

static __device__ const float* holder(const float* first, const float* rest, int f) { return first && f == 0 ? first : rest; }

// Place of pair (i, j), i < j, in the packed strict upper triangle row by row, or of (j, i) in the lower one; with the diagonal where
// self.
static __device__ int packed(int i, int j, int fields, int lower, int self) {
  if (lower) return self ? j * (j + 1) / 2 + i : j * (j - 1) / 2 + i;
  return self ? i * fields - i * (i - 1) / 2 + j - i : i * fields - i * (i + 1) / 2 + j - i - 1;
}

// y[b, packed(i, j)] = <e_i, e_j> (DLRM). One thread per pair (i <= j) of an example.
extern "C" __global__ void interaction_dots(float* y, const float* first, const float* rest, int batch, int fields, int width,
                                            int lower, int self, int pairs) {
  FOR_EACH(t, (long long)batch * fields * fields) {
    int j = (int)(t % fields);
    int i = (int)(t / fields % fields);
    long long b = t / fields / fields;
    if (i > j || (i == j && !self)) continue;
    const float* x = holder(first, rest, i) + vector(first, b, i, fields, width);
    const float* z = holder(first, rest, j) + vector(first, b, j, fields, width);
    float dot = 0;
    for (int d = 0; d < width; d++) dot = fmaf(x[d], z[d], dot);
    y[b * pairs + packed(i, j, fields, lower, self)] = dot;
  }
}

// de_i = sum_j G_ij e_j, G the symmetric matrix of dy, its diagonal 2 dy. One thread per number of de.
extern "C" __global__ void interaction_dots_backward(float* de_first, float* de_rest, const float* dy, const float* first,
                                                     const float* rest, int batch, int fields, int width, int lower, int self,
                                                     int pairs) {
  FOR_EACH(t, (long long)batch * fields * width) {
    int d = (int)(t % width);
    int i = (int)(t / width % fields);
    long long b = t / width / fields;
    float sum = 0;
    for (int j = 0; j < fields; j++) {
      if (i == j && !self) continue;
      float g = dy[b * pairs + packed(min(i, j), max(i, j), fields, lower, self)];
      float x = holder(first, rest, j)[vector(first, b, j, fields, width) + d];
      sum = fmaf(i == j ? 2 * g : g, x, sum);
    }
    float* to = de_first && i == 0 ? de_first : de_rest;
    to[vector(de_first, b, i, fields, width) + d] = sum;
  }
}

// z[b, t] = [q, k, q - k, q k] (Zhou et al. 2018). One thread per number of k.
extern "C" __global__ void interaction_facing(float* z, const float* q, const float* k, int steps, int width, long long n) {
  FOR_EACH(i, n) {
    long long row = i / width;
    int d = (int)(i % width);
    float query = q[row / steps * width + d];
    float key = k[i];
    float* to = z + row * 4 * width + d;
    to[0] = query;
    to[width] = key;
    to[2 * width] = query - key;
    to[3 * width] = query * key;
  }
}

// dk = z1 - z2 + q z3 and dq = sum_t (z0 + z2 + k z3), z0 ... z3 the quarters of dz. One thread per number of q, t rising.
extern "C" __global__ void interaction_facing_backward(float* dq, float* dk, const float* dz, const float* q, const float* k,
                                                       int batch, int steps, int width) {
  FOR_EACH(i, (long long)batch * width) {
    long long b = i / width;
    int d = (int)(i % width);
    float sum = 0;
    for (int t = 0; t < steps; t++) {
      long long row = b * steps + t;
      const float* g = dz + row * 4 * width + d;
      dk[row * width + d] = g[width] - g[2 * width] + q[i] * g[3 * width];
      sum += g[0] + g[2 * width] + k[row * width + d] * g[3 * width];
    }
    dq[i] = sum;
  }
}

// y[b] = sum_t w[b, t] x[b, t], t rising. One thread per number of y.
extern "C" __global__ void interaction_weighted_sum(float* y, const float* w, const float* x, int batch, int steps, int width) {
  FOR_EACH(i, (long long)batch * width) {
    long long b = i / width;
    int d = (int)(i % width);
    float sum = 0;
    for (int t = 0; t < steps; t++) sum = fmaf(w[b * steps + t], x[(b * steps + t) * width + d], sum);
    y[i] = sum;
  }
}

// dw[b, t] = <dy[b], x[b, t]> and dx[b, t] = w[b, t] dy[b]. A warp per row (b, t).
extern "C" __global__ void interaction_weighted_sum_backward(float* dw, float* dx, const float* dy, const float* w, const float* x,
                                                             int rows, int steps, int width) {
  FOR_EACH_ROW(r, rows) {
    float dot = 0;
    FOR_EACH_LANE(d, width) {
      float g = dy[(long long)(r / steps) * width + d];
      dot += g * x[(long long)r * width + d];
      dx[(long long)r * width + d] = w[r] * g;
    }
    dot = warp_sum(dot);
    if ((threadIdx.x & 31) == 0) dw[r] = dot;
  }
}

// y = x0 z + x, z [rows, width] or one number a row (Wang et al. 2017, 2021). One thread per number.
extern "C" __global__ void interaction_cross(float* y, const float* x0, const float* z, const float* x, int per_row, int width,
                                             long long n) {
  FOR_EACH(i, n) y[i] = fmaf(x0[i], z[per_row ? i / width : i], x[i]);
}

// dx0 = dy z and dz = dy x0, z [rows, width]. One thread per number.
extern "C" __global__ void interaction_cross_backward(float* dx0, float* dz, const float* dy, const float* x0, const float* z,
                                                      long long n) {
  FOR_EACH(i, n) {
    dx0[i] = dy[i] * z[i];
    dz[i] = dy[i] * x0[i];
  }
}

// dx0 = dy z and dz[r] = <dy[r], x0[r]>, z one number a row. A warp per row.
extern "C" __global__ void interaction_cross_rows_backward(float* dx0, float* dz, const float* dy, const float* x0, const float* z,
                                                           int rows, int width) {
  FOR_EACH_ROW(r, rows) {
    float dot = 0;
    FOR_EACH_LANE(d, width) {
      long long i = (long long)r * width + d;
      dx0[i] = dy[i] * z[r];
      dot = fmaf(dy[i], x0[i], dot);
    }
    dot = warp_sum(dot);
    if ((threadIdx.x & 31) == 0) dz[r] = dot;
  }
}
