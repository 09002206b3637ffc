// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.embeddings.PaddedIds;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Linear;
import org.gradus.layers.LinearInit;
import org.gradus.layers.Mlp;
import org.gradus.models.Fitted;
import org.gradus.models.Outputs;
import org.gradus.models.Retriever;
import org.gradus.models.youtubednn.NegativeSampler.Distribution;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **YoutubeDNN**, candidate generation — Covington, Adams, Sargin. RecSys 2016,
/// [doi:10.1145/2959100.2959190](https://doi.org/10.1145/2959100.2959190)
///
/// ```
/// w = mean of the vectors of what was watched                              (YD-1)
/// s = mean of the vectors of what was searched for                         (YD-2)
/// x = [w, s, vectors of the other fields, numbers]                         (YD-3)
/// u = tower of ReLU layers on x                                            (YD-4)
/// P(j | u) = e^o_j / Σ_k e^o_k, o from (YD-5) or (YD-6)                    (YD-7)
/// L = −1/B Σ_b ln P(y_b | u_b)                                             (YD-8)
/// ```
///
/// The label is an item: the value of a categorical field, which is no input. In training, L is one of the losses of [Candidates],
/// with negatives from a [NegativeSampler]; in evaluation it is (YD-8) itself, over all items, whatever was trained: numbers to
/// compare. An example whose label is unknown or missing counts for neither.
///
/// Hard negatives, items that an example was shown and did not take, have a loss of their own, `hard_negatives`, whose factor the trainer's
/// loss sets: see [NextItemLosses].
///
/// Departs from the paper in three places: negatives are drawn by `UNIGRAM` with 0.75, where the paper names no law; all fields have
/// vectors of one width, and tables of tokens and items as many rows as there are values; and hard negatives and probabilities
/// estimated from the stream (Yi et al. 2019) are there to be asked for. Means run over real ids; an empty history has mean 0.
public final class YoutubeDnn implements Retriever, Fitted {
  /// What the loss over all items, or samples of them, is called.
  public static final String LOSS = "next_item";

  /// What the loss against hard negatives is called, where there are some.
  public static final String HARD = "hard_negatives";

  /// `PAPER`: vectors of 256, a tower of 1024, 512 and 256, and several thousand negatives, for which 4096 stands here.
  ///
  /// @param embeddingDim D
  /// @param hidden layers of the tower; the last is d, the width of what is searched
  /// @param vectors what users and items are compared by
  /// @param training how the softmax is approximated
  /// @param negatives where negatives come from
  public record Config(
      int embeddingDim,
      List<Integer> hidden,
      Vectors vectors,
      Training training,
      Negatives negatives) {
    /// The setting of the paper.
    public static final Config PAPER =
        new Config(
            256,
            List.of(1024, 512, 256),
            new Vectors(ItemTable.SEPARATE, Similarity.DOT, 1, OutputActivation.RELU, false),
            new Training(Loss.SAMPLED_SOFTMAX, true, 0),
            new Negatives(4096, Distribution.UNIGRAM, 0.75, true, Hits.REMOVE));

    /// Why no model can be built so, or null when one can.
    @Nullable String conflict() {
      if (hidden.isEmpty()) {
        return "youtube-dnn: no layers. Expected hidden to have at least one, the last of which is"
            + " the width of the vectors.";
      }
      if (vectors.itemTable == ItemTable.TIED && hidden.getLast() != embeddingDim) {
        return "youtube-dnn: itemTable=TIED with vectors of "
            + embeddingDim
            + " and a last layer of "
            + hidden.getLast()
            + ". Expected the same width.";
      }
      if (vectors.similarity == Similarity.COSINE && vectors.output == OutputActivation.RELU) {
        return "youtube-dnn: similarity=COSINE with outputActivation=RELU. Expected LINEAR: where"
            + " only one unit is on, a direction never changes, and where none is, there is"
            + " none.";
      }
      if (training.loss == Loss.NCE && training.subtractLogQ && negatives.hits == Hits.RESAMPLE) {
        return "youtube-dnn: loss=NCE with accidentalHits=RESAMPLE. Expected REMOVE: NCE tells"
            + " labels from noise of one law, and noise that avoids the label has another"
            + " for each example.";
      }
      return null;
    }
  }

