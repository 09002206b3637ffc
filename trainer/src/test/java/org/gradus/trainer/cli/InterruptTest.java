// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.gradus.trainer.run.Listener;
import org.junit.jupiter.api.Test;

class InterruptTest {
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final PrintStream to = new PrintStream(said, true, StandardCharsets.UTF_8);

  @Test
  void aRunThatDoesNotStopSaysWhereItGoesOn() {
    try (Interrupt interrupt = new Interrupt(Duration.ZERO, to)) {
      Listener listener = interrupt.watch(Listener.SILENT);
      interrupt.leaves("it goes on with: ./gradus train --resume runs/fm-001");
      assertThat(listener.stopRequested()).isFalse();
      interrupt.stop();
      assertThat(listener.stopRequested()).isTrue();
    }
    assertThat(said.toString(StandardCharsets.UTF_8).strip())
        .isEqualTo(
            "gradus: the run did not stop in 0 s; it goes on with: ./gradus train --resume"
                + " runs/fm-001");
  }

  @Test
  void aRunThatStopsIsWaitedForInSilence() throws InterruptedException {
    Interrupt interrupt = new Interrupt(Duration.ofMinutes(5), to);
    Thread asks = new Thread(interrupt::stop);
    asks.start();
    interrupt.close();
    asks.join();
    assertThat(said.size()).isZero();
  }
}
