// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.models.Fitted;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.jspecify.annotations.Nullable;

/// Lets learned proxies begin at the [PrincipalAxes] of the tokens of the training rows, once, before the first step.
final class PrincipalStart {
  private final PrincipalAxes.Start config;
  private final DenseParameter done; // [], 1 once they have begun: saved with the model
  private final Device device;

  PrincipalStart(PrincipalAxes.Start config, DenseParameter done, Device device) {
    this.config = config;
    this.done = done;
    this.device = device;
  }

  /// Whether they have.
  boolean done() {
    return done.value().toDoubles()[0] != 0;
  }

  /// What there is to begin with.
  ///
  /// @param fields null where they have no proxies
  /// @param steps null without behaviours
  /// @param sequences null where they have no proxies
  record Parts(
      TokenTables tables,
      @Nullable FieldProxies fields,
      @Nullable Behaviours steps,
      @Nullable SequenceProxies sequences) {}

  /// Begins.
  ///
  /// @return one line for the user
  String from(Fitted.Rows rows, long seed, Parts parts) {
    PrincipalAxes ofFields = new PrincipalAxes(Counter.key(seed, "fields"));
    List<PrincipalAxes> ofSteps = new ArrayList<>();
    if (parts.steps != null) {
      parts.steps.names().forEach(n -> ofSteps.add(new PrincipalAxes(Counter.key(seed, n))));
    }
    rows.forEach(
        batch -> {
          try (Tape tape = Tape.evaluating(device)) {
            Mode mode = Mode.evaluation(tape);
            ofFields.add(parts.tables.fields(batch, mode), null);
            if (parts.steps != null) {
              Behaviours.Looked looked = parts.steps.lookup(batch, mode);
              List<Var> each = looked.tokens().split(1, looked.sizes());
              for (int a = 0; a < each.size(); a++) {
                ofSteps.get(a).add(each.get(a), looked.steps().get(a).mask());
              }
            }
          }
        });
    if (parts.fields != null) {
      parts.fields.startAt(ofFields, config);
    }
    if (parts.sequences != null) {
      parts.sequences.startAt(ofSteps, config);
    }
    done.write(1.0);
    long tokens = ofFields.seen() + ofSteps.stream().mapToLong(PrincipalAxes::seen).sum();
    return "learned proxies begin at the principal axes of " + tokens + " tokens";
  }
}
