// SPDX-License-Identifier: Apache-2.0
// Matrix products. Bound by arithmetic.
#include "gradus.cuh"

// In the order of MatMulKernels.Activation.
enum Activation { IDENTITY_, RELU_, SIGMOID_, TANH_ };

static __device__ __forceinline__ float activated(int act, float z) {
  return act == RELU_ ? larger(z, 0) : act == SIGMOID_ ? sigmoid(z) : act == TANH_ ? tanhf(z) : z;
}

#define TILE 64
#define DEPTH 16

// C (+)= op(A) op(B), then act(C + bias) where there is a bias; op(A) [m, k], op(B) [k, n], with ld the distance of rows as stored.
//
// A block of 256 threads makes a tile of 64 x 64, each thread 4 x 4 of it, a slice of 16 of k at a time: the slices of A and B go
// through shared memory, so that each number is read from memory once per tile. Every element of C is a chain of fused
// multiply-adds in the order of k. Grid: (m / 64, n / 64, products).
extern "C" __global__ void __launch_bounds__(256)
    matmul_multiply(float* c, const float* a, const float* b, const float* bias, int act, int batch, int m, int n, int k, int lda,
                    int ldb, int ldc, int transposeA, int transposeB, long long strideA, long long strideB, long long strideC,
                    int accumulate) {
  __shared__ float as[DEPTH][TILE + 4];
  __shared__ float bs[DEPTH][TILE + 4];
  int t = threadIdx.x;
  int tx = t & 15;
  int ty = t >> 4;
  int row = blockIdx.x * TILE;
  int column = blockIdx.y * TILE;
  for (int s = blockIdx.z; s < batch; s += gridDim.z) {
    const float* as0 = a + s * strideA;
    const float* bs0 = b + s * strideB;
    float sum[4][4] = {};
    for (int p = 0; p < k; p += DEPTH) {
      for (int e = t; e < TILE * DEPTH; e += 256) {
        // neighbouring threads read neighbouring numbers, whichever way the matrix is stored
        int i = transposeA ? e % TILE : e / DEPTH;
        int q = transposeA ? e / TILE : e % DEPTH;
        bool in = row + i < m && p + q < k;
        as[q][i] = !in ? 0 : transposeA ? as0[(long long)(p + q) * lda + row + i] : as0[(long long)(row + i) * lda + p + q];
        int j = transposeB ? e / DEPTH : e % TILE;
        q = transposeB ? e % DEPTH : e / TILE;
        in = column + j < n && p + q < k;
        bs[q][j] = !in ? 0 : transposeB ? bs0[(long long)(column + j) * ldb + p + q] : bs0[(long long)(p + q) * ldb + column + j];
      }
      __syncthreads();
      int depth = min(DEPTH, k - p);
      for (int q = 0; q < depth; q++) {
        float x[4], y[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
          x[i] = as[q][ty * 4 + i];
          y[i] = bs[q][tx * 4 + i];
        }
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
          for (int j = 0; j < 4; j++) sum[i][j] = fmaf(x[i], y[j], sum[i][j]);
      }
      __syncthreads();
    }
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++) {
        int r = row + ty * 4 + i;
        int l = column + tx * 4 + j;
        if (r >= m || l >= n) continue;
        float* to = c + s * strideC + (long long)r * ldc + l;
        float z = accumulate ? *to + sum[i][j] : sum[i][j];
        if (bias) z += bias[l];
        *to = activated(act, z);
      }
  }
}

// y = act(y + bias), y [m, n] of `all` numbers: what is left of a layer after a product of cuBLAS. One thread per element.
extern "C" __global__ void matmul_activate(float* y, const float* bias, int act, int n, long long all) {
  FOR_EACH(i, all) y[i] = activated(act, y[i] + bias[i % n]);
}

// dz = dy act', read off from y; dz may be dy. One thread per element.
extern "C" __global__ void matmul_derive(float* dz, const float* dy, const float* y, int act, int n) {
  FOR_EACH(i, n) {
    float d = dy[i];
    dz[i] = act == RELU_ ? (y[i] > 0 ? d : 0) : act == SIGMOID_ ? d * y[i] * (1 - y[i]) : act == TANH_ ? d * (1 - y[i] * y[i]) : d;
  }
}
