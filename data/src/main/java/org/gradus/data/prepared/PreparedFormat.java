// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/// The bytes of a prepared file, little-endian.
///
/// ```
/// prelude  40 bytes   "GRADUSPF", version, 0, footer's start and length, footer's CRC-32C, CRC-32C of the 36 before
/// blocks              1024 rows each (the last may have fewer), then their lists as int32, padded to 8 bytes
/// footer              rows, length and text of the schema, then start, length and CRC-32C of every block
/// ```
///
/// The file ends with its footer, so a file of another length is truncated or was appended to.
final class PreparedFormat {
  static final long MAGIC =
      ByteBuffer.wrap("GRADUSPF".getBytes(StandardCharsets.US_ASCII)).getLong();
  static final int VERSION = 1;
  static final int PRELUDE = 40;
  static final int BLOCK_SHIFT = 10;
  static final int BLOCK_ROWS = 1 << BLOCK_SHIFT;

  private PreparedFormat() {}

  static ByteBuffer prelude(long footerAt, int footerLength, int footerCrc) {
    ByteBuffer b = ByteBuffer.allocate(PRELUDE);
    b.putLong(MAGIC).order(ByteOrder.LITTLE_ENDIAN);
    b.putInt(VERSION).putInt(0).putLong(footerAt).putLong(footerLength).putInt(footerCrc);
    return b.putInt(crc(b.duplicate().flip())).flip();
  }

  static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
