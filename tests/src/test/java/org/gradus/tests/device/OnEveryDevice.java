// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A test that runs on every device, with several numbers of threads.
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Tag("device")
@ParameterizedTest(name = "{0}")
@MethodSource("org.gradus.tests.device.DeviceUnderTest#all")
@interface OnEveryDevice {}
