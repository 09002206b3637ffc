// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.AssignmentTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.DoWhileLoopTree;
import com.sun.source.tree.EnhancedForLoopTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.ForLoopTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.tree.WhileLoopTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The rules of [Lanes] for vectors in loops. A loop that breaks one is compiled well in most starts of a program, and in others
/// allocates a vector at each turn, so that no run of it tells.
class LoopRulesTest {
  private static final Path SOURCES =
      Path.of("src", "main", "java", "org", "gradus", "tensor", "cpu");

  @Test
  void noKernelCallsUponAVectorThatItsLoopCarries() throws IOException {
    Set<String> found = new TreeSet<>();
    for (Loops loops : kernels()) {
      found.addAll(loops.calledUpon);
    }
    assertThat(found).as("write loaded.add(sum), not sum.add(loaded)").isEmpty();
  }

  @Test
  void noKernelSpreadsANumberBeforeTheLoopThatUsesIt() throws IOException {
    Set<String> found = new TreeSet<>();
    for (Loops loops : kernels()) {
      found.addAll(loops.spreadBefore);
    }
    assertThat(found).as("write FloatVector.broadcast(S, s) where it is used").isEmpty();
  }

  @Test
  void aCallUponACarriedVectorIsFound() throws IOException {
    Loops loops =
        parse(
            "void f(float[] x) { FloatVector sum = zero(); FloatVector kept = load(x, 0); while (i"
                + " < n) { for (int i = 0; i < n; i++) { sum = sum.add(load(x, i)); load(x,"
                + " i).add(kept); } } sum = sum.add(kept); }");
    assertThat(loops.calledUpon).containsExactly("Kernel.f: sum.add");
    assertThat(loops.spreadBefore).isEmpty();
  }

  @Test
  void aNumberSpreadTooEarlyIsFound() throws IOException {
    Loops loops =
        parse(
            "void f(float[] x, float s) { FloatVector factor = FloatVector.broadcast(S, s);"
                + " FloatVector once = FloatVector.broadcast(S, s); once.intoArray(x, 0); do {"
                + " FloatVector here = FloatVector.broadcast(S, s); load(x, i).fma(factor, here); }"
                + " while (i < n); }");
    assertThat(loops.spreadBefore).containsExactly("Kernel.f: factor");
    assertThat(loops.calledUpon).isEmpty();
  }

  private static List<Loops> kernels() throws IOException {
    List<Loops> kernels = new ArrayList<>();
    int vectors = 0;
    try (Stream<Path> files = Files.list(SOURCES)) {
      for (Path file : files.sorted().toList()) {
        Loops loops = parse(file.toUri(), Files.readString(file));
        vectors += loops.vectors.size();
        kernels.add(loops);
      }
    }
    assertThat(vectors)
        .as("methods with vectors in %s", SOURCES.toAbsolutePath())
        .isGreaterThan(50);
    return kernels;
  }

  private static Loops parse(String method) throws IOException {
    return parse(URI.create("string:///Kernel.java"), "class Kernel { " + method + " }");
  }

  private static Loops parse(URI name, String source) throws IOException {
    JavaFileObject file =
        new SimpleJavaFileObject(name, JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return source;
          }
        };
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    JavacTask task = (JavacTask) compiler.getTask(null, null, null, null, null, List.of(file));
    Loops loops = new Loops();
    for (CompilationUnitTree unit : task.parse()) {
      loops.scan(unit, null);
    }
    return loops;
  }

  /// What the loops of one source do with vectors that were declared before them.
  private static final class Loops extends TreeScanner<@Nullable Void, @Nullable Void> {
    /// Methods that declare vectors.
    final Set<String> vectors = new HashSet<>();

    final Set<String> calledUpon = new TreeSet<>();
    final Set<String> spreadBefore = new TreeSet<>();

    private String type = "";
    private String method = "";

    /// The vectors of the method, and in how many of its loops each was declared.
    private Map<String, Integer> declared = new HashMap<>();

    private Set<String> spread = new HashSet<>();

    /// What each of the loops around assigns, the outermost first.
    private final List<Set<String>> assigned = new ArrayList<>();

    @Override
    public @Nullable Void visitClass(ClassTree node, @Nullable Void p) {
      String around = type;
      type = node.getSimpleName().toString();
      super.visitClass(node, null);
      type = around;
      return null;
    }

    @Override
    public @Nullable Void visitMethod(MethodTree node, @Nullable Void p) {
      method = type + "." + node.getName();
      declared = new HashMap<>();
      spread = new HashSet<>();
      return super.visitMethod(node, null);
    }

    @Override
    public @Nullable Void visitVariable(VariableTree node, @Nullable Void p) {
      if (!method.isEmpty() && String.valueOf(node.getType()).endsWith("Vector")) {
        String name = node.getName().toString();
        vectors.add(method);
        declared.put(name, assigned.size());
        spread.remove(name);
        if (String.valueOf(node.getInitializer()).matches("\\w+Vector\\.broadcast\\(.*")) {
          spread.add(name);
        }
      }
      return super.visitVariable(node, null);
    }

    @Override
    public @Nullable Void visitMethodInvocation(MethodInvocationTree node, @Nullable Void p) {
      ExpressionTree called = node.getMethodSelect();
      if (called instanceof MemberSelectTree select
          && select.getExpression() instanceof IdentifierTree receiver) {
        String name = receiver.getName().toString();
        if (isBeforeLoop(name) && isCarried(name)) {
          calledUpon.add(method + ": " + name + "." + select.getIdentifier());
        }
      }
      return super.visitMethodInvocation(node, null);
    }

    @Override
    public @Nullable Void visitIdentifier(IdentifierTree node, @Nullable Void p) {
      String name = node.getName().toString();
      if (isBeforeLoop(name) && spread.contains(name) && !isCarried(name)) {
        spreadBefore.add(method + ": " + name);
      }
      return super.visitIdentifier(node, null);
    }

    private boolean isBeforeLoop(String name) {
      return declared.getOrDefault(name, Integer.MAX_VALUE) < assigned.size();
    }

    private boolean isCarried(String name) {
      return assigned
          .subList(declared.getOrDefault(name, assigned.size()), assigned.size())
          .stream()
          .anyMatch(names -> names.contains(name));
    }

    @Override
    public @Nullable Void visitForLoop(ForLoopTree node, @Nullable Void p) {
      return loop(node, () -> super.visitForLoop(node, null));
    }

    @Override
    public @Nullable Void visitEnhancedForLoop(EnhancedForLoopTree node, @Nullable Void p) {
      return loop(node, () -> super.visitEnhancedForLoop(node, null));
    }

    @Override
    public @Nullable Void visitWhileLoop(WhileLoopTree node, @Nullable Void p) {
      return loop(node, () -> super.visitWhileLoop(node, null));
    }

    @Override
    public @Nullable Void visitDoWhileLoop(DoWhileLoopTree node, @Nullable Void p) {
      return loop(node, () -> super.visitDoWhileLoop(node, null));
    }

    private @Nullable Void loop(Tree loop, Runnable body) {
      Set<String> names = new HashSet<>();
      new TreeScanner<@Nullable Void, @Nullable Void>() {
        @Override
        public @Nullable Void visitAssignment(AssignmentTree node, @Nullable Void p) {
          names.add(node.getVariable().toString());
          return super.visitAssignment(node, null);
        }
      }.scan(loop, null);
      assigned.add(names);
      body.run();
      assigned.removeLast();
      return null;
    }
  }
}
