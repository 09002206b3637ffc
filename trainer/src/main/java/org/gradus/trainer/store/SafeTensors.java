// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.gradus.tensor.Device;
import org.gradus.tensor.Table;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Tensors in a file of the safetensors format: eight bytes with the length of the header (little endian), the header in
/// JSON, then the numbers, row by row, little endian.
///
/// ```
/// {"__metadata__": {"sha256": "…"}, "deep/0/kernel": {"dtype": "F32", "shape": [390, 400], "data_offsets": [0, 624000]}, …}
/// ```
///
/// Files carry a checksum of their own, so that a flipped bit is seen wherever they are copied to. Tables are written and
/// read some rows at a time, straight from where they lie: a file of many gigabytes takes no memory.
public final class SafeTensors {
  static final String METADATA = "__metadata__";
  static final String CHECKSUM = "sha256";

  /// Numbers that are moved at once.
  static final int CHUNK = 1 << 16;

  private SafeTensors() {}

  /// Writes the file, or replaces it, atomically. Numbers are F64 when the device computes in float64, otherwise F32.
  ///
  /// @param metadata further strings for the header
  /// @return [#sha256] of the tensors
  public static String write(
      Path file, Device device, SortedMap<String, Stored> tensors, Map<String, String> metadata) {
    MessageDigest digest = digest();
    String[] checksum = {"0".repeat(2 * digest.getDigestLength())}; // until it is known
    AtomicFiles.write(
        file,
        channel -> {
          writeHeader(channel, header(device.float64(), tensors, metadata, checksum[0]));
          for (Map.Entry<String, Stored> e : tensors.entrySet()) {
            Stored t = e.getValue();
            digest.update(line(e.getKey(), dtype(device.float64()), t.sizes()));
            forEachChunk(
                t,
                device,
                bytes -> {
                  digest.update(bytes.duplicate());
                  AtomicFiles.writeAll(channel, bytes);
                });
          }
          // One pass over the numbers, which may be many gigabytes: the checksum is put in
          // afterwards.
          checksum[0] = HexFormat.of().formatHex(digest.digest());
          channel.position(0);
          writeHeader(channel, header(device.float64(), tensors, metadata, checksum[0]));
        });
    return checksum[0];
  }

  private static void writeHeader(FileChannel channel, byte[] header) throws IOException {
    ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    AtomicFiles.writeAll(channel, length.putLong(header.length).flip());
    AtomicFiles.writeAll(channel, ByteBuffer.wrap(header));
  }

  /// Opens a file and checks its header against its size.
  public static SafeTensorsFile open(Path file) {
    return SafeTensorsFile.open(file);
  }

  /// SHA-256 over every tensor in the order of names: the line `name dtype [sizes]`, then the numbers as they stand in a
  /// file.
  public static String sha256(Device device, SortedMap<String, Stored> tensors) {
    MessageDigest digest = digest();
    tensors.forEach(
        (name, t) -> {
          digest.update(line(name, dtype(device.float64()), t.sizes()));
          try {
            forEachChunk(t, device, digest::update);
          } catch (IOException e) {
            throw new IllegalStateException("hashing in memory", e);
          }
        });
    return HexFormat.of().formatHex(digest.digest());
  }

  static byte[] line(String name, String dtype, List<Integer> sizes) {
    return (name + " " + dtype + " " + sizes + "\n").getBytes(StandardCharsets.UTF_8);
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }

  static String dtype(boolean float64) {
    return float64 ? "F64" : "F32";
  }

  static long elements(List<Integer> sizes) {
    long n = 1;
    for (int size : sizes) {
      n = Math.multiplyExact(n, size);
    }
    return n;
  }

  private static byte[] header(
      boolean float64,
      SortedMap<String, Stored> tensors,
      Map<String, String> metadata,
      String checksum) {
    ObjectNode root = JsonMapper.shared().createObjectNode();
    ObjectNode strings = root.putObject(METADATA);
    new TreeMap<>(metadata).forEach(strings::put); // in one order, for equal files
    strings.put(CHECKSUM, checksum);
    long at = 0;
    for (Map.Entry<String, Stored> e : tensors.entrySet()) {
      long bytes = elements(e.getValue().sizes()) * (float64 ? Double.BYTES : Float.BYTES);
      ObjectNode entry = root.putObject(e.getKey());
      entry.put("dtype", dtype(float64));
      ArrayNode shape = entry.putArray("shape");
      e.getValue().sizes().forEach(shape::add);
      entry.putArray("data_offsets").add(at).add(at + bytes);
      at += bytes;
    }
    String json = JsonMapper.shared().writeValueAsString(root);
    int length = json.getBytes(StandardCharsets.UTF_8).length;
    String padding = " ".repeat((8 - length % 8) % 8); // the numbers start at a multiple of 8
    return (json + padding).getBytes(StandardCharsets.UTF_8);
  }

  /// Takes bytes in the order of a file.
  @FunctionalInterface
  interface Bytes {
    void accept(ByteBuffer bytes) throws IOException;
  }

  private static void forEachChunk(Stored t, Device device, Bytes sink) throws IOException {
    switch (t) {
      case Stored.Dense(var tensor) -> {
        if (device.float64()) {
          emit(tensor.toDoubles(), sink);
        } else {
          emit(tensor.toFloats(), sink);
        }
      }
      case Stored.Transposed matrices -> {
        double[] values = matrices.turned();
        if (device.float64()) {
          emit(values, sink);
        } else {
          emit(floats(values), sink);
        }
      }
      case Stored.Rows(Table table) -> {
        int step = Math.max(1, CHUNK / table.width());
        for (int first = 0; first < table.rows(); first += step) {
          int numbers = Math.min(step, table.rows() - first) * table.width();
          if (device.float64()) {
            double[] values = new double[numbers];
            table.read(first, values);
            emit(values, sink);
          } else {
            float[] values = new float[numbers];
            table.read(first, values);
            emit(values, sink);
          }
        }
      }
    }
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  private static void emit(double[] values, Bytes sink) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(CHUNK * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int from = 0; from < values.length; from += CHUNK) {
      int n = Math.min(CHUNK, values.length - from);
      bytes.clear().asDoubleBuffer().put(values, from, n);
      sink.accept(bytes.limit(n * Double.BYTES));
    }
  }

  private static void emit(float[] values, Bytes sink) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(CHUNK * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int from = 0; from < values.length; from += CHUNK) {
      int n = Math.min(CHUNK, values.length - from);
      bytes.clear().asFloatBuffer().put(values, from, n);
      sink.accept(bytes.limit(n * Float.BYTES));
    }
  }
}
