// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.apache.lucene.codecs.Codec;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.lucene104.Lucene104Codec;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.LogDocMergePolicy;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.util.Version;
import org.gradus.trainer.store.StoreException;

/// A hierarchical navigable small world (Malkov, Yashunin, TPAMI 2020): layered graphs of neighbours, walked towards the query. The graph
/// is Apache Lucene's.
///
/// One thread builds it, and its random levels come from a fixed seed there, so that equal vectors give an equal index.
public final class HnswIndex implements VectorIndex {
  private static final String VECTOR = "vector";
  private static final String ID = "id";
  private static final double BUFFER_MEGABYTES = 1024; // one segment while vectors are added

  /// How the graph is built.
  ///
  /// @param m neighbours of a node, 16 by default
  /// @param construction candidates looked at when a node is added, 200 by default
  public record Graph(int m, int construction) {
    /// 16 neighbours, 200 candidates.
    public static final Graph DEFAULT = new Graph(16, 200);
  }

  /// The library, and its version.
  public static final String LIBRARY = "Apache Lucene " + Version.LATEST;

  private final Directory directory;
  private final DirectoryReader reader;
  private final IndexSearcher searcher;
  private final int[] ids; // by place in the index
  private final int width;
  private final Metric metric;

  private HnswIndex(Directory directory, int width, Metric metric) throws IOException {
    this.directory = directory;
    this.width = width;
    this.metric = metric;
    reader = DirectoryReader.open(directory);
    searcher = new IndexSearcher(reader);
    ids = new int[reader.maxDoc()];
    for (LeafReaderContext leaf : reader.leaves()) {
      NumericDocValues values = leaf.reader().getNumericDocValues(ID);
      for (int d = 0; d < leaf.reader().maxDoc(); d++) {
        if (values == null || !values.advanceExact(d)) {
          throw new IOException("a vector has no id");
        }
        ids[leaf.docBase + d] = (int) values.longValue();
      }
    }
  }

  /// Builds the graph of these vectors, in memory.
  public static HnswIndex build(Vectors all, Graph graph) {
    Directory directory = new ByteBuffersDirectory();
    IndexWriterConfig config =
        new IndexWriterConfig()
            .setCodec(codec(graph))
            .setMergePolicy(new LogDocMergePolicy())
            .setMergeScheduler(new SerialMergeScheduler())
            .setRAMBufferSizeMB(BUFFER_MEGABYTES);
    try {
      try (IndexWriter writer = new IndexWriter(directory, config)) {
        int width = all.width();
        for (int i = 0; i < all.ids().length; i++) {
          Document d = new Document();
          float[] v = Arrays.copyOfRange(all.vectors(), i * width, (i + 1) * width);
          d.add(new KnnFloatVectorField(VECTOR, v, similarity(all.metric())));
          d.add(new NumericDocValuesField(ID, all.ids()[i]));
          writer.addDocument(d);
        }
        writer.forceMerge(1);
        writer.setLiveCommitData(
            java.util.Map.of("width", "" + width, "metric", all.metric().name()).entrySet());
      }
      return new HnswIndex(directory, all.width(), all.metric());
    } catch (IOException e) {
      throw new UncheckedIOException("vector index: " + e.getMessage(), e);
    }
  }

  private static Codec codec(Graph graph) {
    KnnVectorsFormat format = new Lucene99HnswVectorsFormat(graph.m, graph.construction);
    return new Lucene104Codec() {
      @Override
      public KnnVectorsFormat getKnnVectorsFormatForField(String field) {
        return format;
      }
    };
  }

  private static VectorSimilarityFunction similarity(Metric metric) {
    return switch (metric) {
      case DOT -> VectorSimilarityFunction.MAXIMUM_INNER_PRODUCT;
      case COSINE -> VectorSimilarityFunction.COSINE;
      case L2 -> VectorSimilarityFunction.EUCLIDEAN;
    };
  }

  /// What the library's score, which is never negative, was made of.
  private double score(float s) {
    return switch (metric) {
      case DOT -> s < 1 ? 1 - 1.0 / s : s - 1;
      case COSINE -> 2.0 * s - 1;
      case L2 -> 1 - 1.0 / s;
    };
  }

  @Override
  public int size() {
    return ids.length;
  }

  /// Looks at the `effort` nearest that it finds, and at as many more as are passed over.
  @Override
  public Hits search(float[] query, int k, int effort, IntSet without) {
    if (query.length != width || k < 1) {
      throw new IllegalArgumentException(
          "vector index: a query of "
              + query.length
              + " numbers for "
              + k
              + " neighbours. Expected "
              + width
              + " numbers, and at least 1 neighbour.");
    }
    int wanted = (int) Math.min(size(), (long) Math.max(effort, k) + without.size());
    BestFirst best = new BestFirst(Math.min(k, size()));
    if (metric == Metric.COSINE && isZero(query)) { // no direction: all are equally near
      for (int id : ids) {
        if (!without.contains(id)) {
          best.offer(id, 0);
        }
      }
    } else if (wanted > 0) {
      try {
        ScoreDoc[] found =
            searcher.search(new KnnFloatVectorQuery(VECTOR, query, wanted), wanted).scoreDocs;
        for (ScoreDoc d : found) {
          if (!without.contains(ids[d.doc])) {
            best.offer(ids[d.doc], score(d.score));
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException("vector index: " + e.getMessage(), e);
      }
    }
    return best.hits();
  }

  private static boolean isZero(float... query) {
    for (float q : query) {
      if (q != 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void save(Path folder) {
    try {
      Files.createDirectories(folder);
      try (Directory to = FSDirectory.open(folder)) {
        for (String file : directory.listAll()) {
          to.copyFrom(directory, file, file, IOContext.DEFAULT);
        }
        to.sync(Arrays.asList(directory.listAll()));
      }
    } catch (IOException e) {
      throw StoreException.writing(folder, e);
    }
  }

  /// Opens what [#save] wrote.
  public static HnswIndex load(Path folder) {
    try {
      Directory directory = FSDirectory.open(folder);
      java.util.Map<String, String> about;
      try (DirectoryReader reader = DirectoryReader.open(directory)) {
        about = reader.getIndexCommit().getUserData();
      }
      return new HnswIndex(
          directory,
          Integer.parseInt(about.getOrDefault("width", "")),
          Metric.valueOf(about.getOrDefault("metric", "")));
    } catch (IOException e) {
      throw StoreException.reading(folder, e);
    }
  }

  @Override
  public long bytes() {
    try {
      long sum = 0;
      for (String file : directory.listAll()) {
        sum += directory.fileLength(file);
      }
      return sum;
    } catch (IOException e) {
      throw new UncheckedIOException("vector index: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    try {
      reader.close();
      directory.close();
    } catch (IOException e) {
      throw new UncheckedIOException("vector index: " + e.getMessage(), e);
    }
  }
}
