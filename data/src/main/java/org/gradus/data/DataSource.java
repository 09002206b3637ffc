// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A data set that can be chosen by name: `--data NAME [--path P]`. Found by `ServiceLoader`.
public interface DataSource {
  /// The word after `--data`.
  String name();

  /// One sentence for `--help`: what it is, and what the path must hold.
  String description();

  /// Settings that `open` understands, by name, each with its preset. Others are an error.
  Map<String, String> settings();

  /// Reads or generates, prepares, and splits.
  Opened open(Request request);

  /// What a user asked for.
  ///
  /// @param path the file or folder, or null when the source generates its data
  /// @param cache folder for prepared files, reused when nothing changed
  /// @param seed for generators and splits
  /// @param settings values by name, a subset of [DataSource#settings]
  /// @param progress told what goes on, line by line
  record Request(
      @Nullable Path path,
      Path cache,
      long seed,
      Map<String, String> settings,
      Consumer<String> progress) {
    /// An error for a source that generates its rows and would not look at a path.
    public void refusePath(String source) {
      if (path != null) {
        throw new IllegalArgumentException(
            "data: "
                + source
                + " is generated, and a path was given, "
                + path
                + ". Expected none, or --data with the name of data that are read.");
      }
    }
  }

  /// The data, and how raw rows of the same layout become batches of it: what `predict` needs for new files.
  ///
  /// @param data the splits
  /// @param encoder turns raw files of this layout into examples with the vocabularies of the training rows
  record Opened(DataSet data, Encoder encoder) {}

  /// Vocabularies and transforms, fitted on training rows.
  interface Encoder {
    /// Encodes a raw file of the layout of the source, labels optional.
    Examples encode(Path file);

    /// Everything needed to encode again: written beside a model, read by [DataSource#encoder].
    void save(Path folder);
  }

  /// Reads an encoder that was saved with a model.
  Encoder encoder(Path folder);
}
