// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.io.Serial;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradus.autograd.Mutation.Contribution;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// Compares gradients with differences: one rule for operations, layers and models.
///
/// ```
/// GradCheck.of(seed)
///     .input("x", Shape.of(3, 5))
///     .check(params, (mode, in) -> Map.of("y", layer.forward(in.get("x"), mode)))
///     .orFail();
/// ```
///
/// - **Point.** Every parameter is drawn from N(0, 0.5²), never from its initialiser: small initial values hide missing
///   gradients. Padding rows stay zero; `STATE` and frozen parameters keep their values and are not checked. What the
///   parameters held before is restored.
/// - **Objective.** Σ R ⊙ outputs + Σ losses, R random; see [Objective].
/// - **Numeric derivative.** Central differences at h = 1e-4 and h/2, Richardson-extrapolated, with a noise floor from
///   the two; see [Difference].
/// - **Rule.** Per tensor max|a − n| ≤ 1e-6 · max(max|a|, max|n|) + floor. A tensor with max|n| < 1000 · floor is
///   *unobserved* and fails, unless it is listed as structurally zero with the reason. If nothing else is wrong, other points
///   are tried first, 64 in all, until every tensor was observed at one of them, and nothing is wrong at any: at one point ReLU
///   units may all be off, at all of them only a missing gradient is.
/// - **Extent.** Every coordinate of a tensor of up to 128 numbers (four forward passes each), otherwise 24 random
///   directions: a wrong component of size δ among n shows in each of them as δ/√n.
///   Forward passes are on float64 without threads, so give models small widths: a hundred derivatives of layers of 32
///   take milliseconds, of layers of 512 seconds.
/// - **Kinks.** A derivative is taken only where the branches recorded on all five passes are the same; disagreeing
///   numbers are never an excuse. Otherwise the point is redrawn, seven times at most. More than 1 % left over fails.
/// - **Purity.** Passes have no side effects: a changed `STATE` parameter fails the check, and so do two passes that
///   differ at one point. Stop-gradient replays its unperturbed value.
///
/// Runs on a device of float64. For another device [#compare] sets its gradients beside those of `reference`.
///
/// Settings are immutable: each method returns another check.
public final class GradCheck {
  /// Points tried until every tensor is observed at one of them.
  private static final int POINTS = 64;

  private final Settings settings;

  private GradCheck(Settings settings) {
    this.settings = settings;
  }

  /// A check that failed, with the report in its message.
  public static final class Failure extends AssertionError {
    @Serial private static final long serialVersionUID = 1;

    Failure(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /// What a check was told.
  ///
  /// @param seed draws everything
  /// @param training whether passes run in training mode
  /// @param extent how much of each tensor is checked
  /// @param told inputs, and tensors that are structurally zero
  /// @param mutation an error put in on purpose
  record Settings(
      long seed, boolean training, Extent extent, Told told, @Nullable Mutation mutation) {}

  /// @param coordinates up to how many numbers of a tensor every one is checked
  /// @param directions how many random directions are checked in larger tensors
  record Extent(int coordinates, int directions) {}

  /// @param inputs of the objective
  /// @param zeros reasons by path
  record Told(List<Target.Input> inputs, Map<String, String> zeros) {
    Told with(Target.Input input) {
      if (inputs.stream().anyMatch(other -> other.path().equals(input.path()))) {
        throw new IllegalArgumentException(
            "gradcheck: input "
                + input.path()
                + " is announced twice. Expected every input to have a name of its own.");
      }
      List<Target.Input> more = new ArrayList<>(inputs);
      more.add(input);
      return new Told(List.copyOf(more), zeros);
    }
  }

  /// A check in training mode, without inputs.
  public static GradCheck of(long seed) {
    return new GradCheck(
        new Settings(seed, true, new Extent(128, 24), new Told(List.of(), Map.of()), null));
  }

  /// The same check with other random numbers.
  public GradCheck seed(long seed) {
    Settings s = settings;
    return new GradCheck(new Settings(seed, s.training, s.extent, s.told, s.mutation));
  }

  /// Runs passes in evaluation mode.
  public GradCheck evaluation() {
    Settings s = settings;
    return new GradCheck(new Settings(s.seed, false, s.extent, s.told, s.mutation));
  }

  /// Sets how much of each tensor is checked.
  ///
  /// @param coordinates up to how many numbers of a tensor every one is checked
  /// @param directions how many random directions are checked in larger tensors
  public GradCheck extent(int coordinates, int directions) {
    if (coordinates < 0 || directions < 1) {
      throw new IllegalArgumentException(
          "gradcheck: extent of "
              + coordinates
              + " coordinates and "
              + directions
              + " directions. Expected at least 0 and 1.");
    }
    Settings s = settings;
    return new GradCheck(
        new Settings(s.seed, s.training, new Extent(coordinates, directions), s.told, s.mutation));
  }

  /// Adds a differentiable input drawn from N(0, 0.5²).
  public GradCheck input(String name, Shape shape) {
    return input(name, shape, Draw.normal());
  }

  /// Adds a differentiable input.
  public GradCheck input(String name, Shape shape, Draw draw) {
    return told(settings.told.with(new Target.Input(name, shape, draw)));
  }

  /// Adds a differentiable input with these numbers, rounded to float32. They stay when the point is redrawn.
  public GradCheck input(String name, Shape shape, double... values) {
    if (values.length != shape.elements()) {
      throw new IllegalArgumentException(
          "gradcheck: "
              + values.length
              + " numbers for input "
              + name
              + " "
              + shape
              + ". Expected "
              + shape.elements()
              + ".");
    }
    double[] rounded = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      rounded[i] = (float) values[i];
    }
    return told(settings.told.with(new Target.Input(name, shape, rounded)));
  }

