// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinesTest {
  @TempDir private Path folder;

  /// White paper, and something on it in several colours.
  @Test
  void aPictureIsWritten() throws IOException {
    SequencedMap<String, double[][]> lines = new LinkedHashMap<>();
    lines.put("square", new double[][] {{1, 2, 4}, {1, 4, 16}});
    lines.put("line", new double[][] {{1, 2, 4}, {1, 2, 4}});
    Path png = folder.resolve("lines.png");
    Lines.write(png, "powers", "n", "ms", lines);
    BufferedImage image = ImageIO.read(png.toFile());
    assertThat(image.getWidth()).isEqualTo(900);
    assertThat(image.getHeight()).isEqualTo(480);
    assertThat(image.getRGB(1, 1)).isEqualTo(-1);
    int[] pixels = image.getRGB(0, 0, 900, 480, null, 0, 900);
    assertThat(Arrays.stream(pixels).distinct().count()).isGreaterThan(3); // two lines, text
  }
}