  /// What users and items are compared by.
  ///
  /// @param itemTable whose rows the softmax has
  /// @param similarity of a user and an item
  /// @param temperature τ; 1 with DOT, 0.05 is usual with COSINE
  /// @param output after the last layer of the tower
  /// @param bias whether items have constants
  public record Vectors(
      ItemTable itemTable,
      Similarity similarity,
      double temperature,
      OutputActivation output,
      boolean bias) {
    /// Checks the temperature.
    public Vectors {
      if (!(temperature > 0)) {
        throw new IllegalArgumentException(
            "youtube-dnn: temperature " + temperature + ". Expected above 0.");
      }
    }
  }

  /// Whose rows the softmax has.
  public enum ItemTable {
    /// its own
    SEPARATE,
    /// those of the history
    TIED
  }

  /// Of a user and an item.
  public enum Similarity {
    /// inner product
    DOT,
    /// of unit vectors
    COSINE
  }

  /// After the last layer of the tower.
  public enum OutputActivation {
    /// as in the paper: no number of a user's vector is negative
    RELU,
    /// none
    LINEAR
  }

  /// How the softmax is approximated in training.
  ///
  /// @param loss of an example
  /// @param subtractLogQ whether logits are corrected by expected counts (SL-1)
  /// @param streamingRate α of the probabilities of `IN_BATCH` where they are estimated from the stream, (SF-1); 0 for those of the
  ///     counts of the training rows
  public record Training(Loss loss, boolean subtractLogQ, double streamingRate) {
    /// Checks the rate.
    public Training {
      if (!(streamingRate >= 0 && streamingRate <= 1)) {
        throw new IllegalArgumentException(
            "youtube-dnn: streamingRate " + streamingRate + ". Expected 0 to 1.");
      }
    }
  }

  /// Fields by name.
  ///
  /// @param item what is retrieved; empty for the only field that shares its table with a sequence
  /// @param hardNegatives items that an example was shown and did not take; empty for none
  public record Named(String item, String hardNegatives) {}

  /// Of an example, in training.
  public enum Loss {
    /// over all items (SL-6)
    FULL_SOFTMAX,
    /// over the label and negatives (SL-2)
    SAMPLED_SOFTMAX,
    /// noise-contrastive estimation (SL-3)
    NCE,
    /// negative sampling, never corrected (SL-4)
    NEG,
    /// over the labels of the batch (SL-5)
    IN_BATCH
  }

  /// Where negatives come from.
  ///
  /// @param count S; all items where there are no more, and they are to be distinct
  /// @param distribution how likely an item is
  /// @param power β of UNIGRAM
  /// @param unique whether the negatives of a list are distinct
  /// @param hits what becomes of negatives that are the label
  public record Negatives(
      int count, Distribution distribution, double power, boolean unique, Hits hits) {
    /// Checks the number.
    public Negatives {
      if (count < 1) {
        throw new IllegalArgumentException(
            "youtube-dnn: " + count + " negatives. Expected at least 1.");
      }
    }
  }

  /// Lists of negatives, and what becomes of those that are the label.
  public enum Hits {
    /// one list for the batch; hits do not count for their example
    REMOVE,
    /// one list for the batch; neither hits count nor what the example's other lists of items hold, such as its history
    REMOVE_POSITIVES,
    /// one list for the batch; hits count, which is wrong, and here to be seen
    KEEP,
    /// a list for each example, drawn without its label. The sum that a list stands for, Σ_k e^o_k, has the label's term for certain,
    /// whatever is drawn, and the others by chance: so Q is 1 for the label, and (NS-4) for negatives. With all other items it is the
    /// full softmax
    RESAMPLE
  }

  private final Field.Categorical item;
  private final PooledFields fields;
  private final Mlp tower;
  private final Linear last; //                                       [h, d]
  private final ItemVectors items;
  private final NextItemLosses losses;
  private final List<String> lists; // of items, that are inputs
  private final String hard; // the field of hard negatives; empty for none

