// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class JvmFlagsTest {
  private static final Pattern COMMAND =
      Pattern.compile("(?m)^-XX:CompileCommand=\\w+,(?<type>[\\w.$*]+)::(?<method>[\\w*]+)$");

  /// The virtual machine says nothing of a command for a method that there is not.
  @Test
  void everyMethodThatTheCompilerIsToldAboutExists() throws Exception {
    String flags =
        Files.readString(Path.of(System.getProperty("gradus.root"), ".mvn", "jvm.flags"));
    List<MatchResult> commands = COMMAND.matcher(flags).results().toList();
    assertThat(commands).hasSizeGreaterThan(4);
    for (MatchResult command : commands) {
      Pattern method = Pattern.compile(command.group("method").replace("*", ".*"));
      assertThat(type(command.group("type")).getDeclaredMethods())
          .as(command.group())
          .anyMatch(each -> method.matcher(each.getName()).matches());
    }
  }

  /// `Steps$*` stands for the types within Steps.
  private static Class<?> type(String name) throws ClassNotFoundException {
    String inner = "$*";
    return name.endsWith(inner)
        ? Arrays.stream(
                Class.forName(name.substring(0, name.length() - inner.length()))
                    .getDeclaredClasses())
            .findFirst()
            .orElseThrow()
        : Class.forName(name);
  }
}
