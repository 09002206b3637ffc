// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

/// How far a float32 result may lie from the exact one.
interface Bound {
  /// u, the largest relative error of one rounding to float32.
  double U = 0x1p-24;

  /// Roundings of the elementary functions that a device may make: 4 units in the last place.
  double ELEMENTARY = 8;

  /// The largest allowed distance at place `i`, where the exact result is `exact`.
  double at(int i, double exact);

  /// The exact number, bit for bit but for the sign of zero.
  static Bound none() {
    return (i, exact) -> 0;
  }

  /// So many roundings of the result itself.
  static Bound relative(double roundings) {
    return (i, exact) -> roundings * U * Math.abs(exact);
  }

  /// So many roundings of the given magnitudes, which hold whatever cancels on the way to the result.
  static Bound of(double roundings, double[] magnitudes) {
    return (i, exact) -> roundings * U * magnitudes[i];
  }

  /// So many roundings of a number of size `magnitude`.
  static Bound absolute(double roundings, double magnitude) {
    return (i, exact) -> roundings * U * magnitude;
  }
}
