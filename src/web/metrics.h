// The status as metrics in the text format of Prometheus. Pure.
#pragma once

#include <string>

#include "web/status.h"

namespace topnet::web {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

// The series of topnet-metrics(7) in the text format of Prometheus, version 0.0.4.
std::string to_metrics(const Status& status);

}  // namespace topnet::web
