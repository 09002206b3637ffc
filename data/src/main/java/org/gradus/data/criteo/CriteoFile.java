// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.ReadAhead;
import org.gradus.data.criteo.CriteoBlock.Malformed;
import org.gradus.data.text.LineBlocks;
import org.jspecify.annotations.Nullable;

/// Rows of a raw file: label, 13 integers, 26 tokens in base 16, separated by tabs; empty means missing. A file of 39
/// columns has no labels, as the test file of the Kaggle challenge.
///
/// Several threads parse, each another block of lines; rows and errors come in the order of the file.
public final class CriteoFile implements CriteoRows, CriteoBlocks {
  private final Path file;
  private final CriteoOptions options;
  private final BadRows bad;
  private final boolean labelsOptional;
  private final LineBlocks lines;
  private final ReadAhead<CriteoBlock> blocks;
  private @Nullable CriteoParser parser; // known once the first line was read
  private @Nullable CriteoBlock current;
  private int nextInBlock;
  private long rowsTaken;
  private long linesTaken;

  /// Opens a file.
  ///
  /// @param labelsOptional whether a file without labels is accepted
  public CriteoFile(Path file, CriteoOptions options, BadRows bad, boolean labelsOptional) {
    this(file, options, bad, labelsOptional, _ -> {});
  }

  /// A file whose blocks are worked on before they are taken.
  CriteoFile(
      Path file,
      CriteoOptions options,
      BadRows bad,
      boolean labelsOptional,
      Consumer<CriteoBlock> work) {
    this.file = file;
    this.options = options;
    this.bad = bad;
    this.labelsOptional = labelsOptional;
    this.lines = new LineBlocks(file);
    this.blocks = new ReadAhead<>(new Pieces(work), ReadAhead.threads());
  }

  private final class Pieces implements ReadAhead.Pieces<CriteoBlock> {
    private final Consumer<CriteoBlock> work;

    Pieces(Consumer<CriteoBlock> work) {
      this.work = work;
    }

    @Override
    public CriteoBlock make() {
      return new CriteoBlock();
    }

    @Override
    public boolean read(CriteoBlock block) {
      boolean more = lines.read(block.text);
      if (more && parser == null) {
        boolean unlabelled =
            labelsOptional
                && CriteoParser.columns(block.text) == CriteoParser.COLUMNS - 1
                && !options.padShortRows();
        parser = new CriteoParser(options, !unlabelled);
      }
      return more;
    }

    @Override
    public void work(CriteoBlock block) {
      block.clear();
      if (parser != null) {
        parser.parse(block);
      }
      work.accept(block);
    }
  }

  @Override
  public @Nullable CriteoBlock next() {
    CriteoBlock block = blocks.next();
    if (block == null) {
      if (linesTaken == 0) {
        throw new DataException(
            file + ": the file is empty. Expected rows of " + CriteoParser.COLUMNS + " columns.");
      }
      return null;
    }
    for (Malformed m : block.malformed) {
      bad.add(m.error(file, linesTaken + 1));
    }
    block.first = rowsTaken;
    rowsTaken += block.rows;
    linesTaken += block.lines;
    return block;
  }

  @Override
  public boolean next(CriteoRow row) {
    while (current == null || nextInBlock == current.rows) {
      current = next();
      nextInBlock = 0;
      if (current == null) {
        return false;
      }
    }
    current.copy(nextInBlock++, row);
    return true;
  }

  @Override
  public void close() {
    blocks.close();
    lines.close();
  }
}
