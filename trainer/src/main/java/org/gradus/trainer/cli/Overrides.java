// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.gradus.data.DataSource;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Spelling;
import org.gradus.tensor.Devices;
import org.gradus.trainer.loss.Balance;
import org.gradus.trainer.loss.ValueLoss;
import org.gradus.trainer.optim.AbsentRows;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Penalty;
import org.gradus.trainer.optim.Rule;
import org.gradus.trainer.optim.Schedule;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.run.TrainConfig.Stopping;
import org.jspecify.annotations.Nullable;

/// `--set key=value`: options of the model, settings of the data (`data.rows`) and of the device, and how parameters are trained.
final class Overrides {
  private static final String BALANCE = "balance";
  private static final String TABLE_L2 = "tableL2";
  private static final List<String> TRAINING =
      List.of(
          "optimizer",
          "rate",
          "momentum",
          "l1",
          "l2",
          "l21",
          "penaltyTables",
          TABLE_L2,
          "absentRows",
          "clipNorm",
          "maxDenseRows",
          "patience",
          "metric",
          "minDelta",
          "valueLoss",
          "delta",
          "level",
          BALANCE);

  /// Those that say when to stop.
  private static final List<String> STOPPING = List.of("patience", "metric", "minDelta");

  /// Those that say how predicted values are measured.
  private static final List<String> VALUE_LOSS = List.of("valueLoss", "delta", "level");

  /// Those that leave the optimiser as it is.
  private static final List<String> BESIDE =
      Stream.of(STOPPING, VALUE_LOSS, List.of(BALANCE)).flatMap(List::stream).toList();

  private static final String AUC = "valid.auc";
  private static final String LOSS = "valid.loss"; // of a model without heads

  private final Map<String, String> model = new LinkedHashMap<>();
  private final Map<String, String> data = new LinkedHashMap<>();
  private final Map<String, String> device = new LinkedHashMap<>();
  private final Map<String, String> training = new LinkedHashMap<>();
  private final String metric; // that stopping goes by when nobody names one

