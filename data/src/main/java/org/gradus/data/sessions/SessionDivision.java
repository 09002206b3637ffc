// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.sessions;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataException;
import org.gradus.data.Settings;
import org.jspecify.annotations.Nullable;

/// Divides a history into sessions (Feng et al., DSIN, IJCAI 2019): a pause ends one.
///
/// ```
/// times  0  600  2400  4201  4300  9000         pause 1800
/// more than the pause       {0, 600, 2400}  {4201, 4300}  {9000}
/// as much or more           {0, 600}  {2400}  {4201, 4300}  {9000}
/// ```
///
/// Only what happened strictly before the moment of the example is read: sessions that end after it, cut at it, would tell
/// the label.
///
/// @param pause what ends a session
/// @param minBehaviours shorter sessions are dropped; 1 drops none. The authors' program keeps those of more than 2
/// @param maxSessions K, the latest ones stay
/// @param maxLength T, the latest behaviours of a session stay
/// @param order of the sessions; within one, behaviours are oldest first
public record SessionDivision(
    Pause pause, int minBehaviours, int maxSessions, int maxLength, Order order) {
  /// The paper's half an hour; five sessions of ten.
  public static final SessionDivision PAPER =
      new SessionDivision(new Pause(1800, false), 1, 5, 10, Order.OLDEST_FIRST);

  /// Stands in an encoder's file for the length of a history that is divided; the division follows. Files that are older than
  /// sessions never have it.
  public static final int DIVIDED = -1;

  /// What `historyLength` is where nobody says: it bounds histories that are not divided.
  private static final String HISTORY_LENGTH = "50";

  /// The settings that [#of] reads, with their presets: no sessions, and otherwise five of ten.
  public static Map<String, String> presets() {
    return Map.of(
        "sessionPause",
        "0",
        "maxSessions",
        Integer.toString(PAPER.maxSessions),
        "sessionLength",
        Integer.toString(PAPER.maxLength),
        "historyLength",
        HISTORY_LENGTH);
  }

  /// The division that settings ask for, oldest session first; null for histories that are not divided.
  public static @Nullable SessionDivision of(Settings s) {
    int pause = s.integer("sessionPause", 0);
    int sessions = s.integer("maxSessions", 1);
    int length = s.integer("sessionLength", 1);
    if (pause == 0) {
      if (sessions != PAPER.maxSessions || length != PAPER.maxLength) {
        throw new DataException(
            "maxSessions="
                + sessions
                + " and sessionLength="
                + length
                + " without sessions. Expected data.sessionPause too, the pause that ends a"
                + " session, such as 1800.");
      }
      return null;
    }
    if (!s.text("historyLength").equals(HISTORY_LENGTH)) {
      throw new DataException(
          "historyLength="
              + s.text("historyLength")
              + " with sessionPause="
              + pause
              + ". Expected data.maxSessions and data.sessionLength, which bound a history of"
              + " sessions.");
    }
    return new SessionDivision(new Pause(pause, false), 1, sessions, length, Order.OLDEST_FIRST);
  }

  /// Writes a division.
  public void write(DataOutput out) throws IOException {
    out.writeLong(pause.length);
    out.writeBoolean(pause.inclusive);
    out.writeInt(minBehaviours);
    out.writeInt(maxSessions);
    out.writeInt(maxLength);
    out.writeUTF(order.name());
  }

  /// Reads what [#write] wrote.
  public static SessionDivision read(DataInput in) throws IOException {
    return new SessionDivision(
        new Pause(in.readLong(), in.readBoolean()),
        in.readInt(),
        in.readInt(),
        in.readInt(),
        Order.valueOf(in.readUTF()));
  }

  /// What ends a session.
  ///
  /// @param length in the unit of the times
  /// @param inclusive whether a pause of exactly this length does, and not only a longer one
  public record Pause(long length, boolean inclusive) {
    /// Checks the length.
    public Pause {
      if (length < 0) {
        throw new IllegalArgumentException(
            "sessions: a pause of " + length + ". Expected at least 0.");
      }
    }

    private boolean ends(long from, long to) {
      long passed = Math.subtractExact(to, from);
      return inclusive ? passed >= length : passed > length;
    }
  }

  /// How sessions stand one behind the other.
  public enum Order {
    /// As [org.gradus.embeddings.Field.Sessions] wants them.
    OLDEST_FIRST,
    /// As the authors' program stores them.
    NEWEST_FIRST
  }

  /// Checks the numbers.
  public SessionDivision {
    if (minBehaviours < 1 || maxSessions < 1 || maxLength < 1) {
      throw new IllegalArgumentException(
          "sessions: minBehaviours "
              + minBehaviours
              + ", maxSessions "
              + maxSessions
              + ", maxLength "
              + maxLength
              + ". Expected at least 1 each.");
    }
  }

  /// The sessions of one history, each as the places of its behaviours in `times`, oldest first. Behaviours of the same time
  /// keep their order.
  ///
  /// @param times of the behaviours, in any order
  /// @param before the moment of the example: behaviours at it or after it are not read
  public List<int[]> divide(long[] times, long before) {
    Integer[] past = new Integer[times.length];
    int n = 0;
    for (int i = 0; i < times.length; i++) {
      if (times[i] < before) {
        past[n++] = i;
      }
    }
    Arrays.sort(past, 0, n, Comparator.comparingLong(i -> times[i])); // stable
    List<int[]> sessions = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= n; i++) {
      if (i == n || pause.ends(times[past[i - 1]], times[past[i]])) {
        if (i - from >= minBehaviours) {
          sessions.add(places(past, Math.max(from, i - maxLength), i));
        }
        from = i;
      }
    }
    int dropped = Math.max(0, sessions.size() - maxSessions);
    List<int[]> latest = new ArrayList<>(sessions.subList(dropped, sessions.size()));
    if (order == Order.NEWEST_FIRST) {
      Collections.reverse(latest);
    }
    return latest;
  }

  private static int[] places(Integer[] past, int from, int to) {
    int[] places = new int[to - from];
    Arrays.setAll(places, i -> past[from + i]);
    return places;
  }
}
