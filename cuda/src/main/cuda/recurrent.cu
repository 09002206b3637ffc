// SPDX-License-Identifier: Apache-2.0
// What a step of a GRU or an LSTM does beside its products. One thread per number of a state unless said; bound by memory.
//
// B rows, T steps, H numbers a state. A row that has ended keeps its state, and its kept numbers are never read.
#include "gradus.cuh"

static __device__ bool over(const int* lengths, long long b, int step) { return lengths && step >= lengths[b]; }

static __device__ float state(const float* y, const float* initial, long long b, int j, int step, int time, int width) {
  return step > 0 ? y[(b * time + step - 1) * width + j] : initial ? initial[b * width + j] : 0;
}

// h[b, t] = the state before step t, of y [B, T, H] and the initial one
extern "C" __global__ void recurrent_before(float* h, const float* y, const float* initial, int time, int stride, int width,
                                            long long n) {
  FOR_EACH(i, n) {
    int j = (int)(i % width);
    int t = (int)(i / width % time);
    long long b = i / width / time;
    h[i] = state(y, initial, b, j, t, stride, width);
  }
}

// How the mixing of a step depends on attention a: w = offset + slope u.
struct Mixing {
  float offset0, offset1, slope0, slope1;  // offset = offset0 + offset1 a, slope = slope0 + slope1 a
};

// From p and hu = h U: u, r, and q = h U_n + b' (after) or r h (before). With `after` the new state too.
extern "C" __global__ void recurrent_gru_gates(float* y, float* kept, const float* p, const float* hu, const float* initial,
                                               const float* bias, const float* attention, const int* lengths, Mixing mix, int after,
                                               int step, int time, int width, long long n) {
  FOR_EACH(i, n) {
    long long b = i / width;
    int j = (int)(i % width);
    long long at = b * time + step;
    float h = state(y, initial, b, j, step, time, width);
    if (over(lengths, b, step)) {
      y[at * width + j] = h;
      for (int k = 0; k < 4; k++) kept[(at * 4 + k) * width + j] = 0;
      continue;
    }
    const float* a = p + at * 3 * width + j;
    const float* c = hu + b * 3 * width + j;
    float u = sigmoid(a[0] + c[0]);
    float r = sigmoid(a[width] + c[width]);
    float q = after ? c[2 * width] + (bias ? bias[j] : 0) : r * h;
    float* keep = kept + at * 4 * width + j;
    keep[0] = u;
    keep[width] = r;
    keep[3 * width] = q;
    if (!after) continue;
    float m = tanhf(a[2 * width] + r * q);
    float alpha = attention ? attention[at] : 0;
    keep[2 * width] = m;
    y[at * width + j] = h + (mix.offset0 + mix.offset1 * alpha + (mix.slope0 + mix.slope1 * alpha) * u) * (m - h);
  }
}

// With q U_n known: the candidate and the new state.
extern "C" __global__ void recurrent_gru_state(float* y, float* kept, const float* p, const float* qu, const float* initial,
                                               const float* attention, const int* lengths, Mixing mix, int step, int time, int width,
                                               long long n) {
  FOR_EACH(i, n) {
    long long b = i / width;
    int j = (int)(i % width);
    long long at = b * time + step;
    if (over(lengths, b, step)) continue;
    float h = state(y, initial, b, j, step, time, width);
    float m = tanhf(p[(at * 3 + 2) * width + j] + qu[i]);
    float u = kept[at * 4 * width + j];
    float alpha = attention ? attention[at] : 0;
    kept[(at * 4 + 2) * width + j] = m;
    y[at * width + j] = h + (mix.offset0 + mix.offset1 * alpha + (mix.slope0 + mix.slope1 * alpha) * u) * (m - h);
  }
}

// d += dy of the step; then the gradients of what u and n are functions of, into dp, and d becomes what passes by. With `after` those
// of r and q too. A row that has ended gets zeros.
extern "C" __global__ void recurrent_gru_back(float* d, float* dp, float* dq, const float* dy, const float* kept, const float* h,
                                              const float* attention, const int* lengths, Mixing mix, int after, int step, int time,
                                              int width, long long n) {
  FOR_EACH(i, n) {
    long long b = i / width;
    int j = (int)(i % width);
    long long at = b * time + step;
    float up = d[i] + dy[at * width + j];
    float* to = dp + at * 3 * width + j;
    if (over(lengths, b, step)) {
      d[i] = up;
      to[0] = to[width] = to[2 * width] = 0;
      dq[at * width + j] = 0;
      continue;
    }
    const float* keep = kept + at * 4 * width + j;
    float u = keep[0];
    float r = keep[width];
    float m = keep[2 * width];
    float alpha = attention ? attention[at] : 0;
    float slope = mix.slope0 + mix.slope1 * alpha;
    float w = mix.offset0 + mix.offset1 * alpha + slope * u;
    float candidate = up * w * (1 - m * m);
    to[0] = up * (m - h[at * width + j]) * slope * u * (1 - u);
    to[2 * width] = candidate;
    d[i] = up - up * w;
    if (after) {
      to[width] = candidate * keep[3 * width] * r * (1 - r);
      dq[at * width + j] = candidate * r;
    }
  }
}

