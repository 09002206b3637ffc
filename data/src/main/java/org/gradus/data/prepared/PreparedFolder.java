// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.gradus.data.DataException;
import org.gradus.data.DataSet;
import org.gradus.data.Settings;
import org.gradus.data.Split;

/// A data set in its prepared form: a folder with one file of rows per split, the encoder, and the facts.
///
/// It is built under a temporary name and renamed when it is complete, so a folder with its final name is whole.
public final class PreparedFolder {
  private static final String FACTS = "facts 1";

  private final Path folder;

  private PreparedFolder(Path folder) {
    this.folder = folder;
  }

  /// The folder of a key, built if it does not exist.
  ///
  /// @param cache where prepared folders lie
  /// @param name starts the folder's name
  /// @param key what the content depends on: raw files, settings, seed
  /// @param build fills a new folder
  public static PreparedFolder of(Path cache, String name, String key, Consumer<Path> build) {
    String hash = Hashing.sha256().hashString(key, StandardCharsets.UTF_8).toString();
    Path folder = cache.resolve(name + "-" + hash.substring(0, 16));
    if (Files.isDirectory(folder)) {
      return new PreparedFolder(folder);
    }
    Path building =
        cache.resolve("." + folder.getFileName() + ".building-" + ProcessHandle.current().pid());
    try {
      Files.createDirectories(cache);
      deleteAbandoned(cache, folder);
      delete(building);
      Files.createDirectory(building);
      try {
        build.accept(building);
        ChecksummedFile.sync(building);
        Files.move(building, folder, StandardCopyOption.ATOMIC_MOVE);
        ChecksummedFile.sync(cache);
      } catch (FileSystemException e) {
        // Another process may have built the same folder meanwhile: theirs is as good as ours. How
        // a system
        // says so differs.
        if (!Files.isDirectory(folder)) {
          throw e;
        }
      } finally {
        delete(building);
      }
    } catch (IOException e) {
      throw DataException.io("preparing", folder, e);
    }
    return new PreparedFolder(folder);
  }

  /// What a killed process left behind.
  private static void deleteAbandoned(Path cache, Path folder) throws IOException {
    String prefix = "." + folder.getFileName() + ".building-";
    try (Stream<Path> siblings = Files.list(cache)) {
      for (Path p : siblings.toList()) {
        String name = p.getFileName().toString();
        if (name.startsWith(prefix)
            && ProcessHandle.of(Long.parseLong(name.substring(prefix.length()))).isEmpty()) {
          delete(p);
        }
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }

  /// A key for [#of] that changes with the settings, the seed and the raw files: their paths, sizes and times.
  public static String key(Settings settings, long seed, List<Path> files) {
    StringBuilder key = new StringBuilder("format 1\nseed " + seed + "\n" + settings.canonical());
    for (Path file : files) {
      try {
        BasicFileAttributes a = Files.readAttributes(file, BasicFileAttributes.class);
        key.append(file.toAbsolutePath().normalize())
            .append(' ')
            .append(a.size())
            .append(' ')
            .append(a.lastModifiedTime().toMillis())
            .append('\n');
      } catch (IOException e) {
        throw DataException.io("reading", file, e);
      }
    }
    return key.toString();
  }

  /// The rows of a split inside a prepared folder, also while it is being built.
  public static Path rows(Path folder, Split split) {
    return folder.resolve(split.word() + ".rows");
  }

  /// Writes the facts into a folder that is being built.
  public static void writeFacts(Path folder, Map<String, Double> facts) {
    ChecksummedFile.write(
        folder.resolve("facts"),
        FACTS,
        out -> {
          out.writeInt(facts.size());
          for (var e : new TreeMap<>(facts).entrySet()) {
            out.writeUTF(e.getKey());
            out.writeDouble(e.getValue());
          }
        });
  }

  /// Where the folder lies.
  public Path path() {
    return folder;
  }

  /// Opens the three splits, verified.
  ///
  /// @param name what a user typed after `--data`
  public DataSet open(String name) {
    Map<String, Double> facts =
        ChecksummedFile.read(
            folder.resolve("facts"),
            FACTS,
            in -> {
              Map<String, Double> read = new TreeMap<>();
              for (int n = in.readInt(); n > 0; n--) {
                read.put(in.readUTF(), in.readDouble());
              }
              return read;
            });
    Map<Split, PreparedFile> files = new EnumMap<>(Split.class);
    try {
      Hasher hasher = Hashing.sha256().newHasher();
      hasher.putString(name, StandardCharsets.UTF_8);
      for (Split split : Split.values()) {
        PreparedFile file = PreparedFile.open(rows(folder, split));
        files.put(split, file);
        hasher.putString(SchemaText.write(file.schema()), StandardCharsets.UTF_8);
        hasher.putLong(file.rows());
        for (int crc : file.checksums()) {
          hasher.putInt(crc);
        }
      }
      PreparedFile train = of(files, Split.TRAIN);
      return new DataSet(
          name,
          train.schema(),
          train,
          of(files, Split.VALID),
          of(files, Split.TEST),
          Map.copyOf(facts),
          hasher.hash().toString());
    } catch (RuntimeException e) {
      files.values().forEach(PreparedFile::close);
      throw e;
    }
  }

  private static PreparedFile of(Map<Split, PreparedFile> files, Split split) {
    return java.util.Objects.requireNonNull(files.get(split));
  }
}
