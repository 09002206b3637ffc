// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.contract;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.PaddedIds;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Linear;
import org.gradus.layers.LinearInit;
import org.gradus.layers.Mlp;
import org.gradus.models.Head;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.tensor.Counter;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Forward passes of seven papers that strain the contract in seven ways, each cut down to what strains it. They are not
/// the papers: the real models come with their own packages and oracles.
final class Sketches {
  private static final int DIM = 3;

  private Sketches() {}

  private static FieldEmbeddings embeddings(Schema schema, Params params) {
    return new FieldEmbeddings(schema, DIM, Numeric.RAW, params.at("v"), Initializers.normal(0.3));
  }

  private static Linear linear(int in, int out, Params params) {
    return new Linear(in, out, Activation.IDENTITY, LinearInit.PYTORCH, params);
  }

  /// LS-PLM: a probability that is no sigmoid of a sum. Strains [Head].
  static Model lsPlm(Schema schema, Params params) {
    FieldEmbeddings v = embeddings(schema, params);
    Linear gate = linear(v.count() * DIM, 4, params.at("gate"));
    Linear experts = linear(v.count() * DIM, 4, params.at("experts"));
    return (batch, mode) -> {
      Var x = v.lookup(batch, mode).flatten(1);
      Var logPi = gate.forward(x).logSoftmax(); //                        [B, m]  (LS-1)
      Var c = experts.forward(x); //                                      [B, m]  (LS-2)
      Var logP = logPi.add(c.logSigmoid()).logSumExp(); //                [B]     (LS-4)
      Var logNotP = logPi.add(c.negate().logSigmoid()).logSumExp(); //    [B]     (LS-4)
      return Outputs.head("click", new Head.LogProbability(logP, logNotP));
    };
  }

  /// ESMM: the conversion head is the product of two probabilities. Strains [Outputs].
  static Model esmm(Schema schema, Params params) {
    FieldEmbeddings v = embeddings(schema, params);
    Linear ctr = linear(v.count() * DIM, 1, params.at("ctr"));
    Linear cvr = linear(v.count() * DIM, 1, params.at("cvr"));
    return (batch, mode) -> {
      Var x = v.lookup(batch, mode).flatten(1);
      Var a = ctr.forward(x).squeeze(1); //                               [B]
      Var b = cvr.forward(x).squeeze(1); //                               [B]
      Var logP = a.logSigmoid().add(b.logSigmoid()); //                   [B]  ln pCTCVR
      Var logNotP =
          Var.stack(
                  1, List.of(a.negate().logSigmoid(), a.logSigmoid().add(b.negate().logSigmoid())))
              .logSumExp(); //                                            [B]  ln(1 − pCTCVR)
      return Outputs.logit("click", a).with("conversion", new Head.LogProbability(logP, logNotP));
    };
  }

  /// DIEN: masks, a recurrent cell, an auxiliary loss. Strains sequences and losses.
  static Model dien(Schema schema, Params params) {
    FieldEmbeddings v = embeddings(schema, params);
    Linear gates = linear(2 * DIM, 2 * DIM, params.at("gates"));
    Linear state = linear(2 * DIM, DIM, params.at("state"));
    Linear out = linear(v.count() * DIM + DIM, 1, params.at("out"));
    return (batch, mode) -> {
      Tape tape = mode.tape();
      PaddedIds history = PaddedIds.of(batch, "history");
      PaddedIds negatives = PaddedIds.of(batch, "negatives");
      Tensor mask = history.mask(tape.scope()); //                        [B, T]
      Var e = Lookup.rows(tape, v.table("item"), history.shape(), history.ids()); // [B, T, D]
      Var n = Lookup.rows(tape, v.table("item"), negatives.shape(), negatives.ids());
      Var real = tape.constant(Masks.toReal(tape.scope(), mask)); //      [B, T]
      Var h = tape.constant(Shape.of(batch.size(), DIM), new double[batch.size() * DIM]);
      List<Var> states = new ArrayList<>();
      for (int t = 0; t < history.length(); t++) {
        Var x = e.index(1, t); //                                         [B, D]
        List<Var> zr = gates.forward(Var.concat(1, List.of(x, h))).sigmoid().split(1, DIM, DIM);
        Var candidate = state.forward(Var.concat(1, List.of(x, zr.get(1).multiply(h)))).tanh();
        Var next = h.add(zr.get(0).multiply(candidate.subtract(h)));
        Var m = real.slice(1, t, t + 1); //                               [B, 1]
        h = h.add(m.multiply(next.subtract(h))); //                       padding keeps the state
        states.add(h);
      }
      Outputs logit =
          Outputs.logit(
              "click",
              out.forward(Var.concat(1, List.of(v.lookup(batch, mode).flatten(1), h))).squeeze(1));
      if (history.length() < 2) {
        return logit.withLoss("interest", h.sum().multiply(0));
      }
      Var before = Var.stack(1, states).slice(1, 0, history.length() - 1); // [B, T−1, D]
      Var click = before.multiply(e.slice(1, 1, history.length())).sum(2); // [B, T−1]
      Var miss = before.multiply(n.slice(1, 1, history.length())).sum(2);
      Var loss = click.negate().softplus().add(miss.softplus());
      boolean[] later = new boolean[batch.size() * (history.length() - 1)];
      for (int i = 0; i < later.length; i++) {
        later[i] = i % (history.length() - 1) + 1 < history.lengths()[i / (history.length() - 1)];
      }
      return logit.withLoss("interest", loss.maskedMean(tape.scope().upload(loss.shape(), later)));
    };
  }

