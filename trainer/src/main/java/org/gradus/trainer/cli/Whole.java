// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Whole numbers on the command line, within the range that an option has.
final class Whole {
  private Whole() {}

  private static long read(String text, long least, long most) {
    try {
      long n = Long.parseLong(text);
      if (n >= least && n <= most) {
        return n;
      }
    } catch (NumberFormatException e) {
      // reported below, like a number out of range
    }
    throw new TypeConversionException(
        "\"" + text + "\". Expected a whole number of at least " + least + ".");
  }

  /// At least 1.
  static final class Positive implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) read(text, 1, Integer.MAX_VALUE);
    }
  }

  /// At least 2.
  static final class SeveralRows implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) read(text, 2, Integer.MAX_VALUE);
    }
  }

  /// At least 0.
  static final class Count implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) read(text, 0, Integer.MAX_VALUE);
    }
  }

  /// At least 1, beyond the range of an int too.
  static final class ManyRows implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return read(text, 1, Long.MAX_VALUE);
    }
  }

  /// At least 0, beyond the range of an int too.
  static final class Steps implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return read(text, 0, Long.MAX_VALUE);
    }
  }
}
