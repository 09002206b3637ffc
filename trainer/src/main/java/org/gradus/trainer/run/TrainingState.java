// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.gradus.trainer.store.StoreException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Where a run stands: `state.json` of a checkpoint. With the parameters and the moments it is all that a resumed run
/// needs to go on with the same bits.
///
/// @param step steps made
/// @param epoch the pass under way, from 0
/// @param consumed batches of it that were trained on; prefetched ones do not count
/// @param sums of the parts of the loss over its rows so far
/// @param rows of it so far
/// @param total rows trained on since the run began, and the seconds that took
/// @param stopping what early stopping remembers
/// @param balance what the balancing of losses learned
/// @param historyBytes length of `metrics.jsonl`
/// @param checks hashes of what belongs together
record TrainingState(
    long step,
    int epoch,
    long consumed,
    Map<String, Double> sums,
    long rows,
    Total total,
    Memory stopping,
    Map<String, Double> balance,
    long historyBytes,
    Checks checks) {
  private static final int FORMAT = 2;

  TrainingState {
    sums = Collections.unmodifiableMap(new LinkedHashMap<>(sums));
    balance = Collections.unmodifiableMap(new LinkedHashMap<>(balance));
  }

  /// @param rows trained on since the run began
  /// @param seconds that took
  record Total(long rows, double seconds) {}

  /// @param best value of the metric, null before the first epoch ended
  /// @param bestEpoch when, from 1
  /// @param since epochs without improvement
  /// @param ended whether training is over for that
  record Memory(@Nullable Double best, int bestEpoch, int since, boolean ended) {
    /// Before the first epoch ended.
    static final Memory NONE = new Memory(null, 0, 0, false);

    /// After one more epoch. It is the best so far when its number of epochs without improvement is 0.
    ///
    /// @param epoch from 1
    /// @param value of the metric
    Memory after(TrainConfig.Stopping rule, int epoch, double value) {
      if (best == null || rule.improves(value, best)) {
        return new Memory(value, epoch, 0, false);
      }
      return new Memory(best, bestEpoch, since + 1, since + 1 >= rule.patience());
    }
  }

  /// @param schema of the data
  /// @param data its fingerprint
  /// @param model SHA-256 of the parameters
  /// @param optimizer SHA-256 of the moments
  record Checks(String schema, String data, String model, String optimizer) {}

  static TrainingState start(String schema, String data) {
    return new TrainingState(
        0,
        0,
        0,
        Map.of(),
        0,
        new Total(0, 0),
        Memory.NONE,
        Map.of(),
        0,
        new Checks(schema, data, "", ""));
  }

  /// Text that carries a checksum of its own.
  String toJson() {
    ObjectNode root = JsonMapper.shared().createObjectNode();
    JsonNode state = JsonMapper.shared().valueToTree(this);
    root.put("format", FORMAT);
    root.set("state", state);
    root.put("sha256", sha256(state));
    return root.toPrettyString() + "\n";
  }

  private static String sha256(JsonNode state) {
    try {
      byte[] text = state.toString().getBytes(StandardCharsets.UTF_8);
      return HexFormat.of()
          .formatHex(java.security.MessageDigest.getInstance("SHA-256").digest(text));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }

  static TrainingState read(Path file) {
    try {
      JsonNode root = JsonMapper.shared().readTree(Files.readString(file));
      if (root.path("format").asInt(0) != FORMAT) {
        throw new StoreException(
            file
                + ": format "
                + root.path("format")
                + ". Expected "
                + FORMAT
                + "; it was written by another version, or is damaged.");
      }
      if (!sha256(root.path("state")).equals(root.path("sha256").asString(""))) {
        throw damaged(file, "its checksum does not fit");
      }
      return JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build()
          .treeToValue(root.path("state"), TrainingState.class);
    } catch (JacksonException e) {
      throw damaged(file, e.getOriginalMessage());
    } catch (java.io.IOException e) {
      throw StoreException.reading(file, e);
    }
  }

  private static StoreException damaged(Path file, String how) {
    return new StoreException(
        file
            + " is damaged: "
            + how
            + ". It was cut or changed after it was written; use another checkpoint.");
  }
}
