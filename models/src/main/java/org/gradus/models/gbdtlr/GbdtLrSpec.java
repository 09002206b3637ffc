// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;

/// `--model gbdt-lr`.
public final class GbdtLrSpec implements ModelSpec {
  @Override
  public String name() {
    return "gbdt-lr";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Practical Lessons from Predicting Clicks on Ads at Facebook",
        "X. He, J. Pan, O. Jin, T. Xu, B. Liu, T. Xu, Y. Shi, A. Atallah, R. Herbrich, S. Bowers,"
            + " J. Quiñonero Candela",
        2014,
        "ADKDD",
        "https://doi.org/10.1145/2648584.2648589");
  }

  @Override
  public List<Option> options() {
    GbdtLr.Config p = GbdtLr.Config.PAPER;
    Boosting b = p.boosting();
    return List.of(
        Option.integer("trees", b.trees(), List.of(6, 3), "number of trees"),
        Option.integer("maxLeaves", b.maxLeaves(), List.of(4, 3), "the most leaves of a tree"),
        Option.integer(
            "maxDepth", b.maxDepth(), List.of(0, 2), "the most splits above a leaf; 0: no bound"),
        Option.real(
            "shrinkage",
            b.shrinkage(),
            List.of(0.3, 1.0),
            "factor of the values of a tree's leaves"),
        Option.real(
            "subsample", b.subsample(), List.of(1.0, 0.6), "share of the rows of each tree"),
        Option.integer(
            "minSplit", b.minSplit(), List.of(2, 4), "rows below which a node is not split"),
        Option.real(
            "smoothing",
            p.rates().smoothing(),
            List.of(1.0, 0.0),
            "rows that draw a click rate to the average"),
        Option.integer(
            "folds",
            p.rates().folds(),
            List.of(0, 3),
            "folds of rows whose rates come from the other folds while training; 0: trees are told"
                + " the rates of earlier rows, weights those of all"),
        Option.flag(
            "splitTraining",
            p.sampling().split(),
            "trees learn from one half of the rows, weights from the other"),
        Option.real(
            "negativeKeepRate",
            p.sampling().negativeKeepRate(),
            List.of(1.0, 0.5),
            "share of the negatives that are trained on; predictions are corrected for it"),
        Option.integer(
            "treeRows",
            p.sampling().treeRows(),
            List.of(1000, 20),
            "the most rows that trees are grown from, about"),
        Option.flag(
            "appendOriginalFeatures",
            p.appendOriginalFeatures(),
            "g(x): a weight for every feature of the data too"));
  }

  @Override
  public Set<Field.LabelKind> labelKinds() {
    return EnumSet.of(Field.LabelKind.BINARY);
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    Boosting boosting =
        new Boosting(
            s.integer("trees"),
            s.integer("maxLeaves"),
            s.integer("maxDepth"),
            s.real("shrinkage"),
            s.real("subsample"),
            s.integer("minSplit"));
    Sampling sampling =
        new Sampling(s.flag("splitTraining"), s.real("negativeKeepRate"), s.integer("treeRows"));
    Rates rates = new Rates(s.real("smoothing"), s.integer("folds"));
    return new GbdtLr(
        new GbdtLr.Config(boosting, sampling, rates, s.flag("appendOriginalFeatures")),
        schema,
        params);
  }
}
