// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Every device that this class path knows.
public final class Devices {
  private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,8}");

  private Devices() {}

  /// What `auto` chose, and why.
  ///
  /// @param name the device
  /// @param reason for the user: what the device is, and why none that is preferred was chosen
  public record Choice(String name, String reason) {}

  /// The providers on the class path, the most preferred first.
  public static List<DeviceProvider> providers() {
    List<DeviceProvider> found = new ArrayList<>();
    ServiceLoader.load(DeviceProvider.class, Devices.class.getClassLoader()).forEach(found::add);
    found.sort(
        Comparator.comparingInt(DeviceProvider::preference)
            .reversed()
            .thenComparing(DeviceProvider::name));
    return List.copyOf(found);
  }

  /// What can be set about devices: for each key what it may be.
  public static Map<String, String> settings() {
    return settings(providers());
  }

  private static Map<String, String> settings(List<DeviceProvider> providers) {
    Map<String, String> all = new TreeMap<>();
    providers.forEach(p -> all.putAll(p.settings()));
    return all;
  }

  /// Whether a setting is one of this device, `cuda:0` as well as `cuda`.
  public static boolean isSettingOf(String device, String key) {
    return key.startsWith(kind(device) + ".");
  }

  /// What stands before the number of a device: `cuda` for `cuda:1`.
  public static String kind(String name) {
    return name.contains(":") ? name.substring(0, name.indexOf(':')) : name;
  }

  /// Resolves `auto` to the most preferred usable device; any other name to itself.
  public static Choice choose(String name) {
    return choose(name, providers());
  }

  static Choice choose(String name, List<DeviceProvider> providers) {
    if (!name.equals("auto")) {
      return new Choice(name, "asked for by name");
    }
    StringBuilder passedOver = new StringBuilder();
    for (DeviceProvider p : providers) {
      var a = p.availability();
      if (a.usable()) {
        return new Choice(p.name(), a.explanation() + passedOver);
      }
      passedOver.append(". Not ").append(p.name()).append(": ").append(a.explanation());
    }
    throw new IllegalArgumentException("device auto: none is usable" + passedOver + ".");
  }

  /// Opens exactly the device asked for (`auto` chooses first).
  public static Device open(String name, DeviceOptions options) {
    return open(name, options, providers());
  }

  static Device open(String name, DeviceOptions options, List<DeviceProvider> providers) {
    String exact = choose(name, providers).name();
    checkSettings(options, providers);
    DeviceProvider provider = provider(exact, providers);
    boolean any = exact.equals(provider.name());
    int number = any ? 0 : number(exact, provider);
    var a = any ? provider.availability() : provider.availability(number);
    if (!a.usable()) {
      throw new IllegalArgumentException(
          "device "
              + exact
              + ": "
              + a.explanation()
              + ". Usable here: auto, "
              + providers.stream()
                  .filter(
                      p -> (!any || !p.name().equals(provider.name())) && p.availability().usable())
                  .map(DeviceProvider::name)
                  .collect(Collectors.joining(", "))
              + ".");
    }
    if (options.tables() != null && !provider.name().equals("cpu")) {
      throw new IllegalArgumentException(
          "device "
              + exact
              + ": tables in files of "
              + options.tables()
              + ". Only cpu maps tables to files.");
    }
    return any ? provider.open(options) : provider.open(number, options);
  }

  private static DeviceProvider provider(String name, List<DeviceProvider> providers) {
    String kind = kind(name);
    for (DeviceProvider p : providers) {
      if (p.name().equals(kind)) {
        return p;
      }
    }
    String known =
        providers.stream().map(DeviceProvider::name).sorted().collect(Collectors.joining(", "));
    throw new IllegalArgumentException(
        "device "
            + name
            + ": no such device on this class path. Expected auto, or one of: "
            + known
            + ".");
  }

  /// The number behind the colon.
  private static int number(String name, DeviceProvider provider) {
    String kind = provider.name();
    if (!provider.numbered()) {
      throw new IllegalArgumentException(
          "device " + name + ": " + kind + " has no numbers. Expected " + kind + ".");
    }
    String digits = name.substring(kind.length() + 1);
    if (!NUMBER.matcher(digits).matches()) {
      throw new IllegalArgumentException(
          "device "
              + name
              + ": \""
              + digits
              + "\" is no number of a device. Expected "
              + kind
              + ", or "
              + kind
              + ":0, "
              + kind
              + ":1 and so on.");
    }
    return Integer.parseInt(digits);
  }

  private static void checkSettings(DeviceOptions options, List<DeviceProvider> providers) {
    Map<String, String> known = settings(providers);
    for (String key : options.settings().keySet()) {
      if (!known.containsKey(key)) {
        throw new IllegalArgumentException(
            "device: no setting "
                + key
                + ". Expected one of: "
                + String.join(", ", known.keySet())
                + ".");
      }
    }
  }
}
