// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// A backend's table of contents: a new family does not compile until every backend answers it.
///
/// @param elementwise one number from one or two others: arithmetic, activations, comparisons
/// @param layout copies between layouts: permute, slice, expand, tile, concatenate
/// @param reduce sums, maxima and their places
/// @param matMul matrix products, and the fully connected layer
/// @param softmax normalised exponentials over rows, under masks
/// @param norm batch and layer normalisation
/// @param gather rows by index, from tensors and tables, and the adjoint scatter-add
/// @param jagged bags of rows, pooled, and back
/// @param sort the merging of duplicate ids
/// @param interaction fused interactions of field embeddings: FM, pairwise dots, cross layers
/// @param recurrent GRU and LSTM, fused over all steps of a batch of sequences
/// @param loss per-example losses
/// @param random counter-based random numbers: same key, same bits, on every device
/// @param update the arithmetic of optimisers, over dense buffers and rows of tables
public record Kernels(
    ElementwiseKernels elementwise,
    LayoutKernels layout,
    ReduceKernels reduce,
    MatMulKernels matMul,
    SoftmaxKernels softmax,
    NormKernels norm,
    GatherKernels gather,
    JaggedKernels jagged,
    SortKernels sort,
    InteractionKernels interaction,
    RecurrentKernels recurrent,
    LossKernels loss,
    RandomKernels random,
    UpdateKernels update) {}
