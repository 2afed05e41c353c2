// A ranking as it is handed out: as text, JSON and CSV.
//
// Pure functions of a value; the forms are those of topnet-scan(1), section REPORT.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proc/accounting.h"
#include "proc/host.h"
#include "proc/process.h"
#include "proc/time_text.h"
#include "proc/words.h"

namespace topnet::proc {

struct Report {
  Host host;
  WallTime time;  // when the scan began
  // That the ticks were used in; nullopt: since each process started.
  std::optional<std::chrono::milliseconds> window;
  std::uint32_t clock_ticks_per_second = 100;
  std::optional<std::uint32_t> cpus;  // those online
  std::uint64_t processes_seen = 0;
  std::optional<Accounting> accounting;
  std::optional<std::string> hidden;  // why not every process can be seen, as one line of text
  std::vector<Process> processes;     // in the order of the ranking
};

enum class Format : std::uint8_t { Text, Json, Csv };

inline constexpr Words<Format, 3> kFormats{
    {{"text", Format::Text}, {"json", Format::Json}, {"csv", Format::Csv}}};

std::string to_text(const Report& report);
std::string to_json(const Report& report);  // one document on one line
std::string to_csv(const Report& report);   // RFC 4180, CRLF
std::string print(const Report& report, Format format);

}  // namespace topnet::proc
