// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import static java.util.Objects.requireNonNull;

import java.io.DataInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.data.FittedFields;
import org.gradus.data.GrowFrom;
import org.gradus.data.prepared.ChecksummedFile;
import org.gradus.data.prepared.PreparedFile;
import org.gradus.data.prepared.PreparedWriter;
import org.gradus.data.prepared.RowBlock;
import org.gradus.data.vocabulary.IntVocabulary;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;

/// From raw rows to examples, with the vocabularies of the rows it was fitted to.
///
/// A missing token is a value of its own, the same as token 0, as in the reference pipeline.
public final class CriteoEncoder implements DataSource.Encoder, FittedFields {
  /// The label's name.
  public static final String LABEL = "label";

  private static final String KIND = "criteo encoder 1";
  private static final String FILE = "encoder";

  private final CriteoOptions options;
  private final List<IntVocabulary> vocabularies;
  private final double[] missing;
  private final Schema schema;

  private CriteoEncoder(CriteoOptions options, List<IntVocabulary> vocabularies, double[] missing) {
    this.options = options;
    this.vocabularies = vocabularies;
    this.missing = missing;
    List<Field> fields = new ArrayList<>();
    for (int i = 0; i < CriteoRow.DENSE; i++) {
      fields.add(new Field.Dense(CriteoRow.denseName(i)));
    }
    for (int i = 0; i < CriteoRow.SPARSE; i++) {
      int size = options.hash() > 0 ? options.hash() : vocabularies.get(i).size();
      fields.add(new Field.Categorical(CriteoRow.sparseName(i), size));
    }
    fields.add(new Field.Label(LABEL, Field.LabelKind.BINARY));
    this.schema = new Schema(fields);
  }

  /// What the examples look like.
  public Schema schema() {
    return schema;
  }

  /// The preprocessing.
  public CriteoOptions options() {
    return options;
  }

  /// The id of a token of a column, before `hash`.
  public int id(int column, int token) {
    return vocabularies.get(column).id(token);
  }

  /// Makes the examples of a block.
  ///
  /// @param values of [CriteoOptions#transform]
  void encode(CriteoBlock block, DenseValues values) {
    RowBlock to = block.encoded;
    if (to == null) {
      to = new RowBlock(schema);
      block.encoded = to;
    }
    to.rows(block.rows);
    for (int r = 0; r < block.rows; r++) {
      for (int i = 0; i < CriteoRow.DENSE; i++) {
        to.dense(r, i, values.of(block.dense[r * CriteoRow.DENSE + i], block.denseMissing(r, i)));
      }
      to.real(r, 0, block.labels[r] < 0 ? Float.NaN : block.labels[r]);
    }
    int hash = options.hash();
    // One vocabulary after the other stays in the cache.
    for (int i = 0; i < CriteoRow.SPARSE; i++) {
      IntVocabulary vocabulary = vocabularies.get(i);
      for (int r = 0; r < block.rows; r++) {
        int id = vocabulary.id(block.sparse[r * CriteoRow.SPARSE + i]);
        to.id(r, i, hash > 0 ? id % hash : id);
      }
    }
  }

  /// Where an encoder lies in a folder.
  static Path file(Path folder) {
    return folder.resolve(FILE);
  }

  /// Encodes a raw file, row by row: a malformed one is always an error here. Labels of a file that has none are NaN.
  @Override
  public Examples encode(Path file) {
    BadRows bad = BadRows.never();
    Path encoded;
    try {
      encoded = Files.createTempFile("gradus-", ".rows");
    } catch (IOException e) {
      throw DataException.io("writing temporary files, while encoding", file, e);
    }
    DenseValues values = new DenseValues(options.transform());
    try (CriteoFile blocks =
            new CriteoFile(file, options, bad, true, block -> encode(block, values));
        PreparedWriter writer = new PreparedWriter(encoded, schema)) {
      for (CriteoBlock b = blocks.next(); b != null; b = blocks.next()) {
        writer.append(requireNonNull(b.encoded), 0, b.rows);
      }
      writer.finish();
    } catch (RuntimeException e) {
      encoded.toFile().delete();
      throw e;
    }
    return PreparedFile.openTemporary(encoded);
  }

  @Override
  public String value(String field, int id) {
    int column = schema.ids().indexOf(schema.field(field));
    if (options.hash() > 0) {
      return "row " + id;
    }
    if (id < IntVocabulary.FIRST) {
      return id == 0 ? "(padding)" : "(out of vocabulary)";
    }
    int token = vocabularies.get(column).token(id);
    return token == 0 ? "(missing)" : "%08x".formatted(token);
  }

