// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.List;
import java.util.Locale;
import org.gradus.tests.peers.PeerFork.Who;
import org.gradus.tests.peers.Turns.Times;

/// What one side of a case took in one process.
record Result(String name, Who who, String side, Times times, Speed speed) {
  /// How a time becomes a speed.
  ///
  /// @param amount of a call, in units times seconds
  record Speed(double amount, String unit) {}

  /// One line of comma-separated values.
  String line() {
    return String.format(
        Locale.ROOT,
        "%s,%s,%s,%d,%.9f,%.9f,%.9f,%.9g,%s",
        name,
        who,
        side,
        times.calls(),
        times.low(),
        times.median(),
        times.high(),
        speed.amount,
        speed.unit);
  }

  /// What the columns of [#line] are.
  static final String HEADER =
      "case,who,side,calls,tenth_percentile_s,median_s,ninetieth_percentile_s,amount,unit";

  static Result parse(String line) {
    List<String> p = List.of(line.split(",", -1));
    return new Result(
        p.get(0),
        Who.valueOf(p.get(1)),
        p.get(2),
        new Times(Integer.parseInt(p.get(3)), number(p.get(4)), number(p.get(5)), number(p.get(6))),
        new Speed(number(p.get(7)), p.get(8)));
  }

  private static double number(String text) {
    return Double.parseDouble(text);
  }
}
