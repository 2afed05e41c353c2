// Parts of a report as JSON, for documents that contain one.
#pragma once

#include <optional>
#include <vector>

#include "base/json_writer.h"
#include "proc/process.h"
#include "proc/report/accounting.h"

namespace topnet::proc {

// The value of the field `processes` of topnet.report/1.
void write_ranking(base::JsonWriter& json, const std::vector<Process>& processes);
// The field `accounting` of topnet.report/1, name and value.
void write_accounting(base::JsonWriter& json, const std::optional<Accounting>& accounting);

}  // namespace topnet::proc