  @Override
  public double missingShare(String field) {
    int i = schema.fields().indexOf(schema.field(field));
    return i < missing.length ? missing[i] : 0;
  }

  @Override
  public void save(Path folder) {
    ChecksummedFile.write(
        folder.resolve(FILE),
        KIND,
        out -> {
          DenseTransform t = options.transform();
          Integer clamp = t.clampMin();
          out.writeUTF(t.kind().name());
          out.writeInt(t.shift());
          out.writeInt(t.missingFill());
          out.writeBoolean(clamp != null);
          out.writeInt(clamp == null ? 0 : clamp);
          out.writeInt(options.minCount());
          out.writeInt(options.hash());
          out.writeBoolean(options.padShortRows());
          out.writeUTF(options.onBadRow().name());
          for (double share : missing) {
            out.writeDouble(share);
          }
          for (IntVocabulary v : vocabularies) {
            v.write(out);
          }
        });
  }

  /// Reads what [#save] wrote.
  public static CriteoEncoder load(Path folder) {
    return ChecksummedFile.read(file(folder), KIND, CriteoEncoder::read);
  }

  private static CriteoEncoder read(DataInput in) throws IOException {
    DenseTransform.Kind kind = DenseTransform.Kind.valueOf(in.readUTF());
    int shift = in.readInt();
    int missingFill = in.readInt();
    boolean clamped = in.readBoolean();
    int clamp = in.readInt();
    CriteoOptions options =
        new CriteoOptions(
            new DenseTransform(kind, shift, missingFill, clamped ? clamp : null),
            in.readInt(),
            in.readInt(),
            in.readBoolean(),
            BadRows.Policy.valueOf(in.readUTF()));
    double[] missing = new double[CriteoRow.DENSE + CriteoRow.SPARSE];
    for (int i = 0; i < missing.length; i++) {
      missing[i] = in.readDouble();
    }
    List<IntVocabulary> vocabularies = new ArrayList<>();
    for (int i = 0; i < CriteoRow.SPARSE; i++) {
      vocabularies.add(IntVocabulary.read(in));
    }
    return new CriteoEncoder(options, vocabularies, missing);
  }

  /// Looks at rows and gathers their vocabularies.
  public static final class Fit {
    private final CriteoOptions options;
    private final List<IntVocabulary.Builder> builders = new ArrayList<>();
    private final long[] missing = new long[CriteoRow.DENSE + CriteoRow.SPARSE];
    private long rows;

    /// Nothing seen yet.
    public Fit(CriteoOptions options) {
      this.options = options;
      for (int i = 0; i < CriteoRow.SPARSE; i++) {
        builders.add(new IntVocabulary.Builder(options.minCount()));
      }
    }

    /// Starts from an encoder whose ids stay as they are: new tokens are appended.
    public Fit(CriteoOptions options, CriteoEncoder start) {
      this.options = options;
      if (start.options.hash() != options.hash()) {
        throw GrowFrom.changed(
            "every column", "hash=" + options.hash(), "hash=" + start.options.hash());
      }
      for (IntVocabulary v : start.vocabularies) {
        builders.add(new IntVocabulary.Builder(options.minCount(), v));
      }
    }

    /// Sees rows of a block.
    ///
    /// @param seen says which, by the place in the block
    void add(CriteoBlock block, BitSet seen) {
      rows += seen.cardinality();
      for (int r = seen.nextSetBit(0); r >= 0; r = seen.nextSetBit(r + 1)) {
        long bits = block.missing[r];
        for (int i = 0; bits != 0; bits >>>= 1, i++) {
          missing[i] += bits & 1;
        }
      }
      for (int i = 0; i < CriteoRow.SPARSE; i++) { // one map after the other stays in the cache
        IntVocabulary.Builder builder = builders.get(i);
        for (int r = seen.nextSetBit(0); r >= 0; r = seen.nextSetBit(r + 1)) {
          builder.add(block.sparse[r * CriteoRow.SPARSE + i]);
        }
      }
    }

    /// The encoder of what was seen.
    public CriteoEncoder build() {
      double[] shares = new double[missing.length];
      for (int i = 0; i < shares.length; i++) {
        shares[i] = rows == 0 ? Double.NaN : (double) missing[i] / rows;
      }
      return new CriteoEncoder(
          options, builders.stream().map(IntVocabulary.Builder::build).toList(), shares);
    }
  }
}
