// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.gradus.autograd.Mutation.Contribution;
import org.gradus.tensor.Device;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Outputs and gradients of every operation on `cpu`, beside those of `reference` at the same point.
class CpuGradCheckTest {
  private static Device reference;
  private static Device cpu;

  @BeforeAll
  static void open() {
    reference = Device.open("reference");
    cpu = Device.open("cpu");
  }

  @AfterAll
  static void close() {
    cpu.close();
    reference.close();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void agreesWithinItsRoundingsAndMutantsDoNot(OpCase c) {
    GradCheck check = c.check().seed(2);
    check.compare(cpu, reference, c.builder()).orFail();
    for (Contribution contribution : check.contributions(reference, c.builder())) {
      if (!c.blind().contains(contribution.op())) {
        Mutation factor =
            new Mutation(contribution.op(), contribution.input(), Mutation.Kind.FACTOR);
        DeviceReport wrong = check.mutated(factor).compare(cpu, reference, c.builder());
        assertThat(wrong.passed()).as("%s, %s", c, factor).isFalse();
      }
    }
  }

  static Stream<OpCase> cases() {
    return Stream.of(
            ElementwiseGradCheckTest.binary(),
            ElementwiseGradCheckTest.extremes(),
            ElementwiseGradCheckTest.unary(),
            ElementwiseGradCheckTest.positive(),
            ElementwiseGradCheckTest.choices(),
            ReduceGradCheckTest.cases(),
            LayoutGradCheckTest.one(),
            LayoutGradCheckTest.several(),
            MatMulGradCheckTest.products(),
            MatMulGradCheckTest.layers(),
            MatMulGradCheckTest.contractions(),
            SoftmaxGradCheckTest.plain(),
            SoftmaxGradCheckTest.masked(),
            NormalizationGradCheckTest.cases(),
            GatherGradCheckTest.tensors(),
            GatherGradCheckTest.jagged(),
            GatherGradCheckTest.rows(),
            GatherGradCheckTest.bags(),
            GatherGradCheckTest.mixed(),
            InteractionGradCheckTest.interactions(),
            InteractionGradCheckTest.losses(),
            InteractionGradCheckTest.checkpoints())
        .flatMap(cases -> cases);
  }
}
