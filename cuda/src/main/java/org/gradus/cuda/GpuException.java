// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import jcuda.driver.CUresult;
import org.gradus.tensor.DeviceException;

/// The driver refused something, or a kernel failed. But for memory that was not there, the device is of no use after it.
public final class GpuException extends DeviceException {
  private static final long serialVersionUID = 1;

  GpuException(String message) {
    super(message);
  }

  /// What the driver refused, with its code by name and what to do.
  GpuException(String what, int code) {
    this("cuda: could not " + what + ": " + CUresult.stringFor(code) + ". " + advice(code));
  }

  /// Whether a code says that the context is lost, by a kernel that was launched before: those of which `cuda.h` says that all
  /// further work returns the same, and memory that is broken.
  static boolean isLost(int code) {
    return switch (code) {
      case CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
          CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
          CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
          CUresult.CUDA_ERROR_ASSERT,
          CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
          CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
          CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
          CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
          CUresult.CUDA_ERROR_INVALID_PC,
          CUresult.CUDA_ERROR_LAUNCH_FAILED ->
          true;
      default -> false;
    };
  }

  /// What to do about a code.
  static String advice(int code) {
    if (isLost(code)) {
      return "The context is lost: open the device anew. If it comes again, compute-sanitizer says"
          + " which access it was, and the kernel's log (dmesg) whether the GPU is broken.";
    }
    return switch (code) {
      case CUresult.CUDA_ERROR_OUT_OF_MEMORY ->
          "Expected a GPU with more memory, or less of this one in use by others, which nvidia-smi"
              + " shows.";
      case CUresult.CUDA_ERROR_NO_DEVICE ->
          "Expected a GPU that nvidia-smi shows and CUDA_VISIBLE_DEVICES does not hide.";
      case CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES ->
          "The GPU has too few registers, or too little shared memory, for a block of that kernel."
              + " Expected another GPU, or --device cpu.";
      case CUresult.CUDA_ERROR_INVALID_VALUE,
          CUresult.CUDA_ERROR_INVALID_CONTEXT,
          CUresult.CUDA_ERROR_INVALID_HANDLE,
          CUresult.CUDA_ERROR_NOT_FOUND ->
          "The driver was asked for what it cannot do, which is a bug: please report this line."
              + " --device cpu does the same meanwhile.";
      default ->
          "nvidia-smi and the kernel's log (dmesg) show the state of the GPU, ./gradus doctor what"
              + " was found of it.";
    };
  }
}
