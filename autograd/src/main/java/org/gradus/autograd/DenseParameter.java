// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// A parameter that is one tensor.
public final class DenseParameter implements Parameter {
  private final String path;
  private final Role role;
  private final Tensor value;
  private boolean frozen;

  DenseParameter(String path, Role role, Tensor value) {
    this.path = path;
    this.role = role;
    this.value = value;
    this.frozen = role == Role.STATE;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public Role role() {
    return role;
  }

  /// The numbers; optimisers write here.
  public Tensor value() {
    return value;
  }

  /// Sizes of the axes.
  public Shape shape() {
    return value.shape();
  }

  @Override
  public long elements() {
    return value.elements();
  }

  @Override
  public boolean frozen() {
    return frozen;
  }

  @Override
  public void freeze(boolean frozen) {
    this.frozen = frozen || role == Role.STATE;
  }

  /// Overwrites the numbers with as many host values.
  public void write(double... values) {
    check(values.length);
    value.device().upload(value.buffer(), values);
  }

  /// Overwrites the numbers with as many host values.
  public void write(float... values) {
    check(values.length);
    value.device().upload(value.buffer(), values);
  }

  private void check(int given) {
    if (given != value.elements()) {
      throw new IllegalArgumentException(
          path
              + ": "
              + given
              + " values for shape "
              + shape()
              + ". Expected "
              + value.elements()
              + ".");
    }
  }

  @Override
  public String toString() {
    return path + " " + shape();
  }
}
