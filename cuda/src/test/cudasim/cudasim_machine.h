// SPDX-License-Identifier: Apache-2.0
// The machine that is simulated: how many GPUs it has, what they are, and how new the driver is.
#pragma once
#include <string>
#include <vector>

namespace cudasim {
const int MOST_DEVICES = 8;

struct Machine {
  int devices = 1;                      // CUDASIM_DEVICES
  int driver = 12060;                   // CUDASIM_DRIVER=12.6
  std::vector<int> capabilities = {75}; // CUDASIM_CAPABILITY=7.5, or one for each device with commas between them
  size_t memory = size_t(1) << 30;      // CUDASIM_MEM_MB=1024, for all devices together

  int capability(int device) const;
};

extern Machine machine;

// What is wrong with a variable CUDASIM_...; empty when nothing is.
std::string checkSetting(const std::string& name, const std::string& value);

// Changes the machine: CUDASIM_DEVICES, CUDASIM_DRIVER, CUDASIM_CAPABILITY or CUDASIM_MEM_MB. What is wrong with it, or nothing.
std::string changeMachine(const std::string& name, const std::string& value);

// Changes it by the variables that are set.
void readMachine();
}  // namespace cudasim
