// SPDX-License-Identifier: Apache-2.0
// Bags of rows, pooled, and back. Bound by memory.
#include "gradus.cuh"

// In the order of Pooling.
enum Pooling { SUM_, MEAN_, MEAN_COUNT_, SQRTN_, MAX_ };

// What a pooled sum is divided by; 0 for an empty bag, whose vector is 0.
static __device__ float divisor(int pooling, float count, float sum, float squares) {
  return pooling == SUM_ ? 1 : pooling == MEAN_ ? sum : pooling == MEAN_COUNT_ ? count : sqrtf(squares);
}

// As many features of a lookup as one launch takes; CudaJagged knows it too.
#define FEATURES 32

// Each feature of a lookup: its table, the width of its rows, where in a row of y its columns begin, its first bag, the id that is passed
// over, and how a bag becomes a vector.
struct Features {
  const float* table[FEATURES];
  int width[FEATURES];
  int column[FEATURES];
  int first[FEATURES];
  int padding[FEATURES];
  int pooling[FEATURES];
};

// A lookup: y[b, column + d] = pooled rows of bag first + b, but for features pooled by a maximum. One thread per number of y; each goes
// through its bag. Grid: (numbers of the widest feature / 256, features).
extern "C" __global__ void jagged_bags(float* y, const int* values, const int* offsets, const float* weights,
                                       const __grid_constant__ Features features, int batch, int stride) {
  int f = blockIdx.y;
  int pooling = features.pooling[f];
  if (pooling == MAX_) return;
  const float* table = features.table[f];
  const int* bag = offsets + features.first[f];
  int width = features.width[f];
  int padding = features.padding[f];
  FOR_EACH(t, (long long)batch * width) {
    int b = (int)(t / width);
    int d = (int)(t % width);
    float total = 0, count = 0, sum = 0, squares = 0;
    for (int k = bag[b]; k < bag[b + 1]; k++) {
      int id = values[k];
      if (id == padding) continue;
      float a = weights ? weights[k] : 1;
      total += a * table[(long long)id * width + d];
      count += 1;
      sum += a;
      squares += a * a;
    }
    float by = divisor(pooling, count, sum, squares);
    y[(long long)b * stride + features.column[f] + d] = by == 0 ? 0 : total / by;
  }
}

// The same for the features pooled by a maximum, the first of equal ones, with its place in `values`; 0 and -1 for an empty bag.
extern "C" __global__ void jagged_bags_max(float* y, int* argmax, const int* values, const int* offsets,
                                           const __grid_constant__ Features features, int batch, int stride) {
  int f = blockIdx.y;
  if (features.pooling[f] != MAX_) return;
  const float* table = features.table[f];
  const int* bag = offsets + features.first[f];
  int width = features.width[f];
  int padding = features.padding[f];
  FOR_EACH(t, (long long)batch * width) {
    int b = (int)(t / width);
    int d = (int)(t % width);
    float best = 0;
    int place = -1;
    for (int k = bag[b]; k < bag[b + 1]; k++) {
      int id = values[k];
      if (id == padding) continue;
      float x = table[(long long)id * width + d];
      if (place < 0 || x > best) {
        best = x;
        place = k;
      }
    }
    long long to = (long long)b * stride + features.column[f] + d;
    y[to] = best;
    argmax[to] = place;
  }
}

// What the bags of a feature look up, without padding, one after the other from `at` on. One block of at most 1024 threads, a power of two:
// each counts the ids of a run of bags, the counts are summed up to it, and it writes.
extern "C" __global__ void jagged_places(int* ids, int* source, int at, const int* values, const int* offsets, int first, int batch,
                                         int padding, int column, int stride) {
  __shared__ int sums[1024];
  int t = threadIdx.x;
  int threads = blockDim.x;
  int each = (batch + threads - 1) / threads;
  int from = min(batch, t * each);
  int to = min(batch, from + each);
  int count = 0;
  for (int k = offsets[first + from]; k < offsets[first + to]; k++) count += values[k] != padding;
  sums[t] = count;
  __syncthreads();
  for (int w = 1; w < threads; w <<= 1) {
    int before = t >= w ? sums[t - w] : 0;
    __syncthreads();
    sums[t] += before;
    __syncthreads();
  }
  int place = at + sums[t] - count;
  for (int b = from; b < to; b++)
    for (int k = offsets[first + b]; k < offsets[first + b + 1]; k++) {
      if (values[k] == padding) continue;
      ids[place] = values[k];
      source[place] = b * stride + column;
      place++;
    }
}

