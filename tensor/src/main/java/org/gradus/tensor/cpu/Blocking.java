// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// How products are cut for the caches of a machine. No bit of a result depends on it.
///
/// @param steps steps of k between two visits of a register block
/// @param strips strips of rows that a thread works on at once
record Blocking(int steps, int strips) {
  /// A panel of B stays in the first cache, the strips of A in the second one.
  static final Blocking NEAR = new Blocking(GemmPart.STEPS, 16);

  /// Panels and strips come from the second cache, line by line as they are read; a block of C is visited a quarter as often.
  static final Blocking FAR = new Blocking(4 * GemmPart.STEPS, 4);

  /// @throws IllegalArgumentException for more steps than a copied row has room for
  Blocking {
    if (steps > CopiedRowTiles.STRIDE) {
      throw new IllegalArgumentException(
          "matmul: blocks of "
              + steps
              + " steps. Expected at most "
              + CopiedRowTiles.STRIDE
              + ", the distance of copied rows.");
    }
  }

  /// For the machine that this runs on.
  static final Blocking HERE = of(firstCache(), Lanes.WIDTH);

  private static final int SMALL_CACHE = 32 << 10;

  /// For a first cache of so many bytes and vectors of so many floats: near where a panel of B leaves a third of the cache for A
  /// and C.
  static Blocking of(int firstCache, int width) {
    int panel = Float.BYTES * 2 * width * GemmPart.STEPS;
    return 3 * panel <= 2 * firstCache ? NEAR : FAR;
  }

  /// Bytes of the first cache of data, as Linux tells them; elsewhere those of a small one.
  private static int firstCache() {
    Path folder = Path.of("/sys/devices/system/cpu/cpu0/cache");
    for (int i = 0; i < 4; i++) {
      Path cache = folder.resolve("index" + i);
      try {
        if (read(cache, "level").equals("1") && read(cache, "type").equals("Data")) {
          return kibibytes(read(cache, "size")) << 10;
        }
      } catch (IOException | NumberFormatException e) {
        return SMALL_CACHE; // no such folder, or another system's words: a guess serves
      }
    }
    return SMALL_CACHE;
  }

  private static String read(Path cache, String name) throws IOException {
    return Files.readString(cache.resolve(name)).strip();
  }

  /// 32 of "32K".
  private static int kibibytes(String size) {
    return Integer.parseInt(size.substring(0, size.length() - 1));
  }
}
