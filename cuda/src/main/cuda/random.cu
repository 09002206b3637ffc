// SPDX-License-Identifier: Apache-2.0
// Random numbers from a counter: the same key gives the same bits on every device. One thread per number.
#include "gradus.cuh"

static __device__ unsigned long long mix(unsigned long long z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

// 24 bits in [0, 1), exact in float32
static __device__ float uniform(unsigned long long key, unsigned long long i) {
  return (float)(mix(mix(key) + i * 0x9E3779B97F4A7C15ull) >> 40) * 0x1p-24f;
}

// y[i] = uniform(key, i)
extern "C" __global__ void random_uniform(float* y, unsigned long long key, int n) { FOR_EACH(i, n) y[i] = uniform(key, i); }

// y[i] = 1/keep with probability keep, else 0
extern "C" __global__ void random_dropout(float* y, unsigned long long key, double keep, float factor, int n) {
  FOR_EACH(i, n) y[i] = uniform(key, i) < keep ? factor : 0;
}
