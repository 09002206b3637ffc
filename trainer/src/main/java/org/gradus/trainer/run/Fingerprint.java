// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.gradus.embeddings.Schema;

/// Hashes that tell whether two things are the same.
final class Fingerprint {
  private Fingerprint() {}

  /// Of every field, in order, with its name, kind and sizes.
  static String of(Schema schema) {
    return of(schema.toString());
  }

  static String of(String text) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(sha.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }
}
