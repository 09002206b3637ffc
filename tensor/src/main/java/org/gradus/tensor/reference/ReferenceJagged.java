// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.JaggedKernels;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.SortKernels;
import org.gradus.tensor.Table;
import org.gradus.tensor.host.Doubles;
import org.gradus.tensor.host.Ints;
import org.jspecify.annotations.Nullable;

/// Bags of rows, pooled, and back.
final class ReferenceJagged implements JaggedKernels {
  @Override
  public void bags(
      Buffer yb,
      @Nullable Buffer argmaxb,
      List<Bags> features,
      Buffer valuesb,
      Buffer offsetsb,
      @Nullable Buffer weightsb,
      int batch) {
    double[] y = Doubles.of(yb);
    int[] values = Ints.of(valuesb);
    int[] offsets = Ints.of(offsetsb);
    double @Nullable [] weights = weightsb == null ? null : Doubles.of(weightsb);
    int width = 0;
    for (Bags feature : features) {
      width += feature.table().width();
    }
    int column = 0;
    for (int f = 0; f < features.size(); f++) {
      Bags feature = features.get(f);
      for (int b = 0; b < batch; b++) {
        int from = offsets[f * batch + b];
        int to = offsets[f * batch + b + 1];
        int at = b * width + column;
        if (feature.pooling() == Pooling.MAX) {
          int[] argmax = Ints.of(needed(argmaxb));
          largestRows(y, argmax, at, feature, values, from, to);
        } else {
          sumOfRows(y, at, feature, values, weights, from, to);
        }
      }
      column += feature.table().width();
    }
  }

  @Override
  public void places(
      Buffer idsb, Buffer sourceb, int at, Buffer valuesb, Buffer offsetsb, Slice slice) {
    int[] ids = Ints.of(idsb);
    int[] source = Ints.of(sourceb);
    int[] values = Ints.of(valuesb);
    int[] offsets = Ints.of(offsetsb);
    int i = at;
    for (int b = 0; b < slice.batch(); b++) {
      for (int k = offsets[slice.first() + b]; k < offsets[slice.first() + b + 1]; k++) {
        if (values[k] != slice.padding()) {
          ids[i] = values[k];
          source[i] = b * slice.stride() + slice.column();
          i++;
        }
      }
    }
  }

  /// One bag: `y[at …)` = Σ aₖ vₖ over its ids, divided as its pooling says.
  private static void sumOfRows(
      double[] y,
      int at,
      Bags feature,
      int[] values,
      double @Nullable [] weights,
      int from,
      int to) {
    double[] rows = ReferenceTable.of(feature.table());
    int width = feature.table().width();
    Arrays.fill(y, at, at + width, 0);
    int count = 0; // K
    double sum = 0; // Σ aₖ
    double squares = 0; // Σ aₖ²
    for (int k = from; k < to; k++) {
      if (values[k] == feature.paddingId()) {
        continue;
      }
      double a = weights == null ? 1 : weights[k];
      for (int d = 0; d < width; d++) {
        y[at + d] += a * rows[values[k] * width + d]; // (EB-1)
      }
      count++;
      sum += a;
      squares += a * a;
    }
    double divisor = divisor(feature.pooling(), count, sum, squares);
    for (int d = 0; d < width; d++) {
      y[at + d] = divisor == 0 ? 0 : y[at + d] / divisor;
    }
  }

  private static double divisor(Pooling pooling, int count, double sum, double squares) {
    return switch (pooling) {
      case SUM -> 1;
      case MEAN -> sum;
      case MEAN_COUNT -> count;
      case SQRTN -> Math.sqrt(squares);
      case MAX -> throw new IllegalArgumentException("bags: MAX divides by nothing.");
    };
  }

  /// One bag: `y[at …)` = its largest component-wise, the first of equal ones; 0 and −1 when it is empty.
  private static void largestRows(
      double[] y, int[] argmax, int at, Bags feature, int[] values, int from, int to) {
    double[] rows = ReferenceTable.of(feature.table());
    int width = feature.table().width();
    for (int d = 0; d < width; d++) {
      y[at + d] = 0;
      argmax[at + d] = -1;
      for (int k = from; k < to; k++) {
        if (values[k] == feature.paddingId()) {
          continue;
        }
        double x = rows[values[k] * width + d];
        if (argmax[at + d] < 0 || x > y[at + d]) {
          y[at + d] = x;
          argmax[at + d] = k;
        }
      }
    }
  }

  private static Buffer needed(@Nullable Buffer argmax) {
    if (argmax == null) {
      throw new IllegalArgumentException(
          "pooling MAX: no argmax. Expected a buffer for the places.");
    }
    return argmax;
  }

  @Override
  public void sumRows(
      Buffer rowGradientsb,
      Buffer dyb,
      SortKernels.Merged merged,
      Buffer sourceb,
      @Nullable Buffer coefficientb,
      int width) {
    double[] rowGradients = Doubles.of(rowGradientsb);
    double[] dy = Doubles.of(dyb);
    int[] segments = Ints.of(merged.segments());
    int[] order = Ints.of(merged.order());
    int[] source = Ints.of(sourceb);
    double @Nullable [] coefficient = coefficientb == null ? null : Doubles.of(coefficientb);
    for (int g = 0; g < merged.count(); g++) {
      for (int d = 0; d < width; d++) {
        double sum = 0;
        for (int s = segments[merged.first() + g]; s < segments[merged.first() + g + 1]; s++) {
          int i = order[s];
          sum += (coefficient == null ? 1 : coefficient[i]) * dy[source[i] + d]; // (EB-3)
        }
        rowGradients[g * width + d] = sum;
      }
    }
  }

