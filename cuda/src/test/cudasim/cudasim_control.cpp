// SPDX-License-Identifier: Apache-2.0
#include "cudasim_control.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace cudasim {
std::recursive_mutex lock;
Result lost = OK;
long errors = 0;

namespace {
struct Injection {
  std::string function;
  int calls = 0;  // how many from now; 0 for none
  Result code = OK;
};

Injection injection;

void print(Result code, const char* format, va_list arguments) {
  char text[600];
  vsnprintf(text, sizeof text, format, arguments);
  fprintf(stderr, "cudasim: error %d: %s\n", code, text);
  errors++;
}
}  // namespace

int setting(const char* name, int otherwise) {
  const char* value = getenv(name);
  return value && *value ? atoi(value) : otherwise;
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
  if (--injection.calls) {
    return OK;
  }
  if (injection.code >= ILLEGAL_ADDRESS) {
    lost = injection.code;
  }
  return injection.code;
}

void inject(const char* function, int call, Result code) { injection = {function, call, code}; }

void injectFromEnvironment() {
  const char* given = getenv("CUDASIM_FAIL");
  char function[100];
  int call;
  int code;
  if (given && sscanf(given, "%99[^:]:%d:%d", function, &call, &code) == 3) {
    inject(function, call, code);
  }
}
}  // namespace cudasim
