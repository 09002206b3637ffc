// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.List;
import java.util.ServiceLoader;
import java.util.TreeMap;

/// Every model on the class path.
public final class Models {
  private Models() {}

  /// The models, by name.
  public static List<ModelSpec> all() {
    TreeMap<String, ModelSpec> byName = new TreeMap<>();
    for (ModelSpec spec : ServiceLoader.load(ModelSpec.class, Models.class.getClassLoader())) {
      ModelSpec other = byName.put(spec.name(), spec);
      if (other != null) {
        throw new IllegalStateException(
            "models: two are called "
                + spec.name()
                + ": "
                + other.getClass().getName()
                + " and "
                + spec.getClass().getName());
      }
    }
    return List.copyOf(byName.values());
  }

  /// The model of this name.
  public static ModelSpec get(String name) {
    for (ModelSpec spec : all()) {
      if (spec.name().equals(name)) {
        return spec;
      }
    }
    throw new IllegalArgumentException(
        "model "
            + name
            + ": no such model."
            + Spelling.hint(name, all().stream().map(ModelSpec::name).toList())
            + " Expected one of: "
            + String.join(", ", all().stream().map(ModelSpec::name).toList()));
  }
}
