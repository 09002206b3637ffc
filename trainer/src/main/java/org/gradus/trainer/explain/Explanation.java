// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Schema;
import org.gradus.models.Paper;

/// A model as data flow.
///
/// @param model its name
/// @param paper what it implements
/// @param settings what it was built with
/// @param schema what it was built for
/// @param steps the statements of its forward pass in evaluation
/// @param about what the sources say of each class that took part
/// @param unread parameters that no statement read
/// @param outputs heads by label, and auxiliary losses
/// @param parameters how many numbers all parameters have, moving statistics included
public record Explanation(
    String model,
    Paper paper,
    Map<String, String> settings,
    Schema schema,
    List<Step> steps,
    Map<String, List<String>> about,
    List<Step.Reading> unread,
    List<String> outputs,
    long parameters) {
  /// For programs.
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("model", model);
    map.put("title", paper.title());
    map.put("settings", settings);
    map.put("parameters", parameters);
    map.put("outputs", outputs);
    map.put("steps", steps.stream().map(Step::toMap).toList());
    map.put("unread", unread);
    map.put("classes", about);
    return map;
  }
}
