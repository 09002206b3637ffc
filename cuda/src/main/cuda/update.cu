// SPDX-License-Identifier: Apache-2.0
// The arithmetic of optimisers, over dense buffers and over rows of tables. One thread per number unless said; bound by memory.
//
// A table may have more than 2^31 numbers. Its rows arrive once each, so no two threads meet.
#include "gradus.cuh"

// Where number t of [count, width] gradients lies in the table.
static __device__ long long spot(const int* rows, long long t, int width) { return (long long)rows[t / width] * width + t % width; }

// w -= rate g
static __device__ void sgd(float* w, long long i, float g, float rate) { w[i] -= rate * g; }

extern "C" __global__ void update_sgd(float* w, const float* g, float rate, int n) { FOR_EACH(i, n) sgd(w, i, g[i], rate); }

extern "C" __global__ void update_sgd_rows(float* w, const int* rows, const float* g, float rate, int width, long long n) {
  FOR_EACH(t, n) sgd(w, spot(rows, t, width), g[t], rate);
}

// v = momentum v + g; w -= rate v, or w -= rate (g + momentum v) after Nesterov
static __device__ void momentum(float* w, float* v, long long i, float g, float rate, float factor, int nesterov) {
  v[i] = factor * v[i] + g;
  w[i] -= rate * (nesterov ? g + factor * v[i] : v[i]);
}

extern "C" __global__ void update_momentum(float* w, float* v, const float* g, float rate, float factor, int nesterov, int n) {
  FOR_EACH(i, n) momentum(w, v, i, g[i], rate, factor, nesterov);
}

extern "C" __global__ void update_momentum_rows(float* w, float* v, const int* rows, const float* g, float rate, float factor,
                                                int nesterov, int width, long long n) {
  FOR_EACH(t, n) momentum(w, v, spot(rows, t, width), g[t], rate, factor, nesterov);
}

// s += g^2; w -= rate g / (sqrt(s) + e)  (Duchi, Hazan, Singer 2011)
static __device__ void adagrad(float* w, float* s, long long i, float g, float rate, float epsilon) {
  s[i] += g * g;
  w[i] -= rate * g / (sqrtf(s[i]) + epsilon);
}

extern "C" __global__ void update_adagrad(float* w, float* s, const float* g, float rate, float epsilon, int n) {
  FOR_EACH(i, n) adagrad(w, s, i, g[i], rate, epsilon);
}

extern "C" __global__ void update_adagrad_rows(float* w, float* s, const int* rows, const float* g, float rate, float epsilon, int width,
                                               long long n) {
  FOR_EACH(t, n) adagrad(w, s, spot(rows, t, width), g[t], rate, epsilon);
}

// s += mean of g^2 over the row; w -= rate g / (sqrt(s) + e). A warp per row.
extern "C" __global__ void update_row_wise_adagrad(float* w, float* s, const int* rows, const float* g, float rate, float epsilon,
                                                   int width, int count) {
  FOR_EACH_ROW(r, count) {
    const float* slope = g + (long long)r * width;
    float squares = 0;
    FOR_EACH_LANE(d, width) squares += slope[d] * slope[d];
    float mean = warp_sum(squares) / width;
    float sum = s[rows[r]] + mean;
    __syncwarp();  // all lanes have read s before one writes it
    if ((threadIdx.x & 31) == 0) s[rows[r]] = sum;
    FOR_EACH_LANE(d, width) w[(long long)rows[r] * width + d] -= rate * slope[d] / (sqrtf(sum) + epsilon);
  }
}

// The numbers of a step of Adam; 1 - beta is taken in float64, where it is exact.
struct Adam {
  float rate, beta1, rest1, beta2, rest2, epsilon, correction1, correction2;
};

// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= rate m c1 / (sqrt(v c2) + e)  (Kingma, Ba 2015)
static __device__ void adam(float* w, float* m, float* v, long long i, float g, const Adam& a) {
  m[i] = a.beta1 * m[i] + a.rest1 * g;
  v[i] = a.beta2 * v[i] + a.rest2 * g * g;
  w[i] -= a.rate * (m[i] * a.correction1) / (sqrtf(v[i] * a.correction2) + a.epsilon);
}

extern "C" __global__ void update_adam(float* w, float* m, float* v, const float* g, Adam a, int n) {
  FOR_EACH(i, n) adam(w, m, v, i, g[i], a);
}

extern "C" __global__ void update_adam_rows(float* w, float* m, float* v, const int* rows, const float* g, Adam a, int width,
                                            long long n) {
  FOR_EACH(t, n) adam(w, m, v, spot(rows, t, width), g[t], a);
}

