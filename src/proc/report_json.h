// Parts of a report as JSON, for those who show one among other things.
#pragma once

#include <optional>
#include <vector>

#include "proc/accounting.h"
#include "proc/json_writer.h"
#include "proc/process.h"

namespace topnet::proc {

// The array of processes of topnet.report/1, in their order.
void write_ranking(JsonWriter& json, const std::vector<Process>& processes);
// The field `accounting` of the same.
void write_accounting(JsonWriter& json, const std::optional<Accounting>& accounting);

}  // namespace topnet::proc
