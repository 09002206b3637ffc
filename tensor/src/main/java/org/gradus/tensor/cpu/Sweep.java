// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

/// One loop over the numbers of one step of a tile of sequences.
///
/// Loops are called through [#over], whose one call meets too many kinds of them to be inlined: so each is compiled by
/// itself. Together in the method that walks through the steps, they would be too much for the optimising compiler, which
/// then leaves vectors on the heap.
interface Sweep {
  /// Does one step.
  ///
  /// @param s the thread's scratch; where in it states and projections lie is known to the loop
  /// @param slot where in the scratch the gradients of this step begin
  /// @param kept what the forward pass keeps for the backward one
  /// @param at where in `kept` this step begins
  void run(float[] s, int slot, float[] kept, int at);

  /// Does a step of any loop.
  static void over(Sweep loop, float[] s, int slot, float[] kept, int at) {
    loop.run(s, slot, kept, at);
  }

  /// kept = σ(kept) for `n` numbers from `block` on
  record Sigmoid(int block, int n) implements Sweep {
    @Override
    public void run(float[] s, int slot, float[] kept, int at) {
      int end = at + block + n;
      for (int i = at + block; i < end; i += Lanes.WIDTH) {
        Polynomials.sigmoid(Lanes.load(kept, i)).intoArray(kept, i);
      }
    }
  }

  /// kept = tanh(kept) for `n` numbers from `block` on
  record Tanh(int block, int n) implements Sweep {
    @Override
    public void run(float[] s, int slot, float[] kept, int at) {
      int end = at + block + n;
      for (int i = at + block; i < end; i += Lanes.WIDTH) {
        Polynomials.tanh(Lanes.load(kept, i)).intoArray(kept, i);
      }
    }
  }
}
