// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Watcher;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.tensor.Tensor;

/// The operations of one forward pass in evaluation, in order, each with the calls that led to it.
///
/// @param events the operations
/// @param outputs names of heads and losses
record Trace(List<Event> events, List<String> outputs) {
  private static final StackWalker WALKER = StackWalker.getInstance();
  private static final String OURS = Trace.class.getPackageName();
  private static final long SEED = 1;

  /// One call on the way to an operation.
  ///
  /// @param bytecode where in the method it was made: with the method, which call it is
  record Frame(String className, String method, int line, int bytecode) {
    boolean sameMethod(Frame other) {
      return className.equals(other.className) && method.equals(other.method);
    }

    boolean lambda() {
      return method.startsWith("lambda$");
    }
  }

  /// One operation.
  ///
  /// @param op its name
  /// @param sizes of the axes of its result
  /// @param reads the parameters that it read
  /// @param frames the calls, the model's own first
  record Event(String op, List<Integer> sizes, List<Parameter> reads, List<Frame> frames) {}

  /// Watches a pass over a batch of random rows.
  static Trace of(Model model, Params params, Schema schema, int batch) {
    IdentityHashMap<Tensor, Parameter> dense = new IdentityHashMap<>();
    for (Parameter p : params.all()) {
      if (p instanceof DenseParameter d) {
        dense.put(d.value(), d);
      }
    }
    List<Event> events = new ArrayList<>();
    try (Tape tape =
        Tape.watched(params.device(), operation -> events.add(event(operation, dense)))) {
      Outputs outputs =
          model.forward(SampleBatches.draw(schema, batch, SEED), Mode.evaluation(tape));
      List<String> names = new ArrayList<>();
      outputs
          .heads()
          .forEach((name, head) -> names.add(name + ": " + head.getClass().getSimpleName()));
      outputs.losses().keySet().forEach(name -> names.add("loss " + name));
      return new Trace(List.copyOf(events), List.copyOf(names));
    }
  }

  private static Event event(
      Watcher.Operation operation, IdentityHashMap<Tensor, Parameter> dense) {
    List<Parameter> reads = new ArrayList<>(operation.tables());
    for (Tensor operand : operation.operands()) {
      Parameter p = dense.get(operand);
      if (p != null && !reads.contains(p)) {
        reads.add(p);
      }
    }
    List<Integer> sizes = new ArrayList<>();
    for (int size : operation.output().shape().toArray()) {
      sizes.add(size);
    }
    return new Event(operation.name(), List.copyOf(sizes), List.copyOf(reads), frames());
  }

  /// The calls between the model and the operation: neither ours, nor those inside operations, nor those of the JDK.
  private static List<Frame> frames() {
    return WALKER
        .walk(
            frames ->
                frames
                    .map(
                        f ->
                            new Frame(
                                f.getClassName(),
                                f.getMethodName(),
                                f.getLineNumber(),
                                f.getByteCodeIndex()))
                    .dropWhile(f -> ours(f) || machinery(f)) // this callback, and the operation
                    .takeWhile(f -> !ours(f)) //                then up to the call of the model
                    .filter(f -> !machinery(f))
                    .toList())
        .reversed();
  }

  private static boolean ours(Frame f) {
    return f.className.startsWith(OURS + ".");
  }

  private static boolean machinery(Frame f) {
    return f.className.startsWith("org.gradus.autograd.")
        || f.className.startsWith("org.gradus.tensor.")
        || f.className.startsWith("java.")
        || f.className.startsWith("jdk.");
  }
}
