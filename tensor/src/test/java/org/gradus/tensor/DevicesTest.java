// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.gradus.tensor.reference.ReferenceDevice;
import org.gradus.tensor.reference.ReferenceDeviceProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DevicesTest {
  private static final DeviceProvider REFERENCE = new ReferenceDeviceProvider();

  /// A provider that only says whether it is usable.
  private record Pretended(String name, boolean usable, int preference) implements DeviceProvider {
    @Override
    public Availability availability() {
      return new Availability(usable, usable ? "found " + name : name + " needs a driver");
    }

    @Override
    public Map<String, String> settings() {
      return Map.of(name + ".speed", "slow or fast");
    }

    @Override
    public Device open(DeviceOptions options) {
      throw new AssertionError(name + " must not be opened");
    }
  }

  @Test
  void opensExactlyTheDeviceAskedFor() {
    try (Device device = Device.open("reference")) {
      assertThat(device).isInstanceOf(ReferenceDevice.class);
      assertThat(device.name()).isEqualTo("reference");
      assertThat(device.float64()).isTrue();
    }
  }

  @Test
  void anUnknownNameListsTheKnownOnes() {
    assertThatThrownBy(() -> Device.open("tpu"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("device tpu: no such device on this class path.")
        .hasMessageContaining("reference");
  }

  @Test
  void anUnusableDeviceIsAnErrorAndNeverAnotherDevice() {
    var providers = List.of(new Pretended("gpu", false, 9), REFERENCE);
    assertThatThrownBy(() -> Devices.open("gpu", DeviceOptions.defaults(), providers))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("device gpu: gpu needs a driver. Usable here: auto, reference.");
  }

  /// Two devices of a kind. Which one is opened, an exception tells.
  private record Two(boolean usable) implements DeviceProvider {
    @Override
    public String name() {
      return "gpu";
    }

    @Override
    public Availability availability() {
      return availability(0);
    }

    @Override
    public boolean numbered() {
      return true;
    }

    @Override
    public Availability availability(int number) {
      return new Availability(usable && number < 2, number < 2 ? "gpu " + number : "there are two");
    }

    @Override
    public Device open(DeviceOptions options) {
      throw new IllegalStateException("opened the first that is usable");
    }

    @Override
    public Device open(int number, DeviceOptions options) {
      throw new IllegalStateException("opened " + number);
    }

    @Override
    public int preference() {
      return 9;
    }
  }

  private static void opens(String name, String said) {
    assertThatThrownBy(
            () -> Devices.open(name, DeviceOptions.defaults(), List.of(new Two(true), REFERENCE)))
        .hasMessage(said);
  }

  @Test
  void theNumberBehindTheColonSaysWhichOne() {
    opens("gpu", "opened the first that is usable");
    opens("gpu:0", "opened 0");
    opens("gpu:1", "opened 1");
    opens("auto", "opened the first that is usable");
    opens("gpu:2", "device gpu:2: there are two. Usable here: auto, gpu, reference.");
    opens(
        "gpu:999999999", "device gpu:999999999: there are two. Usable here: auto, gpu, reference.");
  }

  /// A device that answered that it is not usable is not asked again: it might say something else.
  @Test
  void whatCannotBeUsedIsNotAmongWhatCan() {
    var providers = List.of(new Two(false), REFERENCE);
    for (String name : List.of("gpu", "gpu:0", "gpu:1")) {
      assertThatThrownBy(() -> Devices.open(name, DeviceOptions.defaults(), providers))
          .hasMessageEndingWith(". Usable here: auto, reference.");
    }
  }

  @Test
  void whatIsNoNumberIsRefused() {
    for (String wrong :
        List.of("x", "", "-1", "+1", "01", " 1", "1 ", "1:2", "0x1", "1234567890")) {
      opens(
          "gpu:" + wrong,
          "device gpu:"
              + wrong
              + ": \""
              + wrong
              + "\" is no number of a device. Expected gpu, or gpu:0, gpu:1 and so on.");
    }
    for (String any : List.of("0", "3", "", "x")) {
      opens(
          "reference:" + any,
          "device reference:" + any + ": reference has no numbers. Expected reference.");
    }
    opens(
        "auto:0",
        "device auto:0: no such device on this class path. Expected auto, or one of: gpu,"
            + " reference.");
  }

  @Test
  void autoTakesTheFirstUsableAndSaysWhyNotTheOthers() {
    var providers =
        List.of(new Pretended("gpu", false, 9), new Pretended("cpu", true, 5), REFERENCE);
    assertThat(Devices.choose("auto", providers))
        .isEqualTo(new Devices.Choice("cpu", "found cpu. Not gpu: gpu needs a driver"));
    assertThat(Devices.choose("gpu", providers).name()).isEqualTo("gpu");
  }

  @Test
  void autoWithoutAnyUsableDeviceIsAnError() {
    assertThatThrownBy(() -> Devices.choose("auto", List.of(new Pretended("gpu", false, 9))))
        .hasMessage("device auto: none is usable. Not gpu: gpu needs a driver.");
  }

  @Test
  void referenceIsTheLastResortOfAuto() {
    assertThat(Devices.providers().getLast().name()).isEqualTo("reference");
  }

  @Test
  void onlyCpuMapsTablesToFiles(@TempDir Path folder) {
    DeviceOptions options = DeviceOptions.defaults().withTables(folder);
    assertThatThrownBy(() -> Device.open("reference", options))
        .hasMessageContaining("device reference: tables in files of " + folder)
        .hasMessageContaining("Only cpu maps tables to files.");
    Device.open("cpu", options).close();
  }

  @Test
  void settingsOfAnotherDeviceMeanNothing() {
    var providers = List.of(new Pretended("gpu", true, 9), REFERENCE);
    DeviceOptions options = DeviceOptions.defaults().withSettings(Map.of("gpu.speed", "fast"));
    Devices.open("reference", options, providers).close();
    assertThat(Devices.isSettingOf("gpu:0", "gpu.speed")).isTrue();
    assertThat(Devices.isSettingOf("gp", "gpu.speed")).isFalse();
  }

  @Test
  void anUnknownSettingListsTheKnownOnes() {
    var providers = List.of(new Pretended("gpu", true, 9), REFERENCE);
    DeviceOptions options = DeviceOptions.defaults().withSettings(Map.of("gpu.sped", "fast"));
    assertThatThrownBy(() -> Devices.open("reference", options, providers))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("device: no setting gpu.sped. Expected one of: gpu.speed.");
  }

  @Test
  void optionsKeepTheirSettings() {
    DeviceOptions options = DeviceOptions.defaults().withSettings(Map.of("gpu.speed", "fast"));
    assertThat(options.withThreads(1).withPoison().withTables(null).settings())
        .isEqualTo(Map.of("gpu.speed", "fast"));
  }

  @Test
  void optionsCheckTheirRanges() {
    assertThatThrownBy(() -> DeviceOptions.defaults().withThreads(0))
        .hasMessage("device: threads 0. Expected at least 1.");
    assertThatThrownBy(() -> new DeviceOptions(1, -1, false)).hasMessageContaining("poolBytes -1");
  }
}
