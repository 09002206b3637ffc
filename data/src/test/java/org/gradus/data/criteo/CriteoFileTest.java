// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CriteoFileTest {
  @TempDir Path folder;

  /// A row with these columns in front, and then `1` in dense and `a` in token columns.
  private static String row(String... first) {
    List<String> cells = new ArrayList<>(List.of("0"));
    cells.addAll(Collections.nCopies(13, "1"));
    cells.addAll(Collections.nCopies(26, "a"));
    for (int i = 0; i < first.length; i++) {
      cells.set(i, first[i]);
    }
    return String.join("\t", cells);
  }

  private List<String> read(String text, CriteoOptions options, BadRows bad) throws IOException {
    Path file = Files.writeString(folder.resolve("train.tsv"), text, StandardCharsets.ISO_8859_1);
    List<String> rows = new ArrayList<>();
    try (CriteoFile in = new CriteoFile(file, options, bad, false)) {
      CriteoRow r = new CriteoRow();
      while (in.next(r)) {
        rows.add(r.label + " " + r.dense[0] + " " + r.dense[12] + " " + r.sparse[0]);
      }
    }
    return rows;
  }

  private List<String> read(String text) throws IOException {
    return read(text, CriteoOptions.REFERENCE, new BadRows(BadRows.Policy.FAIL));
  }

  private void fails(String second, String message) {
    assertThatThrownBy(() -> read(row() + "\n" + second + "\n"))
        .isInstanceOf(DataException.class)
        .hasMessageContaining(folder.resolve("train.tsv") + ":2: " + message)
        .hasMessageContaining("--on-bad-row skip");
  }

  @Test
  void worksOnPlainRowsWithAndWithoutALastLineEnd() throws IOException {
    assertThat(read(row("1", "-2", "7")))
        .isEqualTo(read(row("1", "-2", "7") + "\n"))
        .isEqualTo(read(row("1", "-2", "7") + "\r\n"))
        .containsExactly("1 -2 1 10");
    String tokens = row().replace("\ta", "\tFFFFFFFF");
    assertThat(read(tokens)).containsExactly("0 1 1 -1");
  }

  @Test
  void emptyCellsAreMissing() throws IOException {
    Path file = Files.writeString(folder.resolve("f"), row("1", "") + "\n");
    CriteoRow r = new CriteoRow();
    try (CriteoFile in =
        new CriteoFile(file, CriteoOptions.REFERENCE, new BadRows(BadRows.Policy.FAIL), false)) {
      assertThat(in.next(r)).isTrue();
    }
    assertThat(r.denseMissing[0]).isTrue();
    assertThat(r.denseMissing[1]).isFalse();
    assertThat(r.dense[0]).isZero();
  }

  @Test
  void malformedRowsNameFileLineColumnValueAndRule() {
    fails("1\t2\t3", "3 columns. Expected 40, separated by tabs.");
    fails(row() + "\tb", "41 columns. Expected 40");
    fails(row("2"), "column label is \"2\". Expected 0 or 1.");
    fails(row(""), "column label is \"\". Expected 0 or 1.");
    fails(row("0", "1", "x7"), "column int_1 is \"x7\". Expected a whole number of 32 bits");
    fails(row("0", "1.5"), "column int_0 is \"1.5\". Expected a whole number");
    fails(row("0", "-"), "column int_0 is \"-\". Expected a whole number");
    fails(row("0", "2147483648"), "column int_0 is \"2147483648\". Expected a whole number of 32");
    fails(row("0", "99999999999999999999"), "column int_0 is \"99999999999999999999\". Expected");
    fails(row().replaceFirst("a", "xyz"), "column cat_0 is \"xyz\". Expected up to 8 digits");
    fails(row().replaceFirst("a", "123456789"), "column cat_0 is \"123456789\". Expected up to 8");
    fails(row().replaceFirst("a", "\u00ff"), "column cat_0 is \"\u00ff\". Byte 0xff is not text");
    fails("", "1 columns. Expected 40");
  }

  @Test
  void integersBelowTheReachOfTheLogarithmNameTheOption() {
    fails(
        row("0", "1", "-3"),
        "column int_1 is \"-3\". Expected at least -2, so that ln(x + 3) is not negative. Set"
            + " clampMin=-2");
  }

  @Test
  void rowsWithStrippedTabsNameTheOptionThatReadsThem() throws IOException {
    String stripped = row().substring(0, row().indexOf("a") - 1) + "\t7";
    fails(stripped, "15 columns. Expected 40, separated by tabs. If trailing empty columns were");
    CriteoOptions padding =
        new CriteoOptions(DenseTransform.logShift(3), 0, 0, true, BadRows.Policy.FAIL);
    assertThat(read(stripped, padding, new BadRows(BadRows.Policy.FAIL)))
        .containsExactly("0 1 1 7");
    assertThatThrownBy(() -> read("0\t1", padding, new BadRows(BadRows.Policy.FAIL)))
        .hasMessageContaining("2 columns. Expected 40");
  }

  @Test
  void malformedRowsAreSkippedAndCountedOnRequest() throws IOException {
    BadRows bad = new BadRows(BadRows.Policy.SKIP);
    String text = row("7") + "\n" + row("1") + "\n" + "x\n" + row("0") + "\n";
    assertThat(read(text, CriteoOptions.REFERENCE, bad)).containsExactly("1 1 1 10", "0 1 1 10");
    assertThat(bad.skipped()).isEqualTo(2);
    List<String> said = new ArrayList<>();
    bad.report(said::add);
    assertThat(said)
        .singleElement()
        .asString()
        .startsWith("left out 2 malformed rows; the first: ");
  }

  @Test
  void emptyAndMissingFilesSaySo() {
    assertThatThrownBy(() -> read("")).hasMessageContaining("train.tsv: the file is empty");
    assertThatThrownBy(
            () ->
                new CriteoFile(
                    folder.resolve("no"),
                    CriteoOptions.REFERENCE,
                    new BadRows(BadRows.Policy.FAIL),
                    false))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("no failed: it does not exist");
  }

  @Test
  void gzipIsRecognisedByItsBytes() throws IOException {
    String text = (row("1", "5") + "\n").repeat(3000);
    Path file = folder.resolve("packed");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(text.getBytes(StandardCharsets.US_ASCII));
    }
    try (CriteoFile in =
        new CriteoFile(file, CriteoOptions.REFERENCE, new BadRows(BadRows.Policy.FAIL), false)) {
      CriteoRow r = new CriteoRow();
      int n = 0;
      while (in.next(r)) {
        assertThat(r.dense[0]).isEqualTo(5);
        assertThat(r.number).isEqualTo(n++);
      }
      assertThat(n).isEqualTo(3000);
    }
  }

  @Test
  void theTransformGivesTheWorkedNumbers() {
    int[] raw = {-2, -1, 0, 1, 7, 100};
    double[] shifted = {0.000000, 0.693147, 1.098612, 1.386294, 2.302585, 4.634729};
    double[] clamped = {0.000000, 0.000000, 0.000000, 0.693147, 2.079442, 4.615121};
    for (int i = 0; i < raw.length; i++) {
      assertThat((double) DenseTransform.logShift(3).of(raw[i], false))
          .isCloseTo(shifted[i], within(1e-6));
      assertThat((double) DenseTransform.logOnePlusClamped().of(raw[i], false))
          .isCloseTo(clamped[i], within(1e-6));
    }
    assertThat((double) DenseTransform.logShift(3).of(77, true)).isCloseTo(1.098612, within(1e-6));
    DenseTransform zero = new DenseTransform(DenseTransform.Kind.LOG_SHIFT, 3, -2, null);
    assertThat(zero.of(77, true)).isEqualTo(0);
    assertThat(DenseTransform.logShift(3).clampedAt(-2).of(-9, false)).isEqualTo(0);
    assertThatThrownBy(() -> new DenseTransform(DenseTransform.Kind.LOG_SHIFT, 3, -3, null))
        .hasMessageContaining("missingFill -3")
        .hasMessageContaining("Expected at least -2");
  }
}
