// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.widedeep;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.HashingTrick;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// Cross-product features φ_k of Wide & Deep, with one weight w_k each, of those in w_wide, initially 0.
///
/// ```
/// φ_k(x) = Πᵢ xᵢ^{c_ki},  c_ki ∈ {0, 1}                        (WD-1)
/// ```
///
/// xᵢ is the value of feature i of an example, 0 where it does not have it; i runs over all features, k over the crosses. c_ki
/// is 1 where feature i is a member of cross k, and xᵢ⁰ = 1: φ_k multiplies the values of its members. Features are ids of
/// fields here; dense fields cannot be crossed.
///
/// | Word | Crosses |
/// | --- | --- |
/// | `user*city` | a product of fields: a cross for every combination of ids of two fields, or of more |
/// | `user=2&city=3` | a conjunction: one cross, of these ids |
/// | `pairs` | `a*b` for all pairs of fields with ids, but for those pooled by MAX |
///
/// The weights of a product are a table with row `(id₁ · size₂ + id₂) · size₃ + id₃`, and so on, sizeᵢ being how many ids the i-th
/// field has, or with buckets one of so many rows by hash. Conjunction k, from 0, has row k + 1 of one table for all of them.
///
/// For ids without weights that are summed, φ is 1 where all members are there, and 0 otherwise. A missing member, id 0, makes
/// it 0: no cross fires. With several values of a field each of them crosses, and x is the value that the linear term has too.
/// A field pooled by MAX has no such values, and is not crossed. B is the number of examples of a batch.
final class Crosses {
  private final FieldEmbeddings fields; //       the fields with ids, and the values x of these
  private final @Nullable HashingTrick hash; //  null for a row per combination
  private final List<int[]> products = new ArrayList<>(); // places of their fields in `fields`
  private final List<Member[]> conjunctions = new ArrayList<>();
  private final List<Lookup.Bag> bags =
      new ArrayList<>(); //    tables of the products, then of the conjunctions

  /// An id of a field, which is named by its place.
  private record Member(int field, int id) {}

  /// @param words what to cross, see above
  /// @param buckets rows of a hashed table, or 0 for a row per combination
  /// @param fields whose ids are crossed
  Crosses(List<String> words, int buckets, FieldEmbeddings fields, Params params) {
    this.fields = fields;
    // its rows 0 and 1 stay free, for padding and unknown values; all tables hash alike, seed 0
    hash = buckets == 0 ? null : new HashingTrick(buckets + 2, 0);
    for (String word : words) {
      if (word.equals("pairs")) {
        pairs();
      } else if (word.contains("=")) {
        conjunctions.add(
            Arrays.stream(word.split("&", -1)).map(m -> member(word, m)).toArray(Member[]::new));
      } else if (word.contains("*")) {
        products.add(Arrays.stream(word.split("\\*", -1)).mapToInt(n -> field(word, n)).toArray());
      } else {
        throw refused(word, word);
      }
    }
    for (int[] product : products) {
      String name =
          String.join("+", Arrays.stream(product).mapToObj(f -> field(f).name()).toList());
      bags.add(bag(name, hash == null ? rows(name, product) : hash.size(), params));
    }
    if (!conjunctions.isEmpty()) {
      bags.add(bag("and", conjunctions.size() + 1, params));
    }
  }

  /// A table of weights, of which a bag, all that fires in one product for one example, adds up. Row 0 is padding.
  private static Lookup.Bag bag(String name, int rows, Params params) {
    return new Lookup.Bag(params.table(name, rows, 1, 0, Initializers.zeros()), Pooling.SUM);
  }

  /// Every pair of fields that can be crossed, ordered by name, so that weights do not depend on the order of columns.
  private void pairs() {
    List<Field.Ids> all =
        fields.fields().stream()
            .filter(f -> !pooledByMax(f))
            .sorted(Comparator.comparing(Field.Ids::name))
            .toList();
    for (int i = 0; i < all.size(); i++) {
      for (int j = i + 1; j < all.size(); j++) {
        int first = fields.fields().indexOf(all.get(i));
        products.add(new int[] {first, fields.fields().indexOf(all.get(j))});
      }
    }
  }

  private static boolean pooledByMax(Field.Ids field) {
    return field instanceof Field.MultiValued m && m.pooling() == Pooling.MAX;
  }

  /// The field at this place.
  private Field.Ids field(int f) {
    return fields.fields().get(f);
  }

  /// The place of the field of this name.
  private int field(String word, String name) {
    for (int f = 0; f < fields.fields().size(); f++) {
      if (field(f).name().equals(name.strip()) && !pooledByMax(field(f))) {
        return f;
      }
    }
    throw refused(word, name);
  }

