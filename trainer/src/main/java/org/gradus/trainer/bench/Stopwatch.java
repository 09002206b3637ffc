// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import java.util.EnumMap;
import java.util.List;
import java.util.Objects;

/// Cuts a step into [Phase]s.
public final class Stopwatch {
  private final Meter meter;
  private static final List<Phase> PHASES = List.of(Phase.values());

  private final EnumMap<Phase, long[]> nanos = new EnumMap<>(Phase.class); // one number each
  private long last;
  private long lookups;

  /// A watch that learns from the meter which part of a forward pass was lookup.
  public Stopwatch(Meter meter) {
    this.meter = meter;
    for (Phase p : PHASES) {
      nanos.put(p, new long[1]);
    }
  }

  /// Forgets the step before.
  public void begin() {
    for (Phase p : PHASES) {
      of(p)[0] = 0;
    }
    last = System.nanoTime();
    lookups = meter.lookupNanos();
  }

  /// The time since the last lap, or since the beginning, belongs to this phase.
  public void lap(Phase phase) {
    long now = System.nanoTime();
    long found = meter.lookupNanos();
    long lookup = phase == Phase.FORWARD ? found - lookups : 0;
    of(Phase.LOOKUP)[0] += lookup;
    of(phase)[0] += now - last - lookup;
    last = now;
    lookups = found;
  }

  /// Nanoseconds of a phase in this step.
  public long nanos(Phase phase) {
    return of(phase)[0];
  }

  /// Copies the nanoseconds of all phases, in their order.
  void copyTo(long[] all) {
    int i = 0;
    for (Phase p : PHASES) {
      all[i++] = nanos(p);
    }
  }

  private long[] of(Phase phase) {
    return Objects.requireNonNull(nanos.get(phase)); // all are there
  }
}
