// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.constructors;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaConstructor;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.Externalizable;
import java.io.ObjectInput;
import java.io.ObjectInputStream;
import java.io.ObjectOutput;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/// The rules over byte code. Each is checked on our classes and proven on a class that breaks it.
final class ArchitectureRules {
  private static final Set<String> TRANSCENDENTAL =
      Set.of(
          "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "exp",
          "expm1", "log", "log10", "log1p", "pow", "cbrt", "hypot");

  private static final Pattern REFLECTIVE =
      Pattern.compile("forName|newInstance|get(Declared)?(Method|Field|Constructor|Class)(e?s)?");

  private ArchitectureRules() {}

  static ArchRule seesOnly(String module, Set<String> visible) {
    String[] others =
        Modules.names().stream()
            .filter(m -> !visible.contains(m))
            .map(ArchitectureRules::packagesOf)
            .toArray(String[]::new);
    return noClasses()
        .that()
        .resideInAPackage(packagesOf(module))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(others)
        .orShould()
        .dependOnClassesThat()
        .resideInAPackage("org.gradus.tests..");
  }

  static ArchRule onlyCudaMentionsCuda() {
    return noClasses()
        .that()
        .resideOutsideOfPackage("org.gradus.cuda..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.gradus.cuda..", "jcuda..")
        .because("a model, layer or command that knows a device works on that device only");
  }

  static ArchRule onlyTheCpuDeviceUsesTheVectorApi() {
    return noClasses()
        .that()
        .resideOutsideOfPackage("org.gradus.tensor.cpu..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jdk.incubator.vector..")
        .because("it is an incubator: one package to change when it changes");
  }

  static ArchRule lanesAreExact() {
    return noClasses()
        .should()
        .accessTargetWhere(
            access(
                "a lanewise transcendental or a floating reduceLanes",
                a ->
                    switch (a.getTargetOwner().getName()) {
                      case "jdk.incubator.vector.VectorOperators" ->
                          TRANSCENDENTAL.contains(lowerCase(a.getTarget().getName()));
                      case "jdk.incubator.vector.Vector",
                          "jdk.incubator.vector.FloatVector",
                          "jdk.incubator.vector.DoubleVector" ->
                          a.getTarget().getName().startsWith("reduceLanes")
                              || a.getTarget().getName().equals("pow");
                      default -> false;
                    }))
        .because("their bits differ before and after just-in-time compilation");
  }

  static ArchRule scalarsAreExact() {
    return noClasses()
        .should()
        .accessTargetWhere(
            access(
                "a transcendental of Math",
                a ->
                    a.getTargetOwner().isEquivalentTo(Math.class)
                        && TRANSCENDENTAL.contains(a.getTarget().getName())))
        .because("StrictMath gives the same bits on every machine");
  }

  static ArchRule randomNumbersAreCounted() {
    return noClasses()
        .should()
        .dependOnClassesThat()
        .belongToAnyOf(Random.class, ThreadLocalRandom.class)
        .orShould()
        .accessTargetWhere(
            access(
                "Math.random",
                a ->
                    a.getTargetOwner().isEquivalentTo(Math.class)
                        && a.getTarget().getName().equals("random")))
        .because("a random number is a function of seed and position, so that a run repeats");
  }

  static ArchRule noJavaSerialization() {
    return noClasses()
        .should()
        .dependOnClassesThat()
        .belongToAnyOf(
            Serializable.class,
            Externalizable.class,
            ObjectInput.class,
            ObjectOutput.class,
            ObjectInputStream.class,
            ObjectOutputStream.class)
        .because("checkpoints are tensors and JSON, which cannot run code when they are read");
  }

  static ArchRule noReflection() {
    return noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.lang.reflect..")
        .orShould()
        .accessTargetWhere(
            access(
                "a reflective method of Class",
                a ->
                    a.getTargetOwner().isEquivalentTo(Class.class)
                        && REFLECTIVE.matcher(a.getTarget().getName()).matches()))
        .because("a reader follows calls, not names in strings");
  }

  static ArchRule noStaticMutableState() {
    return fields().that().areStatic().should().beFinal();
  }

  static ArchRule namesSayWhatAThingIs() {
    return noClasses()
        .should()
        .haveNameMatching(".*[.$](Abstract\\w+|\\w+(Impl|Base|Utils?|Manager|Helper))");
  }

  /// Records are exempt: a configuration has as many parts as its paper, read by name.
  static ArchRule constructorsHaveAtMostFiveParameters() {
    return constructors()
        .that(
            describe(
                "are of classes, and not private",
                (JavaConstructor c) ->
                    !c.getOwner().isRecord()
                        && !c.getOwner().isEnum()
                        && !c.getOwner().isAnonymousClass()
                        && !c.getModifiers().contains(JavaModifier.PRIVATE)))
        .should(
            new ArchCondition<>("have at most five parameters") {
              @Override
              public void check(JavaConstructor c, ConditionEvents events) {
                int n = c.getRawParameterTypes().size();
                events.add(
                    new SimpleConditionEvent(
                        c, n <= 5, c.getFullName() + " has " + n + " parameters"));
              }
            });
  }

  static ArchRule modulesHaveNoCycle() {
    return slices().matching("org.gradus.(*)..").should().beFreeOfCycles();
  }

  static ArchRule packagesInsideAModuleHaveNoCycle() {
    return slices().matching("org.gradus.(*).(*)..").should().beFreeOfCycles();
  }

  static ArchRule papersDoNotKnowEachOther() {
    return slices()
        .matching("org.gradus.models.(*)..")
        .should()
        .notDependOnEachOther()
        .because("a paper is read alone; what two papers share belongs to layers");
  }

  static ArchRule everythingLivesInAModule() {
    return classes()
        .should()
        .resideInAnyPackage(
            Modules.names().stream().map(ArchitectureRules::packagesOf).toArray(String[]::new));
  }

  private static String packagesOf(String module) {
    return "org.gradus." + module + "..";
  }

  private static String lowerCase(String name) {
    return name.toLowerCase(java.util.Locale.ROOT);
  }

  private static DescribedPredicate<JavaAccess<?>> access(
      String what, java.util.function.Predicate<JavaAccess<?>> test) {
    return describe(what, test);
  }
}
