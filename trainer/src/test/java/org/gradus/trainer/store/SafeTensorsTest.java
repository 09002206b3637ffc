// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafeTensorsTest {
  @TempDir private Path folder;
  private final Device device = Device.open("reference");
  private Params params = Params.create(device, 1);

  @BeforeEach
  void make() {
    params = parameters(1);
  }

  @AfterEach
  void close() {
    params.close();
    device.close();
  }

  private Params parameters(long seed) {
    Params p = Params.create(device, seed);
    p.at("deep").weight("kernel", Shape.of(2, 3), Initializers.normal(1));
    p.bias("bias", Shape.scalar());
    p.table("items", 5, 2, 0, Initializers.normal(1));
    return p;
  }

  private Path write() {
    Path file = folder.resolve("model.safetensors");
    SafeTensors.write(file, device, Stored.of(params), Map.of("step", "7"));
    return file;
  }

  /// The format read byte by byte, as its description says, without our reader.
  @Test
  void bytesAreThoseOfTheFormat() throws IOException {
    byte[] bytes = Files.readAllBytes(write());
    ByteBuffer all = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int header = (int) all.getLong();
    String json = new String(bytes, 8, header, StandardCharsets.UTF_8);
    assertThat(header % 8).isZero();
    assertThat(json)
        .startsWith("{\"__metadata__\":{\"step\":\"7\",\"sha256\":\"")
        .contains("\"bias\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]}")
        .contains("\"deep/0\":".replace("/0", "/kernel") + "{\"dtype\":\"F64\",\"shape\":[2,3],")
        .contains("\"items\":{\"dtype\":\"F64\",\"shape\":[5,2],\"data_offsets\":[56,136]}");
    assertThat(bytes).hasSize(8 + header + (1 + 6 + 10) * Double.BYTES);
    double[] kernel = ((DenseParameter) params.get("deep/kernel")).value().toDoubles();
    for (int i = 0; i < 6; i++) {
      assertThat(all.getDouble(8 + header + 8 + i * 8)).isEqualTo(kernel[i]);
    }
  }

  /// Whatever the order of a map without one.
  @Test
  void theSameTensorsAndStringsAreTheSameFile() throws IOException {
    Path one = folder.resolve("one");
    Path two = folder.resolve("two");
    Map<String, String> ab = new java.util.LinkedHashMap<>();
    ab.put("a", "1");
    ab.put("b", "2");
    Map<String, String> ba = new java.util.LinkedHashMap<>();
    ba.put("b", "2");
    ba.put("a", "1");
    SafeTensors.write(one, device, Stored.of(params), ab);
    SafeTensors.write(two, device, Stored.of(params), ba);
    assertThat(two).hasSameBinaryContentAs(one);
  }

  @Test
  void whatWasWrittenIsRead() {
    Path file = write();
    try (Params other = parameters(2)) {
      String before = SafeTensors.sha256(device, Stored.of(other));
      String expected = SafeTensors.sha256(device, Stored.of(params));
      assertThat(before).isNotEqualTo(expected);
      SafeTensorsFile tensors = SafeTensors.open(file);
      tensors.readAll("the model", device, Stored.of(other));
      assertThat(SafeTensors.sha256(device, Stored.of(other))).isEqualTo(expected);
      assertThat(tensors.verify()).isEqualTo(expected);
      assertThat(tensors.metadata()).containsEntry("step", "7");
    }
  }

  @Test
  void tablesLargerThanAChunkAndFloat32Files() {
    try (Params wide = Params.create(device, 3);
        Device cpu = Device.open("reference")) {
      TableParameter t =
          wide.table("items", 70_001, 3, TableParameter.NO_PADDING, Initializers.normal(1));
      Path file = folder.resolve("wide.safetensors");
      SafeTensors.write(file, device, Stored.of(wide), Map.of());
      double[] expected = new double[70_001 * 3];
      t.table().read(0, expected);
      t.table().write(0, new double[70_001 * 3]);
      SafeTensors.open(file).readAll("the model", cpu, Stored.of(wide));
      double[] found = new double[70_001 * 3];
      t.table().read(0, found);
      assertThat(found).isEqualTo(expected);
    }
  }

  /// A file of float32, made by hand.
  @Test
  void float32IsReadOnADeviceOfFloat64() throws IOException {
    String json = "{\"bias\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}";
    byte[] header = json.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + 4).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header).putFloat(0.1f);
    Path file = folder.resolve("bias.safetensors");
    Files.write(file, bytes.array());
    DenseParameter bias = (DenseParameter) params.get("bias");
    SafeTensors.open(file).read("bias", device, new Stored.Dense(bias.value()));
    assertThat(bias.value().item()).isEqualTo(0.1f);
  }

  @Test
  void anotherModelIsRefusedWithTheWholeList() {
    Path file = write();
    try (Params other = Params.create(device, 1)) {
      DenseParameter kernel =
          other.at("deep").weight("kernel", Shape.of(3, 2), Initializers.constant(5));
      other.weight("gate", Shape.of(4), Initializers.zeros());
      other.table("items", 5, 2, 0, Initializers.zeros());
      assertThatThrownBy(
              () -> SafeTensors.open(file).readAll("the model", device, Stored.of(other)))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("Missing: gate [4]")
          .hasMessageContaining("Unknown: bias")
          .hasMessageContaining("Wrong shape: deep/kernel [2, 3], expected [3, 2]");
      assertThat(kernel.value().toDoubles()).containsOnly(5); // nothing was read
    }
  }

  @Test
  void cutFilesAreFound() throws IOException {
    Path file = write();
    byte[] bytes = Files.readAllBytes(file);
    for (int length = 0; length < bytes.length; length += 3) {
      Path cut = folder.resolve("cut.safetensors");
      Files.write(cut, Arrays.copyOf(bytes, length));
      assertThatThrownBy(() -> SafeTensors.open(cut))
          .as("first %d bytes", length)
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("cut.safetensors is damaged");
    }
  }

  @Test
  void aFlippedBitInAnyByteIsFound() throws IOException {
    Path file = write();
    byte[] bytes = Files.readAllBytes(file);
    try (Params other = parameters(2)) {
      String before = SafeTensors.sha256(device, Stored.of(other));
      for (int at = 0; at < bytes.length; at++) {
        byte[] flipped = bytes.clone();
        flipped[at] ^= (byte) (1 << (at % 7));
        if (sameMeaning(bytes, at)) {
          continue;
        }
        Path damaged = folder.resolve("flipped.safetensors");
        Files.write(damaged, flipped);
        int place = at;
        assertThatThrownBy(
                () -> SafeTensors.open(damaged).readAll("the model", device, Stored.of(other)))
            .as("byte %d", place)
            .isInstanceOf(StoreException.class);
      }
      assertThat(SafeTensors.sha256(device, Stored.of(other))).isEqualTo(before);
    }
  }

  /// The step in the metadata is a note for readers, not part of the tensors; neither is padding after the JSON.
  private static boolean sameMeaning(byte[] bytes, int at) {
    int header = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    String json = new String(bytes, 8, header, StandardCharsets.UTF_8);
    int note = json.indexOf("\"step\"");
    int end = json.indexOf("\"sha256\"");
    return (at - 8 >= note && at - 8 < end) || (at - 8 >= json.strip().length() && at < 8 + header);
  }
}
