// SPDX-License-Identifier: Apache-2.0
// Copies between layouts: a strided view of one side, row-major on the other. One thread per element; bound by memory.
#include "gradus.cuh"

// A view: element (i0, i1, ...) lies at offset + i0 strides[0] + i1 strides[1] + ...
struct View {
  int rank;
  int offset;
  int sizes[8];
  int strides[8];
};

static __device__ int place(const View& v, long long i) {
  int at = v.offset;
  for (int axis = v.rank - 1; axis >= 0; axis--) {
    at += (int)(i % v.sizes[axis]) * v.strides[axis];
    i /= v.sizes[axis];
  }
  return at;
}

// y[i] = x[place(i)], elements of 4 bytes
extern "C" __global__ void layout_read(int* y, const int* x, View v, int n) {
  FOR_EACH(i, n) y[i] = x[place(v, i)];
}

// y[place(i)] = x[i], elements of 4 bytes
extern "C" __global__ void layout_write(int* y, const int* x, View v, int n) {
  FOR_EACH(i, n) y[place(v, i)] = x[i];
}

// y[i] = x[place(i)], elements of one byte
extern "C" __global__ void layout_read_mask(mask_t* y, const mask_t* x, View v, int n) {
  FOR_EACH(i, n) y[i] = x[place(v, i)];
}

// y[place(i)] = x[i], elements of one byte
extern "C" __global__ void layout_write_mask(mask_t* y, const mask_t* x, View v, int n) {
  FOR_EACH(i, n) y[place(v, i)] = x[i];
}

// y[place(i)] += sum over j of x[i, j], j running over the axes of `more` in their order: those along which the view repeats
// the same place. One thread per place, so that the order of a sum is the same in every run. `from` says where x starts, and
// both views have strides of x in place of an offset: v.strides are places of y, rows.strides and more.strides places of x.
extern "C" __global__ void layout_add(float* y, const float* x, View v, View rows, View more, int repeats, int n) {
  FOR_EACH(i, n) {
    int to = place(v, i);
    int from = place(rows, i);
    float sum = y[to];
    for (int j = 0; j < repeats; j++) sum += x[from + place(more, j)];
    y[to] = sum;
  }
}

// y[i] = i step
extern "C" __global__ void layout_multiples(int* y, int step, int n) {
  FOR_EACH(i, n) y[i] = (int)i * step;
}
