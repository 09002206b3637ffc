// SPDX-License-Identifier: Apache-2.0
#include "cudasim_machine.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "cudasim_control.h"

namespace cudasim {
Machine machine;

namespace {
const int LARGEST_MEMORY = 1 << 15;  // MiB: memory.cpp has room for twice as much, with what lies between allocations

// From and to which number a setting goes.
const std::map<std::string, std::pair<int, int>> NUMBERS = {{"CUDASIM_ASYNC", {0, 1}},
                                                            {"CUDASIM_GUARD", {0, 1}},
                                                            {"CUDASIM_ORDER", {0, 2}},
                                                            {"CUDASIM_DEVICES", {0, MOST_DEVICES}},
                                                            {"CUDASIM_MEM_MB", {1, LARGEST_MEMORY}}};

// A major number, a point, and a minor one of one digit: false when it is not.
bool version(const std::string& text, int* major, int* minor) {
  size_t point = text.find('.');
  return point != std::string::npos && number(text.substr(0, point), major) && number(text.substr(point + 1), minor) && *major > 0 &&
         *major < 100 && *minor >= 0 && *minor < 10;
}

// Capabilities with commas between them; none when they are not.
std::vector<int> capabilities(const std::string& text) {
  std::vector<int> found;
  for (size_t from = 0; from <= text.size();) {
    size_t to = std::min(text.find(',', from), text.size());
    int major;
    int minor;
    if (!version(text.substr(from, to - from), &major, &minor)) {
      return {};
    }
    found.push_back(10 * major + minor);
    from = to + 1;
  }
  return found;
}
}  // namespace

int Machine::capability(int device) const { return capabilities[std::min<size_t>(device, capabilities.size() - 1)]; }

std::string checkSetting(const std::string& name, const std::string& value) {
  std::string given = name + "=" + value + ". Expected ";
  auto limits = NUMBERS.find(name);
  int n;
  int ignored;
  if (limits != NUMBERS.end()) {
    auto [from, to] = limits->second;
    bool possible = number(value, &n) && n >= from && n <= to;
    return possible ? "" : given + "a number from " + std::to_string(from) + " to " + std::to_string(to);
  }
  if (name == "CUDASIM_DRIVER") {
    return version(value, &n, &ignored) ? "" : given + "a version of CUDA, such as 12.6";
  }
  if (name == "CUDASIM_CAPABILITY") {
    return capabilities(value).empty() ? given + "compute capabilities, such as 7.5 or 6.1,9.0" : "";
  }
  bool other = name == "CUDASIM_FAIL" || name == "CUDASIM_REPORT";
  return other ? ""
               : name + ": no such setting. Expected CUDASIM_ASYNC, _CAPABILITY, _DEVICES, _DRIVER, _FAIL, _GUARD, _MEM_MB, _ORDER or _REPORT";
}

std::string changeMachine(const std::string& name, const std::string& value) {
  std::string wrong = checkSetting(name, value);
  if (!wrong.empty()) {
    return wrong;
  }
  int major;
  int minor;
  if (name == "CUDASIM_DEVICES") {
    number(value, &machine.devices);
  } else if (name == "CUDASIM_DRIVER") {
    version(value, &major, &minor);
    machine.driver = 1000 * major + 10 * minor;
  } else if (name == "CUDASIM_CAPABILITY") {
    machine.capabilities = capabilities(value);
  } else if (name == "CUDASIM_MEM_MB") {
    int megabytes;
    number(value, &megabytes);
    machine.memory = size_t(megabytes) << 20;
  } else {
    return name + ": fixed when the process starts";
  }
  return "";
}

void readMachine() {
  for (const char* name : {"CUDASIM_DEVICES", "CUDASIM_DRIVER", "CUDASIM_CAPABILITY", "CUDASIM_MEM_MB"}) {
    if (const char* value = getenv(name)) {
      changeMachine(name, value);
    }
  }
}
}  // namespace cudasim
