// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/// Writing such that a kill at any moment leaves the old state or the new one: under a temporary name, synced to disk,
/// renamed, and the folder synced.
public final class AtomicFiles {
  private static final String PARTIAL = ".partial";

  private AtomicFiles() {}

  /// Writes the content of a file.
  @FunctionalInterface
  public interface Body {
    /// Writes everything to an empty file.
    void writeTo(FileChannel file) throws IOException;
  }

  /// Writes a file, or replaces it. Of a symbolic link, the file it leads to.
  ///
  /// @throws StoreException when that fails, or when there is something that is no file; an earlier file is intact then
  public static void write(Path given, Body body) {
    Path file = target(given);
    Path partial = file.resolveSibling("." + file.getFileName() + PARTIAL);
    try {
      try (FileChannel channel =
          FileChannel.open(
              partial,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        body.writeTo(channel);
        channel.force(true);
      }
      Files.move(
          partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      Path folder = file.toAbsolutePath().getParent();
      if (folder == null || !isPartial(folder)) {
        syncFolder(file); // a folder that is being filled is synced as a whole
      }
    } catch (IOException | ReadOnlyFileSystemException e) {
      discard(partial);
      throw StoreException.writing(file, e);
    }
  }

  /// What a link leads to, for a rename would replace the link.
  private static Path target(Path file) {
    try {
      Path real = Files.isSymbolicLink(file) ? file.toRealPath() : file;
      if (Files.exists(real) && !Files.isRegularFile(real) && !Files.isDirectory(real)) {
        throw StoreException.writing(
            file, new IOException("it is no file, and would be replaced by one"));
      }
      return real;
    } catch (IOException e) {
      throw StoreException.writing(file, e);
    }
  }

  /// Whether a path is what a write left that did not end.
  public static boolean isPartial(Path path) {
    Path name = path.getFileName();
    return name != null && name.toString().startsWith(".") && name.toString().endsWith(PARTIAL);
  }

  /// Writes a text file in UTF-8, or replaces it.
  public static void write(Path file, String text) {
    write(file, channel -> writeAll(channel, text));
  }

  /// Writes a file of these bytes, or replaces it.
  public static void write(Path file, byte[] bytes) {
    write(file, channel -> writeAll(channel, ByteBuffer.wrap(bytes)));
  }

  /// Writes a copy of a file, or replaces it.
  public static void copy(Path from, Path to) {
    write(
        to,
        channel -> {
          try (FileChannel source = FileChannel.open(from, StandardOpenOption.READ)) {
            long size = source.size();
            for (long at = 0; at < size; ) {
              at += source.transferTo(at, size - at, channel);
            }
          }
        });
  }

  /// Fills a new folder; it appears under its name when it is complete. A folder of that name is replaced, which is not
  /// atomic: callers name what counts elsewhere.
  public static void writeFolder(Path folder, Fill fill) {
    Path partial = folder.resolveSibling("." + folder.getFileName() + PARTIAL);
    try {
      Files.createDirectories(folder.toAbsolutePath().getParent());
      delete(partial);
      Files.createDirectory(partial);
      fill.into(partial);
      syncFolder(partial.resolve("content"));
      delete(folder);
      Files.move(partial, folder, StandardCopyOption.ATOMIC_MOVE);
      syncFolder(folder);
    } catch (IOException | ReadOnlyFileSystemException e) {
      discard(partial);
      throw StoreException.writing(folder, e);
    } catch (StoreException e) {
      discard(partial);
      throw e;
    }
  }

  /// Puts files into a folder.
  @FunctionalInterface
  public interface Fill {
    /// Writes everything that the folder shall hold.
    void into(Path folder) throws IOException;
  }

  /// Adds a line to a file and syncs it.
  public static void append(Path file, String line) {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.APPEND, StandardOpenOption.WRITE)) {
      long before = channel.size();
      try {
        writeAll(channel, line + "\n");
        channel.force(true);
      } catch (IOException e) {
        channel.truncate(before); // no half line stays behind
        throw e;
      }
    } catch (IOException | ReadOnlyFileSystemException e) {
      throw StoreException.writing(file, e);
    }
  }

  /// Cuts a file back to so many bytes; a missing file stays missing when that is 0.
  public static void truncate(Path file, long bytes) {
    try {
      if (bytes == 0 && !Files.exists(file)) {
        return;
      }
      long size = Files.size(file);
      if (size < bytes) {
        throw new FileSystemException(
            file.toString(), null, "it has " + size + " bytes, expected at least " + bytes);
      }
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(bytes);
        channel.force(true);
      }
    } catch (IOException | ReadOnlyFileSystemException e) {
      throw StoreException.writing(file, e);
    }
  }

  /// Deletes a file or a folder with everything in it, if it is there.
  public static void delete(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    if (Files.isDirectory(path)) {
      try (Stream<Path> children = Files.list(path)) {
        for (Path child : children.toList()) {
          delete(child);
        }
      }
    }
    Files.delete(path);
  }

  static void writeAll(FileChannel channel, String text) throws IOException {
    writeAll(channel, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static void discard(Path partial) {
    try {
      delete(partial);
    } catch (IOException | ReadOnlyFileSystemException e) {
      // The failure that led here is the one to report; the next write replaces what is left.
    }
  }

  /// A rename is only safe once its folder is on disk.
  private static void syncFolder(Path file) throws IOException {
    try (FileChannel folder =
        FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
      folder.force(true);
    }
  }
}
