// SPDX-License-Identifier: Apache-2.0
// Memory of the device: a range of addresses of the host that nothing else uses, so that no pointer of the host passes for one of the
// device. Fresh memory is NaN. What lies around an allocation is known, and compared.
//
// With CUDASIM_GUARD=1 an allocation ends where a page ends (but for 15 bytes), and the next page is forbidden, as freed memory is:
// reading past the end is found too.
#pragma once
#include <cstddef>

#include "cudasim_control.h"

namespace cudasim {
extern const bool guarded;

void openMemory();
size_t freeMemory();

// How many allocations are live.
size_t allocations();

Result allocate(Address* out, size_t bytes);
Result release(Address address);

// The allocation that an address lies in or at the end of; 0 for none.
Address allocationOf(Address address);

// Whether bytes from an address on lie within one allocation.
bool within(Address address, size_t bytes);

// Whether nothing was written around the allocation of this address.
bool intact(Address address);

// Whether a pointer of the host is an address of the device.
bool ofDevice(const void* pointer);
}  // namespace cudasim
