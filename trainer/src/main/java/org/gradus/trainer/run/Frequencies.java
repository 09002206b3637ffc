// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.HashMap;
import java.util.Map;
import org.gradus.autograd.TableParameter;
import org.gradus.data.Examples;
import org.gradus.data.Examples.Pass;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.trainer.optim.Optimizer;

/// How often each row of each table occurs in the training rows, which one kind of penalty asks for.
final class Frequencies {
  private Frequencies() {}

  /// Counts once over the rows, if anything asks for it.
  static void count(Optimizer optimizer, Examples train, int batchSize) {
    if (optimizer.frequencyTables().isEmpty()) {
      return;
    }
    Map<String, long[]> counts = of(train, batchSize);
    for (TableParameter t : optimizer.frequencyTables()) {
      // A model names its tables after those of the schema.
      long[] found = counts.get(t.path().substring(t.path().lastIndexOf('/') + 1));
      if (found == null || found.length != t.table().rows()) {
        throw new IllegalArgumentException(
            "penalty: DIN on table "
                + t
                + ", which is no table of the schema. Expected one of: "
                + train.schema().tables());
      }
      float[] rounded = new float[found.length];
      for (int row = 0; row < rounded.length; row++) {
        rounded[row] = (float) found[row];
      }
      optimizer.frequencies(t.path(), rounded);
    }
  }

  /// How often each row occurs, by table.
  static Map<String, long[]> of(Examples train, int batchSize) {
    Map<String, long[]> counts = new HashMap<>();
    train.schema().tables().forEach((table, rows) -> counts.put(table, new long[rows]));
    try (Examples.Stream stream = train.stream(Pass.inOrder(batchSize))) {
      for (Batch batch = stream.next(); batch != null; batch = stream.next()) {
        for (Field.Ids field : train.schema().ids()) {
          JaggedIds ids = batch.sparse().of(field.name());
          long[] ofTable = counts.getOrDefault(field.table(), new long[0]);
          for (int i = ids.offsets()[0]; i < ids.offsets()[ids.bags()]; i++) {
            ofTable[ids.values()[i]]++;
          }
        }
      }
    }
    return counts;
  }
}
