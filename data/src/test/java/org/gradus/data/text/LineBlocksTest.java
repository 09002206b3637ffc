// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.gradus.data.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineBlocksTest {
  @TempDir Path folder;

  /// The blocks of a file end to end; each must end a line and none may be empty.
  private static String read(Path file) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    LineBlock block = new LineBlock();
    try (LineBlocks blocks = new LineBlocks(file)) {
      while (blocks.read(block)) {
        assertThat(block.length()).isPositive();
        assertThat(block.bytes()[block.length() - 1]).isEqualTo((byte) '\n');
        assertThat(block.bytes().length - block.length()).isGreaterThanOrEqualTo(LineBlock.SLACK);
        all.write(block.bytes(), 0, block.length());
      }
    }
    return all.toString(StandardCharsets.US_ASCII);
  }

  private static String lines(int upTo, int n) {
    Random random = new Random(7);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < n; i++) {
      text.append(Integer.toString(i).repeat(random.nextInt(upTo))).append('\n');
    }
    return text.toString();
  }

  @Test
  void blocksAreTheFileCutAtLineEnds() throws IOException {
    Path file = folder.resolve("f");
    for (String text :
        new String[] {
          "", "\n", "a\n", "\n\n", lines(80, 20_000), lines(200_000, 12), lines(1, 600_000)
        }) {
      assertThat(read(Files.writeString(file, text))).isEqualTo(text);
      assertThat(read(Files.writeString(file, text + "end"))).isEqualTo(text + "end\n");
    }
  }

  @Test
  void aBlockThatIsExactlyFullIsCutLikeAnyOther() throws IOException {
    for (int less = -2; less <= 2; less++) {
      String text = "x".repeat(LineBlocks.SIZE - less - 1) + "\nsecond";
      assertThat(read(Files.writeString(folder.resolve("f"), text))).isEqualTo(text + "\n");
    }
  }

  @Test
  void gzipIsUnpacked() throws IOException {
    String text = lines(80, 20_000);
    Path file = folder.resolve("packed");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(text.getBytes(StandardCharsets.US_ASCII));
    }
    assertThat(read(file)).isEqualTo(text);
  }

  @Test
  void aLineWithoutEndNamesItsNumber() throws IOException {
    Path file = Files.writeString(folder.resolve("f"), lines(80, 20_000));
    try (RandomAccessFile longer = new RandomAccessFile(file.toFile(), "rw")) {
      longer.setLength(longer.length() + (66 << 20)); // zeros, no line end among them
    }
    assertThatThrownBy(() -> read(file))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("f:20001: the line is longer than 67108864 bytes");
  }
}