// g[r, d] = sum over the places of row r of coefficient dy[source + d], in the order of places. One thread per number of g.
extern "C" __global__ void jagged_sum_rows(float* g, const float* dy, const int* segments, const int* order, const int* source,
                                           const float* coefficient, int first, int count, int width) {
  FOR_EACH(t, (long long)count * width) {
    int r = (int)(t / width);
    int d = (int)(t % width);
    float sum = 0;
    for (int s = segments[first + r]; s < segments[first + r + 1]; s++) {
      int i = order[s];
      float x = dy[source[i] + d];
      sum += coefficient ? coefficient[i] * x : x;
    }
    g[t] = sum;
  }
}

// The same for a maximum: a term counts where its place won.
extern "C" __global__ void jagged_sum_rows_max(float* g, const float* dy, const int* segments, const int* order, const int* source,
                                               const int* place, const int* argmax, int first, int count, int width) {
  FOR_EACH(t, (long long)count * width) {
    int r = (int)(t / width);
    int d = (int)(t % width);
    float sum = 0;
    for (int s = segments[first + r]; s < segments[first + r + 1]; s++) {
      int i = order[s];
      if (argmax[source[i] + d] == place[i]) sum += dy[source[i] + d];
    }
    g[t] = sum;
  }
}

// dw[i] = <row ids[i], dy slice source[i]> for from <= i < to. A warp per i.
extern "C" __global__ void jagged_weight_gradients(float* dw, const float* dy, const float* table, const int* ids, const int* source,
                                                   int from, int to, int width) {
  FOR_EACH_ROW(r, to - from) {
    int i = from + r;
    float dot = 0;
    FOR_EACH_LANE(d, width) dot += table[(long long)ids[i] * width + d] * dy[source[i] + d];
    dot = warp_sum(dot);
    if ((threadIdx.x & 31) == 0) dw[i] = dot;
  }
}

// y[s, d] = pooled values of bag s. One thread per number of y.
extern "C" __global__ void jagged_pool(float* y, int* argmax, const float* values, const int* offsets, int pooling, int bags,
                                       int width) {
  FOR_EACH(t, (long long)bags * width) {
    int s = (int)(t / width);
    int d = (int)(t % width);
    int count = offsets[s + 1] - offsets[s];
    float sum = 0, best = 0;
    int place = -1;
    for (int k = offsets[s]; k < offsets[s + 1]; k++) {
      float x = values[(long long)k * width + d];
      sum += x;
      if (place < 0 || x > best) {
        best = x;
        place = k;
      }
    }
    if (pooling == MAX_) {
      y[t] = best;
      argmax[t] = place;
    } else {
      y[t] = count == 0 ? 0 : sum / divisor(pooling, count, count, count);
    }
  }
}

// dx[k, d] from dy[s, d], s the bag that holds k. One thread per number of dy, which goes through its bag.
extern "C" __global__ void jagged_pool_backward(float* dx, const float* dy, const int* argmax, const int* offsets, int pooling,
                                                int bags, int width) {
  FOR_EACH(t, (long long)bags * width) {
    int s = (int)(t / width);
    int d = (int)(t % width);
    int count = offsets[s + 1] - offsets[s];
    for (int k = offsets[s]; k < offsets[s + 1]; k++)
      dx[(long long)k * width + d] =
          pooling == MAX_ ? (argmax[t] == k ? dy[t] : 0) : dy[t] / divisor(pooling, count, count, count);
  }
}

// y[s, t, d] = value t of bag s for t < length, 0 behind its end. One thread per number of y.
extern "C" __global__ void jagged_pad(float* y, const float* values, const int* offsets, int bags, int length, int width) {
  FOR_EACH(i, (long long)bags * length * width) {
    int d = (int)(i % width);
    int t = (int)(i / width % length);
    int s = (int)(i / width / length);
    y[i] = t < offsets[s + 1] - offsets[s] ? values[(long long)(offsets[s] + t) * width + d] : 0;
  }
}

// dx[k, d] from dy[s, t, d]; values beyond the length get 0. One thread per number of a bag's first vector, which goes through it.
extern "C" __global__ void jagged_pad_backward(float* dx, const float* dy, const int* offsets, int bags, int length, int width) {
  FOR_EACH(i, (long long)bags * width) {
    int s = (int)(i / width);
    int d = (int)(i % width);
    for (int t = 0; t < offsets[s + 1] - offsets[s]; t++)
      dx[(long long)(offsets[s] + t) * width + d] = t < length ? dy[((long long)s * length + t) * width + d] : 0;
  }
}
