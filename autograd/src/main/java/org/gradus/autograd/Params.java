// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceException;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Table;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Hands out a model's parameters by path, and keeps them.
///
/// ```
/// Params params = Params.create(device, seed);
/// DenseParameter w = params.at("deep").at("0").weight("kernel", Shape.of(390, 400), Initializers.xavierUniform());
/// w.path();                                                   // deep/0/kernel
/// ```
///
/// The initial value depends on the seed and the path only, so reordering a constructor changes nothing.
public final class Params implements AutoCloseable {
  /// Rows written to a table at once while it is initialised.
  private static final int CHUNK = 1 << 16;

  /// Chunks drawn before they are written.
  private static final int CHUNKS_AT_ONCE = 64;

  private final Store store;
  private final String prefix;

  private record Store(
      Device device, @Nullable Long seed, Scope scope, TreeMap<String, Parameter> byPath) {}

  private Params(Store store, String prefix) {
    this.store = store;
    this.prefix = prefix;
  }

  /// No parameters yet, on a device.
  public static Params create(Device device, long seed) {
    return new Params(new Store(device, seed, new Scope(device), new TreeMap<>()), "");
  }

  /// As [#create], with every number 0 whatever the initialisers say: for a look at shapes. Tables take no memory until
  /// they are written.
  public static Params zeros(Device device) {
    return new Params(new Store(device, null, new Scope(device), new TreeMap<>()), "");
  }

  /// The same store, with every path below `name`.
  public Params at(String name) {
    checkName(name);
    return new Params(store, prefix + name + "/");
  }

  /// As [#at(String)] with a number: layer 0, 1, ….
  public Params at(int index) {
    return at(Integer.toString(index));
  }

  /// Where the parameters live.
  public Device device() {
    return store.device;
  }

  /// The path under which parameters are handed out here, without the final slash; empty at the root.
  public String path() {
    return prefix.isEmpty() ? "" : prefix.substring(0, prefix.length() - 1);
  }

  /// A new weight.
  public DenseParameter weight(String name, Shape shape, Initializer init) {
    return dense(name, shape, Parameter.Role.WEIGHT, init);
  }

  /// A new additive constant, never regularised; initially 0.
  public DenseParameter bias(String name, Shape shape) {
    return dense(name, shape, Parameter.Role.BIAS, Initializers.zeros());
  }

  /// A new dense parameter of any role.
  public DenseParameter dense(String name, Shape shape, Parameter.Role role, Initializer init) {
    String path = claim(name);
    float[] values = new float[shape.elements()];
    Long seed = store.seed;
    if (seed != null) {
      init.fill(values, 0, Initializer.Fans.of(shape), Counter.key(seed, path));
    }
    Tensor value = store.scope.real(path, shape);
    store.device.upload(value.buffer(), values);
    DenseParameter p = new DenseParameter(path, role, value);
    store.byPath.put(path, p);
    return p;
  }

  /// A new tensor that is saved with the model but not trained: moving statistics.
  public DenseParameter state(String name, Shape shape, double value) {
    return dense(name, shape, Parameter.Role.STATE, Initializers.constant(value));
  }

  /// A new embedding table `[rows, width]`.
  ///
  /// @param paddingId the row that stays zero, or [TableParameter#NO_PADDING]
  public TableParameter table(String name, int rows, int width, int paddingId, Initializer init) {
    if (rows < 1 || width < 1 || paddingId >= rows) {
      throw new IllegalArgumentException(
          prefix
              + name
              + ": table ["
              + rows
              + ", "
              + width
              + "] with padding id "
              + paddingId
              + ". Expected at least one row and column, and a padding id below the number of"
              + " rows."
              + (width < 1
                  ? " The number of columns is an option of the model, most often embeddingDim."
                  : ""));
    }
    String path = claim(name);
    TableParameter p = new TableParameter(path, memory(path, rows, width), paddingId);
    store.byPath.put(path, p); // from here on, close() frees the memory, whatever happens
    Long seed = store.seed;
    if (seed != null) {
      initialize(p, init, Counter.key(seed, path));
    }
    return p;
  }

  private Table memory(String path, int rows, int width) {
    try {
      return store.device.table(rows, width);
    } catch (DeviceException e) {
      throw e.during(path);
    }
  }

  /// Draws a table of billions of numbers some rows at a time, each piece by whatever thread is free: values are functions of
  /// key and position. The writing, in order, stays with the caller.
  private static void initialize(TableParameter p, Initializer init, long key) {
    Table table = p.table();
    int rows = table.rows();
    int step = Math.max(1, CHUNK / table.width());
    int chunks = (int) ((rows + (long) step - 1) / step);
    float[][] values = new float[Math.min(CHUNKS_AT_ONCE, chunks)][];
    int some = 1; // one that fails shall fail in the thread that asked
    for (int done = 0; done < chunks; done += some) {
      int from = done;
      some = done == 0 ? 1 : Math.min(values.length, chunks - done);
      IntStream numbers = IntStream.range(0, some);
      (some == 1 ? numbers : numbers.parallel())
          .forEach(
              c -> {
                int first = (from + c) * step;
                int size = Math.min(step, rows - first) * table.width();
                float[] used = values[c];
                values[c] = used != null && used.length == size ? used : new float[size];
                draw(p, first, values[c], init, key);
              });
      for (int c = 0; c < some; c++) {
        if (!isZero(values[c])) { // a new table is zero: what is not written takes no memory
          table.write((from + c) * step, values[c]);
        }
      }
    }
  }