// Place of a row among those given, which rise; -1 where it is absent.
static __device__ int find(const int* rows, int count, int row) {
  int low = 0;
  int high = count;
  while (low < high) {
    int middle = (low + high) / 2;
    if (rows[middle] < row)
      low = middle + 1;
    else
      high = middle;
  }
  return low < count && rows[low] == row ? low : -1;
}

// As update_adam_rows, on every row from `first`: absent rows have gradient l2 w.
extern "C" __global__ void update_adam_all_rows(float* w, float* m, float* v, const int* rows, const float* g, Adam a, float l2,
                                                int count, int first, int width, long long n) {
  FOR_EACH(t, n) {
    int row = first + (int)(t / width);
    long long i = (long long)row * width + t % width;
    int r = find(rows, count, row);
    adam(w, m, v, i, r < 0 ? l2 * w[i] : g[(long long)r * width + t % width], a);
  }
}

struct Ftrl {
  float alpha, beta, l1, l2;
};

// FTRL-proximal (McMahan et al. 2013, algorithm 1)
static __device__ void ftrl(float* w, float* z, float* s, long long i, float g, const Ftrl& f) {
  float next = s[i] + g * g;
  // (sqrt(s + g^2) - sqrt(s)) / alpha without the cancellation
  float roots = sqrtf(next) + sqrtf(s[i]);
  float sigma = roots == 0 ? 0 : g * g / roots / f.alpha;
  z[i] += g - sigma * w[i];
  s[i] = next;
  float shrunk = z[i] > 0 ? z[i] - f.l1 : z[i] + f.l1;
  w[i] = fabsf(z[i]) <= f.l1 ? 0 : -shrunk / ((f.beta + sqrtf(next)) / f.alpha + f.l2);
}

extern "C" __global__ void update_ftrl(float* w, float* z, float* s, const float* g, Ftrl f, int n) {
  FOR_EACH(i, n) ftrl(w, z, s, i, g[i], f);
}

extern "C" __global__ void update_ftrl_rows(float* w, float* z, float* s, const int* rows, const float* g, Ftrl f, int width,
                                            long long n) {
  FOR_EACH(t, n) ftrl(w, z, s, spot(rows, t, width), g[t], f);
}

// u = sign(w) max(|w| - l1, 0), then w = u max(1 - l21 / |u|, 0) for a row from `at` on. By a warp: each lane writes and reads its own
// numbers only.
static __device__ void proximal(float* w, long long at, int width, float l1, float l21) {
  float squares = 0;
  FOR_EACH_LANE(d, width) {
    float u = copysignf(larger(fabsf(w[at + d]) - l1, 0), w[at + d]);
    squares = fmaf(u, u, squares);
    w[at + d] = u;
  }
  float norm = sqrtf(warp_sum(squares));
  if (l21 <= 0) return;
  float left = norm <= l21 ? 0 : 1 - l21 / norm;
  FOR_EACH_LANE(d, width) w[at + d] *= left;
}

// A warp per row of w [rows, width].
extern "C" __global__ void update_proximal(float* w, float l1, float l21, int rows, int width) {
  FOR_EACH_ROW(r, rows) proximal(w, (long long)r * width, width, l1, l21);
}

// A warp per row given.
extern "C" __global__ void update_proximal_rows(float* w, const int* rows, float l1, float l21, int count, int width) {
  FOR_EACH_ROW(r, count) proximal(w, (long long)rows[r] * width, width, l1, l21);
}

// g += l2 scale[r] w[row r], scale 1 where there is none
extern "C" __global__ void update_row_penalty(float* g, const float* w, const int* rows, const float* scale, float l2, int width,
                                              long long n) {
  FOR_EACH(t, n) g[t] += (scale ? l2 * scale[t / width] : l2) * w[spot(rows, t, width)];
}

// part[b] = the share of block b (256 threads) of the sum of squares over the rows given, in float64
extern "C" __global__ void update_squares_of_rows(double* part, const float* w, const int* rows, int width, long long n) {
  __shared__ double sums[256];
  double sum = 0;
  FOR_EACH(t, n) {
    double x = w[spot(rows, t, width)];
    sum += x * x;
  }
  sums[threadIdx.x] = sum;
  __syncthreads();
  for (int half = 128; half > 0; half >>= 1) {
    if ((int)threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) part[blockIdx.x] = sums[0];
}

// w -= factor w on every row from `first` that is not given
extern "C" __global__ void update_decay_absent(float* w, const int* rows, int count, float factor, int first, int width, long long n) {
  FOR_EACH(t, n) {
    int row = first + (int)(t / width);
    if (find(rows, count, row) < 0) w[(long long)row * width + t % width] -= factor * w[(long long)row * width + t % width];
  }
}
