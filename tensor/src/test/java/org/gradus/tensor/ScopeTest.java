// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.gradus.tensor.reference.ReferenceDevice;
import org.junit.jupiter.api.Test;

class ScopeTest {
  private final Device device = new ReferenceDevice(DeviceOptions.defaults().withPoison());

  @Test
  void tensorsDieWithTheirScope() {
    Tensor x;
    try (Scope step = new Scope(device)) {
      x = step.upload(Shape.of(2), 1.0, 2.0);
      assertThat(x.toDoubles()).containsExactly(1, 2);
      assertThat(device.memory().live()).isEqualTo(16);
      assertThat(step.size()).isEqualTo(1);
    }
    assertThat(x.alive()).isFalse();
    assertThat(device.memory().live()).isZero();
  }

  /// Scopes use each other's lists, one after the other.
  @Test
  void closingAgainDoesNotTouchTheScopesThatCameAfter() {
    Scope before = new Scope(device);
    before.upload(Shape.of(1), 1.0);
    before.close();
    try (Scope step = new Scope(device);
        Scope beside = new Scope(device)) {
      Tensor x = step.upload(Shape.of(1), 2.0);
      Tensor y = beside.upload(Shape.of(1), 3.0);
      double[] mine = step.doubles(1);
      before.close();
      assertThat(before.size()).isZero();
      assertThatThrownBy(() -> before.keep(x)).hasMessageContaining("does not belong");
      assertThat(step.size()).isEqualTo(1);
      assertThat(x.item()).isEqualTo(2);
      assertThat(y.item()).isEqualTo(3);
      assertThat(mine).containsExactly(0);
    }
    assertThat(device.memory().live()).isZero();
  }

  @Test
  void usingADeadTensorNamesTheOperationThatMadeIt() {
    Scope step = new Scope(device);
    Tensor x = step.real("relu", Shape.of(2, 3));
    step.close();
    assertThatThrownBy(x::toDoubles)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("relu: its result [2, 3] is used after its scope was closed.")
        .hasMessageContaining("keep()");
    assertThat(x).hasToString("relu [2, 3] on reference (dead)");
  }

  @Test
  void aKeptTensorOutlivesItsScopeUntilAnotherAdoptsIt() {
    Tensor x;
    try (Scope step = new Scope(device)) {
      x = step.keep(step.upload(Shape.of(1), 3.0));
      assertThat(step.size()).isZero();
    }
    assertThat(x.item()).isEqualTo(3);
    try (Scope run = new Scope(device)) {
      run.adopt(x);
      assertThat(run.size()).isEqualTo(1);
      assertThatThrownBy(() -> run.adopt(x)).hasMessageContaining("call keep first");
    }
    assertThat(x.alive()).isFalse();
  }