  private static void draw(
      TableParameter p, int first, float[] values, Initializer init, long key) {
    int width = p.table().width();
    int rows = values.length / width;
    int padding = p.paddingId();
    init.fill(values, (long) first * width, new Initializer.Fans(p.table().rows(), width), key);
    if (padding >= first && padding < first + rows) {
      Arrays.fill(values, (padding - first) * width, (padding - first + 1) * width, 0);
    }
  }

  private static boolean isZero(float[] values) {
    int bits = 0;
    for (float v : values) {
      bits |= Float.floatToRawIntBits(v); // −0 is written
    }
    return bits == 0;
  }

  /// Every parameter of the store, by path.
  public List<Parameter> all() {
    return List.copyOf(store.byPath.values());
  }

  /// The parameter at a full path.
  public Parameter get(String path) {
    Parameter p = store.byPath.get(path);
    if (p == null) {
      throw new IllegalArgumentException(
          "params: no parameter at "
              + path
              + ". Expected one of: "
              + String.join(", ", store.byPath.keySet()));
    }
    return p;
  }

  /// Copies parameters from another store: each one below `from` to the same path below here, for a model whose parts were
  /// trained before. Nothing is copied unless every path and shape is found.
  public void copyFrom(Params from) {
    List<Runnable> copies = new ArrayList<>();
    for (Parameter p : from.below()) {
      String path = prefix + p.path().substring(from.prefix.length());
      Parameter own = get(path);
      copies.add(
          switch (p) {
            case DenseParameter d
                when own instanceof DenseParameter to && to.shape().equals(d.shape()) ->
                () -> to.write(d.value().toDoubles());
            case TableParameter t
                when own instanceof TableParameter to
                    && to.table().rows() == t.table().rows()
                    && to.table().width() == t.table().width() ->
                () -> copyRows(t.table(), to.table());
            default ->
                throw new IllegalArgumentException(
                    "params: cannot copy " + p + " to " + own + ". Expected the same shape.");
          });
    }
    copies.forEach(Runnable::run);
  }

  private static void copyRows(Table from, Table to) {
    int step = Math.max(1, CHUNK / from.width());
    for (int first = 0; first < from.rows(); first += Math.min(step, from.rows() - first)) {
      double[] rows = new double[Math.min(step, from.rows() - first) * from.width()];
      from.read(first, rows);
      to.write(first, rows);
    }
  }

  private List<Parameter> below() {
    return store.byPath.values().stream().filter(p -> p.path().startsWith(prefix)).toList();
  }

  /// The parameters whose path matches a pattern: `*` stands for anything, and `a.b` is the same as `a/b`.
  public List<Parameter> matching(String pattern) {
    StringBuilder regex = new StringBuilder();
    for (String part : pattern.replace('.', '/').split("\\*", -1)) {
      regex.append(regex.isEmpty() ? "" : ".*").append(Pattern.quote(part));
    }
    Pattern p = Pattern.compile(regex.toString());
    List<Parameter> found = new ArrayList<>();
    store.byPath.forEach(
        (path, parameter) -> {
          if (p.matcher(path.replace('.', '/')).matches()) {
            found.add(parameter);
          }
        });
    return found;
  }

  /// Freezes every parameter that matches: no update, no regularisation, no moments.
  public void freeze(String pattern) {
    List<Parameter> found = matching(pattern);
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          "freeze: "
              + pattern
              + " matches no parameter. Expected a pattern for some of: "
              + String.join(", ", store.byPath.keySet()));
    }
    found.forEach(p -> p.freeze(true));
  }

  /// Frees every parameter.
  @Override
  public void close() {
    store.scope.close();
    for (Parameter p : store.byPath.values()) {
      if (p instanceof TableParameter t) {
        t.table().close();
      }
    }
    store.byPath.clear();
  }

  private String claim(String name) {
    checkName(name);
    String path = prefix + name;
    if (store.byPath.containsKey(path)) {
      throw new IllegalArgumentException(
          "params: "
              + path
              + " was handed out before. Expected every parameter to have a path of its own.");
    }
    return path;
  }

  private static void checkName(String name) {
    if (name.isEmpty() || name.indexOf('/') >= 0 || name.indexOf('*') >= 0) {
      throw new IllegalArgumentException(
          "params: name \""
              + name
              + "\". Expected letters without slash or star; use at() for each level.");
    }
  }
}