  /// PEPNet: a domain, and gates that do not pass gradient to the shared embeddings. Strains domain and stop-gradient.
  static Model pepNet(Schema schema, Params params) {
    FieldEmbeddings v = embeddings(schema, params);
    TableParameter domain =
        params.table("domain", 3, DIM, TableParameter.NO_PADDING, Initializers.normal(0.3));
    int width = v.count() * DIM;
    Linear gate = linear(width + DIM, width, params.at("gate"));
    Linear click = linear(width, 1, params.at("click"));
    Linear conversion = linear(width, 1, params.at("conversion"));
    return (batch, mode) -> {
      Var x = v.lookup(batch, mode).flatten(1); //                        [B, F·D]
      Var d = Lookup.rows(mode.tape(), domain, Shape.of(batch.size()), batch.domains());
      Var delta = gate.forward(Var.concat(1, List.of(x.stopGradient(), d))).sigmoid().multiply(2);
      Var o = delta.multiply(x); //                                       [B, F·D]
      return Outputs.logit("click", click.forward(o).squeeze(1))
          .with("conversion", new Head.Logit(conversion.forward(o).squeeze(1)));
    };
  }

  /// INFNet: proxies that gather by attention, and one gradient per task. Strains several walks over one tape.
  static Model infNet(Schema schema, Params params) {
    FieldEmbeddings v = embeddings(schema, params);
    DenseParameter proxies = params.weight("proxies", Shape.of(2, DIM), Initializers.normal(0.5));
    Mlp tower = new Mlp(2 * DIM, List.of(4), Mlp.Style.RELU, params.at("tower"));
    Linear click = linear(4, 1, params.at("click"));
    Linear conversion = linear(4, 1, params.at("conversion"));
    return (batch, mode) -> {
      Tape tape = mode.tape();
      Var tokens = v.lookup(batch, mode); //                              [B, F, D]
      Var scores = tape.use(proxies).matmul(tokens, false, true); //      [B, P, F]
      Var gathered = scores.softmax().matmul(tokens); //                  [B, P, D]
      Var h = tower.forward(gathered.flatten(1), mode); //                [B, 4]
      return Outputs.logit("click", click.forward(h).squeeze(1))
          .with("conversion", new Head.Logit(conversion.forward(h).squeeze(1)));
    };
  }

  /// YoutubeDNN: a softmax over sampled rows of a table, no head at all in training. Strains losses and randomness.
  static Model youtubeDnn(Schema schema, Params params) {
    FieldEmbeddings v = embeddings(schema, params);
    Linear user = linear(v.count() * DIM, DIM, params.at("user"));
    int items = schema.rows("item");
    TableParameter softmaxTable = params.table("items", items, DIM, 0, Initializers.normal(0.3));
    return (batch, mode) -> {
      Tape tape = mode.tape();
      int sampled = 4;
      long key = mode.draw("sampler");
      int[] negatives = new int[sampled];
      for (int i = 0; i < sampled; i++) {
        negatives[i] = 2 + (int) Counter.below(key, i, items - 2);
      }
      int[] positives = batch.sparse().of("item").values();
      Var u = user.forward(v.lookup(batch, mode).flatten(1)); //          [B, D]
      Var p = Lookup.rows(tape, softmaxTable, Shape.of(batch.size()), positives);
      Var n = Lookup.rows(tape, softmaxTable, Shape.of(sampled), negatives);
      Var positive = u.multiply(p).sum(1, true); //                       [B, 1]
      Var negative = u.matmul(n, false, true); //                         [B, k]
      negative =
          negative.add(-StrictMath.log(sampled / (double) (items - 2))); // − ln expected count
      boolean[] kept =
          new boolean[batch.size() * (1 + sampled)]; //      accidental hits leave the softmax
      for (int i = 0; i < kept.length; i++) {
        int column = i % (1 + sampled);
        kept[i] = column == 0 || negatives[column - 1] != positives[i / (1 + sampled)];
      }
      Var logits = Var.concat(1, List.of(positive, negative)); //         [B, 1 + k]
      Tensor mask = tape.scope().upload(logits.shape(), kept);
      Var loss = logits.logSoftmax(mask).index(1, 0).negate().mean();
      return Outputs.logit("click", positive.squeeze(1)).withLoss("sampledSoftmax", loss);
    };
  }

  /// NeuMF: two models in one, whose parameters come from two others. Strains [Params].
  static Model neuMf(Schema schema, Params params) {
    FieldEmbeddings g =
        new FieldEmbeddings(schema, DIM, Numeric.RAW, params.at("gmf"), Initializers.normal(0.3));
    FieldEmbeddings m =
        new FieldEmbeddings(schema, DIM, Numeric.RAW, params.at("mlp"), Initializers.normal(0.3));
    Mlp tower = new Mlp(m.count() * DIM, List.of(4), Mlp.Style.RELU, params.at("tower"));
    DenseParameter h = params.weight("h", Shape.of(DIM + 4, 1), Initializers.xavierUniform());
    return (batch, mode) -> {
      Var e = g.lookup(batch, mode);
      Var product = e.index(1, 0).multiply(e.index(1, 1)); //             [B, D]
      Var deep = tower.forward(m.lookup(batch, mode).flatten(1), mode);
      Var both = Var.concat(1, List.of(product, deep));
      return Outputs.logit("click", both.matmul(mode.tape().use(h)).squeeze(1));
    };
  }
}
