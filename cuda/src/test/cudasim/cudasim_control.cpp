// SPDX-License-Identifier: Apache-2.0
#include "cudasim_control.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "cudasim_machine.h"

// made by build.sh: the functions of the driver and of cuBLAS that are simulated
extern "C" const char* const cudasim_functions[];
extern char** environ;

namespace cudasim {
std::recursive_mutex lock;
Result lost = OK;
long errors = 0;

namespace {
struct Injection {
  std::string function;
  int calls = 0;  // how many from now; 0 for none, -1 for every one
  Result code = OK;
};

Injection injection;

// The codes of which cuda.h says that all further work returns the same, and that of memory that is broken.
bool losesContext(Result code) {
  const int ECC_UNCORRECTABLE = 214, LAUNCH_TIMEOUT = 702, ASSERT = 710, HARDWARE_STACK_ERROR = 714;
  return code == ECC_UNCORRECTABLE || code == ILLEGAL_ADDRESS || code == LAUNCH_TIMEOUT || code == ASSERT ||
         (code >= HARDWARE_STACK_ERROR && code <= LAUNCH_FAILED);
}

void print(Result code, const char* format, va_list arguments) {
  char text[2000];
  vsnprintf(text, sizeof text, format, arguments);
  fprintf(stderr, "cudasim: error %d: %s\n", code, text);
  errors++;
}
}  // namespace

bool number(const std::string& text, int* value) {
  char* end;
  long n = strtol(text.c_str(), &end, 10);
  bool whole = !text.empty() && !strchr(" +", text[0]) && !*end;
  *value = static_cast<int>(n);
  return whole && n == *value;
}

int setting(const char* name, int otherwise) {
  const char* value = getenv(name);
  int found;
  return value && number(value, &found) ? found : otherwise;
}

Result refuse(Result code, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print(code, format, arguments);
  va_end(arguments);
  return code;
}

Result fault(Result code, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print(code, format, arguments);
  va_end(arguments);
  if (!lost) {
    lost = code;
  }
  return code;
}

Result injected(const char* function) {
  if (!injection.calls || (injection.function != "*" && injection.function != function)) {
    return OK;
  }
  if (injection.calls > 0 && --injection.calls) {
    return OK;
  }
  if (losesContext(injection.code)) {
    lost = injection.code;
  }
  return injection.code;
}

bool inject(const std::string& function, int call, Result code) {
  bool known = function == "*";
  for (const char* const* f = cudasim_functions; *f; f++) {
    known = known || function == *f;
  }
  if (known) {
    injection = {function, call, code};
  }
  return known;
}

std::string injectFromEnvironment() {
  const char* given = getenv("CUDASIM_FAIL");
  if (!given) {
    return "";
  }
  std::string text = given;
  size_t first = text.find(':');
  size_t second = text.find(':', first + 1);
  int call = 0;
  int code = 0;
  std::string which = second == std::string::npos ? "" : text.substr(first + 1, second - first - 1);
  bool every = which == "*";
  bool possible = (every || (number(which, &call) && call > 0)) && number(text.substr(second + 1), &code) && code > 0;
  if (!possible) {
    return "CUDASIM_FAIL=" + text +
           ". Expected function:call:code, such as cuMemAlloc_v2:3:2 for the third allocation to fail with code 2, or * for every call";
  }
  if (inject(text.substr(0, first), every ? -1 : call, code)) {
    return "";
  }
  std::string all;
  for (const char* const* f = cudasim_functions; *f; f++) {
    all += std::string(", ") + *f;
  }
  return "CUDASIM_FAIL=" + text + ": no such function. Expected * for any, or one of" + all.substr(1);
}

std::string notInjected() {
  return injection.calls > 0 ? "CUDASIM_FAIL: " + injection.function + " was called " + std::to_string(injection.calls) +
                               " times too few to fail"
                         : "";
}

std::string environmentError() {
  const std::string prefix = "CUDASIM_";
  std::string error;
  for (char** variable = environ; *variable; variable++) {
    std::string text = *variable;
    size_t equals = text.find('=');
    if (text.compare(0, prefix.size(), prefix) == 0 && equals != std::string::npos) {
      std::string wrong = checkSetting(text.substr(0, equals), text.substr(equals + 1));
      error += wrong.empty() || error.empty() ? wrong : "; " + wrong;
    }
  }
  return error;
}
}  // namespace cudasim
