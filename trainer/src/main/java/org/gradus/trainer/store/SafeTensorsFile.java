// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.store;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.gradus.tensor.Device;
import org.gradus.tensor.Table;
import org.gradus.tensor.Tensor;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A file of tensors, opened for reading: its header was found to be sound, its numbers are read when asked for.
public final class SafeTensorsFile {
  private static final long MAX_HEADER = 100_000_000; // the format's own limit

  /// Types that can be read.
  private static final Set<String> REAL = Set.of("F64", "F32", "F16", "BF16");

  /// Types that a file may hold, with the bytes of an element.
  private static final Map<String, Integer> BYTES =
      Map.ofEntries(
          Map.entry("F64", 8),
          Map.entry("I64", 8),
          Map.entry("U64", 8),
          Map.entry("F32", 4),
          Map.entry("I32", 4),
          Map.entry("U32", 4),
          Map.entry("F16", 2),
          Map.entry("BF16", 2),
          Map.entry("I16", 2),
          Map.entry("U16", 2),
          Map.entry("I8", 1),
          Map.entry("U8", 1),
          Map.entry("BOOL", 1));

  private final Path file;
  private final long start;
  private final SortedMap<String, Entry> entries;
  private final Map<String, String> metadata;
  private boolean verified;

  /// What the header says of a tensor.
  ///
  /// @param dtype such as `F32`
  /// @param sizes of the axes
  /// @param from first byte, counted from the end of the header
  public record Entry(String dtype, List<Integer> sizes, long from) {
    /// Copies the list.
    public Entry {
      sizes = List.copyOf(sizes);
    }

    /// Whether it holds real numbers, which can be read.
    public boolean real() {
      return REAL.contains(dtype);
    }

    private boolean wide() {
      return dtype.equals("F64");
    }

    int width() {
      return Objects.requireNonNull(BYTES.get(dtype)); // known, for the file was opened
    }

    long bytes() {
      return SafeTensors.elements(sizes) * width();
    }
  }

  private SafeTensorsFile(
      Path file, long start, SortedMap<String, Entry> entries, Map<String, String> metadata) {
    this.file = file;
    this.start = start;
    this.entries = entries;
    this.metadata = metadata;
  }

