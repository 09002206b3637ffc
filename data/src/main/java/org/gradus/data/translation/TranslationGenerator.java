// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.translation;

import org.gradus.data.DataException;
import org.gradus.tensor.Counter;

/// Sentences of a language, and what they are in another: each word has one translation, and words come in the reverse order.
///
/// ```
/// source = x₁ … x_n            n uniform in [shortest, longest], words uniform
/// target = π(x_n) … π(x₁)      π a permutation of the words, drawn once
/// ```
///
/// Every target follows from its source, so a model can be right about all of them; to be, it must learn the dictionary π and
/// look at the other end of the sentence.
final class TranslationGenerator {
  private final Spec spec;
  private final long lengths;
  private final long words;
  private final int[] dictionary; // π

  /// What to generate.
  ///
  /// @param words of each language
  /// @param shortest n at least
  /// @param longest n at most
  record Spec(int words, int shortest, int longest) {
    Spec {
      if (longest < shortest) {
        throw new DataException(
            "sentences of " + shortest + " to " + longest + " words. Expected a range of lengths.");
      }
    }
  }

  TranslationGenerator(Spec spec, long seed) {
    this.spec = spec;
    long key = Counter.key(seed, "translation-synthetic");
    lengths = Counter.key(key, "lengths");
    words = Counter.key(key, "words");
    dictionary = new int[spec.words];
    long shuffling = Counter.key(key, "dictionary");
    for (int i = 0; i < dictionary.length; i++) { // Fisher and Yates, from the inside out
      int j = (int) Counter.below(shuffling, i, i + 1);
      dictionary[i] = dictionary[j];
      dictionary[j] = i;
    }
  }

  Spec spec() {
    return spec;
  }

  /// π of a word.
  int translation(int word) {
    return dictionary[word];
  }

  /// The words of a sentence, from 0.
  int[] source(long row) {
    int span = spec.longest - spec.shortest + 1;
    int[] sentence = new int[spec.shortest + (int) Counter.below(lengths, row, span)];
    for (int t = 0; t < sentence.length; t++) {
      sentence[t] = (int) Counter.below(words, row * spec.longest + t, spec.words);
    }
    return sentence;
  }

  /// What they are in the other language.
  int[] target(int... source) {
    int[] sentence = new int[source.length];
    for (int t = 0; t < source.length; t++) {
      sentence[t] = dictionary[source[source.length - 1 - t]];
    }
    return sentence;
  }
}
