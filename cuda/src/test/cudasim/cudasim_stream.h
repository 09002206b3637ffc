// SPDX-License-Identifier: Apache-2.0
// Streams and events. Work is done at once, or with CUDASIM_ASYNC=1 only when somebody waits for it: a result that is read too early is
// not there yet.
#pragma once
#include <deque>
#include <functional>
#include <set>

#include "cudasim_control.h"

namespace cudasim {
struct Stream {
  std::deque<std::function<Result()>> work;

  // Does the first piece of work.
  Result doFirst() {
    std::function<Result()> first = std::move(work.front());
    work.pop_front();
    return first();
  }

  // Does all of it; the first error.
  Result finish() {
    Result result = OK;
    while (!work.empty()) {
      Result r = doFirst();
      if (!result) {
        result = r;
      }
    }
    return result;
  }
};

struct Event {
  Stream* stream = nullptr;
  bool pending = false;
};

inline const bool late = setting("CUDASIM_ASYNC", 0) != 0;
inline std::set<Stream*> streams;
inline std::set<Event*> events;

inline Result submit(Stream* stream, std::function<Result()> work) {
  if (!late) {
    return work();
  }
  stream->work.push_back(std::move(work));
  return OK;
}

inline Result finishAll() {
  Result result = OK;
  for (Stream* stream : streams) {
    Result r = stream->finish();
    if (!result) {
      result = r;
    }
  }
  return result;
}
}  // namespace cudasim
