// SPDX-License-Identifier: Apache-2.0
// The merging of duplicate ids: a bitonic sort (Batcher 1968) of (id, place), then the groups of equal ids. Bound by memory and barriers.
#include "gradus.cuh"

#define KEYS 1024  // of a block, two to a thread
#define NOTHING 0xffffffffffffffffull

// A list of a merge.
//
// from, n: its ids; first: where in `segments` its groups start; rows: where its distinct ids go
struct List {
  int from;
  int n;
  int first;
  int unused;
  int* rows;
};

// keys[l, i] = (id, place) of list l, the id above; the rest of a row of `padded` keys sorts behind. One thread per key.
extern "C" __global__ void sort_keys(unsigned long long* keys, const int* ids, const List* lists, int padded, long long n) {
  FOR_EACH(t, n) {
    List list = lists[t / padded];
    int i = (int)(t % padded);
    int place = list.from + i;
    keys[t] = i < list.n ? (unsigned long long)ids[place] << 32 | (unsigned)place : NOTHING;
  }
}

static __device__ void exchange(unsigned long long* a, unsigned long long* b, bool rising) {
  if ((*a > *b) == rising) {
    unsigned long long x = *a;
    *a = *b;
    *b = x;
  }
}

// All steps of the network whose distances fit a block of 1024 keys, in shared memory: for runs of length `least` to `most`. A
// block of 512 threads per 1024 keys.
extern "C" __global__ void __launch_bounds__(512) sort_block(unsigned long long* keys, int padded, int least, int most) {
  __shared__ unsigned long long local[KEYS];
  int width = min(KEYS, padded);
  long long at = (long long)blockIdx.x * width;
  for (int i = threadIdx.x; i < width; i += blockDim.x) local[i] = keys[at + i];
  __syncthreads();
  for (int run = least; run <= most; run <<= 1) {
    for (int distance = min(run, width) >> 1; distance > 0; distance >>= 1) {
      for (int t = threadIdx.x; t < width >> 1; t += blockDim.x) {
        int i = 2 * t - (t & (distance - 1));
        bool rising = ((at + i) % padded & run) == 0;
        exchange(&local[i], &local[i + distance], rising);
      }
      __syncthreads();
    }
  }
  for (int i = threadIdx.x; i < width; i += blockDim.x) keys[at + i] = local[i];
}

// One step of the network, over distances beyond a block. One thread per pair.
extern "C" __global__ void sort_step(unsigned long long* keys, int padded, int run, int distance, long long pairs) {
  FOR_EACH(t, pairs) {
    long long i = 2 * t - (t & (distance - 1));
    exchange(&keys[i], &keys[i + distance], (i % padded & run) == 0);
  }
}

// From sorted keys: places in order, distinct ids, and where their groups start. A block of 256 threads per list, which goes through
// it 256 keys at a time and carries the number of groups along.
extern "C" __global__ void sort_groups(int* segments, int* order, int* group_counts, const unsigned long long* keys,
                                       const List* lists, int padded) {
  __shared__ int sums[256];
  List list = lists[blockIdx.x];
  const unsigned long long* key = keys + (long long)blockIdx.x * padded;
  int t = threadIdx.x;
  int groups = 0;
  for (int from = 0; from < list.n; from += 256) {
    int i = from + t;
    int starts = i < list.n && (i == 0 || key[i] >> 32 != key[i - 1] >> 32);
    sums[t] = starts;
    __syncthreads();
    for (int w = 1; w < 256; w <<= 1) {
      int before = t >= w ? sums[t - w] : 0;
      __syncthreads();
      sums[t] += before;
      __syncthreads();
    }
    if (i < list.n) order[list.from + i] = (int)(key[i] & 0xffffffff);
    if (starts) {
      int g = groups + sums[t] - 1;
      list.rows[g] = (int)(key[i] >> 32);
      segments[list.first + g] = list.from + i;
    }
    groups += sums[255];
    __syncthreads();
  }
  if (t == 0) {
    segments[list.first + groups] = list.from + list.n;
    group_counts[blockIdx.x] = groups;
  }
}