  /// A model for the next item.
  public YoutubeDnn(Config config, Named named, Schema schema, Params params) {
    String conflict = config.conflict();
    if (conflict != null) {
      throw new IllegalArgumentException(conflict);
    }
    if (!schema.labels().isEmpty()) {
      throw new IllegalArgumentException(
          "youtube-dnn: the schema has labels "
              + schema.labels().stream().map(Field.Label::name).toList()
              + ", and the model asks for items. Expected rows of next items, such as MovieLens"
              + " with --set data.examples=next-items.");
    }
    item = target(schema, named.item);
    hard = named.hardNegatives;
    if (!hard.isEmpty()) {
      checkHard(schema);
    }
    lists =
        schema.ids().stream()
            .filter(f -> f instanceof Field.Sequence || f instanceof Field.MultiValued)
            .filter(f -> f.table().equals(item.table()) && !f.name().equals(hard))
            .map(Field.Ids::name)
            .toList();
    Set<String> noInputs = hard.isEmpty() ? Set.of(item.name()) : Set.of(item.name(), hard);
    fields = new PooledFields(schema, noInputs, config.embeddingDim, params.at("v"));
    if (fields.width() == 0) {
      throw new IllegalArgumentException(
          "youtube-dnn: "
              + schema
              + " has no field of ids beside the item. Expected a history, or others.");
    }
    List<Integer> hidden = config.hidden;
    int width = fields.width() + schema.dense().size();
    tower =
        new Mlp(width, hidden.subList(0, hidden.size() - 1), Mlp.Style.RELU, params.at("tower"));
    int d = hidden.getLast();
    last =
        new Linear(
            tower.out(),
            d,
            config.vectors.output == OutputActivation.RELU ? Activation.RELU : Activation.IDENTITY,
            LinearInit.XAVIER,
            params.at("last"));
    items = items(config.vectors, d, fields.table(item.table()), params);
    losses = new NextItemLosses(config, items, item.size() - FIRST_ITEM, params);
  }

  /// Hard negatives are a list of items.
  private void checkHard(Schema schema) {
    List<String> possible =
        schema.ids().stream()
            .filter(f -> f instanceof Field.Sequence || f instanceof Field.MultiValued)
            .filter(f -> f.table().equals(item.table()))
            .map(Field.Ids::name)
            .toList();
    if (!possible.contains(hard)) {
      throw new IllegalArgumentException(
          "youtube-dnn: hardNegatives="
              + hard
              + ". Expected a list of ids of table "
              + item.table()
              + ", one of: "
              + String.join(", ", possible)
              + ".");
    }
  }

  private ItemVectors items(
      Vectors vectors, int d, @Nullable TableParameter watched, Params params) {
    TableParameter v = watched;
    if (vectors.itemTable == ItemTable.SEPARATE) {
      double deviation = 1 / StrictMath.sqrt(d);
      v = params.table("item", item.size(), d, 0, Initializers.normal(deviation));
    }
    if (v == null) {
      throw new IllegalArgumentException(
          "youtube-dnn: itemTable=TIED, and no input reads table "
              + item.table()
              + ". Expected a sequence that does, or SEPARATE.");
    }
    TableParameter bias =
        vectors.bias ? params.table("itemBias", item.size(), 1, 0, Initializers.zeros()) : null;
    return new ItemVectors(v, bias, vectors.similarity, vectors.temperature);
  }

  private static Field.Categorical target(Schema schema, String name) {
    List<Field.Categorical> possible =
        schema.categorical().stream()
            .filter(f -> name.isEmpty() ? sharesTable(schema, f) : f.name().equals(name))
            .toList();
    if (possible.size() != 1 || possible.getFirst().size() <= FIRST_ITEM) {
      throw new IllegalArgumentException(
          "youtube-dnn: "
              + possible.size()
              + " categorical fields "
              + (name.isEmpty() ? "share a table with a sequence" : "are called " + name)
              + ". Expected one, the item, with at least one known value; the setting item names"
              + " it.");
    }
    return possible.getFirst();
  }

