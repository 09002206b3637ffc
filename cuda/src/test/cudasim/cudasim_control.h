// SPDX-License-Identifier: Apache-2.0
// What the parts of the driver share: results, settings, errors, failures on demand.
#pragma once
#include <mutex>
#include <string>

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
  NO_DEVICE = 100,
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

// As on a GPU: after a fault of a kernel every call gives its code, until the context is gone; here until all contexts are.
extern Result lost;

// Errors so far that nobody asked for.
extern long errors;

// A number of the environment. What is none is told by environmentError.
int setting(const char* name, int otherwise);

// Reads the whole of a text as a number; false when it is none.
bool number(const std::string& text, int* value);

// What is wrong with the variables CUDASIM_...: one that there is not, or a value that is none. Empty when nothing is.
std::string environmentError();

// Prints what is wrong with a call, and counts it.
Result refuse(Result code, const char* format, ...) __attribute__((format(printf, 2, 3)));

// The same for a kernel, whose context is lost then.
Result fault(Result code, const char* format, ...) __attribute__((format(printf, 2, 3)));

// The code with which this call of a function shall fail; OK for none.
Result injected(const char* function);

// Makes a call fail: the first, second, ... from now of a function, or of any for "*". Codes of kernels that failed, as 700 and 719, lose
// the context. 0 for none to fail, -1 for every call. False for a function that is not simulated.
bool inject(const std::string& function, int call, Result code);

// The same by CUDASIM_FAIL=function:call:code. What is wrong with it, or nothing.
std::string injectFromEnvironment();

// What was to fail and did not, for the end of the process; or nothing.
std::string notInjected();
}  // namespace cudasim
