// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Launches that are collected and handed to the driver as one CUDA graph when something else enters the stream: a copy, a wait, a
/// product of cuBLAS.
///
/// A step of a fixed shape launches the same kernels again and again, nearly all with the arguments of the step before, for the pool
/// gives it the same buffers. So a graph is kept for each run of kernels, what differs is set in its nodes (a learning rate, how many
/// rows are distinct, and with them a grid), and the rest costs nothing. The kernels, their order and their arguments are those
/// without graphs, and so is every bit of the results.
final class KernelGraphs {
  /// launches in a graph, so that the GPU is not kept waiting for a long run to be collected
  static final int MOST = 64;

  private static final int LEAST = 3; // launches that are worth a graph
  private static final int ALIKE = 4; // graphs of the same kernels, for runs that alternate
  private static final int KEPT = 256;

  private final Gpu gpu;
  private final KernelGraph.Driver driver;
  private final LaunchPlan[] plans = new LaunchPlan[MOST + 1]; // at the end the one launched last
  private int count; // of the plans that wait
  private final List<KernelGraph> kept = new ArrayList<>(); // used last at the end
  private long made;
  private long set;
  private long runs;

  KernelGraphs(Gpu gpu) {
    this.gpu = gpu;
    driver = new KernelGraph.Driver(gpu);
    MemorySegment all = Arena.ofAuto().allocate(plans.length * LaunchPlan.BYTES, 16);
    for (int i = 0; i < plans.length; i++) {
      plans[i] = new LaunchPlan(all.asSlice(i * LaunchPlan.BYTES, LaunchPlan.BYTES));
    }
    gpu.beforeEntering(this::flush);
  }

  /// Where the next launch is to be written; nowhere once something has failed.
  LaunchPlan next() {
    gpu.requireUnfailed();
    return plans[count];
  }

  /// Takes a launch that was written to what [#next] gave. Its arguments may have asked for memory meanwhile, and with that had the
  /// launches before it handed over.
  void add(LaunchPlan plan) {
    int at = count;
    while (plans[at] != plan) {
      at++;
    }
    plans[at] = plans[count];
    plans[count++] = plan;
    if (count == MOST) {
      gpu.enter(); // which flushes
    }
  }

  /// Hands over what was collected.
  private void flush() {
    int n = count;
    if (n == 0) {
      return;
    }
    count = 0; // the calls below enter, too
    if (n < LEAST) {
      for (int i = 0; i < n; i++) {
        plans[i].launch(gpu);
      }
    } else {
      graph(n).launch(gpu.streamAddress());
      gpu.launched(plans[n - 1].words());
      runs++;
    }
    LaunchPlan last = plans[n - 1]; // kept as it is for messages
    plans[n - 1] = plans[MOST];
    plans[MOST] = last;
  }

  /// A graph of the first n plans: one that is kept, with what differs set, or a new one.
  private KernelGraph graph(int n) {
    int hash = n;
    for (int i = 0; i < n; i++) {
      hash = 31 * hash + Long.hashCode(plans[i].kernel().address());
    }
    KernelGraph best = null;
    int alike = 0;
    int fewest = Integer.MAX_VALUE;
    for (KernelGraph graph : kept) {
      if (graph.isOf(hash, plans, n)) {
        alike++;
        int different = graph.different(plans);
        if (different < fewest) {
          best = graph;
          fewest = different;
        }
      }
    }
    if (best == null || (fewest > n / 2 && alike < ALIKE)) {
      best = make(hash, n);
    } else {
      set += best.set(plans);
      kept.remove(best);
    }
    kept.add(best);
    return best;
  }

  private KernelGraph make(int hash, int n) {
    if (made == 0) {
      gpu.atClose(() -> kept.forEach(KernelGraph::destroy)); // before the modules are unloaded
    }
    if (kept.size() == KEPT) {
      kept.removeFirst().destroy();
    }
    made++;
    return new KernelGraph(driver, hash, plans, n);
  }

  /// Graphs made so far.
  long made() {
    return made;
  }

  /// Nodes of kept graphs that were set anew so far.
  long set() {
    return set;
  }

  /// Graphs launched so far.
  long runs() {
    return runs;
  }
}