  private IllegalArgumentException refused(String word, String name) {
    return new IllegalArgumentException(
        "cross "
            + word
            + ": cannot cross "
            + name
            + ". Expected pairs, or fields such as a*b or a=2&b=3, of: "
            + String.join(
                ", ",
                fields.fields().stream()
                    .filter(f -> !pooledByMax(f))
                    .map(Field.Ids::name)
                    .toList()));
  }

  /// `field=id`, a member of a conjunction.
  private Member member(String word, String member) {
    int at = member.indexOf('=');
    int f = field(word, at < 0 ? member : member.substring(0, at));
    String id = at < 0 ? "" : member.substring(at + 1).strip();
    if (!id.matches("[0-9]{1,9}")
        || Integer.parseInt(id) < 1
        || Integer.parseInt(id) >= field(f).size()) {
      throw new IllegalArgumentException(
          "cross "
              + word
              + ": id "
              + id
              + " of "
              + field(f).name()
              + ". Expected 1 to "
              + (field(f).size() - 1)
              + ".");
    }
    return new Member(f, Integer.parseInt(id));
  }

  /// A row per combination of ids of the product's fields.
  private int rows(String name, int[] product) {
    long rows = 1;
    for (int f : product) {
      rows *= field(f).size();
      if (rows > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "cross " + name + ": a row per combination is too many. Expected buckets above 0.");
      }
    }
    return (int) rows;
  }

  /// Whether nothing is crossed.
  boolean isEmpty() {
    return bags.isEmpty();
  }

  /// Σ_k w_k φ_k(x), `[B]`.
  Var forward(Batch batch, Mode mode) {
    Fired fired = new Fired(batch);
    for (int[] product : products) {
      for (int b = 0; b < batch.size(); b++) {
        fired.product(product, 0, b, 0, 1); // no member yet: key 0, value 1
        fired.endOfBag();
      }
    }
    for (int b = 0; b < batch.size() && !conjunctions.isEmpty(); b++) {
      fired.conjunctions(b);
      fired.endOfBag();
    }
    Var phi =
        mode.tape()
            .constant(Shape.of(fired.count), Arrays.copyOf(fired.phi, fired.count)); // (WD-1)
    int[] rows = Arrays.copyOf(fired.rows, fired.count);
    // a sum of w_k φ_k per table and example, then over the tables: [B, tables] → [B]
    return Lookup.bags(mode.tape(), bags, rows, fired.offsets, phi).sum(1);
  }

  /// The crosses of a batch that fire, bag by bag: table by table, example by example in each.
  private final class Fired {
    private final JaggedIds[] ids; //            of each field
    private final double[][] x; //               their values; none for a field pooled by MAX
    private final int[] offsets; //              where each bag begins, and where the last one ends
    private int[] rows = new int[64]; //         of the weights w_k; grows as needed
    private double[] phi = new double[64]; //    φ_k, as many as rows
    private int count; //                        how many of both are in use
    private int bag; //                          how many bags are done

    Fired(Batch batch) {
      int n = fields.fields().size();
      ids = new JaggedIds[n];
      x = new double[n][];
      for (int f = 0; f < n; f++) {
        ids[f] = batch.sparse().of(field(f).name());
        x[f] = pooledByMax(field(f)) ? new double[0] : fields.values(f, batch);
      }
      offsets = new int[bags.size() * batch.size() + 1];
    }

    /// All combinations of the ids that example b has in the fields of the product from place `member` on, given those before.
    ///
    /// @param before the row, or what is to be hashed, of the ids given so far
    /// @param value the product of their x
    void product(int[] product, int member, int b, long before, double value) {
      if (member == product.length) {
        add(hash == null ? (int) before : hash.id(before), value);
        return;
      }
      int f = product[member];
      for (int i = ids[f].offsets()[b]; i < ids[f].offsets()[b + 1]; i++) {
        int id = ids[f].values()[i];
        if (id != 0) {
          long key = hash == null ? before * field(f).size() + id : Counter.key(before, (long) id);
          product(product, member + 1, b, key, value * x[f][i]);
        }
      }
    }

    /// The conjunctions whose members example b has. An id that it has twice counts with the sum of both values.
    void conjunctions(int b) {
      for (int k = 0; k < conjunctions.size(); k++) {
        double value = 1;
        for (Member m : conjunctions.get(k)) {
          double sum = 0;
          for (int i = ids[m.field].offsets()[b]; i < ids[m.field].offsets()[b + 1]; i++) {
            sum += ids[m.field].values()[i] == m.id ? x[m.field][i] : 0;
          }
          value *= sum;
        }
        if (value != 0) {
          add(k + 1, value);
        }
      }
    }

    /// A cross fires.
    private void add(int row, double value) {
      if (count == rows.length) {
        rows = Arrays.copyOf(rows, 2 * count);
        phi = Arrays.copyOf(phi, 2 * count);
      }
      rows[count] = row;
      phi[count++] = value;
    }

    /// What fires next belongs to the next bag.
    void endOfBag() {
      offsets[++bag] = count;
    }
  }
}
