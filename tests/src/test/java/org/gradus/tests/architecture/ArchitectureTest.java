// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ArchitectureTest {
  private static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("org.gradus");

  static List<String> modules() {
    return Modules.names();
  }

  @ParameterizedTest
  @MethodSource("modules")
  void aModuleSeesOnlyWhereItsArrowsLead(String module) {
    assumeTrue(Modules.hasSources(module), module + " holds no source yet");
    ArchitectureRules.seesOnly(module, Modules.visibleFrom(module)).check(MAIN);
  }

  static Stream<Named<ArchRule>> rules() {
    return Stream.of(
            ArchitectureRules.onlyCudaMentionsCuda(),
            ArchitectureRules.onlyTheCpuDeviceUsesTheVectorApi(),
            ArchitectureRules.lanesAreExact(),
            ArchitectureRules.scalarsAreExact(),
            ArchitectureRules.randomNumbersAreCounted(),
            ArchitectureRules.noJavaSerialization(),
            ArchitectureRules.noReflection(),
            ArchitectureRules.noStaticMutableState(),
            ArchitectureRules.namesSayWhatAThingIs(),
            ArchitectureRules.constructorsHaveAtMostFiveParameters(),
            ArchitectureRules.modulesHaveNoCycle(),
            ArchitectureRules.everythingLivesInAModule())
        .map(rule -> Named.of(rule.getDescription(), rule));
  }

  @ParameterizedTest
  @MethodSource("rules")
  void holds(ArchRule rule) {
    rule.check(MAIN);
  }

  @Test
  void packagesInsideAModuleHaveNoCycle() {
    assumeTrue(anyPackageMatches("org\\.gradus\\.\\w+\\.\\w.*"), "no module has packages yet");
    ArchitectureRules.packagesInsideAModuleHaveNoCycle().check(MAIN);
  }

  @Test
  void papersDoNotKnowEachOther() {
    assumeTrue(anyPackageMatches("org\\.gradus\\.models\\.\\w.*"), "there is no paper yet");
    ArchitectureRules.papersDoNotKnowEachOther().check(MAIN);
  }

  @Test
  void visibilityFollowsTheArrows() {
    assertThat(Modules.visibleFrom("models"))
        .containsExactly("autograd", "embeddings", "layers", "models", "tensor");
    assertThat(Modules.visibleFrom("trainer")).doesNotContain("cuda");
  }

  private static boolean anyPackageMatches(String regex) {
    return MAIN.stream().anyMatch(c -> c.getPackageName().matches(regex));
  }
}
