// SPDX-License-Identifier: Apache-2.0
// Modules: which kernels a PTX text has. They run as g++ compiled them; the text must fit them.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "cudasim_control.h"
#include "cudasim_run.h"

namespace cudasim {
struct Function {
  const KernelInfo* kernel;
  void* context;
};

struct Module {
  std::map<std::string, std::unique_ptr<Function>> functions;
};

// Loads it into a context.
Result loadModule(Module** out, const char* ptx, void* context);
}  // namespace cudasim
