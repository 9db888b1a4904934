// Teaches ThreadSanitizer the order that gRPC keeps. Linked into every program of the tsan preset.
//
// Debian's gRPC and abseil are not instrumented, so ThreadSanitizer sees neither their locks nor
// their atomics. Two consequences, each with its answer here:
//
//   1. It does not see that starting an operation happens before its completion is taken from the
//      queue, and would report every call object that travels by way of a tag. The entry points
//      below stand in front of gRPC's own and state exactly that order, tag by tag.
//   2. It does see memory that gRPC frees or copies, without the lock that guards it. Such reports
//      have a frame of the library in their stack and are dropped by the suppressions below. The
//      last reference to an absl::Status is counted down in abseil, which then jumps to delete:
//      of that only the header's own line is left.
//
// Nothing of this project may be named in the suppressions. The price: a race is missed where gRPC
// itself calls us back (the release function of a slice).

#include <dlfcn.h>
#include <grpc/grpc.h>

// The names are the sanitizer's own.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
extern "C" const char* __tsan_default_suppressions();
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace {

// The function of the same name in the next object that has one: gRPC's own.
template <typename Function>
Function* Next(Function* /*same*/, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "race:libgrpc.so\n"
         "race:libgrpc++.so\n"
         "race:libgpr.so\n"
         "race:libcrypto.so\n"
         "race:libssl.so\n"
         "race:libupb.so\n"
         "race:libabsl_\n"
         "race:absl/status/status.h\n"
         "race:libprotobuf.so\n";
}

grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t count, void* tag,
                                      void* reserved) {
  static auto* const real = Next(&grpc_call_start_batch, "grpc_call_start_batch");
  __tsan_release(tag);
  return real(call, ops, count, tag, reserved);
}

grpc_call_error grpc_server_request_call(grpc_server* server, grpc_call** call,
                                         grpc_call_details* details, grpc_metadata_array* metadata,
                                         grpc_completion_queue* call_queue,
                                         grpc_completion_queue* queue, void* tag) {
  static auto* const real = Next(&grpc_server_request_call, "grpc_server_request_call");
  __tsan_release(tag);
  return real(server, call, details, metadata, call_queue, queue, tag);
}

grpc_call_error grpc_server_request_registered_call(grpc_server* server, void* method,
                                                    grpc_call** call, gpr_timespec* deadline,
                                                    grpc_metadata_array* metadata,
                                                    grpc_byte_buffer** payload,
                                                    grpc_completion_queue* call_queue,
                                                    grpc_completion_queue* queue, void* tag) {
  static auto* const real =
      Next(&grpc_server_request_registered_call, "grpc_server_request_registered_call");
  __tsan_release(tag);
  return real(server, method, call, deadline, metadata, payload, call_queue, queue, tag);
}

grpc_event grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline,
                                      void* reserved) {
  static auto* const real = Next(&grpc_completion_queue_next, "grpc_completion_queue_next");
  const grpc_event event = real(queue, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

grpc_event grpc_completion_queue_pluck(grpc_completion_queue* queue, void* tag,
                                       gpr_timespec deadline, void* reserved) {
  static auto* const real = Next(&grpc_completion_queue_pluck, "grpc_completion_queue_pluck");
  const grpc_event event = real(queue, tag, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

}  // extern "C"
