// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gradus.data.prepared.ChecksummedFile;
import org.gradus.trainer.store.StoreException;

/// Looks at every vector: the truth that approximate indices are held against.
public final class ExactIndex implements VectorIndex {
  private static final String KIND = "exact vector index 1";
  private static final String FILE = "vectors";

  private final Vectors all;

  /// An index of these.
  public ExactIndex(Vectors all) {
    this.all = all;
  }

  @Override
  public int size() {
    return all.ids().length;
  }

  @Override
  public Hits search(float[] query, int k, int effort, IntSet without) {
    if (query.length != all.width() || k < 1) {
      throw new IllegalArgumentException(
          "vector index: a query of "
              + query.length
              + " numbers for "
              + k
              + " neighbours. Expected "
              + all.width()
              + " numbers, and at least 1 neighbour.");
    }
    BestFirst best = new BestFirst(Math.min(k, size()));
    for (int i = 0; i < all.ids().length; i++) {
      int id = all.ids()[i];
      if (without.isEmpty() || !without.contains(id)) {
        best.offer(id, all.metric().score(all.vectors(), i * all.width(), query));
      }
    }
    return best.hits();
  }

  @Override
  public void save(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw StoreException.writing(folder, e);
    }
    ChecksummedFile.write(
        folder.resolve(FILE),
        KIND,
        out -> {
          out.writeUTF(all.metric().name());
          out.writeInt(all.width());
          out.writeInt(size());
          for (int id : all.ids()) {
            out.writeInt(id);
          }
          for (float v : all.vectors()) {
            out.writeFloat(v);
          }
        });
  }

  /// Reads what [#save] wrote.
  public static ExactIndex load(Path folder) {
    return ChecksummedFile.read(
        folder.resolve(FILE),
        KIND,
        in -> {
          Metric metric = Metric.valueOf(in.readUTF());
          int width = in.readInt();
          int[] ids = new int[in.readInt()];
          for (int i = 0; i < ids.length; i++) {
            ids[i] = in.readInt();
          }
          float[] vectors = new float[ids.length * width];
          for (int i = 0; i < vectors.length; i++) {
            vectors[i] = in.readFloat();
          }
          return new ExactIndex(new Vectors(ids, vectors, width, metric));
        });
  }

  @Override
  public long bytes() {
    return 4L * all.ids().length + 4L * all.vectors().length;
  }

  @Override
  public void close() {}
}
