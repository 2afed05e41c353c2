// What the status port shows, for Prometheus and what understands it. Pure.
#pragma once

#include <string>

#include "web/status.h"

namespace topnet::web {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

// The series of topnet-serve(1), section METRICS, in the text format of Prometheus, version 0.0.4.
std::string to_metrics(const Status& status);

}  // namespace topnet::web
