// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.gradus.autograd.OpCase.ints;
import static org.gradus.autograd.OpCase.shape;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.gradus.autograd.Lookup.Bag;
import org.gradus.tensor.Device;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients of rows by index: from tensors, jagged lists and embedding tables, with duplicates, padding and empty bags.
class GatherGradCheckTest {
  @ParameterizedTest
  @MethodSource({"tensors", "jagged", "rows", "bags", "mixed"})
  void gradientsAreRightAndMutantsFail(OpCase c) {
    try (Device reference = Device.open("reference")) {
      c.verify(reference);
    }
  }

  static Stream<OpCase> tensors() {
    return Stream.of(
        OpCase.of(
            "gather, duplicates",
            GradCheck.of(0).input("x", shape(4, 3)),
            (m, in) -> in.get("x").square().gather(0, ints(m, shape(5), 3, 0, 3, 3, 1))),
        OpCase.of(
            "gather, middle axis, ids of two axes",
            GradCheck.of(0).input("x", shape(2, 3, 2)),
            (m, in) -> in.get("x").gather(1, ints(m, shape(2, 2), 2, 2, 0, 1))),
        OpCase.of(
            "gather, last axis",
            GradCheck.of(0).input("x", shape(2, 5)),
            (m, in) -> in.get("x").gather(-1, ints(m, shape(1), 4))),
        OpCase.of(
            "pick",
            GradCheck.of(0).input("x", shape(3, 4)),
            (m, in) -> in.get("x").pick(ints(m, shape(3), 1, 1, 3))));
  }

  static Stream<OpCase> jagged() {
    List<OpCase> cases = new ArrayList<>();
    GradCheck check = GradCheck.of(0).input("x", shape(6, 2));
    for (Pooling pooling : Pooling.values()) {
      cases.add(
          OpCase.of(
              "pool " + pooling + ", an empty list",
              check,
              (m, in) -> in.get("x").pool(ints(m, shape(5), 0, 3, 3, 4, 6), pooling)));
      cases.add(
          OpCase.of(
              "pool " + pooling + ", one list",
              check,
              (m, in) -> in.get("x").pool(ints(m, shape(2), 0, 6), pooling)));
    }
    cases.add(
        OpCase.of(
            "pad, cut and empty",
            check,
            (m, in) -> in.get("x").pad(ints(m, shape(5), 0, 3, 3, 4, 6), 2)));
    cases.add(
        OpCase.of(
            "pad, longer than any",
            check,
            (m, in) -> in.get("x").pad(ints(m, shape(3), 0, 1, 6), 7)));
    return cases.stream();
  }

  static Stream<OpCase> rows() {
    return Stream.of(
        rows("rows", -1, shape(3), 4, 0, 2),
        rows("rows, duplicates", -1, shape(2, 3), 4, 0, 4, 4, 1, 0),
        rows("rows, padding", 0, shape(2, 2), 0, 3, 0, 3).blindTo("square", "add"),
        rows("rows, padding in the middle", 3, shape(4), 3, 1, 4, 3).blindTo("square", "add"),
        new OpCase(
            "rows, two lookups in one table",
            GradCheck.of(0),
            params -> {
              TableParameter t = params.table("t", 5, 2, -1, Initializers.zeros());
              return (mode, _) ->
                  Map.of(
                      "y",
                      Lookup.rows(mode.tape(), t, shape(3), 1, 3, 1)
                          .multiply(Lookup.rows(mode.tape(), t, shape(3), 0, 1, 3)));
            }));
  }

  private static OpCase rows(String name, int paddingId, Shape shape, int... ids) {
    return new OpCase(
        name,
        GradCheck.of(0),
        params -> {
          TableParameter t = params.table("t", 5, 3, paddingId, Initializers.zeros());
          // + 1: also a padding row, which is zero, has a slope
          return (mode, _) -> Map.of("y", Lookup.rows(mode.tape(), t, shape, ids).add(1).square());
        });
  }

  static Stream<OpCase> bags() {
    List<OpCase> cases = new ArrayList<>();
    for (Pooling pooling : Pooling.values()) {
      // Duplicates within a bag and between bags, an empty bag, a bag of padding only.
      for (int paddingId : new int[] {-1, 0}) {
        String name = "bags " + pooling + ", padding id " + paddingId;
        cases.add(
            new OpCase(
                name,
                GradCheck.of(0),
                params -> {
                  TableParameter t = params.table("t", 5, 2, paddingId, Initializers.zeros());
                  return (mode, _) -> Map.of("y", bag(mode, t, pooling, null));
                }));
        if (pooling != Pooling.MAX) {
          cases.add(
              new OpCase(
                  name + ", weights",
                  GradCheck.of(0).input("weights", shape(8), Draw.uniform(0.5, 2)),
                  params -> {
                    TableParameter t = params.table("t", 5, 2, paddingId, Initializers.zeros());
                    return (mode, in) -> Map.of("y", bag(mode, t, pooling, in.get("weights")));
                  }));
        }
      }
    }
    return cases.stream();
  }

  private static Var bag(Mode mode, TableParameter t, Pooling pooling, @Nullable Var weights) {
    int[] ids = {4, 1, 4, 0, 0, 1, 2, 0};
    int[] offsets = {0, 3, 3, 5, 8};
    return Lookup.bags(mode.tape(), List.of(new Bag(t, pooling)), ids, offsets, weights).square();
  }

  static Stream<OpCase> mixed() {
    int[] ids = {1, 2, 2, 0, 3, 1, 1, 3, 2};
    int[] offsets = {0, 2, 3, 5, 5, 8, 9};
    return Stream.of(
        new OpCase(
            "bags of three features, two sharing a table, all poolings different",
            GradCheck.of(0),
            params -> {
              TableParameter s = params.table("shared", 4, 2, 0, Initializers.zeros());
              TableParameter t = params.table("own", 4, 3, -1, Initializers.zeros());
              return (mode, _) ->
                  Map.of(
                      "y",
                      Lookup.bags(
                              mode.tape(),
                              List.of(
                                  new Bag(s, Pooling.MEAN),
                                  new Bag(t, Pooling.SQRTN),
                                  new Bag(s, Pooling.MAX)),
                              ids,
                              offsets,
                              null)
                          .square());
            }),
        new OpCase(
            "bags of two features, weights, one table",
            GradCheck.of(0).input("weights", shape(9), Draw.uniform(0.5, 2)),
            params -> {
              TableParameter s = params.table("shared", 4, 2, 3, Initializers.zeros());
              return (mode, in) ->
                  Map.of(
                      "y",
                      Lookup.bags(
                              mode.tape(),
                              List.of(new Bag(s, Pooling.SUM), new Bag(s, Pooling.MEAN)),
                              ids,
                              new int[] {0, 2, 5, 9, 9},
                              in.get("weights"))
                          .square());
            }));
  }
}
