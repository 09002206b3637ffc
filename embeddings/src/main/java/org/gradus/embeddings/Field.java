// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import org.gradus.tensor.Pooling;

/// One column of the data, and what it is for. Names are unique within a schema.
///
/// Fields that hold ids name their table: fields with the same table name share one (a history and the candidate
/// item must). `size` is the number of rows that the ids need: known values + 2.
public sealed interface Field {
  /// The column's name.
  String name();

  /// A field whose ids are looked up in a table.
  sealed interface Ids extends Field {
    /// Number of rows of the table: every id is below it.
    int size();

    /// Name of the table.
    String table();
  }

  /// A real number, already transformed as the model shall see it.
  record Dense(String name) implements Field {
    /// Checks the name.
    public Dense {
      checkName(name);
    }
  }

  /// Exactly one id per example.
  record Categorical(String name, int size, String table) implements Ids {
    /// Checks name and size.
    public Categorical {
      checkIds(name, size, table);
    }

    /// A field with a table of its own.
    public Categorical(String name, int size) {
      this(name, size, name);
    }
  }

  /// Zero or more ids per example, in no order.
  ///
  /// @param pooling how their vectors become one
  /// @param maxLength the most ids that an example may have
  record MultiValued(String name, int size, String table, Pooling pooling, int maxLength)
      implements Ids {
    /// Checks name, size and length.
    public MultiValued {
      checkIds(name, size, table);
      checkLength(name, maxLength);
    }
  }

  /// Ids in the order in which they happened, oldest first.
  ///
  /// @param maxLength the most ids that an example may have; older ones are dropped by the reader
  record Sequence(String name, int size, String table, int maxLength) implements Ids {
    /// Checks name, size and length.
    public Sequence {
      checkIds(name, size, table);
      checkLength(name, maxLength);
    }
  }

  /// Sessions of ids, oldest session first, each in the order in which it happened.
  ///
  /// @param maxSessions the most sessions of an example
  /// @param maxLength the most ids of a session
  record Sessions(String name, int size, String table, int maxSessions, int maxLength)
      implements Ids {
    /// Checks name, size and lengths.
    public Sessions {
      checkIds(name, size, table);
      checkLength(name, maxLength);
      checkLength(name, maxSessions);
    }
  }

  /// Real numbers at consecutive steps of time, oldest first, already scaled as the model shall see them: a variable's past,
  /// and, where it is known in advance, what it will be at the steps that are predicted.
  ///
  /// @param steps past values of an example
  /// @param ahead values known in advance, behind the past ones: one per predicted step, or none
  record Series(String name, int steps, int ahead) implements Field {
    /// Checks name and lengths.
    public Series {
      checkName(name);
      checkLength(name, steps);
      if (ahead < 0) {
        throw new IllegalArgumentException(
            "field " + name + ": " + ahead + " values ahead. Expected at least 0.");
      }
    }

    /// A variable of which only the past is known.
    public Series(String name, int steps) {
      this(name, steps, 0);
    }

    /// Values of an example, past ones and those ahead.
    public int length() {
      return steps + ahead;
    }
  }

  /// What a label measures.
  enum LabelKind {
    /// 0 or 1
    BINARY,
    /// any real number
    REGRESSION
  }

  /// What is to be predicted; heads of a model are joined to it by name.
  record Label(String name, LabelKind kind) implements Field {
    /// Checks the name.
    public Label {
      checkName(name);
    }
  }

  /// Whether a label was observed: 1 counts, 0 does not.
  ///
  /// @param label the label it belongs to
  record LabelMask(String name, String label) implements Field {
    /// Checks the names.
    public LabelMask {
      checkName(name);
      checkName(label);
    }
  }

  /// How much an example counts in the loss.
  record SampleWeight(String name) implements Field {
    /// Checks the name.
    public SampleWeight {
      checkName(name);
    }
  }

  /// Whose list an example belongs to, usually the user; for grouped metrics such as GAUC.
  record Group(String name) implements Field {
    /// Checks the name.
    public Group {
      checkName(name);
    }
  }

  /// Which scenario an example comes from, 0 … `domains` − 1.
  record Domain(String name, int domains) implements Field {
    /// Checks name and number.
    public Domain {
      checkName(name);
      if (domains < 1) {
        throw new IllegalArgumentException(
            "field " + name + ": " + domains + " domains. Expected at least 1.");
      }
    }
  }

  /// When an example happened, in the data's own unit.
  record Timestamp(String name) implements Field {
    /// Checks the name.
    public Timestamp {
      checkName(name);
    }
  }

  private static void checkName(String name) {
    if (name.isBlank() || name.indexOf('/') >= 0) {
      throw new IllegalArgumentException(
          "field: name \"" + name + "\". Expected a name that is not blank and holds no slash.");
    }
  }

  private static void checkIds(String name, int size, String table) {
    checkName(name);
    checkName(table);
    if (size < 2) {
      throw new IllegalArgumentException(
          "field "
              + name
              + ": size "
              + size
              + ". Expected at least 2, for padding and out of vocabulary.");
    }
  }

  private static void checkLength(String name, int length) {
    if (length < 1) {
      throw new IllegalArgumentException(
          "field " + name + ": length " + length + ". Expected at least 1.");
    }
  }
}
