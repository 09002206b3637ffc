// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.List;
import java.util.function.BiFunction;
import org.gradus.tensor.Device;
import org.gradus.tensor.Kernels;
import org.gradus.tensor.Kind;
import org.gradus.tensor.LayoutKernels.View;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Records the operations of one step, and walks back over them.
///
/// ```
/// try (Tape tape = Tape.recording(device)) {
///   Var loss = …;
///   Gradients gradients = tape.backward(loss);
///   …
/// }
/// ```
///
/// Everything made on a tape dies when it closes. It belongs to one thread.
public final class Tape implements AutoCloseable {
  private static final int PARAMETERS = 21; // as many as a map of its size holds

  private final Scope scope;
  private final boolean recording;
  private final Probe probe;
  private List<Node> nodes; // a list of the device's
  private final InOrder<DenseParameter, Var> parameters = new InOrder<>(PARAMETERS);
  private int numbered; // values that a gradient is asked for
  private boolean closed;
  private int unrecorded; // operations that no node stands for
  private final @Nullable Tape beside; // what this one's operations count for too

  private Tape(Device device, boolean recording, Probe probe) {
    this(device, recording, probe, null);
  }

  private Tape(Device device, boolean recording, Probe probe, @Nullable Tape beside) {
    this.beside = beside;
    this.scope = new Scope(device);
    this.nodes = device.host().list();
    this.recording = recording;
    this.probe = probe;
  }

  /// A tape that can be walked backward.
  public static Tape recording(Device device) {
    return new Tape(device, true, Probe.NONE);
  }

  /// A tape that only computes: nothing is recorded, nothing can be walked.
  public static Tape evaluating(Device device) {
    return new Tape(device, false, Probe.NONE);
  }

  /// A tape that only computes, for what a step wants to know and no gradient may reach: the labels that a model makes for itself. Its
  /// operations count as this one's.
  public Tape apart() {
    return new Tape(device(), false, Probe.NONE, this);
  }

  /// A tape that only computes, and shows every operation to a watcher.
  public static Tape watched(Device device, Watcher watcher) {
    return new Tape(device, false, new WatcherProbe(watcher));
  }

  /// A tape watched by a gradient check.
  static Tape probed(Device device, boolean recording, Probe probe) {
    return new Tape(device, recording, probe);
  }

  /// A tape for the inside of a checkpoint of this one.
  Tape inside(boolean recording) {
    return new Tape(device(), recording, probe);
  }

  /// One recorded operation.
  record Node(String op, Var output, Var[] inputs, Backward backward) {}

  /// The derivative of one operation.
  @FunctionalInterface
  public interface Backward {
    /// Adds to the inputs' gradients what the output's gradient causes.
    ///
    /// @param dy gradient of the output, same shape as the output; not to be overwritten where it shares its memory
    /// @param dx takes the gradients of the inputs
    void run(Tensor dy, Sink dx);
  }

  /// Takes the gradients that an operation passes to its inputs.
  public sealed interface Sink permits Walk {
    /// Whether anyone asks for the gradient of this input (numbered from 0).
    boolean wants(int input);

    /// Adds a gradient to this input; the tensor now belongs to the tape.
    void give(int input, Tensor gradient);

    /// Adds a gradient to a part of this input, without making one for the whole: unrolled sequences and splits cost
    /// what their parts cost. The view visits no place twice; the tensor now belongs to the tape.
    void give(int input, View part, Tensor gradient);

    /// Adds a row gradient to a table. Rows are distinct and rise.
    void give(TableParameter table, Gradient.Rows gradient);
  }

  /// Where the tape's tensors live.
  public Device device() {
    return scope.device();
  }

  /// The kernels of the tape's device.
  public Kernels kernels() {
    return scope.device().kernels();
  }

  /// The owner of every tensor made here.
  public Scope scope() {
    return scope;
  }

  /// Whether operations are recorded.
  public boolean recording() {
    return recording;
  }

  Probe probe() {
    return probe;
  }

  /// A value that no gradient is asked for.
  public Var constant(Tensor value) {
    return new Var(this, probe.constant(value, scope), Var.CONSTANT);
  }

  /// A `REAL` constant from host values.
  public Var constant(Shape shape, float... values) {
    return constant(scope.upload(shape, values));
  }

  /// A `REAL` constant from host values.
  public Var constant(Shape shape, double... values) {
    return constant(scope.upload(shape, values));
  }

  /// Shows a watcher what the host found from parameters, since no operation did: the leaves of trees. Nobody else is told.
  ///
  /// @param what it is, in a few words
  /// @param shape of it
  /// @param read what it was found from
  public void host(String what, Shape shape, List<? extends Parameter> read) {
    count(read.size());
    if (probe.watchesHost()) {
      for (Parameter p : read) {
        switch (p) {
          case DenseParameter d -> probe.reads(d.value());
          case TableParameter t -> probe.reads(t);
        }
      }
      probe.value(what, scope.allocate(what, Kind.INT, shape), new Var[0]);
    }
  }