  /// Sorts settings by what they are for. Unknown keys are an error that lists them, and what there is.
  Overrides(Map<String, String> given, ModelSpec spec, DataSource source) {
    List<String> options = spec.options().stream().map(Option::name).toList();
    List<String> unknown = new ArrayList<>();
    metric = spec.labelKinds().isEmpty() ? LOSS : AUC;
    given.forEach(
        (key, value) -> {
          if (key.startsWith("data.") && source.settings().containsKey(key.substring(5))) {
            data.put(key.substring(5), value);
          } else if (options.contains(key)) {
            model.put(key, value);
          } else if (TRAINING.contains(key)) {
            training.put(key, value);
          } else if (isOfDevice(key)) {
            device.put(key, value);
          } else {
            unknown.add(key);
          }
        });
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "--set: unknown "
              + Gradus.words(unknown)
              + "."
              + Spelling.hint(unknown.getFirst(), keys(options, source))
              + " Expected an option of "
              + spec.name()
              + " ("
              + Gradus.words(options)
              + "), of the training ("
              + Gradus.words(TRAINING)
              + "), of the device ("
              + Gradus.words(Devices.settings().keySet())
              + "), or of the data ("
              + Gradus.words(source.settings().keySet().stream().map(k -> "data." + k).toList())
              + ").");
    }
  }

  /// Every key there is.
  private static List<String> keys(List<String> options, DataSource source) {
    List<String> keys = new ArrayList<>(options);
    keys.addAll(TRAINING);
    keys.addAll(Devices.settings().keySet());
    source.settings().keySet().forEach(k -> keys.add("data." + k));
    return keys;
  }

  /// Whether a key says how parameters are trained, whatever the model.
  static boolean isTraining(String key) {
    return TRAINING.contains(key);
  }

  /// Whether a key is a setting of a device.
  static boolean isOfDevice(String key) {
    return Devices.settings().containsKey(key);
  }

  /// Values for the model's options.
  Map<String, String> model() {
    return model;
  }

  /// Values for the data's settings.
  Map<String, String> data() {
    return data;
  }

  /// Device and how parameters are trained, changed as asked. Shorthands for the optimiser speak about one group of all parameters;
  /// several groups take a configuration file, beside which the stopping and the losses can still be set.
  TrainConfig apply(TrainConfig config) {
    boolean moves = training.keySet().stream().anyMatch(k -> !BESIDE.contains(k));
    TrainConfig c = moves ? config.with(optimizer(config.optimizer())) : config;
    if (VALUE_LOSS.stream().anyMatch(training::containsKey)) {
      c = c.with(c.loss().with(valueLoss(c.loss().values())));
    }
    c = training.containsKey(BALANCE) ? c.with(c.loss().with(balance())) : c;
    Stopping preset = preset(c.stopping());
    boolean stops = STOPPING.stream().anyMatch(training::containsKey);
    TrainConfig trained = c.with(stops ? stopping(preset) : preset);
    if (device.isEmpty()) {
      return trained;
    }
    Map<String, String> settings = new LinkedHashMap<>(trained.deviceSettings());
    settings.putAll(device);
    return trained.withDeviceSettings(settings);
  }

  /// A preset that goes by AUC goes by the loss of a model that has no head.
  private @Nullable Stopping preset(@Nullable Stopping old) {
    return old != null && old.metric().equals(AUC)
        ? new Stopping(metric, old.patience(), old.minDelta())
        : old;
  }

  private Balance balance() {
    String name = training.getOrDefault(BALANCE, "");
    return switch (name.toLowerCase(Locale.ROOT).replace("-", "").replace("_", "")) {
      case "fixed" -> Balance.SUM;
      case "uncertainty" -> Balance.Uncertainty.PRESET;
      case "gradnorm" -> Balance.GradNorm.PRESET;
      case "pcgrad" -> Balance.PcGrad.PAPER;
      case "minnorm" -> new Balance.MinNorm(Map.of());
      default ->
          throw new IllegalArgumentException(
              "--set balance="
                  + name
                  + ". Expected fixed, uncertainty, gradnorm, pcgrad or min-norm.");
    };
  }

  private @Nullable Stopping stopping(@Nullable Stopping old) {
    String by = training.getOrDefault("metric", old == null ? metric : old.metric());
    int patience = (int) whole("patience", old == null ? 3 : old.patience(), Integer.MAX_VALUE);
    Double before = old == null ? null : old.minDelta();
    double least = number("minDelta", before == null ? 0 : before);
    return patience == 0 ? null : new Stopping(by, patience, least);
  }

  private ValueLoss valueLoss(ValueLoss old) {
    double delta = number("delta", old instanceof ValueLoss.Huber(double d) ? d : 1);
    double level = number("level", old instanceof ValueLoss.Pinball(double l) ? l : 0.5);
    String name = training.getOrDefault("valueLoss", old.getClass().getSimpleName());
    ValueLoss loss =
        switch (name.toLowerCase(Locale.ROOT)) {
          case "squared" -> new ValueLoss.Squared();
          case "absolute" -> new ValueLoss.Absolute();
          case "huber" -> new ValueLoss.Huber(delta);
          case "pinball" -> new ValueLoss.Pinball(level);
          default ->
              throw new IllegalArgumentException(
                  "--set valueLoss=" + name + ". Expected squared, absolute, huber or pinball.");
        };
    if (training.containsKey("delta") && !(loss instanceof ValueLoss.Huber)) {
      throw new IllegalArgumentException(
          "--set delta: " + name + " has none. Expected valueLoss=huber beside it.");
    }
    if (training.containsKey("level") && !(loss instanceof ValueLoss.Pinball)) {
      throw new IllegalArgumentException(
          "--set level: " + name + " has none. Expected valueLoss=pinball beside it.");
    }
    return loss;
  }

  private OptimizerConfig optimizer(OptimizerConfig o) {
    if (o.groups().size() > 1) {
      throw new IllegalArgumentException(
          "--set "
              + Gradus.words(training.keySet())
              + ": the configuration has "
              + o.groups().size()
              + " groups of parameters. Expected one, or only "
              + Gradus.words(BESIDE)
              + "; change the groups in the file.");
    }
    Group g = o.groups().getFirst();
    boolean otherRule = training.containsKey("optimizer");
    Rule rule = rule(g.rule());
    Penalty p = g.penalty();
    // These two have penalties of their own, inside their steps; they do not count twice.
    boolean closedForm = rule instanceof Rule.Ftrl;
    boolean ownPenalty = closedForm || rule instanceof Rule.Proximal;
    if (closedForm && training.containsKey(TABLE_L2)) {
      throw new IllegalArgumentException(
          "--set tableL2: Ftrl has one l2 for all it trains. Expected l2, or another optimizer.");
    }
    Double tableL2 = training.containsKey(TABLE_L2) ? Double.valueOf(number(TABLE_L2, 0)) : null;
    Penalty penalty =
        ownPenalty && otherRule
            ? new Penalty(0, closedForm ? 0 : number("l2", 0), p.tables(), tableL2)
            : new Penalty(
                ownPenalty ? p.l1() : number("l1", p.l1()),
                closedForm ? p.l2() : number("l2", p.l2()),
                choice("penaltyTables", Penalty.Tables.class, p.tables()),
                tableL2 == null ? p.tableL2() : tableL2);
    // FTRL's weights are a closed form in one rate, so a schedule meant for another rule ends here.
    Schedule schedule = closedForm ? new Schedule.Constant() : g.schedule();
    AbsentRows absent =
        training.containsKey("absentRows")
            ? choice("absentRows", AbsentRows.class, AbsentRows.LAZY)
            : otherRule ? null : g.absentRows();
    Group changed =
        new Group(
            g.parameters(),
            rule,
            number("rate", g.rate()),
            schedule,
            penalty,
            absent,
            g.rowRates());
    return new OptimizerConfig(
        List.of(changed),
        number("clipNorm", o.clipNorm()),
        whole("maxDenseRows", o.maxDenseRows(), Long.MAX_VALUE));
  }

  private Rule rule(Rule old) {
    String name = training.getOrDefault("optimizer", old.getClass().getSimpleName());
    if (training.containsKey("momentum") && !name.equalsIgnoreCase("sgd")) {
      throw new IllegalArgumentException(
          "--set momentum: " + name + " has none. Expected optimizer=sgd beside it.");
    }
    if (training.containsKey("l21") && !name.equalsIgnoreCase("proximal")) {
      throw new IllegalArgumentException(
          "--set l21: " + name + " has none. Expected optimizer=proximal beside it.");
    }
    if (!training.containsKey("optimizer")) {
      return switch (old) {
        case Rule.Sgd(var momentum, var nesterov) ->
            new Rule.Sgd(number("momentum", momentum), nesterov);
        case Rule.Ftrl(var beta, var l1, var l2) ->
            new Rule.Ftrl(beta, number("l1", l1), number("l2", l2));
        case Rule.Proximal(var l1, var l21) ->
            new Rule.Proximal(number("l1", l1), number("l21", l21));
        default -> old;
      };
    }
    return switch (name.toLowerCase(Locale.ROOT).replace("-", "").replace("_", "")) {
      case "sgd" -> new Rule.Sgd(number("momentum", 0), false);
      case "adagrad" -> new Rule.Adagrad(1e-8, 0);
      case "rowwiseadagrad" -> new Rule.RowWiseAdagrad(1e-8, 0);
      case "adam" -> Rule.Adam.PAPER;
      case "ftrl" -> new Rule.Ftrl(1, number("l1", 0), number("l2", 0));
      case "proximal" -> new Rule.Proximal(number("l1", 0), number("l21", 0));
      default ->
          throw new IllegalArgumentException(
              "--set optimizer="
                  + name
                  + ". Expected sgd, adagrad, row-wise-adagrad, adam, ftrl or proximal.");
    };
  }

  private double number(String key, double preset) {
    String value = training.get(key);
    if (value == null) {
      return preset;
    }
    try {
      return Double.parseDouble(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("--set " + key + "=" + value + ". Expected a number.", e);
    }
  }

  private long whole(String key, long preset, long max) {
    String value = training.get(key);
    if (value == null) {
      return preset;
    }
    try {
      long n = Long.parseLong(value);
      if (n >= 0 && n <= max) {
        return n;
      }
    } catch (NumberFormatException e) {
      // reported below, like a number out of range
    }
    throw new IllegalArgumentException(
        "--set " + key + "=" + value + ". Expected a whole number of at least 0.");
  }

  private <E extends Enum<E>> E choice(String key, Class<E> type, E preset) {
    String value = training.get(key);
    if (value == null) {
      return preset;
    }
    for (E e : type.getEnumConstants()) {
      if (e.name().equalsIgnoreCase(value.replace('-', '_'))) {
        return e;
      }
    }
    throw new IllegalArgumentException(
        "--set "
            + key
            + "="
            + value
            + ". Expected one of: "
            + Gradus.words(List.of(type.getEnumConstants()))
            + ".");
  }
}
