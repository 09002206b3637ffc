// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.zip.GZIPOutputStream;
import org.gradus.data.DataException;

/// Writes rows in Criteo's text layout: what [CriteoFile] reads.
public final class CriteoText {
  private CriteoText() {}

  /// Writes rows to a file, gzip when its name ends in `.gz`; it appears when it is complete.
  ///
  /// @return the number of rows
  public static long write(Path file, CriteoRows rows) {
    Path temporary = file.resolveSibling("." + file.getFileName() + ".writing");
    long n = 0;
    try {
      try (OutputStream out = open(temporary, file.toString().endsWith(".gz"))) {
        CriteoRow row = new CriteoRow();
        StringBuilder line = new StringBuilder();
        for (; rows.next(row); n++) {
          line.setLength(0);
          append(row, line);
          out.write(line.toString().getBytes(StandardCharsets.US_ASCII));
        }
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw DataException.io("writing", file, e);
    } finally {
      temporary.toFile().delete();
    }
    return n;
  }

  private static OutputStream open(Path file, boolean gzip) throws IOException {
    OutputStream out = Files.newOutputStream(file);
    return gzip ? new GZIPOutputStream(out, 1 << 16) : new BufferedOutputStream(out, 1 << 16);
  }

  private static void append(CriteoRow row, StringBuilder line) {
    line.append(row.label);
    for (int i = 0; i < CriteoRow.DENSE; i++) {
      line.append('\t');
      if (!row.denseMissing[i]) {
        line.append(row.dense[i]);
      }
    }
    for (int i = 0; i < CriteoRow.SPARSE; i++) {
      line.append('\t');
      if (!row.sparseMissing[i]) {
        hex(row.sparse[i], line);
      }
    }
    line.append('\n');
  }

  private static void hex(int token, StringBuilder line) {
    for (int shift = 28; shift >= 0; shift -= 4) {
      line.append(Character.forDigit(token >>> shift & 15, 16));
    }
  }
}
