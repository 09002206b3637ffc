// SPDX-License-Identifier: Apache-2.0
// A libcublas.so.12 for tests: what the backend calls of it, on the host, over the memory and in the streams of the simulated driver.
// Column-major, as the real one, and as strict about leading dimensions; sums are float64, rounded once.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#define API extern "C" __attribute__((visibility("default")))

// of the simulated driver
extern "C" int cudasim_enter(const char* function);
extern "C" int cudasim_injected(const char* function);
extern "C" int cudasim_is_stream(void* stream);
extern "C" int cudasim_within(unsigned long long address, size_t bytes);
extern "C" int cudasim_submit(const char* what, void* stream, void (*work)(void*), void* argument);
extern "C" void cudasim_handles(int more);
extern "C" void cudasim_refused(const char* why);

namespace {
// As in cublasStatus_t and cublasMath_t.
enum { OK = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, EXECUTION_FAILED = 13 };
enum { DEFAULT_MATH = 0, TF32_TENSOR_OP_MATH = 3 };

struct Handle {
  void* stream = nullptr;
  int math = DEFAULT_MATH;
};

struct Product {
  int opA, opB, m, n, k, lda, ldb, ldc, batch;
  long long strideA, strideB, strideC;
  float alpha, beta;
  const float *a, *b;
  float* c;
  int math;
};

std::string last;  // the last product, in words

// What the tensor cores do to a factor: 10 bits behind the point.
float factor(float x, int math) {
  if (math != TF32_TENSOR_OP_MATH) {
    return x;
  }
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x1000) & ~0x1fffu;
  memcpy(&x, &bits, sizeof bits);
  return x;
}

void run(void* argument) {
  std::unique_ptr<Product> p(static_cast<Product*>(argument));
  for (int s = 0; s < p->batch; s++) {
    const float* a = p->a + s * p->strideA;
    const float* b = p->b + s * p->strideB;
    for (int j = 0; j < p->n; j++) {
      for (int i = 0; i < p->m; i++) {
        double sum = 0;
        for (int l = 0; l < p->k; l++) {
          float x = p->opA ? a[l + size_t(i) * p->lda] : a[i + size_t(l) * p->lda];
          float y = p->opB ? b[j + size_t(l) * p->ldb] : b[l + size_t(j) * p->ldb];
          sum += double(factor(x, p->math)) * factor(y, p->math);
        }
        float* c = p->c + s * p->strideC + i + size_t(j) * p->ldc;
        *c = p->alpha * sum + (p->beta == 0 ? 0 : p->beta * *c);
      }
    }
  }
}

int refuse(const char* function, const char* why) {
  std::string text = std::string(function) + ": " + why;
  cudasim_refused(text.c_str());
  return INVALID_VALUE;
}

// Whether each of `batch` column-major matrices of rows x columns lies in one allocation.
bool allocated(const float* first, int rows, int columns, int ld, long long stride, int batch) {
  for (int s = 0; s < batch; s++) {
    auto address = reinterpret_cast<unsigned long long>(first + s * stride);
    if (!cudasim_within(address, sizeof(float) * (size_t(columns - 1) * ld + rows))) {
      return false;
    }
  }
  return true;
}

int multiply(const char* function, Handle* h, Product p) {
  if (int code = cudasim_enter(function)) {
    return code;
  }
  if (!cudasim_is_stream(h->stream)) {
    return refuse(function, "the handle has no stream");
  }
  int rowsA = p.opA ? p.k : p.m;
  int rowsB = p.opB ? p.n : p.k;
  if (p.m < 1 || p.n < 1 || p.k < 1 || p.batch < 1) {
    return refuse(function, "nothing to multiply");
  }
  if (p.lda < rowsA || p.ldb < rowsB || p.ldc < p.m) {
    return refuse(function, "a leading dimension is too small");
  }
  bool there = allocated(p.a, rowsA, p.opA ? p.m : p.k, p.lda, p.strideA, p.batch) &&
               allocated(p.b, rowsB, p.opB ? p.k : p.n, p.ldb, p.strideB, p.batch) &&
               allocated(p.c, p.m, p.n, p.ldc, p.strideC, p.batch);
  if (!there) {
    return refuse(function, "a matrix is not within an allocation");
  }
  char text[300];
  snprintf(text, sizeof text, "%s %c%c m=%d n=%d k=%d lda=%d ldb=%d ldc=%d strides=%lld,%lld,%lld batch=%d alpha=%g beta=%g math=%d",
           function, p.opA ? 'T' : 'N', p.opB ? 'T' : 'N', p.m, p.n, p.k, p.lda, p.ldb, p.ldc, p.strideA, p.strideB, p.strideC, p.batch,
           p.alpha, p.beta, h->math);
  last = text;
  p.math = h->math;
  return cudasim_submit("cublas_gemm", h->stream, run, new Product(p)) ? EXECUTION_FAILED : OK;
}
}  // namespace

API int cublasCreate_v2(Handle** out) {
  if (int code = cudasim_enter(__func__)) {
    return code;
  }
  cudasim_handles(1);
  *out = new Handle();
  return OK;
}

API int cublasDestroy_v2(Handle* h) {
  if (int code = cudasim_injected(__func__)) {
    return code;
  }
  cudasim_handles(-1);
  delete h;
  return OK;
}

API int cublasGetProperty(int type, int* value) {
  if (int code = cudasim_injected(__func__)) {
    return code;
  }
  const int version[] = {12, 6, 4};
  *value = version[type];
  return OK;
}

API int cublasSetStream_v2(Handle* h, void* stream) {
  if (int code = cudasim_enter(__func__)) {
    return code;
  }
  if (!cudasim_is_stream(stream)) {
    return refuse(__func__, "no stream");
  }
  h->stream = stream;
  return OK;
}

API int cublasSetMathMode(Handle* h, int mode) {
  if (int code = cudasim_enter(__func__)) {
    return code;
  }
  if (mode != DEFAULT_MATH && mode != TF32_TENSOR_OP_MATH) {
    return refuse(__func__, "a mode of which the backend knows nothing");
  }
  h->math = mode;
  return OK;
}

API int cublasSgemm_v2(Handle* h, int opA, int opB, int m, int n, int k, const float* alpha, const float* a, int lda, const float* b,
                       int ldb, const float* beta, float* c, int ldc) {
  return multiply(__func__, h, {opA, opB, m, n, k, lda, ldb, ldc, 1, 0, 0, 0, *alpha, *beta, a, b, c, 0});
}

API int cublasSgemmStridedBatched(Handle* h, int opA, int opB, int m, int n, int k, const float* alpha, const float* a, int lda,
                                  long long strideA, const float* b, int ldb, long long strideB, const float* beta, float* c, int ldc,
                                  long long strideC, int batch) {
  return multiply(__func__, h, {opA, opB, m, n, k, lda, ldb, ldc, batch, strideA, strideB, strideC, *alpha, *beta, a, b, c, 0});
}

// --- for tests

API const char* cublassim_last() { return last.c_str(); }
