// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Locale;
import org.gradus.data.DataException;
import org.gradus.tensor.DeviceException;
import org.gradus.trainer.run.DivergenceException;
import org.gradus.trainer.store.StoreException;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/// The `gradus` command.
@Command(
    name = "gradus",
    mixinStandardHelpOptions = true,
    version = "gradus 0.1.0-SNAPSHOT",
    description =
        "Reference implementations of recommender-system papers in Java, gradient-checked."
            + " On the CPU, or on an NVIDIA GPU.",
    subcommands = {
      TrainCommand.class,
      CompareCommand.class,
      ExperimentCommand.class,
      EvaluateCommand.class,
      RecommendCommand.class,
      RetrievalCommand.class,
      PredictCommand.class,
      ForecastCommand.class,
      TranslateCommand.class,
      DiagnoseCommand.class,
      GradCheckCommand.class,
      BenchCommand.class,
      DataCommand.class,
      ModelsCommand.class,
      ExplainCommand.class,
      WeightsCommand.class,
      DoctorCommand.class,
      GenerateCompletion.class
    },
    footer = {
      "",
      "Exit codes: 0 success, 1 failure, 2 wrong usage.",
      "Completion: source <(./gradus generate-completion)"
    })
public final class Gradus implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "show the stack trace of an error")
  private boolean verbose;

  /// Runs a command and returns its exit code. Nothing is written but to the writers given.
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    Gradus root = new Gradus();
    CommandLine line =
        new CommandLine(root)
            .setOut(out)
            .setErr(err)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExecutionExceptionHandler(root::failed);
    try {
      return line.execute(args);
    } catch (OutOfMemoryError e) {
      long heap = Runtime.getRuntime().maxMemory();
      return root.failed(
          err,
          String.format(
              Locale.ROOT,
              "gradus: out of memory (%s) with a heap of at most %d MiB. Try a larger one"
                  + " (GRADUS_JAVA_OPTS=-Xmx8g), smaller batches or a smaller model.",
              e.getMessage(),
              heap >> 20),
          e);
    } catch (InternalError e) {
      if (!String.valueOf(e.getMessage()).contains("memory access")) {
        throw e;
      }
      // How the virtual machine says that a page of a mapped file could not be read or written.
      return root.failed(
          err,
          "gradus: a mapped file could not be read or written ("
              + e.getMessage()
              + "). Most often the disk is full: make room where --table-files puts its tables, or"
              + " choose another folder. A file that another program cut short does it too.",
          e);
    } catch (LinkageError e) {
      return root.failed(
          err,
          "gradus: something is missing from this JVM or class path ("
              + e
              + "). Start through ./gradus; gradus doctor shows what is there.",
          e);
    }
  }

  private int failed(PrintWriter err, String message, Throwable e) {
    err.println(message);
    if (verbose) {
      e.printStackTrace(err);
    }
    return 1;
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  private int failed(Exception e, CommandLine line, @Nullable ParseResult parsed) {
    PrintWriter err = line.getErr();
    if (e instanceof CommandFailed) {
      err.println(e.getMessage());
      if (verbose && e.getCause() != null) {
        e.printStackTrace(err);
      }
      return 1;
    }
    String said = e.getMessage();
    err.println("gradus: " + (said == null ? e.toString() : said));
    if (verbose) {
      e.printStackTrace(err);
    } else if (!isForUsers(e)) {
      err.println("        (" + e.getClass().getSimpleName() + "; --verbose shows where)");
    }
    return 1;
  }

  /// Whether a message says all there is to say: what was given, what was expected, what to do.
  static boolean isForUsers(Exception e) {
    return e instanceof IllegalArgumentException
        || e instanceof DataException
        || e instanceof DeviceException
        || e instanceof StoreException
        || e instanceof DivergenceException;
  }

  /// The words of a list in one line.
  static String words(Iterable<?> list) {
    StringBuilder s = new StringBuilder();
    for (Object o : list) {
      s.append(s.isEmpty() ? "" : ", ").append(o);
    }
    return s.toString();
  }

  /// A line of dashes as wide as a heading.
  static String rule(int width) {
    char[] dashes = new char[width];
    Arrays.fill(dashes, '-');
    return new String(dashes);
  }
}