  @Test
  void onlyItsOwnScopeKeepsATensor() {
    try (Scope one = new Scope(device);
        Scope other = new Scope(device)) {
      Tensor x = one.upload(Shape.of(1), 1.0);
      other.upload(Shape.of(1), 2.0);
      assertThatThrownBy(() -> other.keep(x))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("does not belong to this scope");
      one.release(x);
      assertThatThrownBy(() -> one.keep(x)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void aReshapeHoldsTheMemoryOfItsOrigin() {
    try (Scope step = new Scope(device)) {
      Tensor x = step.upload(Shape.of(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
      Tensor flat = step.reshape(x, Shape.of(6));
      assertThat(x.sole()).isFalse();
      step.release(x);
      assertThat(x.alive()).isFalse();
      assertThat(flat.sole()).isTrue();
      assertThat(flat.toDoubles()).containsExactly(1, 2, 3, 4, 5, 6);
      step.release(flat);
      assertThat(device.memory().live()).isZero();
    }
  }

  @Test
  void sharedHandlesAreClosedOnceEach() {
    try (Scope run = new Scope(device)) {
      Tensor mine;
      try (Scope step = new Scope(device)) {
        mine = run.share(step.upload(Shape.of(1), 4.0));
      }
      assertThat(mine.item()).isEqualTo(4);
      assertThat(device.memory().live()).isEqualTo(8);
    }
    assertThat(device.memory().live()).isZero();
  }

  @Test
  void releasingInAnyOrderLeavesTheOthersAlive() {
    try (Scope step = new Scope(device)) {
      Tensor a = step.upload(Shape.of(1), 1.0);
      Tensor b = step.upload(Shape.of(1), 2.0);
      Tensor c = step.upload(Shape.of(1), 3.0);
      step.release(b);
      step.release(b);
      step.release(c);
      assertThat(step.size()).isEqualTo(1);
      Tensor d = step.upload(Shape.of(1), 4.0);
      assertThat(a.item()).isEqualTo(1);
      assertThat(step.keep(d).item()).isEqualTo(4);
      step.adopt(d);
    }
    assertThat(device.memory().live()).isZero();
  }

  @Test
  void everyKindComesBackAsItWasUploaded() {
    try (Scope step = new Scope(device)) {
      assertThat(step.upload(Shape.of(2), 1.5f, -2f).toFloats()).containsExactly(1.5f, -2f);
      Tensor ids = step.upload(Shape.of(3), 7, -1, 0);
      assertThat(ids.kind()).isEqualTo(Kind.INT);
      assertThat(ids.toInts()).containsExactly(7, -1, 0);
      Tensor mask = step.upload(Shape.of(2), true, false);
      assertThat(mask.kind()).isEqualTo(Kind.MASK);
      assertThat(mask.toBooleans()).containsExactly(true, false);
    }
  }

  @Test
  void sizesThatDoNotFitAreErrors() {
    try (Scope step = new Scope(device)) {
      assertThatThrownBy(() -> step.upload(Shape.of(2, 2), 1.0, 2.0, 3.0))
          .hasMessageContaining("3 values for shape [2, 2]. Expected 4 values");
      Tensor x = step.upload(Shape.of(2), 1.0, 2.0);
      assertThatThrownBy(() -> step.reshape(x, Shape.of(3))).hasMessageStartingWith("reshape: [2]");
      assertThatThrownBy(x::item).hasMessageContaining("has 2 elements. Expected one.");
    }
  }

  @Test
  void aJaggedChecksItsOffsets() {
    try (Scope step = new Scope(device)) {
      Tensor values = step.upload(Shape.of(3), 1, 2, 3);
      assertThat(new Jagged(values, step.upload(Shape.of(3), 0, 1, 3)).bags()).isEqualTo(2);
      Tensor real = step.upload(Shape.of(3), 0.0, 1.0, 3.0);
      assertThatThrownBy(() -> new Jagged(values, real))
          .hasMessageContaining("Expected [S+1] of kind INT");
    }
  }

  @Test
  void onlyItsOwnScopeReleasesATensor() {
    try (Scope one = new Scope(device);
        Scope other = new Scope(device)) {
      Tensor x = one.upload(Shape.of(1), 1.0);
      Tensor victim =
          other.upload(Shape.of(1), 2.0); // stands in the same place of the other's list
      assertThatThrownBy(() -> other.release(x))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("belongs to another scope");
      assertThat(other.size()).isEqualTo(1);
      assertThat(victim.alive()).isTrue();
      other.release(one.keep(x));
      assertThat(x.alive()).isFalse();
    }
    assertThat(device.memory().live()).isZero();
  }

  @Test
  void aClosedScopeMakesNothing() {
    Scope step = new Scope(device);
    step.close();
    assertThatThrownBy(() -> step.upload(Shape.of(2), 1.0, 2.0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed scope");
    assertThat(device.memory().live()).isZero();
    step.close();
  }

  @Test
  void aLongLivedScopeDoesNotGrowWhileTensorsComeAndGo() {
    try (Scope run = new Scope(device)) {
      Tensor first = run.upload(Shape.of(1), 1.0);
      Tensor last = run.upload(Shape.of(1), 2.0);
      for (int i = 0; i < 1000; i++) { // the newest is always alive
        Tensor next = run.upload(Shape.of(1), 3.0 + i);
        run.release(last);
        last = next;
      }
      assertThat(run.slots()).isLessThan(200);
      assertThat(run.size()).isEqualTo(2);
      assertThat(run.keep(first).item()).isEqualTo(1);
      assertThat(last.item()).isEqualTo(1002);
      run.adopt(first);
    }
    assertThat(device.memory().live()).isZero();
  }

  @Test
  void arraysOfTheHostLiveAsLongAsTheirScope() {
    int[] ints;
    try (Scope step = new Scope(device)) {
      ints = step.ints(2);
      ints[0] = 7;
      assertThat(step.ints(2)).as("one each").isNotSameAs(ints);
      assertThat(step.ints(step.upload(Shape.of(2), 3, 4))).containsExactly(3, 4);
      assertThat(step.doubles(step.upload(Shape.of(2), 0.5, 2))).containsExactly(0.5, 2);
      assertThat(step.booleans(step.upload(Shape.of(2), true, false))).containsExactly(true, false);
      assertThat(step.floats(1)).containsExactly(0);
      assertThat(ints).containsExactly(7, 0);
    }
    assertThat(ints).as("poison").containsOnly(Integer.MIN_VALUE);
    Scope next = new Scope(device);
    assertThat(next.ints(2)).containsExactly(0, 0);
    long kept = device.host().kept();
    next.close();
    assertThat(device.host().kept()).isEqualTo(kept + 8);
    assertThatThrownBy(() -> next.ints(2))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("an array of a closed scope");
  }
}
