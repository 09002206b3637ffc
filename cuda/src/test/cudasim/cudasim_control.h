// SPDX-License-Identifier: Apache-2.0
// What the parts of the driver share: results, settings, errors, failures on demand.
#pragma once
#include <mutex>

// Seen from outside the library.
#define API extern "C" __attribute__((visibility("default")))

namespace cudasim {
// As in CUresult.
typedef int Result;
enum : Result {
  OK = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NOT_INITIALIZED = 3,
  INVALID_DEVICE = 101,
  INVALID_IMAGE = 200,
  INVALID_CONTEXT = 201,
  INVALID_PTX = 218,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  ILLEGAL_ADDRESS = 700,
  LAUNCH_FAILED = 719
};

typedef unsigned long long Address;  // of the device

// Held by every function of the API: calls come one at a time.
extern std::recursive_mutex lock;

// As on a GPU: after a fault of a kernel every call gives its code, until the context is gone.
extern Result lost;

// Errors so far that nobody asked for.
extern long errors;

// A number of the environment.
int setting(const char* name, int otherwise);

// Prints what is wrong with a call, and counts it.
Result refuse(Result code, const char* format, ...) __attribute__((format(printf, 2, 3)));

// The same for a kernel, whose context is lost then.
Result fault(Result code, const char* format, ...) __attribute__((format(printf, 2, 3)));

// The code with which this call of a function shall fail; OK for none.
Result injected(const char* function);

// Makes a call fail: the first, second, ... from now of a function, or of any for "*". Codes from 700 on lose the context.
void inject(const char* function, int call, Result code);

// The same by CUDASIM_FAIL=function:call:code.
void injectFromEnvironment();
}  // namespace cudasim
