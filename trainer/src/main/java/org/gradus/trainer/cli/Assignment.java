// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// One `--set key=value`.
record Assignment(String key, String value) {
  /// Settings by key, in the order of the line. A key may stand there once: of two values, neither is meant more.
  ///
  /// @param optional a prefix that a key may have or not, without a difference
  static Map<String, String> map(List<Assignment> given, String optional) {
    Map<String, String> settings = new LinkedHashMap<>();
    for (Assignment a : given) {
      String key = a.key.startsWith(optional) ? a.key.substring(optional.length()) : a.key;
      String other = settings.putIfAbsent(key, a.value);
      if (other != null) {
        throw new IllegalArgumentException(
            "--set "
                + key
                + ": given twice, as "
                + other
                + " and as "
                + a.value
                + ". Expected each key once.");
      }
    }
    return settings;
  }

  /// Reads `key=value`, where the value may hold more of `=`.
  static final class Converter implements ITypeConverter<Assignment> {
    @Override
    public Assignment convert(String text) {
      int equals = text.indexOf('=');
      if (equals < 1) {
        throw new TypeConversionException("\"" + text + "\" is not of the form key=value");
      }
      return new Assignment(text.substring(0, equals), text.substring(equals + 1));
    }
  }
}
