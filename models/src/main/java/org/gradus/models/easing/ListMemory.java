// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Params;
import org.gradus.tensor.Shape;

/// The last S labelled predictions, first in first out, values only: where a batch has few labelled nodes, lists are completed from here.
///
/// It is state of the model and saved with it, so that a resumed run goes on with the same lists.
final class ListMemory {
  private final DenseParameter predictions; // [S], the oldest first
  private final DenseParameter labels; //      [S]
  private final DenseParameter count; //       [], how many of them there are

  /// What is remembered.
  ///
  /// @param predictions of the nodes
  /// @param labels theirs
  record Nodes(double[] predictions, double[] labels) {}

  ListMemory(int size, Params params) {
    predictions = params.state("predictions", Shape.of(size), 0);
    labels = params.state("labels", Shape.of(size), 0);
    count = params.state("count", Shape.scalar(), 0);
  }

  /// What is remembered now, the oldest first.
  Nodes nodes() {
    int n = (int) Math.min(count.value().item(), predictions.shape().size(0));
    return new Nodes(last(predictions, n), last(labels, n));
  }

  private static double[] last(DenseParameter from, int n) {
    double[] all = from.value().toDoubles();
    double[] some = new double[n];
    System.arraycopy(all, all.length - n, some, 0, n);
    return some;
  }

  /// Remembers these behind the others, and forgets the oldest.
  void add(double[] predicted, double[] labelled) {
    predictions.write(shifted(predictions, predicted));
    labels.write(shifted(labels, labelled));
    int size = predictions.shape().size(0);
    count.write(Math.min(size, count.value().item() + predicted.length));
  }

  private static double[] shifted(DenseParameter old, double[] more) {
    double[] before = old.value().toDoubles();
    double[] all = new double[before.length];
    int size = all.length;
    int kept = Math.max(0, size - more.length);
    System.arraycopy(before, size - kept, all, 0, kept);
    System.arraycopy(more, more.length - (size - kept), all, kept, size - kept);
    return all;
  }
}
