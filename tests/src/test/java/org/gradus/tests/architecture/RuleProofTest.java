// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.lang.reflect.Method;
import java.util.Random;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.gradus.tensor.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// A rule that accepts everything looks like one that holds, so each meets a class that breaks it.
class RuleProofTest {

  static Stream<Arguments> breaches() {
    return Stream.of(
        arguments(ArchitectureRules.onlyTheCpuDeviceUsesTheVectorApi(), LanewiseExp.class),
        arguments(ArchitectureRules.lanesAreExact(), LanewiseExp.class),
        arguments(ArchitectureRules.lanesAreExact(), LanewisePow.class),
        arguments(ArchitectureRules.lanesAreExact(), FloatSum.class),
        arguments(ArchitectureRules.scalarsAreExact(), ScalarTanh.class),
        arguments(ArchitectureRules.scalarsAreExact(), ReferenceToLog.class),
        arguments(ArchitectureRules.randomNumbersAreCounted(), UncountedRandom.class),
        arguments(ArchitectureRules.randomNumbersAreCounted(), MathRandom.class),
        arguments(ArchitectureRules.noJavaSerialization(), Serializes.class),
        arguments(ArchitectureRules.noReflection(), ForName.class),
        arguments(ArchitectureRules.noReflection(), Methods.class),
        arguments(ArchitectureRules.noStaticMutableState(), StaticState.class),
        arguments(ArchitectureRules.namesSayWhatAThingIs(), ShapeUtil.class),
        arguments(ArchitectureRules.namesSayWhatAThingIs(), AbstractShape.class),
        arguments(ArchitectureRules.constructorsHaveAtMostFiveParameters(), SixParameters.class),
        arguments(ArchitectureRules.everythingLivesInAModule(), Exact.class));
  }

  @ParameterizedTest
  @MethodSource("breaches")
  void bites(ArchRule rule, Class<?> breach) {
    assertThat(violates(rule, breach)).isTrue();
  }

  static Stream<ArchRule> rulesThatExactCodePasses() {
    return Stream.of(
        ArchitectureRules.lanesAreExact(),
        ArchitectureRules.scalarsAreExact(),
        ArchitectureRules.randomNumbersAreCounted(),
        ArchitectureRules.noJavaSerialization(),
        ArchitectureRules.noReflection(),
        ArchitectureRules.constructorsHaveAtMostFiveParameters());
  }

  @ParameterizedTest
  @MethodSource("rulesThatExactCodePasses")
  void doesNotBiteWithoutCause(ArchRule rule) {
    assertThat(violates(rule, Exact.class)).isFalse();
  }

  @ParameterizedTest
  @MethodSource("arrows")
  void anArrowThatDoesNotExistIsSeen(String module, Set<String> visible, boolean broken) {
    var classes = new ClassFileImporter().importPackages("org.gradus." + module);
    assertThat(ArchitectureRules.seesOnly(module, visible).evaluate(classes).hasViolation())
        .isEqualTo(broken);
  }

  static Stream<Arguments> arrows() {
    return Stream.of(
        arguments("cuda", Set.of("cuda"), true),
        arguments("cuda", Set.of("cuda", "tensor"), false));
  }

  private static boolean violates(ArchRule rule, Class<?> type) {
    return rule.evaluate(new ClassFileImporter().importClasses(type)).hasViolation();
  }

  /// Everything near a forbidden thing that is allowed.
  static final class Exact {
    double scalar(double x) {
      return StrictMath.exp(x) + Math.fma(x, x, Math.sqrt(Math.abs(x)));
    }

    int lanes(IntVector v) {
      return v.lanewise(VectorOperators.ADD, v).reduceLanes(VectorOperators.ADD);
    }

    FloatVector root(FloatVector v) {
      return v.lanewise(VectorOperators.SQRT).fma(v, v);
    }

    enum Kind {
      ONE
    }

    record Six(int a, int b, int c, int d, int e, int f) {}

    String name(Shape shape) {
      return shape.getClass().getSimpleName() + Kind.valueOf("ONE") + new Six(1, 2, 3, 4, 5, 6);
    }
  }

  static final class LanewiseExp {
    FloatVector exp(FloatVector v) {
      return v.lanewise(VectorOperators.EXP);
    }
  }

  static final class LanewisePow {
    FloatVector square(FloatVector v) {
      return v.pow(2);
    }
  }

  static final class FloatSum {
    float sum(FloatVector v) {
      return v.reduceLanes(VectorOperators.ADD);
    }
  }

  static final class ScalarTanh {
    double tanh(double x) {
      return Math.tanh(x);
    }
  }

  static final class ReferenceToLog {
    DoubleUnaryOperator log() {
      return Math::log;
    }
  }

  static final class UncountedRandom {
    int draw(Random random) {
      return random.nextInt();
    }
  }

  static final class MathRandom {
    double draw() {
      return Math.random();
    }
  }

  static final class Serializes {
    void write(Object value) throws IOException {
      new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(value);
    }
  }

  static final class ForName {
    Class<?> load(String name) throws ClassNotFoundException {
      return Class.forName(name);
    }
  }

  static final class Methods {
    Method[] all(Object of) {
      return of.getClass().getDeclaredMethods();
    }
  }

  static final class StaticState {
    static int calls;

    void call() {
      calls++;
    }
  }

  static final class ShapeUtil {}

  static final class AbstractShape {}

  static final class SixParameters {
    final int sum;

    SixParameters(int a, int b, int c, int d, int e, int f) {
      sum = a + b + c + d + e + f;
    }
  }
}