  /// Lists a tensor whose gradient is zero by construction. It fails when it is not.
  ///
  /// @param path of the parameter, or name of the input
  /// @param reason why: "a bias before batch norm"
  public GradCheck structurallyZero(String path, String reason) {
    Map<String, String> zeros = new LinkedHashMap<>(settings.told.zeros);
    zeros.put(path, reason);
    return told(new Told(settings.told.inputs, zeros));
  }

  /// Puts an error into the derivatives, to see the check fail.
  public GradCheck mutated(Mutation mutation) {
    Settings s = settings;
    return new GradCheck(new Settings(s.seed, s.training, s.extent, s.told, mutation));
  }

  private GradCheck told(Told told) {
    Settings s = settings;
    return new GradCheck(new Settings(s.seed, s.training, s.extent, told, s.mutation));
  }

  /// Checks the gradients of every parameter and input.
  ///
  /// @param params on a device of float64; what the objective was built from
  public CheckReport check(Params params, Objective objective) {
    CheckReport report = new CheckRun(settings, params, objective).report();
    for (int i = 1; i < POINTS && report.onlyUnobserved(); i++) {
      report = report.and(new CheckRun(elsewhere(i), params, objective).report());
    }
    return report;
  }

  /// These settings at another point.
  private Settings elsewhere(int i) {
    Settings s = settings;
    return new Settings(Counter.key(s.seed, i), s.training, s.extent, s.told, s.mutation);
  }

  /// Builds the objective on a device of float64, and checks it.
  public CheckReport check(Device reference, Objective.Builder builder) {
    try (Params params = Params.create(reference, settings.seed)) {
      return check(params, builder.build(params));
    }
  }

  /// The gradients, not all zero, that operations pass to their inputs in a pass of this check: what can be got wrong.
  public Set<Contribution> contributions(Params params, Objective objective) {
    return new CheckRun(settings, params, objective).contributions();
  }

  /// As [#contributions(Params, Objective)], for an objective built on a device of float64.
  public Set<Contribution> contributions(Device reference, Objective.Builder builder) {
    try (Params params = Params.create(reference, settings.seed)) {
      return contributions(params, builder.build(params));
    }
  }

  /// Gets every contribution wrong in every way, one at a time, and returns what the check lets pass: a check that bites
  /// returns nothing. The numeric derivatives are taken once for all. Without a mutation the check must pass, or this
  /// is a [Failure].
  ///
  /// [Mutation.Kind#COMPONENT] may rightly pass where that component meets a zero further back: a ReLU that is off, a row
  /// of padding.
  public List<Mutation> survivors(Params params, Objective objective) {
    CheckRun.Mutants mutants = new CheckRun(settings, params, objective).mutants();
    for (int i = 1; i < POINTS && mutants.plain().onlyUnobserved(); i++) {
      mutants = new CheckRun(elsewhere(i), params, objective).mutants();
    }
    mutants.plain().orFail(); // what fails anyway kills every mutant and proves nothing
    return mutants.survivors();
  }

  /// As [#survivors(Params, Objective)], for an objective built on a device of float64.
  public List<Mutation> survivors(Device reference, Objective.Builder builder) {
    try (Params params = Params.create(reference, settings.seed)) {
      return survivors(params, builder.build(params));
    }
  }

  /// Sets another device beside `reference`: outputs and gradients of the same objective at the same point, drawn as for
  /// [#check] and representable in float32. What the differences may be follows from the roundings that a pass makes;
  /// see [DeviceReport].
  ///
  /// Both sides must take the same branches; otherwise the point is redrawn.
  public DeviceReport compare(Device device, Device reference, Objective.Builder builder) {
    if (!reference.float64()) {
      throw new IllegalArgumentException(
          "gradcheck: "
              + reference.name()
              + " is a device of float32. Expected one of float64 to compare "
              + device.name()
              + " with.");
    }
    try (Params onReference = Params.create(reference, settings.seed);
        Params onDevice = Params.create(device, settings.seed)) {
      return new DeviceRun(settings, onReference, onDevice, builder).report();
    }
  }
}