// d alpha = sum_j d h' (n - h) (offset1 + slope1 u), before d moves on. A warp per row of the batch.
extern "C" __global__ void recurrent_attention_back(float* da, const float* d, const float* dy, const float* kept, const float* h,
                                                    const int* lengths, Mixing mix, int step, int time, int width, int batch) {
  FOR_EACH_ROW(b, batch) {
    long long at = (long long)b * time + step;
    float sum = 0;
    FOR_EACH_LANE(j, width) {
      const float* keep = kept + at * 4 * width + j;
      float up = d[(long long)b * width + j] + dy[at * width + j];
      sum += up * (keep[2 * width] - h[at * width + j]) * (mix.offset1 + mix.slope1 * keep[0]);
    }
    sum = warp_sum(sum);
    if ((threadIdx.x & 31) == 0) da[at] = over(lengths, b, step) ? 0 : sum;
  }
}

// With dq = d n U_n^T known, q being r h: the gradient of r's argument, and d += dq r.
extern "C" __global__ void recurrent_gru_back_reset(float* d, float* dp, const float* dq, const float* kept, const float* h,
                                                    const int* lengths, int step, int time, int width, long long n) {
  FOR_EACH(i, n) {
    long long b = i / width;
    int j = (int)(i % width);
    long long at = b * time + step;
    if (over(lengths, b, step)) continue;
    float r = kept[(at * 4 + 1) * width + j];
    dp[(at * 3 + 1) * width + j] = dq[i] * h[at * width + j] * r * (1 - r);
    d[i] += dq[i] * r;
  }
}

// From p and hu = h U: i, f, g, o, the new cell and state; c is the cell, kept has i, f, g, o, tanh(c'), c.
extern "C" __global__ void recurrent_lstm(float* y, float* kept, float* c, const float* p, const float* hu, const float* initial,
                                          const int* lengths, int step, int time, int width, long long n) {
  FOR_EACH(t, n) {
    long long b = t / width;
    int j = (int)(t % width);
    long long at = b * time + step;
    float* to = y + (b * (time + 1) + step) * width + j;
    float* keep = kept + at * 6 * width + j;
    if (over(lengths, b, step)) {
      *to = state(y, initial, b, j, step, time + 1, width);
      for (int k = 0; k < 6; k++) keep[k * width] = 0;
      continue;
    }
    const float* a = p + at * 4 * width + j;
    const float* u = hu + b * 4 * width + j;
    float i = sigmoid(a[0] + u[0]);
    float f = sigmoid(a[width] + u[width]);
    float g = tanhf(a[2 * width] + u[2 * width]);
    float o = sigmoid(a[3 * width] + u[3 * width]);
    float next = f * c[t] + i * g;
    float squashed = tanhf(next);
    keep[0] = i;
    keep[width] = f;
    keep[2 * width] = g;
    keep[3 * width] = o;
    keep[4 * width] = squashed;
    keep[5 * width] = c[t];
    c[t] = next;
    *to = o * squashed;
  }
}

// d += dy of the step; the gradients of what the gates are functions of, into dp; dc moves on, d starts anew. A row that has ended keeps
// both.
extern "C" __global__ void recurrent_lstm_back(float* d, float* dc, float* dp, const float* dy, const float* kept, const int* lengths,
                                               int step, int time, int width, long long n) {
  FOR_EACH(t, n) {
    long long b = t / width;
    int j = (int)(t % width);
    long long at = b * time + step;
    float up = d[t] + dy[(b * (time + 1) + step) * width + j];
    float* to = dp + at * 4 * width + j;
    if (over(lengths, b, step)) {
      d[t] = up;
      for (int k = 0; k < 4; k++) to[k * width] = 0;
      continue;
    }
    const float* keep = kept + at * 6 * width + j;
    float i = keep[0];
    float f = keep[width];
    float g = keep[2 * width];
    float o = keep[3 * width];
    float squashed = keep[4 * width];
    float all = dc[t] + up * o * (1 - squashed * squashed);
    to[0] = all * g * i * (1 - i);
    to[width] = all * keep[5 * width] * f * (1 - f);
    to[2 * width] = all * i * (1 - g * g);
    to[3 * width] = up * squashed * o * (1 - o);
    dc[t] = all * f;
    d[t] = 0;
  }
}

// y[b] = x[b] in rows of width numbers, `from` and `to` apart; zeros where there is no x
extern "C" __global__ void recurrent_copy(float* y, const float* x, long long to, long long from, int width, long long n) {
  FOR_EACH(i, n) y[i / width * to + i % width] = x ? x[i / width * from + i % width] : 0;
}
