// SPDX-License-Identifier: Apache-2.0
#include "cudasim_module.h"

#include <cstdlib>
#include <cstring>
#include <vector>

namespace cudasim {
namespace {
// The sizes in bytes of the parameters between two places of a PTX text: ".param .u64 name" or ".param .align 4 .b8 name[68]".
std::vector<unsigned> parameterSizes(const char* from, const char* to) {
  const char* word = ".param ";
  std::vector<unsigned> sizes;
  for (const char* p = strstr(from, word); p && p < to; p = strstr(p, word)) {
    p += strlen(word);
    bool isStruct = strncmp(p, ".align", strlen(".align")) == 0;
    sizes.push_back(isStruct ? atoi(strchr(p, '[') + 1) : atoi(p + 2) / 8);
  }
  return sizes;
}
}  // namespace

Result loadModule(Module** out, const char* ptx, void* context) {
  if (!strstr(ptx, ".version")) {
    return refuse(INVALID_IMAGE, "a module that is not PTX");
  }
  auto module = std::make_unique<Module>();
  const char* word = ".visible .entry ";
  for (const char* p = strstr(ptx, word); p; p = strstr(p, word)) {
    p += strlen(word);
    std::string name(p, strcspn(p, "( \n\t"));
    const KernelInfo* kernel = findKernel(name.c_str());
    if (!kernel) {
      return refuse(INVALID_PTX, "kernel %s is in the PTX but not in this library", name.c_str());
    }
    std::vector<unsigned> expected(kernel->sizes, kernel->sizes + kernel->parameters);
    if (parameterSizes(p, strchr(p, ')')) != expected) {
      return refuse(INVALID_PTX, "kernel %s: parameters of the PTX are not those of the source", name.c_str());
    }
    module->functions[name].reset(new Function{kernel, context});
  }
  *out = module.release();
  return OK;
}
}  // namespace cudasim
