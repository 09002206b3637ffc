// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.transformer;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.PaddedIds;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Dropout;
import org.gradus.layers.FeedForward;
import org.gradus.layers.MultiHeadAttention;
import org.gradus.layers.PositionEncoding;
import org.gradus.layers.Residual;
import org.gradus.layers.TransformerEncoder;
import org.gradus.models.Outputs;
import org.gradus.models.Rated;
import org.gradus.tensor.Device;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// **Transformer** — Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin. NIPS 2017,
/// [arXiv:1706.03762](https://arxiv.org/abs/1706.03762)
///
/// ```
/// x_t    = dropout(√d E_src[id_t] + PE_t)                    (TR-1)
/// memory = encoder(x), M = source is real                    (TR-2)
/// y_t    = dropout(√d E_tgt[id_t] + PE_t)                    (TR-3)
/// z      = decoder(y, memory), M = target is real, not after  (TR-4)
/// o      = z W_out [+ b_out],  or z E_tgtᵀ [+ b_out]          (TR-5)
/// L      = Σ m ℓ(o_t, id_{t+1}) / Σ m,  m = next is real       (TR-6)
/// ```
///
/// The schema has two sequences, a source and a target. A target begins with a token that says so and ends with another; each
/// of its tokens but the last is read, each but the first is predicted. Id 0 is padding wherever it stands: nobody attends to it,
/// nothing is predicted there, and its vector is 0.
///
/// The model has no head; its objective is the loss `crossEntropy`, smoothed in training and plain in evaluation. Two sequences
/// that name one table share their vectors.
///
/// Departs from the paper in three places: there is no layer that turns o into probabilities, which the loss does; a tied output
/// gives padding, whose vector is 0, no score but its bias; and sentences come in batches of so many pairs, not of so many tokens.
public final class Transformer implements Rated {
  /// The loss's name.
  public static final String LOSS = "crossEntropy";

  /// What a user may set.
  ///
  /// @param width d
  /// @param blocks layers of encoder and decoder
  /// @param positions how order is said
  /// @param scaleEmbedding whether vectors of tokens are multiplied by √d
  /// @param output how z becomes o
  /// @param smoothing how certain targets are in training
  /// @param marks how targets begin and end
  public record Config(
      int width,
      TransformerEncoder.Config blocks,
      PositionEncoding.Kind positions,
      boolean scaleEmbedding,
      Output output,
      LabelSmoothing smoothing,
      Marks marks) {
    /// The base model of the paper's table 3.
    public static final Config PAPER =
        new Config(
            512,
            new TransformerEncoder.Config(
                6,
                8,
                Residual.Norm.POST,
                MultiHeadAttention.Config.PAPER,
                new FeedForward.Config(2048, FeedForward.Activation.RELU, 0),
                0.1),
            PositionEncoding.Kind.SINUSOIDAL,
            true,
            new Output(true, false),
            new LabelSmoothing(LabelSmoothing.Kind.UNIFORM_ALL, 0.1, 0),
            new Marks(2, 3));
  }

  /// How z becomes o.
  ///
  /// @param tied by the vectors of the target's tokens
  /// @param bias with b_out
  public record Output(boolean tied, boolean bias) {}

  /// How targets begin and end: needed to write them, not to learn from them.
  ///
  /// @param begin the token that every target begins with
  /// @param end the token that it ends with
  public record Marks(int begin, int end) {
    /// Checks the range.
    public Marks {
      if (begin < 1 || end < 1 || begin == end) {
        throw new IllegalArgumentException(
            "transformer: targets from token "
                + begin
                + " to token "
                + end
                + ". Expected two different tokens other than padding, 0.");
      }
    }
  }

  private final Field.Sequence source;
  private final Field.Sequence target;
  private final TableParameter sourceTable;
  private final TableParameter targetTable;
  private final PositionEncoding sourcePositions;
  private final PositionEncoding targetPositions;
  private final TransformerEncoder encoder;
  private final Decoder decoder;
  private final @Nullable DenseParameter out; //     W_out [d, V]
  private final @Nullable DenseParameter outBias; // b_out [V]
  private final Dropout dropout;
  private final Config config;

