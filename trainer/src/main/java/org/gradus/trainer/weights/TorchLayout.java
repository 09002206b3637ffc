// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.weights;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Watcher;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.Fitted;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.tensor.Tensor;

/// How PyTorch would name and lay out the parameters of a model.
///
/// | Here | There |
/// | --- | --- |
/// | a path, `deep/0/bias` | with dots, `deep.0.bias` |
/// | a table `v/user [rows, width]` | `v.user.weight`, alike |
/// | a matrix that others are multiplied by, `out [in, out]` | `out.weight`, `[out, in]`, as of `Linear` |
/// | a stack of such matrices, `bilinear/w [n, in, out]` | `bilinear.w.weight`, `[n, out, in]`, each turned |
/// | `scale`, `shift`, moving `mean` and `variance` of a norm | `weight`, `bias`, `running_mean`, `running_var` |
///
/// Which matrices these are is seen from the model at work: the right operand of a product, as it is. What a model reshapes
/// first is not seen, and left as it is.
public final class TorchLayout {
  private static final Map<String, String> OF_A_NORM =
      Map.of("scale", "weight", "shift", "bias", "mean", "running_mean", "variance", "running_var");

  private TorchLayout() {}

  /// The map for a model. One that is not fitted yet is fitted on drawn rows: its parameters are then to be overwritten.
  ///
  /// @param schema that it was built for
  public static WeightMap of(Model model, Params params, Schema schema) {
    List<Parameter> factors = factors(model, params, schema);
    Map<String, Parameter> byPath = new HashMap<>();
    params.all().forEach(p -> byPath.put(p.path(), p));
    List<WeightMap.Line> lines = new ArrayList<>();
    for (Parameter p : params.all()) {
      boolean factor = factors.contains(p);
      lines.add(new WeightMap.Line(name(p, factor, byPath), p.path(), factor));
    }
    return new WeightMap(lines);
  }

  private static String name(Parameter p, boolean factor, Map<String, Parameter> byPath) {
    String[] levels = p.path().split("/", -1);
    int last = levels.length - 1;
    String folder = p.path().substring(0, p.path().length() - levels[last].length());
    String ofNorm = OF_A_NORM.get(levels[last]);
    if (ofNorm != null && isNorm(byPath.get(folder + "scale"))) {
      levels[last] = ofNorm;
    }
    boolean named = levels[last].equals("weight");
    String weight = (factor && !named) || p instanceof TableParameter ? ".weight" : "";
    return String.join(".", levels) + weight;
  }

  private static boolean isNorm(@org.jspecify.annotations.Nullable Parameter scale) {
    return scale != null && scale.role() == Parameter.Role.NORM;
  }

  /// The matrices W of products x W, and stacks of them.
  private static List<Parameter> factors(Model model, Params params, Schema schema) {
    IdentityHashMap<Tensor, DenseParameter> dense = new IdentityHashMap<>();
    for (Parameter p : params.all()) {
      if (p instanceof DenseParameter d && d.shape().rank() >= 2) {
        dense.put(d.value(), d);
      }
    }
    List<Parameter> factors = new ArrayList<>();
    Watcher watcher =
        operation -> {
          boolean product = operation.name().equals("linear") || operation.name().equals("matmul");
          DenseParameter w = product ? dense.get(operation.operands().get(1)) : null;
          if (w != null && !factors.contains(w)) {
            factors.add(w);
          }
        };
    if (model instanceof Fitted f && !f.fitted()) { // any values will do
      f.fit(each -> each.accept(SampleBatches.draw(schema, ModelSpec.EXAMPLE_ROWS, 1)), 1);
    }
    try (Tape tape = Tape.watched(params.device(), watcher)) {
      model.forward(SampleBatches.draw(schema, 2, 1), Mode.evaluation(tape));
    }
    return factors;
  }
}
