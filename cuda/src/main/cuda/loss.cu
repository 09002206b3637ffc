// SPDX-License-Identifier: Apache-2.0
// Losses of single examples. One thread each; bound by memory.
#include "gradus.cuh"

// L = max(z, 0) - z t + ln(1 + e^-|z|)
extern "C" __global__ void loss_cross_entropy(float* loss, const float* logits, const float* targets, int n) {
  FOR_EACH(i, n) {
    float z = logits[i];
    loss[i] = larger(z, 0) - z * targets[i] + log1pf(expf(-fabsf(z)));
  }
}

// dz = dL (sigmoid(z) - t)
extern "C" __global__ void loss_cross_entropy_backward(float* dz, const float* dl, const float* logits, const float* targets, int n) {
  FOR_EACH(i, n) dz[i] = dl[i] * (sigmoid(logits[i]) - targets[i]);
}
