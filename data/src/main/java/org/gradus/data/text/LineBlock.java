// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.text;

/// Whole lines of a file, filled by [LineBlocks#read]. Each ends in `\n`, the last of a file too, whether or not it does so
/// there.
public final class LineBlock {
  /// Bytes behind the last line that may be read, and mean nothing.
  public static final int SLACK = 16;

  byte[] bytes = new byte[LineBlocks.SIZE + SLACK];
  int length;

  /// No lines.
  public LineBlock() {}

  /// The bytes that hold the lines, from 0 to [#length]; [#SLACK] more may be read.
  public byte[] bytes() {
    return bytes;
  }

  /// Where the last line ends.
  public int length() {
    return length;
  }
}
