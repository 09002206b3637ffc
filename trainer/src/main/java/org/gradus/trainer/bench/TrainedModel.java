// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.embeddings.Schema;
import org.gradus.models.ModelSpec;
import org.gradus.models.Settings;
import org.gradus.tensor.Device;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Rule;

/// The training step of a model of the registry, on generated data.
///
/// @param name the word on the command line
/// @param spec makes the model
/// @param settings of the model
/// @param schema what batches look like
/// @param rules how parameters are trained
/// @param batch B
public record TrainedModel(
    String name, ModelSpec spec, Settings settings, Schema schema, Rules rules, int batch)
    implements Workload {

  /// How the two kinds of parameters are trained.
  ///
  /// @param dense the group of dense parameters
  /// @param tables the group of tables
  public record Rules(Group dense, Group tables) {
    /// Adam for dense parameters at 0.001, Adagrad for rows at 0.01 with the ε of PyTorch.
    public static final Rules ADAM_AND_ADAGRAD =
        new Rules(Group.all(Rule.Adam.PAPER, 1e-3), Group.all(new Rule.Adagrad(1e-10, 0), 1e-2));

    /// Plain gradient descent at 0.01 for all.
    public static final Rules SGD =
        new Rules(Group.all(Rule.Sgd.PLAIN, 0.01), Group.all(Rule.Sgd.PLAIN, 0.01));

    /// One group if both kinds are trained alike, otherwise one for each table before that of all others.
    OptimizerConfig of(Params params) {
      List<Group> groups = new ArrayList<>();
      if (!dense.equals(tables)) {
        for (Parameter p : params.all()) {
          if (p instanceof TableParameter) {
            groups.add(tables.on(p.path()));
          }
        }
      }
      groups.add(dense);
      return new OptimizerConfig(groups, 0, OptimizerConfig.MAX_DENSE_ROWS);
    }
  }

  @Override
  public TrainedModel withBatch(int size) {
    return new TrainedModel(name, spec, settings, schema, rules, size);
  }

  /// The same on data that look otherwise.
  public TrainedModel on(Schema other) {
    return new TrainedModel(name, spec, settings, other, rules, batch);
  }

  @Override
  public ModelStep open(Device device, Stopwatch watch) {
    return new ModelStep(this, device, watch);
  }
}
