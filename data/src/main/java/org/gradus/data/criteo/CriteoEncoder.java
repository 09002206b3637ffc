// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import java.io.DataInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
import org.gradus.data.prepared.Row;
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

  /// Fills an example from a raw row.
  public void encode(CriteoRow from, Row to) {
    DenseTransform transform = options.transform();
    for (int i = 0; i < CriteoRow.DENSE; i++) {
      to.dense(i, transform.of(from.dense[i], from.denseMissing[i]));
    }
    int hash = options.hash();
    for (int i = 0; i < CriteoRow.SPARSE; i++) {
      int id = vocabularies.get(i).id(from.sparse[i]);
      to.id(i, hash > 0 ? id % hash : id);
    }
    to.real(0, from.label < 0 ? Float.NaN : from.label);
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
    try (CriteoFile rows = new CriteoFile(file, options, bad, true);
        PreparedWriter writer = new PreparedWriter(encoded, schema)) {
      CriteoRow raw = new CriteoRow();
      Row row = new Row(schema);
      while (rows.next(raw)) {
        encode(raw, row);
        writer.append(row);
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

    /// Sees a row.
    public void add(CriteoRow row) {
      rows++;
      for (int i = 0; i < CriteoRow.DENSE; i++) {
        missing[i] += row.denseMissing[i] ? 1 : 0;
      }
      for (int i = 0; i < CriteoRow.SPARSE; i++) {
        builders.get(i).add(row.sparse[i]);
        missing[CriteoRow.DENSE + i] += row.sparseMissing[i] ? 1 : 0;
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
