// SPDX-License-Identifier: Apache-2.0
package example;

import java.nio.file.Path;
import java.util.Map;
import org.gradus.autograd.Params;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.csv.CsvSource;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.deepfm.DeepFmSpec;
import org.gradus.tensor.Device;
import org.gradus.trainer.optim.*;
import org.gradus.trainer.run.*;

/// Trains DeepFM on a table of clicks: `TrainDeepFm clicks.csv target`.
class TrainDeepFm {
  public static void main(String[] args) {
    Path csv = Path.of(args[0]);
    Path out = Path.of(args[1]);
    var request = new DataSource.Request(csv, out.resolve("cache"), 1, Map.of(), System.out::println);
    TrainConfig config =
        TrainConfig.of("deepfm", "csv", "cpu")
            .with(new TrainConfig.Loop(15, 0, 32, false))
            .with(OptimizerConfig.of(Group.all(Rule.Adam.PAPER, 0.01)));
    ModelSpec deepFm = new DeepFmSpec();
    var settings = deepFm.settings(Map.of("embeddingDim", "4", "hidden", "16,8", "dropout", "0"));
    try (DataSet data = new CsvSource().open(request).data();
        Device device = Device.open(config.device());
        Params params = Params.create(device, config.seed())) {
      Model model = deepFm.create(settings, data.schema(), params);
      RunFolder folder = RunFolder.create(out.resolve("run-" + System.currentTimeMillis()));
      RunResult result = new Trainer(config, data, model, params).run(folder, Listener.SILENT);
      System.out.println("test.auc " + result.metrics().get("test.auc") + ", run: " + folder.path());
    }
  }
}
