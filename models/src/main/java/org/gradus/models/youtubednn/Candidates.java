// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import java.util.List;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// The logits of each example's label and of its negatives, and the losses that contrast them, one number per example.
///
/// ```
/// õ_j = o_j − ln Q(j), for the label and for negatives                        (SL-1)
/// ℓ = ln (e^õ_y + Σ_j e^õ_j) − õ_y                      sampled softmax        (SL-2)
/// ℓ = softplus(−õ_y) + Σ_j softplus(õ_j)                NCE                    (SL-3)
/// ℓ = softplus(−o_y) + Σ_j softplus(o_j)                NEG                    (SL-4)
/// ℓ_b = ln Σ_c e^(o_bc − ln p_c) − (o_bb − ln p_b)      other labels           (SL-5)
/// ℓ = ln Σ_j e^o_j − o_y                                full softmax           (SL-6)
/// ```
///
/// j runs over the negatives that are kept; in (SL-5) c runs over the labels of the batch, those equal to that of b left out. Q and
/// p are constants.
///
/// @param label o_y, `[B, 1]`
/// @param negatives o_j, `[B, S]`
/// @param kept which negatives count, row by row
record Candidates(Var label, Var negatives, boolean[] kept) {
  /// With the logarithms of expected counts taken off, (SL-1).
  ///
  /// @param ofLabel ln Q of each label, B numbers
  /// @param ofNegatives ln Q of the negatives: S numbers for all examples, or B · S
  Candidates corrected(double[] ofLabel, double[] ofNegatives) {
    Tape tape = label.tape();
    int s = negatives.size(1);
    Var q = tape.constant(Shape.of(ofLabel.length, 1), ofLabel);
    Shape shape = Shape.of(s == 0 ? 1 : ofNegatives.length / s, s);
    Var qs = tape.constant(shape, ofNegatives);
    return new Candidates(label.subtract(q), negatives.subtract(qs), kept); // (SL-1)
  }

  /// (SL-2) of these logits, `[B]`.
  Var softmax() {
    int size = label.size(0);
    int s = negatives.size(1);
    boolean[] mask = label.tape().scope().booleans(size * (1 + s));
    for (int b = 0; b < size; b++) {
      mask[b * (1 + s)] = true;
      System.arraycopy(kept, b * s, mask, b * (1 + s) + 1, s);
    }
    Var logits = Var.concat(1, List.of(label, negatives)); //            [B, 1 + S]
    Tensor real = label.tape().scope().upload(logits.shape(), mask);
    return logits.logSoftmax(real).index(1, 0).negate(); //              [B]  (SL-2)
  }

  /// (SL-3) of corrected logits, (SL-4) of others, `[B]`.
  Var binary() {
    Tensor real = label.tape().scope().upload(negatives.shape(), kept);
    Var wrong = negatives.softplus().keepWhere(real).sum(1); //          [B]
    return label.negate().softplus().squeeze(1).add(wrong); //           [B]  (SL-3), (SL-4)
  }

  /// (SL-5): each example against the labels of the others, `[B]`.
  ///
  /// @param logits of example b with label c, `[B, B]`
  /// @param logP ln p of each label, B numbers
  /// @param ids labels; equal ones are not set against each other, and those below `first` against none
  /// @param first the least id that is an item
  static Var inBatch(Var logits, double[] logP, int[] ids, int first) {
    Tape tape = logits.tape();
    int size = ids.length;
    boolean[] kept = tape.scope().booleans(size * size);
    int[] own = tape.scope().ints(size);
    for (int b = 0; b < size; b++) {
      own[b] = b;
      for (int c = 0; c < size; c++) {
        kept[b * size + c] = b == c || (ids[c] >= first && ids[c] != ids[b]);
      }
    }
    Var corrected = logits.subtract(tape.constant(Shape.of(1, size), logP)); // [B, B]
    return corrected
        .logSoftmax(tape.scope().upload(Shape.of(size, size), kept))
        .pick(tape.scope().upload(Shape.of(size), own))
        .negate(); //                                                    [B]  (SL-5)
  }

  /// (SL-6), `[B]`.
  ///
  /// @param logits of all classes, `[B, C]`
  /// @param labels classes, B numbers
  static Var full(Var logits, int... labels) {
    Tensor y = logits.tape().scope().upload(Shape.of(labels.length), labels);
    return logits.logSoftmax().pick(y).negate(); //                      [B]  (SL-6)
  }
}
