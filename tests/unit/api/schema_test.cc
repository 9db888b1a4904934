#include "api/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace kvplane::api {
namespace {

const Schema& K8s() { return Schema::Kubernetes(); }

TEST(Schema, KnowsKindsByGroupVersionAndKind) {
  const Message* pod = K8s().FindMessage("v1", "Pod");
  ASSERT_NE(pod, nullptr);
  EXPECT_EQ(pod->FullName(), "k8s.io.api.core.v1.Pod");
  EXPECT_EQ(pod->GoType(), "v1.Pod");
  EXPECT_TRUE(pod->typed);
  EXPECT_EQ(K8s().FindMessage("apps/v1", "Pod"), nullptr);
  EXPECT_EQ(K8s().FindMessageByName("k8s.io.api.core.v1.Pod"), pod);
}

TEST(Schema, EveryGroupHasTheOptionKinds) {
  EXPECT_NE(K8s().FindMessage("apps/v1", "DeleteOptions"), nullptr);
  EXPECT_EQ(K8s().FindMessage("example.com/v1", "DeleteOptions"),
            K8s().FindMessage("v1", "DeleteOptions"));
}

TEST(Schema, FindsEveryFieldByNameAndNumber) {
  size_t fields = 0;
  for (const Message& message : K8s().messages()) {
    for (size_t slot = 0; slot < message.slots.size(); ++slot) {
      ASSERT_EQ(message.Find(message.slots[slot]->name), static_cast<int>(slot))
          << message.FullName() << " " << message.slots[slot]->name;
      ++fields;
    }
    for (const WireField& wire : message.wire) {
      ASSERT_EQ(message.FindNumber(wire.field->number), &wire) << message.FullName();
    }
    EXPECT_EQ(message.Find("no such field"), Message::kNotFound);
    EXPECT_EQ(message.FindNumber(1000), nullptr);
  }
  EXPECT_GT(fields, 4000U);
}

TEST(Schema, InlinedMessagesShareTheSlotsOfTheirOwner) {
  const Message& volume = *K8s().FindMessageByName("k8s.io.api.core.v1.Volume");
  const int host_path = volume.Find("hostPath");
  ASSERT_NE(host_path, Message::kNotFound);
  EXPECT_EQ(volume.Find("volumeSource"), Message::kNotFound);
  const WireField& source = *volume.FindNumber(2);
  EXPECT_TRUE(source.field->inlined);
  EXPECT_EQ(source.slot, static_cast<size_t>(host_path));
}

TEST(Schema, TellsHowListsMerge) {
  const Message& spec = *K8s().FindMessageByName("k8s.io.api.core.v1.ServiceSpec");
  const Field& ports = *spec.slots[static_cast<size_t>(spec.Find("ports"))];
  EXPECT_EQ(ports.list_type, ListType::kMap);
  EXPECT_EQ(ports.map_keys, (std::vector<std::string_view>{"port", "protocol"}));
  EXPECT_TRUE(ports.patch_merge);
  EXPECT_EQ(ports.patch_merge_key, "port");
  const Field& selector = *spec.slots[static_cast<size_t>(spec.Find("selector"))];
  EXPECT_TRUE(selector.atomic_map);
  EXPECT_EQ(selector.shape, Shape::kMap);
}

TEST(Schema, ResourcesHaveVerbsNamesAndSubresources) {
  const Resource* deployments = K8s().FindResource("apps/v1", "deployments");
  ASSERT_NE(deployments, nullptr);
  EXPECT_EQ(deployments->kind, "Deployment");
  EXPECT_EQ(deployments->singular, "deployment");
  EXPECT_TRUE(deployments->namespaced);
  EXPECT_EQ(deployments->verbs.size(), 8U);
  EXPECT_THAT(deployments->short_names, testing::ElementsAre("deploy"));
  EXPECT_THAT(deployments->categories, testing::ElementsAre("all"));
  ASSERT_EQ(deployments->subresources.size(), 2U);
  EXPECT_EQ(deployments->subresources[0].name, "scale");
  EXPECT_EQ(deployments->subresources[0].kind, "Scale");
  EXPECT_EQ(deployments->subresources[0].group_version, "autoscaling/v1");
  EXPECT_FALSE(K8s().FindResource("v1", "nodes")->namespaced);
}

TEST(Schema, EveryResourceHasItsMessage) {
  for (const Resource& resource : K8s().resources()) {
    EXPECT_NE(resource.message, nullptr) << resource.group_version << " " << resource.plural;
  }
  EXPECT_GT(K8s().resources().size(), 60U);
}

TEST(Schema, NamesTheLineThatIsWrong) {
  const auto broken =
      Schema::Parse("package a/v1 k8s.a.v1 a/v1\nmessage A kind\n name x string\n", "");
  EXPECT_EQ(broken.status().message(), "schema table, line 3:  name x string");
  const auto dangling = Schema::Parse("package a/v1 k8s.a.v1\nmessage A\n name 1 B\n", "");
  EXPECT_EQ(dangling.status().message(), "schema table: no message a/v1.B");
}

TEST(Schema, IsReadInMilliseconds) {
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(Schema::Parse("", "").ok());
  Schema::Kubernetes();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
}

}  // namespace
}  // namespace kvplane::api
