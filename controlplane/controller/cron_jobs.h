// CronJobController: makes a job of a cron job's template at each time that its schedule names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "controller/controller.h"
#include "controller/cron_schedule.h"
#include "controller/dependents.h"

namespace kvplane::controller {

class CronJobController : public Controller {
 public:
  explicit CronJobController(Environment& environment);

  absl::Status Sync(const std::string& key) override;

 private:
  using Jobs = std::vector<json::Object>;

  absl::Status DeleteOldJobs(const json::Object& cron, const Jobs& jobs);
  // Brings status.active to what still runs.
  void LookAfterActive(json::Object& cron, const Jobs& jobs);
  absl::Status StartDue(const std::string& key, json::Object& cron, const CronSchedule& schedule);
  absl::Status StartAt(const std::string& key, json::Object& cron, int64_t time);
  absl::Status DeleteJob(const json::Object& cron, const std::string& name);

  Informer& crons_;
  Dependents jobs_;
};

}  // namespace kvplane::controller
