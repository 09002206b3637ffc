// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import org.gradus.data.Settings;
import org.gradus.data.prepared.Row;
import org.gradus.embeddings.Field;

/// What is asked about a rating, and in which scenario.
///
/// @param labels the questions
/// @param domain what tells scenarios apart
record RatingTasks(Labels labels, Domain domain) {
  /// One question, one scenario.
  static final RatingTasks PRESET = new RatingTasks(Labels.ONE, Domain.NONE);

  /// The label's name where there is one.
  private static final String LABEL = "label";

  private static final String LIKED = "liked";
  private static final String LOVED = "loved";
  private static final String AGE_GROUP = "age_group";

  /// First ages of the groups after the one of unknown age, div 5: below 25, from 25, from 35, from 45.
  private static final int[] GROUPS = {0, 5, 7, 9};

  /// The questions.
  enum Labels {
    /// whether the rating is at least 4: `label`
    ONE,
    /// that, `liked`, and whether it is 5, `loved`
    TWO
  }

  /// What tells scenarios apart.
  enum Domain {
    /// nothing: there is one
    NONE,
    /// the age of the user: 0 where nobody knows it, then below 25, 25 to 34, 35 to 44, and 45 and above
    AGE
  }

  static RatingTasks of(Settings s) {
    return new RatingTasks(s.choice("labels", Labels.class), s.choice("domain", Domain.class));
  }

  /// The labels.
  List<Field> labelFields() {
    return labels == Labels.ONE ? List.of(binary(LABEL)) : List.of(binary(LIKED), binary(LOVED));
  }

  private static Field binary(String name) {
    return new Field.Label(name, Field.LabelKind.BINARY);
  }

  /// The scenario, if there are several.
  List<Field> domainFields() {
    return domain == Domain.NONE
        ? List.of()
        : List.of(new Field.Domain(AGE_GROUP, 1 + GROUPS.length));
  }

  /// Fills the labels of an example.
  void label(Ratings ratings, int row, Row to) {
    to.real(0, ratings.label(row));
    if (labels == Labels.TWO) {
      to.real(1, ratings.label(row, 5));
    }
  }

  /// The scenario of a user.
  static int group(MovieLens.User user) {
    int group = 0;
    for (int g = 0; g < GROUPS.length && !user.age().isEmpty(); g++) {
      group = Integer.parseInt(user.age()) >= GROUPS[g] ? g + 1 : group;
    }
    return group;
  }

  void write(DataOutput out) throws IOException {
    out.writeUTF(labels.name());
    out.writeUTF(domain.name());
  }

  static RatingTasks read(DataInput in) throws IOException {
    return new RatingTasks(Labels.valueOf(in.readUTF()), Domain.valueOf(in.readUTF()));
  }
}
