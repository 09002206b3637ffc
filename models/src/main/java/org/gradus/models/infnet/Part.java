// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

/// What a level of the network consists of: three groups of tokens, and the proxies of each.
enum Part {
  /// C `[B, M, d]`: fields
  C,
  /// S `[B, L, d]`: steps of all behaviours
  S,
  /// T `[B, N_t, d]`: tasks
  T,
  /// C̃ `[B, m, d]`
  C_PROXIES,
  /// S̃ `[B, r F, d]`
  S_PROXIES,
  /// T̃ `[B, N_s, d]`: what tasks share
  T_PROXIES;

  /// The proxies of a group of tokens.
  Part proxies() {
    return switch (this) {
      case C, C_PROXIES -> C_PROXIES;
      case S, S_PROXIES -> S_PROXIES;
      case T, T_PROXIES -> T_PROXIES;
    };
  }

  /// The word for it in paths: a letter, small for the proxies of tasks, whose tokens ask too.
  String letter() {
    return switch (this) {
      case C, C_PROXIES -> "C";
      case S, S_PROXIES -> "S";
      case T -> "T";
      case T_PROXIES -> "t";
    };
  }
}
