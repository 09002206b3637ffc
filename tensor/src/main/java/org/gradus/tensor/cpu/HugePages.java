// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/// Zeroed memory in large pages, where the system has them, and advice to it about mapped files.
///
/// Rows of a table are read at random places. With pages of 4 KiB nearly every row costs a walk of the page tables beside
/// the miss of the row itself; with pages of 2 MiB it does not. Linux gives them to memory that asks (`madvise`) before
/// it is touched, so the memory comes from `calloc`, which leaves large blocks untouched, and not from the arena, which
/// writes the zeros itself.
///
/// Used only where native access is enabled, so that nobody is warned of it; otherwise, and on other systems, the
/// arena's own memory serves.
@SuppressWarnings("restricted") // enabled by the launcher, and asked for before use
final class HugePages {
  private static final long PAGE = 2L << 20;
  private static final int MADV_RANDOM = 1;
  private static final int MADV_WILLNEED = 3;
  private static final int MADV_HUGEPAGE = 14;
  private static final long MOST_SMALL_PAGE = 1 << 16; // small pages have 4, 16 or 64 KiB
  private static final @Nullable Calls CALLS = calls();

  private HugePages() {}

  private record Calls(MethodHandle calloc, MethodHandle free, MethodHandle madvise) {}

  private static @Nullable Calls calls() {
    if (!System.getProperty("os.name").equals("Linux")
        || !HugePages.class.getModule().isNativeAccessEnabled()) {
      return null;
    }
    Linker linker = Linker.nativeLinker();
    SymbolLookup names = linker.defaultLookup();
    return new Calls(
        linker.downcallHandle(
            names.findOrThrow("calloc"),
            FunctionDescriptor.of(
                ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG)),
        linker.downcallHandle(
            names.findOrThrow("free"), FunctionDescriptor.ofVoid(ValueLayout.ADDRESS)),
        linker.downcallHandle(
            names.findOrThrow("madvise"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT)));
  }

  /// Zeroed memory that lives as long as the arena.
  ///
  /// @param bytes size
  /// @param alignment of its address, a power of two up to 2 MiB
  /// @throws OutOfMemoryError when the system has no more
  static MemorySegment allocate(Arena arena, long bytes, long alignment) {
    Calls calls = CALLS;
    if (calls == null || bytes < 2 * PAGE) {
      return arena.allocate(bytes, alignment);
    }
    try {
      MemorySegment block = (MemorySegment) calls.calloc.invokeExact(1L, bytes + 2 * PAGE);
      if (block.address() == 0) {
        throw new OutOfMemoryError("calloc of " + bytes + " bytes");
      }
      long start = (block.address() + PAGE - 1) / PAGE * PAGE;
      // Advice may be refused, by a system without large pages: then small ones serve.
      int _ = (int) calls.madvise.invokeExact(MemorySegment.ofAddress(start), bytes, MADV_HUGEPAGE);
      return MemorySegment.ofAddress(start).reinterpret(bytes, arena, _ -> free(calls, block));
    } catch (OutOfMemoryError e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("memory of a table: a call of the system failed", e);
    }
  }

  /// Tells that a mapped file is read at random places, so that a row does not bring in the 128 KiB around it.
  static void random(MemorySegment mapped) {
    advise(mapped.address(), mapped.byteSize(), MADV_RANDOM);
  }

  /// Tells that a part of a mapped file is read next, so that it comes in at once and not page by page.
  static void willNeed(MemorySegment mapped, long from, long bytes) {
    long page = (mapped.address() + from) / MOST_SMALL_PAGE * MOST_SMALL_PAGE;
    long start = Math.max(mapped.address(), page);
    long end = mapped.address() + Math.min(mapped.byteSize(), from + bytes);
    advise(start, end - start, MADV_WILLNEED);
  }

  private static void advise(long address, long bytes, int advice) {
    if (CALLS != null && bytes > 0) {
      try {
        int _ = (int) CALLS.madvise.invokeExact(MemorySegment.ofAddress(address), bytes, advice);
      } catch (Throwable e) {
        throw new IllegalStateException("memory of a table: a call of the system failed", e);
      }
    }
  }

  private static void free(Calls calls, MemorySegment block) {
    try {
      calls.free.invokeExact(block);
    } catch (Throwable e) {
      throw new IllegalStateException("memory of a table: it could not be freed", e);
    }
  }
}