  private static boolean sharesTable(Schema schema, Field.Categorical field) {
    return schema.all(Field.Sequence.class).stream().anyMatch(s -> s.table().equals(field.table()));
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var u = items.comparable(user(batch, mode)); //                   [B, d]
    Scope scope = mode.tape().scope();
    int[] labels = batch.sparse().of(item.name(), scope).values();
    Var each =
        mode.training()
            ? losses.sampled(u, new NextItemLosses.Positives(labels, lists(batch, scope)), mode)
            : losses.full(u, labels); //                              [B]
    double[] shares = scope.doubles(labels.length);
    share(shares, labels);
    Var known = mode.tape().constant(Shape.of(labels.length), shares); // [B]
    int count = known(labels);
    Var loss = each.multiply(known).sum(); //                         []  (YD-8)
    Outputs outputs = Outputs.loss(LOSS, loss, count);
    if (hard.isEmpty()) {
      return outputs;
    }
    Var against = losses.hard(u, labels, PaddedIds.of(batch, hard)); // [B]
    return outputs.withLoss(HARD, against.multiply(known).sum(), count); // []  (YD-9)
  }

  /// The tower, `[B, d]`.
  private Var user(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Var x = fields.lookup(batch, mode); //                            [B, F·D]  (YD-1), (YD-2)
    int numbers = batch.schema().dense().size();
    if (numbers > 0) {
      Var dense = tape.constant(Shape.of(batch.size(), numbers), batch.dense()); // [B, c]
      x = Var.concat(1, List.of(x, dense)); //                        [B, F·D + c]  (YD-3)
    }
    return last.forward(tower.forward(x, mode)); //                   [B, d]  (YD-4)
  }

  /// The lists of items that are inputs: what else an example says yes to.
  private List<JaggedIds> lists(Batch batch, Scope scope) {
    List<JaggedIds> inputs = new ArrayList<>(lists.size());
    for (String name : lists) {
      inputs.add(batch.sparse().of(name, scope));
    }
    return inputs;
  }

  /// 1 over the number of known labels where a label is known, 0 elsewhere.
  private static void share(double[] shares, int... labels) {
    int known = known(labels);
    for (int b = 0; b < labels.length; b++) {
      shares[b] = labels[b] >= FIRST_ITEM ? 1.0 / known : 0;
    }
  }

  private static int known(int... labels) {
    int known = 0;
    for (int id : labels) {
      known += id >= FIRST_ITEM ? 1 : 0;
    }
    return known;
  }

  @Override
  public Field.Categorical item() {
    return item;
  }

  @Override
  public Var userVectors(Batch batch, Mode mode) {
    return items.exported(items.comparable(user(batch, mode)));
  }

  @Override
  public Var itemVectors(Tape tape) {
    return items.exported(tape);
  }

  /// Logits of all items, `[B, C]`: what training is about.
  public Var logits(Batch batch, Mode mode) {
    return items.shared(items.comparable(user(batch, mode)), items.all());
  }

  @Override
  public boolean fitted() {
    return losses.fitted();
  }

  /// Counts how often each item is a label: what negatives are drawn by.
  @Override
  public String fit(Rows rows, long seed) {
    double[] n = new double[item.size() - FIRST_ITEM];
    rows.forEach(
        batch -> {
          for (int id : batch.sparse().of(item.name()).values()) {
            if (id >= FIRST_ITEM) {
              n[id - FIRST_ITEM]++;
            }
          }
        });
    losses.count(n);
    long never = Arrays.stream(n).filter(c -> c == 0).count();
    return n.length + " items, " + never + " of them never a label in training";
  }

  /// The counts: they say what this run's rows are like, and another run's were other rows, of perhaps fewer items.
  @Override
  public Set<String> refitted() {
    return losses.paths();
  }

  @Override
  public long @Nullable [] trainedRows(Rows rows, long seed) {
    return null;
  }
}
