// SPDX-License-Identifier: Apache-2.0
// One fiber per CUDA thread that waits. A fiber runs threads one after the other until one of them meets a barrier or an exchange of
// its warp whose other threads are not there yet; then the scheduler takes another fiber, and comes back when they are.
#include "cudasim_run.h"

#include <cstdarg>
#include <cstdio>
#include <string>
#include <sys/mman.h>
#include <vector>

// The bounds of all shared memory, by the linker; absent when no kernel has any.
extern "C" __attribute__((weak, visibility("hidden"))) char __start_cudasim_shared[], __stop_cudasim_shared[];

// Saves the registers that a callee keeps on the old stack, and goes on with the new one.
extern "C" void cudasim_switch(void** oldStack, void* newStack);
#if !defined(__x86_64__)
#error "cudasim_switch is written for x86-64"
#endif
asm(R"(.text
.globl cudasim_switch
.hidden cudasim_switch
.type cudasim_switch,@function
cudasim_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size cudasim_switch,.-cudasim_switch
)");

namespace cudasim {
Fiber* current = nullptr;

// An exchange of one mask. Two sets of slots: lanes of the last exchange may still read while the next one begins.
struct Exchange {
  unsigned mask;
  unsigned arrived;
  unsigned done;  // exchanges so far
  uint64_t slots[2][32];
  const char* what;
};

struct Warp {
  std::vector<Exchange*> exchanges;
};

namespace {
enum State { RUNNABLE, WAITING, DONE };

const size_t STACK = 128 << 10;
const size_t PAGE = 4096;
const int SAVED_REGISTERS = 6;

void* scheduler;           // its stack pointer
std::vector<Fiber*> idle;  // fibers with a stack and nothing to do
std::string* firstError;

// What a fiber does: threads, one after the other, as long as there are any.
void runThreads() {
  for (;;) {
    Fiber* fiber = current;
    Block* block = fiber->block;
    while (block->next < block->threads && !block->errors) {
      unsigned thread = block->next++;
      if (block->order == 1) {
        thread = block->threads - 1 - thread;
      }
      fiber->thread = thread;
      fiber->threadIdx.x = thread % block->blockDim.x;
      fiber->threadIdx.y = thread / block->blockDim.x % block->blockDim.y;
      fiber->threadIdx.z = thread / (block->blockDim.x * block->blockDim.y);
      block->call(block->function, block->arguments);
      block->exited++;
    }
    fiber->state = DONE;
    cudasim_switch(&fiber->stackPointer, scheduler);
  }
}

// A stack from which cudasim_switch returns into runThreads.
void prepare(Fiber* fiber) {
  void** top = reinterpret_cast<void**>(fiber->stack + STACK);
  *--top = nullptr;  // in place of a return address, for the alignment
  *--top = reinterpret_cast<void*>(runThreads);
  for (int i = 0; i < SAVED_REGISTERS; i++) {
    *--top = nullptr;
  }
  fiber->stackPointer = top;
}

Fiber* take(Block* block) {
  Fiber* fiber;
  if (idle.empty()) {
    fiber = new Fiber();
    void* memory =
        mmap(nullptr, STACK + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    mprotect(memory, PAGE, PROT_NONE);  // where a stack overflows
    fiber->stack = static_cast<char*>(memory) + PAGE;
    prepare(fiber);
  } else {
    fiber = idle.back();
    idle.pop_back();
  }
  fiber->block = block;
  fiber->state = RUNNABLE;
  fiber->waitsFor = nullptr;
  return fiber;
}

void resume(Fiber* fiber) {
  fiber->state = RUNNABLE;
  current = fiber;
  cudasim_switch(&scheduler, fiber->stackPointer);
  current = nullptr;
}

void waitWhile(unsigned* number, unsigned value) {
  Fiber* fiber = current;
  fiber->waitsFor = number;
  fiber->until = value;
  fiber->state = WAITING;
  cudasim_switch(&fiber->stackPointer, scheduler);
}

bool mayGoOn(const Fiber* fiber) { return fiber->waitsFor && *fiber->waitsFor != fiber->until; }

// Resumes the first fiber that may go on; false when there is none.
bool resumeFirst(std::vector<Fiber*>& waiting) {
  for (size_t i = 0; i < waiting.size(); i++) {
    Fiber* fiber = waiting[i];
    if (mayGoOn(fiber)) {
      resume(fiber);
      if (fiber->state == DONE) {
        idle.push_back(fiber);
        waiting.erase(waiting.begin() + i);
      }
      return true;
    }
  }
  return false;
}

// Resumes every fiber that may go on, in turn; false when there was none.
bool resumeAll(std::vector<Fiber*>& waiting) {
  bool any = false;
  size_t kept = 0;
  for (Fiber* fiber : waiting) {
    if (mayGoOn(fiber) && !fiber->block->errors) {
      any = true;
      resume(fiber);
      if (fiber->state == DONE) {
        idle.push_back(fiber);
        continue;
      }
    }
    waiting[kept++] = fiber;
  }
  waiting.resize(kept);
  return any;
}

void giveUp(std::vector<Fiber*>& waiting) {
  for (Fiber* fiber : waiting) {
    prepare(fiber);  // whatever is on its stack
    idle.push_back(fiber);
  }
  waiting.clear();
}

void runBlock(Block* block) {
  std::vector<Fiber*> waiting;
  while (block->next < block->threads && !block->errors) {
    Fiber* fiber = take(block);
    resume(fiber);
    if (fiber->state == DONE) {
      idle.push_back(fiber);
    } else {
      waiting.push_back(fiber);
    }
    while (block->order == 2 && !block->errors && resumeFirst(waiting)) {
    }
  }
  while (!waiting.empty() && !block->errors) {
    bool any = block->order == 2 ? resumeFirst(waiting) : resumeAll(waiting);
    if (!any) {
      current = waiting.front();
      kernelError(
          "deadlock: %zu of %u threads wait at a barrier or exchange that the others never reach (%u returned)",
          waiting.size(), block->threads, block->exited);
      current = nullptr;
    }
  }
  giveUp(waiting);
}

KernelInfo*& kernels() {
  static KernelInfo* first = nullptr;
  return first;
}
}  // namespace

void kernelError(const char* format, ...) {
  char text[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  Block* block = current->block;
  if (block->errors++ || !firstError) {
    return;
  }
  char place[200];
  const uint3& b = block->blockIdx;
  const uint3& t = current->threadIdx;
  snprintf(place, sizeof place, " [block %u,%u,%u thread %u,%u,%u]", b.x, b.y, b.z, t.x, t.y, t.z);
  *firstError = std::string(text) + place;
}

void barrier() {
  Block* block = current->block;
  unsigned passed = block->barriers;
  if (++block->arrived == block->threads) {
    block->arrived = 0;
    block->barriers++;
  } else {
    waitWhile(&block->barriers, passed);
  }
}

const uint64_t* exchange(unsigned mask, uint64_t value, const char* what) {
  Block* block = current->block;
  Warp& warp = block->warps[current->thread >> 5];
  unsigned lane = current->thread & 31;
  if (!(mask >> lane & 1)) {
    kernelError("%s: lane %u is not in mask %08x", what, lane, mask);
  }
  unsigned lanes = block->threads - (current->thread & ~31u);  // of the last warp fewer than 32
  unsigned expected = mask & (lanes >= 32 ? ~0u : (1u << lanes) - 1);
  Exchange* found = nullptr;
  for (Exchange* e : warp.exchanges) {
    if (e->mask == mask) {
      found = e;
    }
  }
  if (!found) {
    found = new Exchange();
    found->mask = mask;
    warp.exchanges.push_back(found);
  }
  if (!found->arrived) {
    found->what = what;
  } else if (strcmp(found->what, what) != 0) {
    kernelError("lanes of a warp meet at different places: %s and %s", what, found->what);
  }
  unsigned turn = found->done;
  found->slots[turn & 1][lane] = value;
  found->arrived |= 1u << lane;
  if ((found->arrived & expected) == expected) {
    found->arrived = 0;
    found->done++;
  } else {
    waitWhile(&found->done, turn);
  }
  return found->slots[turn & 1];
}

bool abandonThread(void* address, const char* what) {
  if (!current) {
    return false;
  }
  kernelError("%s at %p", what, address);
  Fiber* fiber = current;
  fiber->state = WAITING;
  fiber->waitsFor = nullptr;
  void* dropped;
  cudasim_switch(&dropped, scheduler);
  return true;
}

bool runKernel(const KernelInfo* kernel, dim3 grid, dim3 size, void** arguments, int order, std::string* error) {
  Block block{};
  block.gridDim = grid;
  block.blockDim = size;
  block.threads = size.x * size.y * size.z;
  block.order = order;
  block.call = kernel->call;
  block.function = kernel->function;
  block.arguments = arguments;
  firstError = error;
  std::vector<Warp> warps((block.threads + 31) / 32);
  block.warps = warps.data();
  uint64_t blocks = uint64_t(grid.x) * grid.y * grid.z;
  for (uint64_t n = 0; n < blocks && !block.errors; n++) {
    uint64_t i = order == 1 ? blocks - 1 - n : n;
    block.blockIdx.x = unsigned(i % grid.x);
    block.blockIdx.y = unsigned(i / grid.x % grid.y);
    block.blockIdx.z = unsigned(i / (uint64_t(grid.x) * grid.y));
    block.next = 0;
    block.exited = 0;
    block.arrived = 0;
    block.barriers = 0;
    if (__start_cudasim_shared) {
      memset(__start_cudasim_shared, 0xFF, __stop_cudasim_shared - __start_cudasim_shared);  // NaN
    }
    for (Warp& warp : warps) {
      for (Exchange* e : warp.exchanges) {
        e->arrived = 0;
      }
    }
    runBlock(&block);
  }
  for (Warp& warp : warps) {
    for (Exchange* e : warp.exchanges) {
      delete e;
    }
  }
  firstError = nullptr;
  return !block.errors;
}

void registerKernel(KernelInfo* kernel) {
  kernel->next = kernels();
  kernels() = kernel;
}

const KernelInfo* findKernel(const char* name) {
  for (KernelInfo* kernel = kernels(); kernel; kernel = kernel->next) {
    if (strcmp(kernel->name, name) == 0) {
      return kernel;
    }
  }
  return nullptr;
}
}  // namespace cudasim