  /// A model that reads one sequence and writes another.
  ///
  /// @param source what is read
  /// @param target what is written
  public Transformer(Config config, Field.Sequence source, Field.Sequence target, Params params) {
    int d = config.width;
    Marks marks = config.marks;
    if (Math.max(marks.begin, marks.end) >= target.size()) {
      throw new IllegalArgumentException(
          "transformer: targets between tokens "
              + marks.begin
              + " and "
              + marks.end
              + " in a sequence of ids below "
              + target.size()
              + ". Expected the settings begin and end to be ids of "
              + target.name()
              + ".");
    }
    this.config = config;
    this.source = source;
    this.target = target;
    Params tables = params.at("embeddings");
    targetTable = table(target, d, tables);
    sourceTable = source.table().equals(target.table()) ? targetTable : table(source, d, tables);
    Params encoding = params.at("encoder");
    Params decoding = params.at("decoder");
    sourcePositions = new PositionEncoding(config.positions, source.maxLength(), d, encoding);
    targetPositions = new PositionEncoding(config.positions, target.maxLength(), d, decoding);
    encoder = new TransformerEncoder(d, config.blocks, false, encoding);
    decoder = new Decoder(d, config.blocks, decoding);
    Params output = params.at("out");
    Shape shape = Shape.of(d, target.size());
    out = config.output.tied ? null : output.weight("weight", shape, Initializers.xavierUniform());
    outBias = config.output.bias ? output.bias("bias", Shape.of(target.size())) : null;
    dropout = new Dropout(config.blocks.dropout(), tables);
  }

  private static TableParameter table(Field.Sequence field, int width, Params params) {
    return params.table(
        field.table(), field.size(), width, 0, Initializers.normal(1 / StrictMath.sqrt(width)));
  }

  /// The two sequences of a schema, by name.
  static Field.Sequence sequence(String name, Schema schema) {
    if (schema.fields().stream().noneMatch(f -> f.name().equals(name))
        || !(schema.field(name) instanceof Field.Sequence found)) {
      throw new IllegalArgumentException(
          "transformer: the schema has no sequence called "
              + name
              + ". Expected one of: "
              + String.join(
                  ", ", schema.all(Field.Sequence.class).stream().map(Field::name).toList())
              + "; the settings source and target name them.");
    }
    return found;
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Scope scope = mode.tape().scope();
    Target y = target(batch, scope);
    PaddedIds read = PaddedIds.of(batch, source.name(), scope);
    Var o = logits(y.read, encode(read, mode), mode); //          [B, T, V]
    LabelSmoothing smoothing = mode.training() ? config.smoothing : config.smoothing.off();
    Tensor next = scope.upload(Shape.of(y.next.length), y.next);
    Var each = smoothing.losses(o.reshape(y.next.length, o.size(2)), next); // [B·T]
    Var loss = each.maskedMean(real(scope, y.next, Shape.of(y.next.length))); // (TR-6)
    int tokens = (int) IntStream.of(y.next).filter(id -> id != 0).count();
    return new Outputs(Map.of(), Map.of()).withLoss(LOSS, loss, tokens);
  }

  /// The target of a batch, shifted.
  ///
  /// @param read every token but the last
  /// @param next what stands behind each of them `[B, T]`, 0 at padding
  record Target(PaddedIds read, int[] next) {}

  /// The target of a batch as it is read, and as it is to be predicted.
  Target target(Batch batch, Scope scope) {
    PaddedIds whole = PaddedIds.of(batch, target.name(), scope);
    int rows = whole.lengths().length;
    int length = Math.max(1, whole.length() - 1);
    int[] read = scope.ints(rows * length);
    int[] next = scope.ints(rows * length);
    int[] lengths = scope.ints(rows);
    for (int b = 0; b < rows; b++) {
      lengths[b] = Math.max(0, whole.lengths()[b] - 1);
      System.arraycopy(whole.ids(), b * whole.length(), read, b * length, lengths[b]);
      if (lengths[b] > 0) {
        System.arraycopy(whole.ids(), b * whole.length() + 1, next, b * length, lengths[b]);
      }
    }
    return new Target(new PaddedIds(read, lengths, length), next);
  }

  /// What the decoder looks at.
  ///
  /// @param memory `[B, S, d]`, 0 at padding
  /// @param mask `[B, 1, S]`, true at real positions
  record Encoded(Var memory, Tensor mask) {}

  /// Reads sources.
  Encoded encode(PaddedIds ids, Mode mode) {
    Scope scope = mode.tape().scope();
    Tensor real = real(scope, ids.ids(), ids.shape());
    Var x = embed(sourceTable, ids, sourcePositions, 0, mode); // [B, S, d]  (TR-1)
    Var memory = encoder.forward(x, real, mode); //               [B, S, d]  (TR-2)
    return new Encoded(memory, TransformerEncoder.keys(scope, real));
  }

  /// o `[B, T, V]`: what may stand behind each token of whole targets.
  Var logits(PaddedIds read, Encoded from, Mode mode) {
    Scope scope = mode.tape().scope();
    Tensor mask = TransformerEncoder.causal(scope, real(scope, read.ids(), read.shape()));
    return next(read, mask, start(from), mode);
  }

