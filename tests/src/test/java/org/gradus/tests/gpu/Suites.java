// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.gpu;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.ClassNameFilter;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/// Runs tests of devices without a build: `Suites PATTERN`, for classes whose names match it. The device is the one that the system
/// property `gradus.device` names. A test that is skipped counts as failed: the machine was chosen for them.
final class Suites {
  private Suites() {}

  /// Says the name of each class when it is done, so that a run that hangs says where.
  private static final class Names implements TestExecutionListener {
    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      if (test.isContainer() && test.getLegacyReportingName().endsWith("Test")) {
        System.out.println(test.getLegacyReportingName() + ": " + result.getStatus());
      }
    }
  }

  /// See the class.
  public static void main(String[] args) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectPackage("org.gradus.tests"))
            .filters(
                TagFilter.includeTags("device"), ClassNameFilter.includeClassNamePatterns(args[0]))
            .build();
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create().execute(request, listener, new Names());
    TestExecutionSummary summary = listener.getSummary();
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    summary.printFailuresTo(out, 20);
    long passed = summary.getTestsSucceededCount();
    long found = summary.getTestsFoundCount();
    out.println(passed + " of " + found + " tests passed");
    System.exit(found > 0 && passed == found ? 0 : 1);
  }
}
