// EtcdFixture: a kvshim that serves in this process, to be a remote etcd.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "kvshim/server.h"
#include "kvshim/store.h"
#include "relay.h"
#include "unit/temporary_directory.h"

namespace kvshim::remote {

class EtcdFixture : public ::testing::Test {
 protected:
  EtcdFixture() {
    database_ = *Store::Open("sqlite://" + directory_.File("state.db"), {});
    server_ = Serve(*database_);
    first_ = std::make_unique<Relay>(server_->client_urls().front());
    second_ = std::make_unique<Relay>(server_->client_urls().front());
  }

  static std::unique_ptr<Server> Serve(Store& store) {
    auto server = Server::Start(store, {.listen_addresses = {"127.0.0.1:0"}});
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }
  std::string BothUrls() const { return first_->url() + "," + second_->url(); }

  static std::unique_ptr<Store> Connect(const std::string& addresses,
                                        const StoreOptions& options = {}) {
    auto store = Store::Connect(addresses, options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<Store> database_;
  std::unique_ptr<Server> server_;
  // Two ways to it, as to two servers of one cluster.
  std::unique_ptr<Relay> first_, second_;
};

}  // namespace kvshim::remote
