// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import java.util.function.Consumer;
import org.gradus.data.ReadAhead;
import org.jspecify.annotations.Nullable;

/// Blocks of generated rows, each made by whatever thread is free.
final class GeneratedBlocks implements CriteoBlocks {
  private static final int ROWS = 1 << 10;

  private final ReadAhead<Part> parts;

  /// A block, and a generator that is nobody else's meanwhile.
  private record Part(CriteoBlock block, CriteoGenerator generator, CriteoRow row) {}

  /// The first `rows` rows of the table of a generator.
  GeneratedBlocks(CriteoGenerator generator, long rows, Consumer<CriteoBlock> work) {
    parts =
        new ReadAhead<>(
            new ReadAhead.Pieces<>() {
              private long next;

              @Override
              public Part make() {
                return new Part(new CriteoBlock(), new CriteoGenerator(generator), new CriteoRow());
              }

              @Override
              public boolean read(Part part) {
                part.block.clear();
                part.block.first = next;
                long to = Math.min(rows, next + ROWS);
                part.generator.range(next, to);
                next = to;
                return part.block.first < to;
              }

              @Override
              public void work(Part part) {
                while (part.generator.next(part.row)) {
                  part.block.add(part.row);
                }
                work.accept(part.block);
              }
            },
            ReadAhead.threads());
  }

  @Override
  public @Nullable CriteoBlock next() {
    Part part = parts.next();
    return part == null ? null : part.block;
  }

  @Override
  public void close() {
    parts.close();
  }
}
