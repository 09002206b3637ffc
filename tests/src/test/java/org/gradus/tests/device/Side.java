// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import java.util.ArrayList;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.Kernels;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Table;

/// One of the devices on which a program runs, and what the program found there.
final class Side {
  /// A result.
  ///
  /// @param values the numbers; integers and truth values too, which float64 holds exactly
  /// @param bound how far the other device may be off
  record Result(double[] values, Bound bound) {}

  private final Device device;
  private final List<Buffer> buffers = new ArrayList<>();
  private final List<Table> tables = new ArrayList<>();
  private final List<Result> results = new ArrayList<>();

  Side(Device device) {
    this.device = device;
  }

  Device device() {
    return device;
  }

  Kernels kernels() {
    return device.kernels();
  }

  /// Memory for n values that nobody wrote yet.
  Buffer blank(Kind kind, int n) {
    Buffer b = device.allocate(kind, n);
    buffers.add(b);
    return b;
  }

  Buffer blank(int n) {
    return blank(Kind.REAL, n);
  }

  Buffer real(float... values) {
    Buffer b = blank(Kind.REAL, values.length);
    device.upload(b, values);
    return b;
  }

  Buffer ints(int... values) {
    Buffer b = blank(Kind.INT, values.length);
    device.upload(b, values);
    return b;
  }

  Buffer mask(byte... values) {
    Buffer b = blank(Kind.MASK, values.length);
    device.upload(b, values);
    return b;
  }

  Table table(int width, float... values) {
    Table t = device.table(values.length / width, width);
    tables.add(t);
    t.write(0, values);
    return t;
  }

  /// Notes a result that may be off by `bound`.
  void result(Buffer b, Bound bound) {
    double[] values = new double[b.length()];
    device.download(values, b);
    results.add(new Result(values, bound));
  }

  /// Notes all rows of a table.
  void result(Table t, Bound bound) {
    double[] values = new double[t.rows() * t.width()];
    t.read(0, values);
    results.add(new Result(values, bound));
  }

  /// Notes a number on the host.
  void result(double value, Bound bound) {
    results.add(new Result(new double[] {value}, bound));
  }

  /// Notes a result that must be the same number.
  void exact(Buffer b) {
    exact(b, b.length());
  }

  /// Notes the first n values of a result that must be the same numbers.
  void exact(Buffer b, int n) {
    double[] values = new double[n];
    switch (b.kind()) {
      case REAL -> device.download(values, b);
      case INT -> {
        int[] ints = new int[n];
        device.download(ints, b);
        for (int i = 0; i < n; i++) {
          values[i] = ints[i];
        }
      }
      case MASK -> {
        byte[] bytes = new byte[n];
        device.download(bytes, b);
        for (int i = 0; i < n; i++) {
          values[i] = bytes[i];
        }
      }
    }
    results.add(new Result(values, Bound.none()));
  }

  /// What the program found, and gives its memory back.
  List<Result> finish() {
    buffers.forEach(device::release);
    tables.forEach(Table::close);
    buffers.clear();
    tables.clear();
    List<Result> found = List.copyOf(results);
    results.clear();
    return found;
  }
}