  @Override
  public void sumRowsMax(
      Buffer rowGradientsb,
      Buffer dyb,
      SortKernels.Merged merged,
      Buffer sourceb,
      Buffer placeb,
      Buffer argmaxb,
      int width) {
    double[] rowGradients = Doubles.of(rowGradientsb);
    double[] dy = Doubles.of(dyb);
    int[] segments = Ints.of(merged.segments());
    int[] order = Ints.of(merged.order());
    int[] source = Ints.of(sourceb);
    int[] place = Ints.of(placeb);
    int[] argmax = Ints.of(argmaxb);
    for (int g = 0; g < merged.count(); g++) {
      for (int d = 0; d < width; d++) {
        double sum = 0;
        for (int s = segments[merged.first() + g]; s < segments[merged.first() + g + 1]; s++) {
          int i = order[s];
          sum += argmax[source[i] + d] == place[i] ? dy[source[i] + d] : 0;
        }
        rowGradients[g * width + d] = sum;
      }
    }
  }

  @Override
  public void weightGradients(
      Buffer dwb, Buffer dyb, Table table, Buffer idsb, Buffer sourceb, int from, int to) {
    double[] dw = Doubles.of(dwb);
    double[] dy = Doubles.of(dyb);
    double[] rows = ReferenceTable.of(table);
    int[] ids = Ints.of(idsb);
    int[] source = Ints.of(sourceb);
    int width = table.width();
    for (int i = from; i < to; i++) {
      double dot = 0;
      for (int d = 0; d < width; d++) {
        dot += rows[ids[i] * width + d] * dy[source[i] + d];
      }
      dw[i] = dot; // (EB-4)
    }
  }

  @Override
  public void pool(
      Buffer yb,
      @Nullable Buffer argmaxb,
      Buffer valuesb,
      Buffer offsetsb,
      Pooling pooling,
      int bags,
      int width) {
    double[] y = Doubles.of(yb);
    double[] values = Doubles.of(valuesb);
    int[] offsets = Ints.of(offsetsb);
    int @Nullable [] argmax = pooling == Pooling.MAX ? Ints.of(needed(argmaxb)) : null;
    for (int s = 0; s < bags; s++) {
      int count = offsets[s + 1] - offsets[s];
      for (int d = 0; d < width; d++) {
        double sum = 0;
        int best = -1;
        for (int k = offsets[s]; k < offsets[s + 1]; k++) {
          sum += values[k * width + d];
          if (best < 0 || values[k * width + d] > values[best * width + d]) {
            best = k;
          }
        }
        if (argmax != null) {
          y[s * width + d] = best < 0 ? 0 : values[best * width + d];
          argmax[s * width + d] = best;
        } else {
          y[s * width + d] = count == 0 ? 0 : sum / divisor(pooling, count, count, count);
        }
      }
    }
  }

  @Override
  public void poolBackward(
      Buffer dxb,
      Buffer dyb,
      @Nullable Buffer argmaxb,
      Buffer offsetsb,
      Pooling pooling,
      int bags,
      int width) {
    double[] dx = Doubles.of(dxb);
    double[] dy = Doubles.of(dyb);
    int[] offsets = Ints.of(offsetsb);
    int @Nullable [] argmax = pooling == Pooling.MAX ? Ints.of(needed(argmaxb)) : null;
    for (int s = 0; s < bags; s++) {
      int count = offsets[s + 1] - offsets[s];
      for (int k = offsets[s]; k < offsets[s + 1]; k++) {
        for (int d = 0; d < width; d++) {
          double up = dy[s * width + d];
          dx[k * width + d] =
              argmax != null
                  ? (argmax[s * width + d] == k ? up : 0)
                  : up / divisor(pooling, count, count, count);
        }
      }
    }
  }

  @Override
  public void pad(Buffer yb, Buffer valuesb, Buffer offsetsb, int bags, int length, int width) {
    double[] y = Doubles.of(yb);
    double[] values = Doubles.of(valuesb);
    int[] offsets = Ints.of(offsetsb);
    for (int s = 0; s < bags; s++) {
      int count = offsets[s + 1] - offsets[s];
      for (int t = 0; t < length; t++) {
        for (int d = 0; d < width; d++) {
          y[(s * length + t) * width + d] = t < count ? values[(offsets[s] + t) * width + d] : 0;
        }
      }
    }
  }

  @Override
  public void padBackward(
      Buffer dxb, Buffer dyb, Buffer offsetsb, int bags, int length, int width) {
    double[] dx = Doubles.of(dxb);
    double[] dy = Doubles.of(dyb);
    int[] offsets = Ints.of(offsetsb);
    for (int s = 0; s < bags; s++) {
      int count = offsets[s + 1] - offsets[s];
      for (int t = 0; t < count; t++) {
        for (int d = 0; d < width; d++) {
          dx[(offsets[s] + t) * width + d] = t < length ? dy[(s * length + t) * width + d] : 0;
        }
      }
    }
  }
}
