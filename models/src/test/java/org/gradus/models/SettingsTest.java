// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class SettingsTest {
  private enum Colour {
    RED,
    GREEN
  }

  private static final List<Option> OPTIONS =
      List.of(
          Option.integer("dim", 8, List.of(2), "a size"),
          Option.real("rate", 0.5, List.of(0.0), "a share"),
          Option.flag("on", true, "a switch"),
          Option.choice("colour", Colour.RED, "a word"),
          Option.integers("sizes", List.of(4, 3), List.of("2"), "some sizes"),
          Option.lists("towers", List.of(List.of(4, 3), List.of()), List.of("2"), "sizes of each"),
          Option.words("names", List.of("a", "b"), List.of("a*b"), "some names"));

  private static Settings settings(Map<String, String> given) {
    return new Settings(OPTIONS, given);
  }

  @Test
  void presetsHoldUntilOverridden() {
    Settings s = settings(Map.of("dim", " 16 ", "colour", "green"));
    assertThat(s.integer("dim")).isEqualTo(16);
    assertThat(s.real("rate")).isEqualTo(0.5);
    assertThat(s.flag("on")).isTrue();
    assertThat(s.choice("colour", Colour.class)).isEqualTo(Colour.GREEN);
    assertThat(s.list("sizes")).containsExactly(4, 3);
    assertThat(s.wordList("names")).containsExactly("a", "b");
    assertThat(s.toString())
        .isEqualTo("dim=16 rate=0.5 on=true colour=GREEN sizes=4,3 towers=4,3; names=a,b");
  }

  @Test
  void noSizesAreAllowed() {
    assertThat(settings(Map.of("sizes", "")).list("sizes")).isEmpty();
    assertThat(settings(Map.of("names", "")).wordList("names")).isEmpty();
    assertThat(settings(Map.of("names", "x , y=2&z=3")).wordList("names"))
        .containsExactly("x", "y=2&z=3");
  }

  @Test
  void listsAreThereEvenWhenTheyAreEmpty() {
    assertThat(settings(Map.of()).lists("towers")).containsExactly(List.of(4, 3), List.of());
    assertThat(settings(Map.of("towers", "")).lists("towers")).containsExactly(List.of());
    assertThat(settings(Map.of("towers", "5 , 2;;7")).lists("towers"))
        .containsExactly(List.of(5, 2), List.of(), List.of(7));
  }

  @Test
  void everySettingCanBeRepeated() {
    Settings s = settings(Map.of("rate", "0.25"));
    assertThat(settings(s.toMap()).toMap()).isEqualTo(s.toMap()).containsEntry("dim", "8");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dim    | 2.5   | settings: dim=2.5. Expected a whole number.",
        "dim    | 99999999999 | settings: dim=99999999999. Expected at least -2147483648 and at"
            + " most 2147483647.",
        "sizes  | '4, 99999999999' | 'settings: sizes=4, 99999999999. Expected at least -2147483648"
            + " and at most 2147483647.'",
        "rate   | much  | settings: rate=much. Expected a real number.",
        "rate   | NaN   | settings: rate=NaN. Expected a finite number.",
        "on     | yes   | settings: on=yes. Expected true or false.",
        "colour | blue  | settings: colour=blue. Expected one of RED, GREEN.",
        "sizes  | 4,    | 'settings: sizes=4,. Expected whole numbers with commas between them.'",
        "towers | '4;a' | 'settings: towers=4;a. Expected whole numbers with commas between them,"
            + " and a semicolon between lists of them.'",
        "names  | 'a,,b' | 'settings: names=a,,b. Expected words with commas between them.'"
      })
  void valuesOfTheWrongTypeAreErrors(String name, String value, String message) {
    assertThatThrownBy(() -> settings(Map.of(name, value)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void unknownNamesAreErrors() {
    assertThatThrownBy(() -> settings(Map.of("dimm", "2")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "settings: unknown dimm. Did you mean dim? Expected some of: dim, rate, on, colour,"
                + " sizes, towers, names");
    assertThatThrownBy(() -> settings(Map.of()).integer("width"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("settings: the model declares no option width.");
  }

  static List<ModelSpec> models() {
    return Models.all();
  }

  /// Presets and samples of every model have the type that they are declared to have, and no name twice.
  @ParameterizedTest
  @MethodSource("models")
  void optionsOfEveryModelAreWellFormed(ModelSpec spec) {
    assertThat(spec.options().stream().map(Option::name)).doesNotHaveDuplicates();
    assertThat(spec.settings(spec.settings(Map.of()).toMap()).toMap())
        .isEqualTo(spec.settings(Map.of()).toMap());
    for (Option o : spec.options()) {
      assertThat(o.doc()).as(o.name()).isNotBlank();
      assertThat(o.samples()).as(o.name()).isNotEmpty().doesNotHaveDuplicates();
      for (String sample : o.samples()) {
        assertThat(spec.settings(Map.of(o.name(), sample)).toMap()).containsEntry(o.name(), sample);
      }
    }
    assertThat(spec.conflict(spec.settings(Map.of()))).as("conflict of the presets").isNull();
  }
}
