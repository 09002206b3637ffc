// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.TableParameter;
import org.gradus.trainer.explain.Trace.Event;
import org.gradus.trainer.explain.Trace.Frame;
import org.jspecify.annotations.Nullable;

/// Puts the operations of a trace under the statements that asked for them: a tree of calls.
///
/// Two operations with the same calls above them belong to one run of a statement, unless a later one lies before an earlier one
/// in the code: then something ran again, and that is the innermost of their statements that stands in a loop.
final class Flow {
  private final SourceFiles sources;
  private final Sizes sizes;
  private final Node root = new Node(null, null);
  private final List<Node> open = new ArrayList<>(); // from the model's statement inwards
  private List<Frame> last = List.of();

  Flow(Sizes sizes, SourceFiles sources) {
    this.sizes = sizes;
    this.sources = sources;
  }

  /// A statement while it is filled.
  private static final class Node {
    final @Nullable Frame frame; // null at the root
    final @Nullable Statement statement; // null without a source
    final List<Node> inside = new ArrayList<>();
    final Set<Parameter> reads = new LinkedHashSet<>();
    final List<String> operations = new ArrayList<>();
    List<String> shape = List.of();

    Node(@Nullable Frame frame, @Nullable Statement statement) {
      this.frame = frame;
      this.statement = statement;
    }
  }

  /// Adds the next operation.
  ///
  /// @param place of the event in its trace
  void add(Event event, int place) {
    List<Frame> frames = event.frames();
    int depth = depth(frames);
    while (open.size() > depth) {
      open.removeLast();
    }
    for (int i = depth; i < frames.size(); i++) {
      Node node = new Node(frames.get(i), statement(frames.get(i)));
      (i == 0 ? root : open.getLast()).inside.add(node);
      open.add(node);
    }
    Node own = open.isEmpty() ? root : open.getLast();
    own.reads.addAll(event.reads());
    own.operations.add(event.op());
    List<String> shape = sizes.of(place);
    open.forEach(node -> node.shape = shape);
    last = frames;
  }

  /// How many of the open statements still run.
  private int depth(List<Frame> frames) {
    int shared = 0;
    int most = Math.min(frames.size(), last.size());
    while (shared < most && frames.get(shared).equals(last.get(shared))) {
      shared++;
    }
    boolean again =
        shared == most
            || !frames.get(shared).sameMethod(last.get(shared))
            || frames.get(shared).bytecode() < last.get(shared).bytecode();
    if (!again) {
      return sameStatement(frames.get(shared), open.get(shared)) ? shared + 1 : shared;
    }
    for (int i = Math.min(shared, frames.size() - 1); i >= 0 && i < open.size(); i--) {
      Statement s = statement(frames.get(i));
      if (frames.get(i).lambda() || (s != null && s.repeats())) {
        return i;
      }
    }
    return Math.min(shared, Math.max(0, frames.size() - 1));
  }

  private boolean sameStatement(Frame frame, Node node) {
    Statement s = statement(frame);
    return s == null
        ? frame.line() == Objects.requireNonNull(node.frame).line()
        : s.equals(node.statement);
  }

  private @Nullable Statement statement(Frame frame) {
    SourceFile source = sources.of(frame.className());
    return source == null ? null : source.statement(frame.line());
  }

  /// The statements of the model, with repetitions folded.
  List<Step> steps() {
    Set<Parameter> seen = new HashSet<>();
    return Repeats.fold(root.inside.stream().map(n -> step(n, List.of(), seen)).toList());
  }

  /// What the sources say about the classes that took part, by their names without package, in the order of their work.
  Map<String, List<String>> about() {
    Map<String, List<String>> about = new LinkedHashMap<>();
    visit(root, about);
    return about;
  }

  private void visit(Node node, Map<String, List<String>> about) {
    Frame frame = node.frame;
    if (frame != null) {
      SourceFile source = sources.of(frame.className());
      about.putIfAbsent(simpleName(frame), source == null ? List.of() : source.about());
    }
    node.inside.forEach(n -> visit(n, about));
  }

  /// @param above classes of the calls that led here, the nearest first
  private Step step(Node node, List<String> above, Set<Parameter> seen) {
    Frame frame = Objects.requireNonNull(node.frame); // only the root has none
    Statement statement = node.statement;
    List<String> classes = new ArrayList<>(List.of(frame.className()));
    classes.addAll(above);
    List<Step.Equation> equations = new ArrayList<>();
    if (statement != null) {
      for (String number : new LinkedHashSet<>(SourceFile.numbers(statement.comment()))) {
        List<String> lines = lines(number, classes);
        equations.add(
            new Step.Equation(number, lines.isEmpty() ? called(number, node.inside) : lines));
      }
    }
    List<Step.Reading> reads = new ArrayList<>();
    for (Parameter p : node.reads) {
      reads.add(reading(p, seen.add(p)));
    }
    List<Step> inside = new ArrayList<>();
    node.inside.forEach(n -> inside.add(step(n, classes, seen)));
    String code =
        statement == null
            ? frame.method() + ": " + String.join(", ", node.operations)
            : statement.shown(frame.lambda());
    String comment = statement == null ? "" : statement.comment();
    return new Step(
        simpleName(frame), code, comment, equations, node.shape, reads, Repeats.fold(inside), 1);
  }

  /// The equation as the classes that are called have it.
  private List<String> called(String number, List<Node> inside) {
    for (Node n : inside) {
      List<String> own = lines(number, List.of(Objects.requireNonNull(n.frame).className()));
      List<String> found = own.isEmpty() ? called(number, n.inside) : own;
      if (!found.isEmpty()) {
        return found;
      }
    }
    return List.of();
  }

  private List<String> lines(String number, List<String> classes) {
    for (String c : classes) {
      SourceFile source = sources.of(c);
      if (source != null && !source.equation(number).isEmpty()) {
        return source.equation(number);
      }
    }
    return List.of();
  }

  static Step.Reading reading(Parameter p, boolean first) {
    List<Integer> shape = new ArrayList<>();
    switch (p) {
      case DenseParameter d -> {
        for (int size : d.shape().toArray()) {
          shape.add(size);
        }
      }
      case TableParameter t -> {
        shape.add(t.table().rows());
        shape.add(t.table().width());
      }
    }
    return new Step.Reading(p.path(), shape, p.elements(), first);
  }

  private static String simpleName(Frame frame) {
    String name = frame.className().substring(frame.className().lastIndexOf('.') + 1);
    int nested = name.indexOf('$');
    return nested < 0 ? name : name.substring(0, nested);
  }
}
