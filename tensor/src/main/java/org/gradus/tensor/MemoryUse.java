// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// What a device's pool did so far. All sizes are bytes.
///
/// @param live memory in use by tensors now
/// @param peak the largest `live` so far
/// @param pooled released memory kept for reuse
/// @param requests how often memory was asked for
/// @param hits how often the pool had it
public record MemoryUse(long live, long peak, long pooled, long requests, long hits) {
  /// Share of requests that the pool answered, 0 … 1; 0 before the first request.
  public double hitRate() {
    return requests == 0 ? 0 : (double) hits / requests;
  }
}
