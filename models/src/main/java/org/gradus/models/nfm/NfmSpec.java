// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.nfm;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.layers.LinearInit;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.tensor.MatMulKernels.Activation;

/// `--model nfm`.
public final class NfmSpec implements ModelSpec {
  @Override
  public String name() {
    return "nfm";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Neural Factorization Machines for Sparse Predictive Analytics",
        "X. He, T.-S. Chua",
        2017,
        "SIGIR",
        "https://arxiv.org/abs/1708.05027");
  }

  @Override
  public List<Option> options() {
    Nfm.Config p = Nfm.Config.PAPER;
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.integers("hidden", p.hidden(), List.of("4", "", "5,3"), "sizes of the layers"),
        Option.choice("activation", p.style().activation(), "of every layer"),
        Option.flag("batchNorm", p.style().batchNorm(), "on f_BI and before every activation"),
        Option.real(
            "dropoutBi",
            p.dropoutBi(),
            List.of(0.0, 0.4),
            "share dropped of z₀, which the layers read"),
        Option.real(
            "dropoutHidden",
            p.style().dropout(),
            List.of(0.0, 0.4),
            "share dropped after each layer"),
        Option.flag("concatNumeric", p.concatNumeric(), "raw numbers beside f_BI"));
  }

  /// A constant that is added to all rows before batch norm is subtracted again, also when only a linear layer lies between.
  @Override
  public Map<String, String> structuralZeros(Settings s) {
    Map<String, String> zeros = new LinkedHashMap<>();
    int layers = s.list("hidden").size();
    if (s.flag("batchNorm")) {
      if (layers > 0 && s.real("dropoutBi") == 0) {
        zeros.put("norm/shift", "a shift of all rows before batch norm");
      }
      boolean linear =
          s.choice("activation", Activation.class) == Activation.IDENTITY
              && s.real("dropoutHidden") == 0;
      for (int l = 0; l < layers; l++) {
        zeros.put("deep/" + l + "/bias", "a bias before batch norm");
        if (linear && l < layers - 1) {
          zeros.put("deep/" + l + "/norm/shift", "a shift of all rows before batch norm");
        }
      }
    }
    return zeros;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new Nfm(
        new Nfm.Config(
            s.integer("embeddingDim"),
            s.list("hidden"),
            new Mlp.Style(
                s.choice("activation", Activation.class),
                s.real("dropoutHidden"),
                s.flag("batchNorm"),
                LinearInit.XAVIER),
            s.real("dropoutBi"),
            s.flag("concatNumeric")),
        schema,
        params);
  }
}