  /// For [#next]: nothing is written yet.
  Decoder.Cache start(Encoded from) {
    return decoder.read(from.memory, from.mask);
  }

  /// o `[B, T, V]`: what may stand behind each of the next tokens.
  ///
  /// @param mask `[B, 1 or T, length + T]`: which of the tokens written, these included, each may attend to
  Var next(PaddedIds read, Tensor mask, Decoder.Cache cache, Mode mode) {
    Var y = embed(targetTable, read, targetPositions, cache.length(), mode); // [B, T, d]  (TR-3)
    Var z = decoder.forward(y, mask, cache, mode); //                          [B, T, d]  (TR-4)
    Tape tape = mode.tape();
    Var o = out == null ? z.matmul(vectors(tape), false, true) : z.matmul(tape.use(out)); // (TR-5)
    return outBias == null ? o : o.add(tape.use(outBias));
  }

  private Var embed(
      TableParameter table, PaddedIds ids, PositionEncoding positions, int from, Mode mode) {
    Var e = Lookup.rows(mode.tape(), table, ids.shape(), ids.ids()); // [B, T, d]
    Var scaled = config.scaleEmbedding ? e.multiply(Math.sqrt(config.width)) : e;
    return dropout.forward(positions.add(scaled, from), mode);
  }

  /// E_tgt `[V, d]`.
  private Var vectors(Tape tape) {
    int[] all = tape.scope().ints(target.size());
    for (int id = 0; id < all.length; id++) {
      all[id] = id;
    }
    return Lookup.rows(tape, targetTable, Shape.of(all.length), all);
  }

  /// True where a token stands.
  static Tensor real(Scope scope, int[] ids, Shape shape) {
    boolean[] real = scope.booleans(ids.length);
    for (int i = 0; i < ids.length; i++) {
      real[i] = ids[i] != 0;
    }
    return scope.upload(shape, real);
  }

  /// `token_accuracy`: how often the most probable token is the next one, when all before it are given. `exact_sequences`: how often
  /// greedy decoding writes a target as it is, to its end.
  @Override
  public Map<String, Rate> rates(Batch batch, Device device) {
    return Map.of("token_accuracy", tokens(batch, device), "exact_sequences", exact(batch, device));
  }

  private Rate tokens(Batch batch, Device device) {
    try (Tape tape = Tape.evaluating(device)) {
      Mode mode = Mode.evaluation(tape);
      Target y = target(batch, tape.scope());
      PaddedIds read = PaddedIds.of(batch, source.name(), tape.scope());
      Var o = logits(y.read, encode(read, mode), mode);
      double[] scores = o.value().toDoubles();
      int classes = o.size(2);
      long right = 0;
      long real = 0;
      for (int i = 0; i < y.next.length; i++) {
        if (y.next[i] != 0) {
          int best = 0;
          for (int k = 1; k < classes; k++) {
            best = scores[i * classes + k] > scores[i * classes + best] ? k : best;
          }
          real++;
          right += best == y.next[i] ? 1 : 0;
        }
      }
      return new Rate(right, real);
    }
  }

  private Rate exact(Batch batch, Device device) {
    PaddedIds expected = PaddedIds.of(batch, target.name());
    List<Decoding.Written> found = decoding(device).greedy(batch);
    long right = 0;
    for (int b = 0; b < found.size(); b++) {
      int from = b * expected.length();
      int[] whole = Arrays.copyOfRange(expected.ids(), from, from + expected.lengths()[b]);
      Decoding.Written w = found.get(b);
      boolean same =
          w.ended() && whole.length == w.ids().length + 2 && whole[0] == config.marks.begin;
      same = same && whole[whole.length - 1] == config.marks.end;
      right +=
          same && Arrays.equals(w.ids(), Arrays.copyOfRange(whole, 1, whole.length - 1)) ? 1 : 0;
    }
    return new Rate(right, found.size());
  }

  /// Writes targets, as long as they may be.
  ///
  /// @param device where the parameters are
  public Decoding decoding(Device device) {
    return decoding(device, target.maxLength());
  }

  /// Writes targets.
  ///
  /// @param maxLength the most tokens of a target
  public Decoding decoding(Device device, int maxLength) {
    return new Decoding(
        this, device, new Decoding.Settings(config.marks.begin, config.marks.end, maxLength));
  }

  /// What is read.
  public Field.Sequence source() {
    return source;
  }

  /// What is written.
  public Field.Sequence target() {
    return target;
  }
}
