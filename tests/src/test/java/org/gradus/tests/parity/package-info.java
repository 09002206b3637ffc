// SPDX-License-Identifier: Apache-2.0
/// Models on the devices that train them, beside the device that defines what is right.
@NullMarked
package org.gradus.tests.parity;

import org.jspecify.annotations.NullMarked;
