// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.text;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.gradus.data.DataException;

/// The bytes of a raw file.
final class RawFile {
  private RawFile() {}

  /// Opens a file; one that starts with the magic bytes of gzip is unpacked on the way, whatever its name.
  static InputStream open(Path file) {
    InputStream opened = null;
    try {
      opened = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
      opened.mark(2);
      boolean gzip = opened.read() == 0x1F && opened.read() == 0x8B;
      opened.reset();
      return gzip ? new GZIPInputStream(opened, 1 << 16) : opened;
    } catch (IOException e) {
      if (opened != null) {
        try {
          opened.close();
        } catch (IOException suppressed) {
          e.addSuppressed(suppressed);
        }
      }
      throw DataException.io("reading", file, e);
    }
  }
}
