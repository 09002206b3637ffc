// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// `gradus models`: what exists.
@Command(
    name = "models",
    mixinStandardHelpOptions = true,
    description = "Lists the models: paper, year, venue, and the options that --set understands.")
final class ModelsCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @picocli.CommandLine.Option(names = "--json", description = "as JSON, for programs")
  private boolean json;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      List<Map<String, Object>> models = new ArrayList<>();
      Models.all().forEach(m -> models.add(asMap(m)));
      out.println(
          JsonMapper.builder()
              .enable(SerializationFeature.INDENT_OUTPUT)
              .build()
              .writeValueAsString(models));
      return;
    }
    for (ModelSpec m : Models.all()) {
      Paper p = m.paper();
      out.println(m.name());
      out.println("  " + p.authors() + ". " + p.title() + ". " + p.venue() + " " + p.year() + ".");
      out.println("  " + p.url());
      for (Option o : m.options()) {
        String values = o.choices().isEmpty() ? type(o) : String.join("|", o.choices());
        out.printf(Locale.ROOT, "    %-14s %s (%s; %s)%n", o.name(), o.doc(), o.preset(), values);
      }
      out.println();
    }
  }

  private static String type(Option o) {
    return o.type().name().toLowerCase(Locale.ROOT);
  }

  private static Map<String, Object> asMap(ModelSpec m) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", m.name());
    map.put("title", m.paper().title());
    map.put("authors", m.paper().authors());
    map.put("year", m.paper().year());
    map.put("venue", m.paper().venue());
    map.put("url", m.paper().url());
    List<Map<String, Object>> options = new ArrayList<>();
    for (Option o : m.options()) {
      Map<String, Object> option = new LinkedHashMap<>();
      option.put("name", o.name());
      option.put("type", type(o));
      option.put("default", o.preset());
      option.put("choices", o.choices());
      option.put("description", o.doc());
      options.add(option);
    }
    map.put("options", options);
    return map;
  }
}
