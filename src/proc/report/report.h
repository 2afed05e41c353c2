// A report on one machine's CPU use, and its forms: text, JSON and CSV.
//
// Pure functions of a value. topnet-scan(1), section REPORT, specifies the forms. To add a column:
// proc/process.h and proc/stat.cpp read it, and report_text.cpp, report_json.cpp and report_csv.cpp
// write it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/timestamp.h"
#include "proc/host.h"
#include "proc/process.h"
#include "proc/report/accounting.h"

namespace topnet::proc {

struct Report {
  Host host;
  base::WallTime time;  // when the scan began
  // In which the ticks were used; nullopt: since each process started.
  std::optional<std::chrono::milliseconds> window;
  std::uint32_t clock_ticks_per_second = 100;
  std::optional<std::uint32_t> cpus;  // online
  std::uint64_t processes_seen = 0;
  std::optional<std::uint64_t> steal_ticks;  // as in CpuTimes, for the same time as the rest
  std::optional<double> cpu_limit;           // of this program's cgroup, in CPUs; nullopt: none
  std::optional<Accounting> accounting;
  std::optional<std::string> hidden;  // why processes are hidden, in one line
  std::vector<Process> processes;     // in the order of the ranking
};

enum class Format : std::uint8_t { Text, Json, Csv };

inline constexpr base::EnumNames<Format, 3> kFormats{
    {{"text", Format::Text}, {"json", Format::Json}, {"csv", Format::Csv}}};

std::string to_text(const Report& report);
std::string to_json(const Report& report);  // one document on one line
std::string to_csv(const Report& report);   // RFC 4180, CRLF
std::string render(const Report& report, Format format);

}  // namespace topnet::proc
