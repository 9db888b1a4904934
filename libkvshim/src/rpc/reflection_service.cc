#include "rpc/reflection_service.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <memory>
#include <unordered_set>
#include <utility>

#include "base/strings.h"
#include "reflection.pb.h"

namespace kvshim::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

// A file and all that it is made of, each once.
void AddFile(const FileDescriptor& file, std::unordered_set<std::string>& seen,
             ServerReflectionResponse& response) {
  if (!seen.insert(file.name()).second) return;
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  response.mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), seen, response);
}

void NotFound(const std::string& what, ServerReflectionResponse& response) {
  auto& error = *response.mutable_error_response();
  error.set_error_code(static_cast<int>(absl::StatusCode::kNotFound));
  error.set_error_message(base::Concat("not found: ", what));
}

void AnswerFile(const FileDescriptor* file, const std::string& what,
                ServerReflectionResponse& response) {
  std::unordered_set<std::string> seen;
  if (file == nullptr) return NotFound(what, response);
  AddFile(*file, seen, response);
}

ServerReflectionResponse Answer(const ServerReflectionRequest& request,
                                const std::vector<std::string>& names) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  ServerReflectionResponse response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kFileByFilename:
      AnswerFile(pool.FindFileByName(request.file_by_filename()), request.file_by_filename(),
                 response);
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      AnswerFile(pool.FindFileContainingSymbol(request.file_containing_symbol()),
                 request.file_containing_symbol(), response);
      break;
    case ServerReflectionRequest::kFileContainingExtension: {
      const auto& wanted = request.file_containing_extension();
      const Descriptor* type = pool.FindMessageTypeByName(wanted.containing_type());
      const FieldDescriptor* field =
          type == nullptr ? nullptr : pool.FindExtensionByNumber(type, wanted.extension_number());
      AnswerFile(field == nullptr ? nullptr : field->file(), wanted.containing_type(), response);
      break;
    }
    case ServerReflectionRequest::kAllExtensionNumbersOfType: {
      const std::string& name = request.all_extension_numbers_of_type();
      const Descriptor* type = pool.FindMessageTypeByName(name);
      if (type == nullptr) {
        NotFound(name, response);
        break;
      }
      auto& numbers = *response.mutable_all_extension_numbers_response();
      numbers.set_base_type_name(name);
      std::vector<const FieldDescriptor*> extensions;
      pool.FindAllExtensions(type, &extensions);
      for (const FieldDescriptor* field : extensions) {
        numbers.add_extension_number(field->number());
      }
      break;
    }
    case ServerReflectionRequest::kListServices:
      for (const std::string& name : names) {
        response.mutable_list_services_response()->add_service()->set_name(name);
      }
      break;
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET: {
      auto& error = *response.mutable_error_response();
      error.set_error_code(static_cast<int>(absl::StatusCode::kInvalidArgument));
      error.set_error_message("the request asks for nothing");
      break;
    }
  }
  return response;
}

class Reflection final : public StreamHandler {
 public:
  explicit Reflection(std::shared_ptr<const std::vector<std::string>> names)
      : names_(std::move(names)) {}

  void OnOpen(std::shared_ptr<Stream> stream) override { stream_ = std::move(stream); }
  void OnMessage(Payload message) override {
    ServerReflectionRequest request;
    if (!message.Parse(request)) {
      return stream_->Finish(absl::InternalError("grpc: not a ServerReflectionRequest"));
    }
    stream_->Send(Message::Copy(Answer(request, *names_).SerializeAsString()));
    if (stream_->is_backed_up()) stream_->PauseReading();
  }
  void OnDrained() override { stream_->ResumeReading(); }
  void OnHalfClose() override { stream_->Finish(absl::OkStatus()); }
  void OnDone() override {}

 private:
  const std::shared_ptr<const std::vector<std::string>> names_;
  std::shared_ptr<Stream> stream_;
};

}  // namespace

std::vector<Service> ReflectionServices(std::vector<std::string> names) {
  const std::vector<std::string> own = {"grpc.reflection.v1.ServerReflection",
                                        "grpc.reflection.v1alpha.ServerReflection"};
  names.insert(names.end(), own.begin(), own.end());
  const auto shared = std::make_shared<const std::vector<std::string>>(std::move(names));
  std::vector<Service> services;
  for (const std::string& name : own) {
    Service& service = services.emplace_back(name);
    service.Bidi("ServerReflectionInfo", [shared] { return std::make_unique<Reflection>(shared); });
    service.MarkBuiltIn();
  }
  return services;
}

}  // namespace kvshim::rpc
