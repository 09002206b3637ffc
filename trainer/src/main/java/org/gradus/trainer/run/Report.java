// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.store.AtomicFiles;
import org.gradus.trainer.store.StoreException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// `report.html`: one page, complete in itself, with curves, parts of the loss, metrics, parameters and configuration.
///
/// @param config of the run
/// @param params of the model
/// @param checkpoints of the run
record Report(TrainConfig config, Params params, Checkpoints checkpoints) {
  private static final Pattern ENTROPY =
      Pattern.compile("(valid\\.(?:domain\\.(\\d+)\\.)?)entropy\\.(.+)");

  private static final String STYLE =
      """
      body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
      table { border-collapse: collapse; margin: 1rem 0; }
      td, th { border-bottom: 1px solid #ddd; padding: .2rem .8rem .2rem 0; text-align: left; }
      td.number { text-align: right; font-variant-numeric: tabular-nums; }
      pre { background: #f6f6f6; padding: 1rem; overflow-x: auto; }
      svg { max-width: 100%; height: auto; }
      """;

  void write(ObjectNode metrics) {
    RunFolder folder = checkpoints.folder();
    History history = History.of(folder.history());
    StringBuilder page = new StringBuilder();
    String title = config.model().name() + " on " + config.data().name();
    page.append("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>")
        .append(escape(title))
        .append("</title>\n<style>\n")
        .append(STYLE)
        .append("</style>\n<h1>")
        .append(escape(title))
        .append("</h1>\n");
    page.append(curves(folder, history));
    page.append("<h2>Metrics</h2>\n<table>\n");
    for (Map.Entry<String, JsonNode> e : metrics.properties()) {
      if (!GateUse.isAbout(e.getKey())) {
        row(page, List.of(e.getKey(), number(e.getValue())));
      }
    }
    page.append("</table>\n");
    gates(page, metrics);
    lossParts(page, history);
    parameters(page);
    page.append("<h2>Configuration</h2>\n<pre>")
        .append(escape(Configs.toJson(config)))
        .append("</pre>\n</html>\n");
    AtomicFiles.write(folder.path().resolve("report.html"), page.toString());
  }

  /// A picture per question. A machine without fonts cannot draw: then the page says so, and the run is fine.
  private static String curves(RunFolder folder, History history) {
    StringBuilder page = new StringBuilder();
    try {
      List<String> names = new ArrayList<>(history.names("train.loss", ""));
      for (String metric : List.of(".loss", ".logloss", ".rmse", ".auc")) {
        List<String> found = history.names("valid.", metric);
        found.stream()
            .filter(name -> !Evaluation.isDetail(name, Set.copyOf(found)))
            .forEach(names::add);
      }
      String svg =
          Curves.write(folder.path(), "curve", Curves.chart("loss and metrics", history, names));
      page.append(svg.substring(Math.max(0, svg.indexOf("<svg")))).append('\n');
    } catch (IOException e) {
      throw StoreException.writing(folder.path().resolve("curve.svg"), e);
    } catch (NoClassDefFoundError | UnsatisfiedLinkError | InternalError | java.awt.AWTError e) {
      page.append("<p>No curves: this Java cannot draw text here (")
          .append(escape(String.valueOf(e.getMessage())))
          .append("). Install fontconfig and a font.</p>\n");
    }
    return page.toString();
  }

  /// Which experts each gate hears, over the validation rows, and over those of each scenario.
  private static void gates(StringBuilder page, ObjectNode metrics) {
    StringBuilder rows = new StringBuilder();
    for (String name : metrics.propertyNames()) {
      Matcher gate = ENTROPY.matcher(name);
      if (gate.matches()) {
        String shares = gate.group(1) + "share." + gate.group(3) + ".";
        List<String> each = new ArrayList<>();
        for (int k = 0; metrics.has(shares + k); k++) {
          each.add(String.format(Locale.ROOT, "%.3f", metrics.path(shares + k).asDouble()));
        }
        String scenario = gate.group(2) == null ? "all" : gate.group(2);
        String entropy = number(metrics.path(name));
        row(rows, List.of(gate.group(3), scenario, entropy, String.join(" ", each)));
      }
    }
    if (!rows.isEmpty()) {
      page.append("<h2>Gates</h2>\n<table>\n<tr><th>gate</th><th>scenario</th><th>entropy</th>")
          .append("<th>mean share of each expert</th></tr>\n")
          .append(rows)
          .append("</table>\n");
    }
  }

  private static void lossParts(StringBuilder page, History history) {
    List<String> parts = history.names("train.", "");
    page.append("<h2>Parts of the loss, mean over each epoch</h2>\n<table>\n<tr><th>epoch</th>");
    parts.forEach(name -> page.append("<th>").append(escape(name)).append("</th>"));
    page.append("</tr>\n");
    for (JsonNode epoch : history.epochs()) {
      page.append("<tr><td class=\"number\">").append(epoch.path("epoch").asInt()).append("</td>");
      for (String name : parts) {
        page.append("<td class=\"number\">").append(number(epoch.path(name))).append("</td>");
      }
      page.append("</tr>\n");
    }
    page.append("</table>\n");
  }

  private void parameters(StringBuilder page) {
    page.append("<h2>Parameters</h2>\n<table>\n<tr><th>path</th><th>role</th><th>numbers</th>")
        .append("<th>trained by</th></tr>\n");
    long sum = 0;
    for (Parameter p : params.all()) {
      Group group = checkpoints.optimizer().groupOf(p);
      String by = group == null ? "nothing" : group.rule() + ", rate " + group.rate();
      row(
          page,
          List.of(
              p.toString(),
              p.role().name().toLowerCase(Locale.ROOT),
              Long.toString(p.elements()),
              by));
      sum += p.elements();
    }
    row(page, List.of("all", "", Long.toString(sum), ""));
    page.append("</table>\n");
  }

  private static void row(StringBuilder page, List<String> cells) {
    page.append("<tr>");
    cells.forEach(c -> page.append("<td>").append(escape(c)).append("</td>"));
    page.append("</tr>\n");
  }

  private static String number(JsonNode value) {
    return value.isNull()
        ? "undefined"
        : value.isFloatingPointNumber() ? number(value.doubleValue()) : value.asString();
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.6g", value);
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
