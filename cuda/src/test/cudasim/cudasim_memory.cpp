// SPDX-License-Identifier: Apache-2.0
#include "cudasim_memory.h"

#include <csignal>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <sys/mman.h>

#include "cudasim_machine.h"
#include "cudasim_run.h"

namespace cudasim {
const bool guarded = setting("CUDASIM_GUARD", 0) != 0;

namespace {
const size_t RANGE = size_t(64) << 30;
const size_t PAGE = 4096;
const size_t UNIT = 256;      // sizes of blocks, and what lies before and after an allocation
const size_t ALIGNMENT = 16;  // of guarded allocations
const unsigned char AROUND = 0xCB;
const unsigned char FRESH = 0xFF;  // as a float NaN
const unsigned char FREED = 0xDD;

char* range;
char* unused;  // where the range was never used
size_t used;
std::map<Address, size_t> live;            // bytes by address
std::multimap<size_t, char*> freeBlocks;   // by size
struct sigaction handlerBefore;

size_t roundUp(size_t n, size_t to) { return (n + to - 1) / to * to; }

size_t blockSize(size_t bytes) { return roundUp(bytes, UNIT) + 2 * UNIT; }

char* pointer(Address address) { return reinterpret_cast<char*>(address); }

char* startOfPage(Address address) { return pointer(address & ~Address(PAGE - 1)); }

size_t guardedSize(Address address, size_t bytes) {
  return roundUp(address - reinterpret_cast<Address>(startOfPage(address)) + bytes, PAGE);
}

// The allocation that an address lies in or at the end of; the end of the map for none.
std::map<Address, size_t>::const_iterator holder(Address address) {
  auto next = live.upper_bound(address);
  if (next == live.begin()) {
    return live.end();
  }
  auto found = std::prev(next);
  return address - found->first <= found->second ? found : live.end();
}

bool nearAllocation(Address address) {
  auto next = live.upper_bound(address);
  if (next == live.begin()) {
    return false;
  }
  auto found = std::prev(next);
  return address < found->first + found->second + 2 * PAGE;
}

// A kernel that touches a forbidden page fails; any other thread is the business of the handler before, which is the JVM's.
void onForbidden(int signal, siginfo_t* info, void* context) {
  if (ofDevice(info->si_addr)) {
    bool near = nearAllocation(reinterpret_cast<Address>(info->si_addr));
    const char* what = near ? "access past the end of an allocation" : "access to freed or foreign memory";
    if (abandonThread(info->si_addr, what)) {
      return;
    }
  }
  if (handlerBefore.sa_flags & SA_SIGINFO) {
    handlerBefore.sa_sigaction(signal, info, context);
  } else {
    ::signal(signal, SIG_DFL);
  }
}

bool all(const char* from, const char* to, unsigned char value) {
  for (const char* p = from; p < to; p++) {
    if (static_cast<unsigned char>(*p) != value) {
      return false;
    }
  }
  return true;
}

bool intact(Address address, size_t bytes) {
  char* start = pointer(address);
  if (guarded) {
    char* end = pointer(roundUp(address + bytes, ALIGNMENT));
    return all(startOfPage(address), start, AROUND) && all(start + bytes, end, AROUND);
  }
  return all(start - UNIT, start, AROUND) && all(start + bytes, start - UNIT + blockSize(bytes), AROUND);
}

char* takeGuarded(size_t bytes) {
  size_t pages = roundUp(bytes, PAGE);
  char* block = unused;
  unused += pages + PAGE;
  mprotect(block, pages, PROT_READ | PROT_WRITE);
  memset(block, AROUND, pages);
  return block + pages - roundUp(bytes, ALIGNMENT);
}

char* take(size_t bytes) {
  size_t size = blockSize(bytes);
  char* block;
  auto found = freeBlocks.find(size);
  if (found == freeBlocks.end()) {
    block = unused;
    unused += size;
  } else {
    block = found->second;
    freeBlocks.erase(found);
  }
  memset(block, AROUND, size);
  return block + UNIT;
}
}  // namespace

void openMemory() {
  int access = guarded ? PROT_NONE : PROT_READ | PROT_WRITE;
  void* wanted = reinterpret_cast<void*>(0x600000000000);
  range = static_cast<char*>(mmap(wanted, RANGE, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  unused = range;
  if (guarded) {
    struct sigaction handler {};
    handler.sa_sigaction = onForbidden;
    handler.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
    sigaction(SIGSEGV, &handler, &handlerBefore);
  }
}

size_t freeMemory() { return machine.memory > used ? machine.memory - used : 0; }

size_t allocations() { return live.size(); }

Result allocate(Address* out, size_t bytes) {
  if (!bytes) {
    return refuse(INVALID_VALUE, "an allocation of 0 bytes");
  }
  if (bytes > freeMemory()) {
    return OUT_OF_MEMORY;
  }
  char* start = guarded ? takeGuarded(bytes) : take(bytes);
  memset(start, FRESH, bytes);
  *out = reinterpret_cast<Address>(start);
  live[*out] = bytes;
  used += bytes;
  return OK;
}

Result release(Address address) {
  if (!address) {
    return OK;
  }
  auto found = live.find(address);
  if (found == live.end()) {
    return refuse(INVALID_VALUE, "free of 0x%llx, which is not allocated; freed twice?", address);
  }
  size_t bytes = found->second;
  Result result = OK;
  if (!intact(address, bytes)) {
    result = fault(ILLEGAL_ADDRESS, "a write beside the %zu bytes at 0x%llx, found when they were freed", bytes, address);
  }
  live.erase(found);
  used -= bytes;
  if (guarded) {
    size_t size = guardedSize(address, bytes);
    madvise(startOfPage(address), size, MADV_DONTNEED);
    mprotect(startOfPage(address), size, PROT_NONE);
  } else {
    memset(pointer(address), FREED, bytes);
    freeBlocks.emplace(blockSize(bytes), pointer(address) - UNIT);
  }
  return result;
}

Address allocationOf(Address address) {
  auto found = holder(address);
  return found == live.end() ? 0 : found->first;
}

bool within(Address address, size_t bytes) {
  auto found = holder(address);
  return found != live.end() && address + bytes <= found->first + found->second;
}

bool intact(Address address) {
  auto found = holder(address);
  return found == live.end() || intact(found->first, found->second);
}

bool ofDevice(const void* pointer) { return pointer >= range && pointer < range + RANGE; }
}  // namespace cudasim
