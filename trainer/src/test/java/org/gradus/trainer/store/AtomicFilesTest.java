// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
  @TempDir private Path folder;

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void replacesAFile() throws IOException {
    Path file = folder.resolve("latest");
    AtomicFiles.write(file, "one\n");
    AtomicFiles.write(file, "two\n");
    assertThat(file).hasContent("two\n");
    AtomicFiles.copy(file, folder.resolve("copy"));
    assertThat(folder.resolve("copy")).hasContent("two\n");
    assertThat(names()).containsExactly("copy", "latest");
  }

  /// What a full disk does: some bytes are written, then no more.
  @Test
  void aWriteThatFailsHalfwayLeavesWhatStoodThere() throws IOException {
    Path file = folder.resolve("model");
    AtomicFiles.write(file, "whole\n");
    AtomicFiles.Body full =
        channel -> {
          channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
          throw new IOException("No space left on device");
        };
    assertThatThrownBy(() -> AtomicFiles.write(file, full))
        .isInstanceOf(StoreException.class)
        .hasMessage(
            "cannot write "
                + file
                + ": No space left on device. What stood there before is unchanged.");
    assertThat(file).hasContent("whole\n");
    Path checkpoint = folder.resolve("step-1");
    AtomicFiles.writeFolder(checkpoint, f -> AtomicFiles.write(f.resolve("a"), "old"));
    assertThatThrownBy(
            () ->
                AtomicFiles.writeFolder(
                    checkpoint,
                    f -> {
                      AtomicFiles.write(f.resolve("a"), "new");
                      AtomicFiles.write(f.resolve("b"), full);
                    }))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("No space left on device");
    assertThat(checkpoint.resolve("a")).hasContent("old");
    assertThat(names()).containsExactly("model", "step-1");
  }

  @Test
  void aReadOnlyFileSystemIsNamed() throws IOException {
    Path zip = folder.resolve("run.zip");
    URI uri = URI.create("jar:" + zip.toUri());
    try (FileSystem writable = FileSystems.newFileSystem(uri, Map.of("create", "true"))) {
      Files.writeString(writable.getPath("/config.json"), "{}");
    }
    byte[] before = Files.readAllBytes(zip);
    try (FileSystem readOnly = FileSystems.newFileSystem(uri, Map.of("accessMode", "readOnly"))) {
      Path file = readOnly.getPath("/config.json");
      assertThatThrownBy(() -> AtomicFiles.write(file, "x"))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("the file system is read-only");
      assertThatThrownBy(() -> AtomicFiles.writeFolder(readOnly.getPath("/step"), _ -> {}))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("the file system is read-only");
    }
    assertThat(zip).hasBinaryContent(before);
  }

  @Test
  void aFileInPlaceOfTheFolderIsNamed() {
    Path file = folder.resolve("file");
    AtomicFiles.write(file, "x");
    assertThatThrownBy(() -> AtomicFiles.write(file.resolve("below"), "y"))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("cannot write " + file.resolve("below"));
    assertThat(file).hasContent("x");
  }

  @Test
  void leftoversOfAKillAreReplaced() throws IOException {
    Files.writeString(folder.resolve(".latest.partial"), "half");
    Files.createDirectory(folder.resolve(".step-1.partial"));
    Files.writeString(folder.resolve(".step-1.partial").resolve("junk"), "half");
    AtomicFiles.write(folder.resolve("latest"), "whole");
    AtomicFiles.writeFolder(
        folder.resolve("step-1"), f -> AtomicFiles.write(f.resolve("a"), "whole"));
    assertThat(names()).containsExactly("latest", "step-1");
    assertThat(folder.resolve("step-1").resolve("junk")).doesNotExist();
  }

  @Test
  void linesAreAppendedAndCutBack() throws IOException {
    Path file = folder.resolve("metrics.jsonl");
    AtomicFiles.truncate(file, 0);
    assertThat(file).doesNotExist();
    AtomicFiles.append(file, "{\"epoch\":1}");
    long one = Files.size(file);
    AtomicFiles.append(file, "{\"epoch\":2}");
    AtomicFiles.truncate(file, one);
    assertThat(file).hasContent("{\"epoch\":1}\n");
    assertThatThrownBy(() -> AtomicFiles.truncate(file, one + 1))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("it has 12 bytes, expected at least 13");
  }

  @Test
  void aLinkStaysALinkAndWhatIsNoFileStays() throws IOException {
    Path real = folder.resolve("real");
    Path link = folder.resolve("link");
    Files.writeString(real, "old");
    Files.createSymbolicLink(link, real);
    AtomicFiles.write(link, "new");
    assertThat(link).isSymbolicLink();
    assertThat(real).hasContent("new");

    Path device = Path.of("/dev/null");
    if (Files.exists(device)) {
      Path toDevice = folder.resolve("device");
      Files.createSymbolicLink(toDevice, device);
      assertThatThrownBy(() -> AtomicFiles.write(toDevice, "x"))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("it is no file");
      assertThat(device).exists().isNotEqualTo(toDevice);
      assertThat(Files.isRegularFile(device)).isFalse();
    }
  }
}
