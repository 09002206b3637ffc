// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.List;
import org.gradus.autograd.TableParameter;
import org.gradus.tensor.Pooling;

/// One table of a collection, and the features that look into it.
///
/// @param name the table's name, and its path among the parameters
/// @param numEmbeddings n, the number of rows
/// @param embeddingDim D
/// @param featureNames keys of the batch that use the table; several share it
/// @param pooling how a bag becomes a vector
/// @param paddingId the id that is passed over, or [TableParameter#NO_PADDING]
public record EmbeddingBagConfig(
    String name,
    int numEmbeddings,
    int embeddingDim,
    List<String> featureNames,
    Pooling pooling,
    int paddingId) {
  /// Copies the list and checks that it is not empty.
  public EmbeddingBagConfig {
    featureNames = List.copyOf(featureNames);
    if (featureNames.isEmpty()) {
      throw new IllegalArgumentException(
          "table " + name + ": no features. Expected at least one that looks into it.");
    }
  }

  /// A table for one feature, summed, without padding: DLRM trains row 0.
  public static EmbeddingBagConfig sum(
      String name, int numEmbeddings, int embeddingDim, String feature) {
    return new EmbeddingBagConfig(
        name,
        numEmbeddings,
        embeddingDim,
        List.of(feature),
        Pooling.SUM,
        TableParameter.NO_PADDING);
  }
}
