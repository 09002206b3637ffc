// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Linear;
import org.gradus.layers.LinearInit;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.models.Option;
import org.gradus.models.Settings;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.gradus.trainer.store.StoreException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class WeightsTest {
  @TempDir private Path folder;

  static Stream<ModelSpec> models() {
    return Models.all().stream();
  }

  private static Settings small(ModelSpec spec) {
    Map<String, String> given = new HashMap<>();
    for (Option o : spec.options()) {
      boolean sized = o.type() != Option.Type.FLAG && o.type() != Option.Type.CHOICE;
      if (sized && !o.samples().isEmpty()) {
        given.put(o.name(), o.samples().getFirst());
      }
    }
    return spec.settings(given);
  }

  /// Bits of every parameter, by path.
  private static Map<String, List<Long>> bits(Params params) {
    Map<String, List<Long>> all = new TreeMap<>();
    for (Parameter p : params.all()) {
      double[] values =
          switch (p) {
            case DenseParameter d -> d.value().toDoubles();
            case TableParameter t -> {
              double[] rows = new double[(int) t.elements()];
              t.table().read(0, rows);
              yield rows;
            }
          };
      List<Long> bits = new ArrayList<>();
      for (double v : values) {
        bits.add(Double.doubleToRawLongBits(v));
      }
      all.put(p.path(), bits);
    }
    return all;
  }

  @ParameterizedTest
  @MethodSource("models")
  void thereAndBackIsTheSameBits(ModelSpec spec) {
    Settings settings = small(spec);
    Schema schema = spec.exampleSchema(settings);
    Path file = folder.resolve(spec.name() + ".safetensors");
    for (String name : List.of("reference", "cpu")) {
      try (Device device = Device.open(name);
          Params one = Params.create(device, 1);
          Params two = Params.create(device, 2)) {
        Model model = spec.createExample(settings, schema, one);
        spec.createExample(settings, schema, two);
        WeightMap map = TorchLayout.of(model, one, schema);
        assertThat(Weights.write(file, one, map)).isEqualTo(one.all().size());
        assertThat(Weights.read(file, two, WeightMap.parse(file, map.text())))
            .isEqualTo(one.all().size());
        assertThat(bits(two)).as(name).isEqualTo(bits(one));
      }
    }
  }

  /// Neither NaN nor infinity comes in, in whatever way the tensor lies in the file, and nothing else comes in beside it.
  @ParameterizedTest
  @ValueSource(strings = {"out", "v/user", "deep/0/bias"})
  void numbersThatAreNoneAreRefused(String path) {
    ModelSpec spec = Models.get("deepfm");
    Settings settings = small(spec);
    Schema schema = spec.exampleSchema(settings);
    Path file = folder.resolve("nan.safetensors");
    try (Device device = Device.open("reference");
        Params one = Params.create(device, 1);
        Params two = Params.create(device, 2)) {
      Model model = spec.create(settings, schema, one);
      spec.create(settings, schema, two);
      double wrong = path.equals("out") ? Double.NEGATIVE_INFINITY : Double.NaN;
      switch (one.get(path)) {
        case DenseParameter d -> {
          double[] values = d.value().toDoubles();
          values[1] = wrong;
          d.write(values);
        }
        case TableParameter t -> {
          double[] row = new double[t.table().width()];
          row[0] = wrong;
          t.table().write(2, row);
        }
      }
      WeightMap map = TorchLayout.of(model, one, schema);
      Weights.write(file, one, map);
      Map<String, List<Long>> before = bits(two);
      String name = path.equals("out") ? "out.weight" : path.replace('/', '.');
      String place = path.equals("v/user") ? "v.user.weight, number 4" : name + ", number 1";
      assertThatThrownBy(() -> Weights.read(file, two, map))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("nan.safetensors holds NaN or infinity: " + place)
          .hasMessageContaining("nothing was read");
      assertThat(bits(two)).isEqualTo(before);
    }
  }

  @Test
  void namesAreThoseOfPyTorch() {
    ModelSpec spec = Models.get("deepfm");
    Settings settings =
        spec.settings(Map.of("embeddingDim", "3", "hidden", "4", "batchNorm", "true"));
    Schema schema = spec.exampleSchema(settings);
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      WeightMap map = TorchLayout.of(spec.createExample(settings, schema, params), params, schema);
      assertThat(map.lines().stream().map(WeightMap.Line::toString))
          .containsExactlyInAnyOrder(
              "bias → bias",
              "deep.0.weight → deep/0/weight, transposed",
              "deep.0.bias → deep/0/bias",
              "deep.0.norm.weight → deep/0/norm/scale",
              "deep.0.norm.bias → deep/0/norm/shift",
              "deep.0.norm.running_mean → deep/0/norm/mean",
              "deep.0.norm.running_var → deep/0/norm/variance",
              "out.weight → out, transposed",
              "v.user.weight → v/user",
              "v.city.weight → v/city",
              "v.tags.weight → v/tags",
              "w.user.weight → w/user",
              "w.city.weight → w/city",
              "w.tags.weight → w/tags",
              "w.numeric → w/numeric");
    }
  }

  /// A tensor of a file that no code of ours has written.
  private record Foreign(String name, String dtype, String shape, byte[] bytes) {}

  private static byte[] bytes(int width, double... values) {
    ByteBuffer b = ByteBuffer.allocate(width * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (double v : values) {
      switch (width) {
        case 8 -> b.putDouble(v);
        case 4 -> b.putFloat((float) v);
        default -> throw new AssertionError(width);
      }
    }
    return b.array();
  }

  private static byte[] halves(int... bits) {
    ByteBuffer b = ByteBuffer.allocate(2 * bits.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int half : bits) {
      b.putShort((short) half);
    }
    return b.array();
  }

  /// The format written byte by byte, as its description says.
  private Path write(Foreign... tensors) throws IOException {
    StringBuilder header = new StringBuilder("{");
    int at = 0;
    for (Foreign t : tensors) {
      header.append(
          "%s\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
              .formatted(at == 0 ? "" : ",", t.name, t.dtype, t.shape, at, at + t.bytes.length));
      at += t.bytes.length;
    }
    byte[] json = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer all = ByteBuffer.allocate(8 + json.length + at).order(ByteOrder.LITTLE_ENDIAN);
    all.putLong(json.length).put(json);
    for (Foreign t : tensors) {
      all.put(t.bytes);
    }
    Path file = folder.resolve("foreign.safetensors");
    Files.write(file, all.array());
    return file;
  }

  private static WeightMap map(String... lines) {
    return WeightMap.parse(Path.of("map"), String.join("\n", lines));
  }

  /// `torch.nn.Linear(2, 3)` has a weight of three rows: `y_o = Σᵢ W[o][i] x_i + b_o`.
  @Test
  void aLinearLayerOfPyTorchComputesTheSame() throws IOException {
    double[][] w = {{0.5, -1.25}, {2, 0.75}, {-3, 1.5}};
    double[] b = {0.25, -0.5, 4};
    double[] x = {1.5, -2};
    Path file =
        write(
            new Foreign("layers.0.weight", "F32", "[3,2]", bytes(4, 0.5, -1.25, 2, 0.75, -3, 1.5)),
            new Foreign("layers.0.bias", "F64", "[3]", bytes(8, b)),
            new Foreign("steps", "I64", "[1]", new byte[8]));
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.evaluating(device)) {
      Linear layer = new Linear(2, 3, Activation.IDENTITY, LinearInit.XAVIER, params.at("deep"));
      int read =
          Weights.read(
              file,
              params,
              map(
                  "layers.0.weight deep/weight transposed",
                  "layers.0.bias deep/bias",
                  "steps - # a counter"));
      assertThat(read).isEqualTo(2);
      Mode mode = Mode.evaluation(tape);
      double[] y = layer.forward(mode.tape().constant(Shape.of(1, 2), x)).value().toDoubles();
      for (int o = 0; o < 3; o++) {
        double expected = b[o];
        for (int i = 0; i < 2; i++) {
          expected += w[o][i] * x[i];
        }
        assertThat(y[o]).isCloseTo(expected, within(1e-12)); // exact numbers; sums in any order
      }
    }
  }

  /// `[n, out, in]` there, `[n, in, out]` here, and back: n matrices, each turned by itself.
  @Test
  void ofAStackEachMatrixIsTurned() throws IOException {
    double[] numbers = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    Path file = write(new Foreign("w", "F64", "[2,3,2]", bytes(8, numbers)));
    Path back = folder.resolve("back.safetensors");
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      DenseParameter w = params.weight("w", Shape.of(2, 2, 3), Initializers.zeros());
      DenseParameter plain = params.weight("plain", Shape.of(2, 3, 2), Initializers.zeros());
      assertThat(Weights.read(file, params, map("w w transposed", "- plain"))).isEqualTo(1);
      double[] ours = w.value().toDoubles();
      for (int n = 0; n < 2; n++) {
        for (int out = 0; out < 3; out++) {
          for (int in = 0; in < 2; in++) {
            assertThat(ours[(n * 2 + in) * 3 + out]).isEqualTo(numbers[(n * 3 + out) * 2 + in]);
          }
        }
      }
      Weights.write(back, params, map("w w transposed", "- plain"));
      assertThat(Weights.read(back, params, map("- w", "w plain"))).isEqualTo(1);
      assertThat(plain.value().toDoubles()).containsExactly(numbers);
    }
  }

  /// Stacks that a model multiplies by are found like single matrices; what it reshapes first is not.
  @ParameterizedTest
  @CsvSource({
    "fibinet, bilinear=FIELD_ALL, bilinear/w, true",
    "fibinet, bilinear=FIELD_EACH, bilinear/w, true",
    "fibinet, bilinear=FIELD_INTERACTION, bilinear/w, true",
    "dcn-v2, cross=MIXTURE, cross/0/u, true",
    "dcn-v2, cross=MIXTURE, cross/0/v, true",
    "dcn-v2, cross=MIXTURE, cross/0/c, true",
    "xdeepfm, connect=DIRECT, cin/0/w, false"
  })
  void stacksAreSeenToBeFactors(String model, String setting, String path, boolean turned) {
    ModelSpec spec = Models.get(model);
    Map<String, String> given = new HashMap<>(small(spec).toMap());
    given.put(setting.split("=", -1)[0], setting.split("=", -1)[1]);
    Settings settings = spec.settings(given);
    Schema schema = spec.exampleSchema(settings);
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      WeightMap map = TorchLayout.of(spec.create(settings, schema, params), params, schema);
      String theirs = path.replace('/', '.') + (turned ? ".weight" : "");
      assertThat(map.lines()).contains(new WeightMap.Line(theirs, path, turned));
    }
  }

  /// Patterns and values from the definitions of the two formats: 1 + 5 + 10 bits, and the upper half of a float32.
  @Test
  void halfPrecisionIsRead() throws IOException {
    Path file =
        write(
            new Foreign("h", "F16", "[3]", halves(0x3C00, 0xC100, 0x0001)),
            new Foreign("b", "BF16", "[3]", halves(0x3F80, 0xC020, 0x4049)));
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      DenseParameter h = params.weight("h", Shape.of(3), Initializers.zeros());
      DenseParameter b = params.weight("b", Shape.of(3), Initializers.zeros());
      assertThat(Weights.read(file, params, map("h h", "b b"))).isEqualTo(2);
      assertThat(h.value().toDoubles()).containsExactly(1, -2.5, Math.scalb(1.0, -24));
      assertThat(b.value().toDoubles()).containsExactly(1, -2.5, 3.140625);
    }
  }

  @Test
  void whatDoesNotFitIsSaidOnBothSidesAndNothingIsRead() throws IOException {
    Path file =
        write(
            new Foreign("a", "F32", "[2,3]", bytes(4, 1, 2, 3, 4, 5, 6)),
            new Foreign("extra", "F32", "[1]", bytes(4, 1)),
            new Foreign("n", "I64", "[2]", new byte[16]),
            new Foreign("good", "F32", "[2]", bytes(4, 7, 8)));
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      params.weight("matrix", Shape.of(2, 3), Initializers.normal(1));
      params.weight("good", Shape.of(2), Initializers.normal(1));
      params.weight("alone", Shape.of(2), Initializers.normal(1));
      params.weight("counter", Shape.of(2), Initializers.normal(1));
      params.weight("lost", Shape.of(2), Initializers.normal(1));
      Map<String, List<Long>> before = bits(params);
      WeightMap map =
          map("a matrix transposed", "good good", "n counter", "gone lost", "good2 nowhere");
      assertThatThrownBy(() -> Weights.read(file, params, map))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining(
              "a → matrix, transposed: the tensor has shape [2, 3], expected [3, 2]")
          .hasMessageContaining("n → counter: the tensor has type I64")
          .hasMessageContaining("gone → lost [2]: the file has no such tensor")
          .hasMessageContaining("good2 → nowhere: the model has no such parameter")
          .hasMessageContaining("parameter alone [2] has no line")
          .hasMessageContaining("tensor extra [1] has no line");
      assertThat(bits(params)).isEqualTo(before);
      assertThatThrownBy(() -> Weights.write(folder.resolve("no"), params, map))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("parameter alone [2] has no line");
      assertThat(folder.resolve("no")).doesNotExist();
    }
  }

  @Test
  void aDashLeavesOut() throws IOException {
    Path file =
        write(
            new Foreign("a", "F32", "[1]", bytes(4, 3)),
            new Foreign("b", "F32", "[2]", bytes(4, 1, 2)));
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      DenseParameter constant = params.bias("constant", Shape.scalar());
      DenseParameter kept = params.weight("kept", Shape.of(2), Initializers.constant(5));
      assertThat(Weights.read(file, params, map("a constant", "b -", "- kept"))).isEqualTo(1);
      assertThat(constant.value().item()).isEqualTo(3); // [1] there, [] here
      assertThat(kept.value().toDoubles()).containsExactly(5, 5);
    }
  }

  /// A linear layer of one output has a weight [1, n] there, and a number for each of n ids here: all of them are read.
  @ParameterizedTest
  @ValueSource(strings = {"[1,4]", "[4]", "[4,1]"})
  void aRowOfNumbersFillsATableOfWidthOne(String shape) throws IOException {
    Path file = write(new Foreign("linear.weight", "F32", shape, bytes(4, 0, 1, 2, 3)));
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      TableParameter w = params.at("w").table("user", 4, 1, 0, Initializers.normal(1));
      assertThat(Weights.read(file, params, map("linear.weight w/user"))).isEqualTo(1);
      double[] rows = new double[4];
      w.table().read(0, rows);
      assertThat(rows).containsExactly(0, 1, 2, 3);
    }
  }

  @Test
  void aFileOfAnotherKindIsNotCalledDamaged() throws IOException {
    Path file = Files.writeString(folder.resolve("rows.csv"), "city,click\nParis,1\n");
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      assertThatThrownBy(() -> Weights.read(file, params, map()))
          .isInstanceOf(StoreException.class)
          .hasMessageStartingWith(file + " is not a safetensors file");
      Files.write(file, new byte[] {99, 0, 0, 0, 0, 0, 0, 0, '{', '}'}); // cut
      assertThatThrownBy(() -> Weights.read(file, params, map()))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("is damaged: its header claims 99 bytes of a file of 10");
      Files.write(file, new byte[] {1, 0, 0, 0, 0, 0, 0, 0}); // nothing behind the length
      assertThatThrownBy(() -> Weights.read(file, params, map()))
          .hasMessageContaining("is not a safetensors file");
    }
  }

  @Test
  void aVectorHasNothingToTurn() throws IOException {
    Path file = write(new Foreign("a", "F32", "[2]", bytes(4, 1, 2)));
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      params.weight("a", Shape.of(2), Initializers.zeros());
      assertThatThrownBy(() -> Weights.read(file, params, map("a a transposed")))
          .hasMessageContaining("only matrices that are no table can be transposed");
    }
  }

  @Test
  void aLineThatCannotBeReadIsNamed() {
    assertThatThrownBy(() -> map("a b", "", "c d turned"))
        .hasMessageStartingWith("map:3: \"c d turned\"");
    assertThatThrownBy(() -> map("lonely")).hasMessageStartingWith("map:1:");
    assertThatThrownBy(() -> map("a b", "a c"))
        .hasMessageContaining("tensor a stands in two lines");
    assertThatThrownBy(() -> map("a b", "c b"))
        .hasMessageContaining("parameter b stands in two lines");
  }
}