  static SafeTensorsFile open(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < 8) {
        throw damaged(file, "it has " + size + " bytes, fewer than the length of a header takes");
      }
      long length = read(channel, 0, 8).getLong();
      boolean impossible = length < 2 || length > MAX_HEADER || length > size - 8;
      if (impossible && (size == 8 || read(channel, 8, 1).get() != '{')) {
        throw new StoreException(
            file
                + " is not a safetensors file, which begins with the length of its header in eight"
                + " bytes, and then a {. Expected a file of tensors in that format.");
      }
      if (impossible) {
        throw damaged(file, "its header claims " + length + " bytes of a file of " + size);
      }
      byte[] header = new byte[(int) length];
      read(channel, 8, header.length).get(header);
      TreeMap<String, Entry> entries = new TreeMap<>();
      TreeMap<String, String> metadata = new TreeMap<>();
      long end = parse(file, header, entries, metadata);
      if (8 + length + end != size) {
        throw damaged(
            file, "it has " + size + " bytes, and its header describes " + (8 + length + end));
      }
      return new SafeTensorsFile(file, 8 + length, entries, metadata);
    } catch (IOException e) {
      throw StoreException.reading(file, e);
    }
  }

  private static long parse(
      Path file, byte[] header, Map<String, Entry> entries, Map<String, String> metadata) {
    try {
      JsonNode root = JsonMapper.shared().readTree(header);
      List<long[]> ranges = new ArrayList<>();
      for (Map.Entry<String, JsonNode> e : root.properties()) {
        JsonNode node = e.getValue();
        if (e.getKey().equals(SafeTensors.METADATA)) {
          node.properties().forEach(s -> metadata.put(s.getKey(), s.getValue().asString()));
          continue;
        }
        String dtype = node.path("dtype").asString("none");
        if (!BYTES.containsKey(dtype)) {
          throw damaged(
              file,
              e.getKey()
                  + " has type "
                  + dtype
                  + ", expected one of "
                  + String.join(", ", new TreeSet<>(BYTES.keySet())));
        }
        if (!node.path("shape").isArray() || !node.path("data_offsets").isArray()) {
          throw damaged(file, e.getKey() + " has no shape or no data_offsets");
        }
        List<Integer> sizes = new ArrayList<>();
        for (JsonNode size : node.path("shape")) {
          sizes.add(size.intValue());
        }
        JsonNode offsets = node.path("data_offsets");
        Entry entry = new Entry(dtype, sizes, offsets.path(0).longValue());
        long to = offsets.path(1).longValue();
        if (sizes.stream().anyMatch(s -> s < 0) || to - entry.from() != entry.bytes()) {
          throw damaged(
              file, e.getKey() + " of shape " + sizes + " lies at " + entry.from() + " to " + to);
        }
        ranges.add(new long[] {entry.from(), to});
        entries.put(e.getKey(), entry);
      }
      return end(file, ranges);
    } catch (JacksonException | ArithmeticException e) {
      throw damaged(file, "its header is no valid JSON of tensors (" + e.getMessage() + ")");
    }
  }

  private static long end(Path file, List<long[]> ranges) {
    ranges.sort((a, b) -> a[0] == b[0] ? Long.compare(a[1], b[1]) : Long.compare(a[0], b[0]));
    long at = 0;
    for (long[] range : ranges) {
      if (range[0] != at) {
        throw damaged(file, "its tensors overlap or leave a gap at byte " + at);
      }
      at = range[1];
    }
    return at;
  }

  private static StoreException damaged(Path file, String how) {
    return new StoreException(
        file
            + " is damaged: "
            + how
            + ". It was cut or changed after it was written; use another copy or checkpoint.");
  }

  /// What the file holds, by name.
  public SortedMap<String, Entry> entries() {
    return java.util.Collections.unmodifiableSortedMap(entries);
  }

  /// The strings of the header.
  public Map<String, String> metadata() {
    return Map.copyOf(metadata);
  }

  /// Where the file lies.
  public Path path() {
    return file;
  }

  /// The checksum that the file carries, verified against its content the first time.
  public String verify() {
    String expected = metadata.get(SafeTensors.CHECKSUM);
    if (verified && expected != null) {
      return expected; // a table of many gigabytes is read through once
    }
    MessageDigest digest = SafeTensors.digest();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      for (Map.Entry<String, Entry> e : entries.entrySet()) {
        Entry entry = e.getValue();
        digest.update(SafeTensors.line(e.getKey(), entry.dtype(), entry.sizes()));
        for (long at = 0; at < entry.bytes(); at += SafeTensors.CHUNK) {
          int n = (int) Math.min(SafeTensors.CHUNK, entry.bytes() - at);
          digest.update(read(channel, start + entry.from() + at, n));
        }
      }
    } catch (IOException e) {
      throw StoreException.reading(file, e);
    }
    String found = HexFormat.of().formatHex(digest.digest());
    if (!found.equals(expected)) {
      throw damaged(file, "the SHA-256 of its tensors is " + found + ", it says " + expected);
    }
    verified = true;
    return found;
  }

  /// Reads every tensor that `into` asks for, after [#verify].
  ///
  /// @param what for messages: what the tensors belong to
  /// @throws StoreException that lists missing, unknown and wrongly shaped tensors, nothing having been read
  public void readAll(String what, Device device, SortedMap<String, Stored> into) {
    List<String> missing = new ArrayList<>();
    List<String> wrong = new ArrayList<>();
    into.forEach(
        (name, t) -> {
          Entry e = entries.get(name);
          if (e == null) {
            missing.add(name + " " + t.sizes());
          } else if (!e.sizes().equals(t.sizes())) {
            wrong.add(name + " " + e.sizes() + ", expected " + t.sizes());
          }
        });
    List<String> unknown = entries.keySet().stream().filter(n -> !into.containsKey(n)).toList();
    if (!missing.isEmpty() || !unknown.isEmpty() || !wrong.isEmpty()) {
      throw new StoreException(
          file
              + " does not fit "
              + what
              + ". Missing: "
              + list(missing)
              + ". Unknown: "
              + list(unknown)
              + ". Wrong shape: "
              + list(wrong)
              + ". Expected a file written by the same model, settings and schema.");
    }
    verify();
    into.forEach((name, t) -> read(name, device, t));
  }

  private static String list(List<String> names) {
    return names.isEmpty() ? "none" : String.join("; ", names);
  }

  /// Reads one tensor of as many numbers. For a table with more rows than the file, only those that the file has.
  public void read(String name, Device device, Stored into) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw new StoreException(file + " holds no tensor " + name + ".");
    }
    if (!entry.real()) {
      throw new StoreException(
          file + ": " + name + " has type " + entry.dtype() + ". Expected real numbers.");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      switch (into) {
        case Stored.Dense(var tensor) -> {
          if (entry.wide()) {
            device.upload(tensor.buffer(), doubles(channel, entry, 0, tensor.elements()));
          } else {
            device.upload(tensor.buffer(), floats(channel, entry, 0, tensor.elements()));
          }
        }
        case Stored.Transposed matrices -> {
          Tensor tensor = matrices.tensor();
          double[] values = doubles(channel, entry, 0, tensor.elements());
          device.upload(tensor.buffer(), matrices.back(values));
        }
        case Stored.Rows(Table table) -> readRows(channel, entry, table);
      }
    } catch (IOException e) {
      throw StoreException.reading(file, e);
    }
  }

  /// The place of the first number of a tensor that is NaN or infinite, counted from 0; −1 when there is none.
  public long firstNotFinite(String name) {
    Entry entry = entries.get(name);
    if (entry == null || !entry.real()) {
      throw new StoreException(file + " holds no tensor of real numbers " + name + ".");
    }
    long numbers = entry.bytes() / entry.width();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      for (long at = 0; at < numbers; at += SafeTensors.CHUNK) {
        double[] some =
            doubles(channel, entry, at, (int) Math.min(SafeTensors.CHUNK, numbers - at));
        for (int i = 0; i < some.length; i++) {
          if (!Double.isFinite(some[i])) {
            return at + i;
          }
        }
      }
    } catch (IOException e) {
      throw StoreException.reading(file, e);
    }
    return -1;
  }

  private void readRows(FileChannel channel, Entry entry, Table table) throws IOException {
    long numbersThere = entry.bytes() / entry.width(); // of [1, n] too, for n rows of one number
    int rows = (int) Math.min(numbersThere / table.width(), table.rows());
    int step = Math.max(1, SafeTensors.CHUNK / table.width());
    for (int first = 0; first < rows; first += step) {
      int numbers = Math.min(step, rows - first) * table.width();
      long from = (long) first * table.width();
      if (entry.wide()) {
        table.write(first, doubles(channel, entry, from, numbers));
      } else {
        table.write(first, floats(channel, entry, from, numbers));
      }
    }
  }

  private double[] doubles(FileChannel channel, Entry entry, long from, int n) throws IOException {
    double[] values = new double[n];
    if (!entry.wide()) {
      float[] floats = floats(channel, entry, from, n);
      for (int i = 0; i < n; i++) {
        values[i] = floats[i];
      }
      return values;
    }
    for (int i = 0; i < n; i += SafeTensors.CHUNK) {
      int some = Math.min(SafeTensors.CHUNK, n - i);
      numbers(channel, entry, from + i, some).asDoubleBuffer().get(values, i, some);
    }
    return values;
  }

  /// Numbers of at most 32 bits.
  private float[] floats(FileChannel channel, Entry entry, long from, int n) throws IOException {
    float[] values = new float[n];
    for (int i = 0; i < n; i += SafeTensors.CHUNK) {
      int some = Math.min(SafeTensors.CHUNK, n - i);
      ByteBuffer bytes = numbers(channel, entry, from + i, some);
      switch (entry.dtype()) {
        case "F16" -> {
          for (int k = 0; k < some; k++) {
            values[i + k] = Float.float16ToFloat(bytes.getShort(2 * k));
          }
        }
        case "BF16" -> {
          for (int k = 0; k < some; k++) {
            values[i + k] = Float.intBitsToFloat(bytes.getShort(2 * k) << 16); // the upper half
          }
        }
        default -> bytes.asFloatBuffer().get(values, i, some);
      }
    }
    return values;
  }

  private ByteBuffer numbers(FileChannel channel, Entry entry, long from, int n)
      throws IOException {
    return read(channel, start + entry.from() + from * entry.width(), n * entry.width());
  }

  private static ByteBuffer read(FileChannel channel, long at, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, at + buffer.position()) < 0) {
        throw new EOFException("the file ends at byte " + (at + buffer.position()));
      }
    }
    return buffer.flip();
  }
}
