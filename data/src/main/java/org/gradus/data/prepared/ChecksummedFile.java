// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInput;
import java.io.DataInputStream;
import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;
import org.gradus.data.DataException;

/// A small file that is written whole or not at all, and verified when it is read: a first line that says what it is, a
/// body, and the CRC-32C of both.
public final class ChecksummedFile {
  private ChecksummedFile() {}

  /// Writes a body.
  @FunctionalInterface
  public interface Writer {
    /// Writes it.
    void write(DataOutput out) throws IOException;
  }

  /// Reads a body.
  @FunctionalInterface
  public interface Reader<T> {
    /// Reads it.
    T read(DataInput in) throws IOException;
  }

  /// Writes under a temporary name, syncs, and renames.
  ///
  /// @param kind what the file is, with its version: `criteo encoder 1`
  public static void write(Path file, String kind, Writer body) {
    Path temporary = file.resolveSibling("." + file.getFileName() + ".writing");
    try {
      try (OutputStream raw = Files.newOutputStream(temporary)) {
        CheckedOutputStream checked =
            new CheckedOutputStream(new BufferedOutputStream(raw, 1 << 16), new CRC32C());
        DataOutputStream out = new DataOutputStream(checked);
        out.writeUTF(kind);
        body.write(out);
        out.writeInt((int) checked.getChecksum().getValue());
        out.flush();
      }
      sync(temporary);
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw DataException.io("writing", file, e);
    } finally {
      temporary.toFile().delete();
    }
  }

  /// Reads what [#write] wrote.
  public static <T> T read(Path file, String kind, Reader<T> body) {
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      CheckedInputStream checked = new CheckedInputStream(raw, new CRC32C());
      DataInputStream in = new DataInputStream(checked);
      String found = in.readUTF();
      if (!found.equals(kind)) {
        throw new DataException(
            file
                + ": holds \""
                + found
                    .codePoints()
                    .limit(40)
                    .collect(
                        StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                + "\". Expected \""
                + kind
                + "\".");
      }
      T read;
      try {
        read = body.read(in);
      } catch (RuntimeException e) {
        throw damaged(file, e);
      }
      int expected = (int) checked.getChecksum().getValue();
      if (in.readInt() != expected || raw.read() >= 0) {
        throw damaged(file, null);
      }
      return read;
    } catch (EOFException | java.io.UTFDataFormatException e) {
      throw damaged(file, e);
    } catch (IOException e) {
      throw DataException.io("reading", file, e);
    }
  }

  private static DataException damaged(
      Path file, @org.jspecify.annotations.Nullable Exception cause) {
    String what =
        file
            + " is damaged: it is truncated, or its bytes do not match their checksum. Restore it,"
            + " or prepare the data again.";
    return cause == null ? new DataException(what) : new DataException(what, cause);
  }

  /// Makes sure that a file, or the names in a folder, are on the disk.
  static void sync(Path path) throws IOException {
    boolean folder = Files.isDirectory(path);
    try (FileChannel channel =
        FileChannel.open(path, folder ? StandardOpenOption.READ : StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }
}
