// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.io.DataInput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.prepared.ChecksummedFile;

/// Cuts windows from a table of series with the scalers of the training rows. Stations must be among those.
///
/// @param measured names of variables, the target first
/// @param step seconds from one time to the next
/// @param fill steps in a row that are filled from the past at most
/// @param windowing of the windows
/// @param scaler fitted on training rows
record SeriesEncoder(
    List<String> measured, long step, int fill, Windowing windowing, PanelScaler scaler)
    implements DataSource.Encoder, NextWindows {
  private static final String FILE = "series.encoder";
  private static final String KIND = "series encoder 2";

  @Override
  public WindowExamples encode(Path file) {
    Panel known = read(file).withCalendar();
    List<Window> windows = Windows.of(known, windowing, Targets.since(Long.MIN_VALUE));
    if (windows.isEmpty()) {
      throw new DataException(
          file
              + ": no window of "
              + windowing.span()
              + " steps with what it sees and what it predicts. Expected a station with as many in"
              + " a row; gradus forecast says what comes behind the last.");
    }
    return new WindowExamples(known, scaler, windowing, windows);
  }

  @Override
  public WindowExamples next(Path file) {
    Panel panel = read(file);
    Panel longer = panel.longer(windowing.gap() + windowing.horizon()).withCalendar();
    return new WindowExamples(longer, scaler, windowing, Windows.next(panel, windowing));
  }

  private Panel read(Path file) {
    Panel panel = SeriesText.read(file, measured.getFirst(), step, scaler.stations());
    if (!panel.measured().equals(measured)) {
      throw DataException.row(
          file, 1, "it measures " + panel.measured() + ". Expected " + measured + ".");
    }
    List<TimeSeries> stations = new ArrayList<>();
    for (TimeSeries s : panel.stations()) {
      TimeSeries known = s.upToTheLastMeasured(); // what is behind it waits for its values
      stations.add(fill == 0 ? known : known.filledFromThePast(step, fill));
    }
    return new Panel(measured, List.of(), step, stations);
  }

  @Override
  public void save(Path folder) {
    ChecksummedFile.write(
        folder.resolve(FILE),
        KIND,
        out -> {
          out.writeInt(measured.size());
          for (String name : measured) {
            out.writeUTF(name);
          }
          out.writeLong(step);
          out.writeInt(fill);
          out.writeInt(windowing.steps());
          out.writeInt(windowing.horizon());
          out.writeInt(windowing.stride());
          out.writeInt(windowing.gap());
          scaler.write(out);
        });
  }

  /// Reads what [#save] wrote.
  static SeriesEncoder load(Path folder) {
    return ChecksummedFile.read(folder.resolve(FILE), KIND, SeriesEncoder::read);
  }

  private static SeriesEncoder read(DataInput in) throws IOException {
    List<String> measured = new ArrayList<>();
    for (int n = in.readInt(); n > 0; n--) {
      measured.add(in.readUTF());
    }
    long step = in.readLong();
    int fill = in.readInt();
    Windowing windowing = new Windowing(in.readInt(), in.readInt(), in.readInt(), in.readInt());
    return new SeriesEncoder(List.copyOf(measured), step, fill, windowing, PanelScaler.read(in));
  }
}
