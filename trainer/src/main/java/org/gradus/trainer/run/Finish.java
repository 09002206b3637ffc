// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.Params;
import org.gradus.data.DataSet;
import org.gradus.tensor.Device;
import org.gradus.trainer.loss.Objective;
import org.gradus.trainer.store.AtomicFiles;
import org.gradus.trainer.store.SafeTensors;
import org.gradus.trainer.store.Stored;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The end of a run: keeps the model, measures it, writes metrics, curves and report. Can be done again.
///
/// @param config of the run
/// @param data to measure on
/// @param params of the model, as after the last step
/// @param checkpoints of the run
record Finish(TrainConfig config, DataSet data, Params params, Checkpoints checkpoints) {
  RunResult run(Evaluator evaluator, Objective objective, TrainingState state) {
    Device device = params.device();
    RunFolder folder = checkpoints.folder();
    String last = "";
    if (config.stopping() != null) {
      last = SafeTensors.sha256(device, Stored.of(params));
      checkpoints.loadBest();
    }
    ObjectNode json = JsonMapper.shared().createObjectNode();
    evaluator.evaluate("valid", data.valid(), objective).writeTo(json);
    evaluator.evaluate("test", data.test(), objective).writeTo(json);
    new TreeMap<>(data.facts())
        .forEach(
            (name, x) -> {
              if (DataSet.isCount(name)) {
                json.put(name, x.longValue());
              } else {
                json.put(name, x);
              }
            });
    String kept =
        SafeTensors.write(
            folder.path().resolve(RunFolder.MODEL),
            device,
            Stored.of(params),
            Map.of("model", config.model().name(), "step", Long.toString(state.step())));
    double seconds = state.total().seconds();
    json.put("samples_per_second", seconds == 0 ? 0 : state.total().rows() / seconds);
    json.put("train_seconds", seconds);
    json.put("parameters_sha256", kept);
    json.put("last_parameters_sha256", last.isEmpty() ? kept : last);
    json.put("parameters", params.all().stream().mapToLong(p -> p.elements()).sum());
    json.put("device", device.name());
    json.put("model", config.model().name());
    json.put("data", data.name());
    json.put("seed", config.seed());
    json.put("epochs", state.epoch());
    json.put(
        "best_epoch", config.stopping() == null ? state.epoch() : state.stopping().bestEpoch());
    json.put("steps", state.step());
    AtomicFiles.write(folder.path().resolve(RunFolder.METRICS), json.toPrettyString() + "\n");
    new Report(config, params, checkpoints).write(json);
    return new RunResult(folder.path(), false, state.epoch(), state.step(), Evaluation.plain(json));
  }
}
