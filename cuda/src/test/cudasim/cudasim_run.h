// SPDX-License-Identifier: Apache-2.0
// Running a kernel on the host.
#pragma once
#include <string>

#include "cudasim_kernel.h"

namespace cudasim {
const KernelInfo* findKernel(const char* name);

// Runs every block of a grid. Order 1: blocks and threads backwards. Order 2: a thread that may go on does so before others start.
// False with the first error, in words, when the kernel did something wrong.
bool runKernel(const KernelInfo* kernel, dim3 grid, dim3 block, void** arguments, int order, std::string* error);

// For a signal handler: gives up the running thread at the memory it must not touch. Does not return then; false when no kernel is running.
bool abandonThread(void* address, const char* what);
}  // namespace cudasim