  /// A value whose gradient [Gradients#of(Var)] will hold.
  public Var variable(Tensor value) {
    return new Var(this, value, number(recording));
  }

  /// A parameter on this tape; the same [Var] each time.
  public Var use(DenseParameter parameter) {
    Var known = parameters.get(parameter);
    if (known != null) {
      return known;
    }
    Var var = new Var(this, parameter.value(), number(recording && !parameter.frozen()));
    parameters.put(parameter, var);
    return var;
  }

  private int number(boolean gradient) {
    return gradient ? numbered++ : Var.CONSTANT;
  }

  /// Number of values that a gradient is asked for.
  int numbered() {
    return numbered;
  }

  /// Records an operation. For operations that are not in this module: compute `output` with kernels, say how to
  /// differentiate, and the result can be used like any other.
  public Var record(String op, Tensor output, Backward backward, Var... inputs) {
    boolean needed = false;
    for (Var x : inputs) {
      if (x.tape() != this) {
        throw new IllegalArgumentException(
            op + ": operand " + x + " belongs to another tape. Expected operands of one tape.");
      }
      needed |= x.needsGradient();
    }
    return record(op, output, backward, needed, inputs);
  }

  /// As above, for an operation that also reads tables: `needed` says whether a gradient is asked for all the same.
  Var record(String op, Tensor output, Backward backward, boolean needed, Var... inputs) {
    probe.value(op, output, inputs);
    Var y = new Var(this, output, number(recording && needed));
    if (y.needsGradient()) {
      nodes.add(new Node(op, y, inputs, backward));
    }
    if (beside != null) {
      beside.count(1);
    }
    return y;
  }

  /// Computes a part of the forward pass without keeping its inside, and computes it again when the walk backward comes
  /// to it: time for memory. Gradients, dropout included, are those of the plain call.
  ///
  /// @param mode of this tape; the body gets one on a tape of its own, with the same random numbers both times
  /// @param inputs what the body computes from; values of this tape must not reach it another way, parameters may
  /// @param body from (mode, inputs) to an output
  public Var checkpoint(Mode mode, List<Var> inputs, BiFunction<Mode, List<Var>, Var> body) {
    return Checkpoint.run(this, mode, inputs, body);
  }

  /// Gradients of a scalar with respect to every parameter and variable that it depends on.
  public Gradients backward(Var loss) {
    if (loss.value().elements() != 1) {
      throw new IllegalArgumentException(
          "backward: loss has shape "
              + loss.shape()
              + ". Expected one number; sum or average it first.");
    }
    Tensor one = scope.real("backward", loss.shape());
    kernels().elementwise().fill(one.buffer(), 1, 1);
    return backward(loss, one);
  }

  /// Gradients of Σ seed ⊙ output. The seed now belongs to the tape.
  public Gradients backward(Var output, Tensor seed) {
    if (!recording) {
      throw new IllegalStateException(
          "backward: this tape only evaluates. Expected Tape.recording(device).");
    }
    if (output.tape() != this || !seed.shape().equals(output.shape())) {
      throw new IllegalArgumentException(
          "backward: seed "
              + seed.shape()
              + " for output "
              + output
              + ". Expected the same shape, on this tape.");
    }
    return new Walk(this, nodes, parameters).from(output, seed);
  }

  /// Whether a value is the result of a recorded operation. Looks through all of them.
  @SuppressWarnings("ReferenceEquality") // the same result, not an equal one
  boolean records(Var value) {
    for (Node node : nodes) {
      if (node.output() == value) {
        return true;
      }
    }
    return false;
  }

  /// Number of operations recorded.
  public int size() {
    return nodes.size();
  }

  /// As [#size], with what no node of its own stands for: each further feature of a lookup, for so much would be recorded
  /// without its kernel; what the host finds from parameters, one for each that it reads; what was computed [#apart]; and, after a
  /// walk, what a checkpoint recorded inside to be walked.
  public int operations() {
    return nodes.size() + unrecorded;
  }

  /// One operation was recorded for so many features.
  void recordedFeatures(int features) {
    count(features - 1);
  }

  /// A walk went through the inside of a checkpoint.
  void walked(Tape inside) {
    count(inside.operations());
  }

  private void count(int operations) {
    unrecorded += operations;
    if (beside != null) {
      beside.count(operations);
    }
  }

  List<Node> nodes() {
    return nodes;
  }

  /// The parameters in use.
  InOrder<DenseParameter, Var> parameters() {
    return parameters;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    device().host().give(nodes);
    nodes = List.of(); // the one given back is another tape's from here on
    parameters.clear();
    scope.close();
  }
}
