// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.pepnet;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.layers.LinearInit;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.ScenarioExamples;
import org.gradus.models.Settings;
import org.gradus.models.pepnet.GatedTower.Position;
import org.gradus.models.pepnet.PepNet.Input;
import org.gradus.tensor.MatMulKernels.Activation;

/// `--model pepnet`.
public final class PepNetSpec implements ModelSpec {
  @Override
  public String name() {
    return "pepnet";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "PEPNet: Parameter and Embedding Personalized Network for Infusing with Personalized Prior"
            + " Information",
        "J. Chang, C. Zhang, Y. Hui et al.",
        2023,
        "KDD",
        "https://arxiv.org/abs/2302.01115");
  }

  @Override
  public List<Option> options() {
    PepNet.Config p = PepNet.Config.PRESET;
    PepNet.Gates gates = p.gates();
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.flag("useEp", gates.ep(), "EPNet: scale embeddings by the scenario"),
        Option.flag("usePp", gates.pp(), "PPNet: scale the towers' units by the person"),
        Option.words(
            "domainFields",
            p.priors().domain(),
            List.of(""), // others name fields, and schemas differ
            "fields that speak for the scenario, besides its number"),
        Option.words(
            "priorFields",
            p.priors().personal(),
            List.of(""),
            "fields that speak for user, item and author; none: all fields of ids"),
        Option.flag("ownGateEmbeddings", p.priors().own(), "gates have tables of their own"),
        Option.real(
            "gamma", gates.unit().gamma(), List.of(2.0, 1.5), "γ, the most that a gate says"),
        Option.integer(
            "gateHidden",
            gates.unit().hidden(),
            List.of(0, 3),
            "width of a gate's first layer; 0: of what comes out"),
        Option.choice("gatePosition", gates.placing().position(), "what PPNet scales"),
        Option.choice("gateInput", gates.reading().input(), "whether gates see what they scale"),
        Option.flag("sgEp", gates.reading().stopEp(), "EPNet's gate teaches E nothing"),
        Option.flag("sgPp", gates.reading().stopPp(), "PPNet's gates teach O_ep nothing"),
        Option.flag(
            "shareGateAcrossTasks", gates.placing().shared(), "one gate for all tasks' towers"),
        Option.integers("towerUnits", p.tower(), List.of("3", "", "4,2"), "sizes of each tower"),
        Option.choice("activation", p.style().activation(), "in the towers"),
        Option.real(
            "dropout",
            p.style().dropout(),
            List.of(0.0, 0.4),
            "share dropped per layer of a tower"));
  }

  @Override
  public Schema exampleSchema(Settings s) {
    return ScenarioExamples.TASKS;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    PepNet.Gates gates =
        new PepNet.Gates(
            s.flag("useEp"),
            s.flag("usePp"),
            new GateNu.Config(s.real("gamma"), s.integer("gateHidden")),
            new PepNet.Reading(s.choice("gateInput", Input.class), s.flag("sgEp"), s.flag("sgPp")),
            new PepNet.Placing(
                s.choice("gatePosition", Position.class), s.flag("shareGateAcrossTasks")));
    return new PepNet(
        new PepNet.Config(
            s.integer("embeddingDim"),
            new PepNet.Priors(
                s.wordList("domainFields"), s.wordList("priorFields"), s.flag("ownGateEmbeddings")),
            gates,
            s.list("towerUnits"),
            new Mlp.Style(
                s.choice("activation", Activation.class),
                s.real("dropout"),
                false,
                LinearInit.XAVIER)),
        schema,
        params);
  }
}
