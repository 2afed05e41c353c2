// Parses arbitrary bytes as each kind of trust file. Accepted entries must survive a round trip,
// and changing one entry must leave all other lines as they were.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/files/line_file.h"
#include "net/trust/trust_entries.h"
#include "support/require.h"

namespace {

using namespace topnet::base;
using namespace topnet::net;
using topnet::test::require;

// Whether the parser accepts the line on its own.
template <typename Entry>
bool is_entry(const std::string& line) {
  Entry ignored;
  return !line.starts_with('#') && parse_line(line, ignored);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      lines.push_back(line);
      line.clear();
    } else {
      line += c;
    }
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

// The numbers, from 1, of lines that are neither entries nor blank nor comments.
template <typename Entry>
std::vector<std::size_t> broken_lines_of(const std::vector<std::string>& lines) {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool is_blank =
        std::all_of(lines[i].begin(), lines[i].end(), [](char c) { return c == ' ' || c == '\t'; });
    const bool is_comment = is_blank || lines[i].starts_with('#');
    if (!is_comment && !is_entry<Entry>(lines[i])) numbers.push_back(i + 1);
  }
  return numbers;
}

template <typename Entry>
void try_as(const std::string& text) {
  const LineFile<Entry> file(text);
  const std::vector<std::string> lines = lines_of(text);
  require(file.to_text() == joined(lines));
  require(file.broken_lines() == broken_lines_of<Entry>(lines));
  const std::vector<Entry> entries = file.entries();
  require(LineFile<Entry>(file.to_text()).entries() == entries);

  std::vector<std::string> kept;
  std::copy_if(lines.begin(), lines.end(), std::back_inserter(kept),
               [](const std::string& line) { return !is_entry<Entry>(line); });
  require(entries.size() == lines.size() - kept.size());

  LineFile<Entry> emptied(text);
  require(emptied.remove_if([](const Entry&) { return true; }) == entries.size());
  require(emptied.to_text() == joined(kept) && emptied.entries().empty());

  for (const Entry& entry : entries) {
    const std::string line = to_line(entry);
    Entry again;
    require(line.find('\n') == std::string::npos && is_entry<Entry>(line));
    require(parse_line(line, again) && again == entry);
    emptied.add(entry);
  }
  require(emptied.entries() == entries);
  require(LineFile<Entry>(emptied.to_text()).entries() == entries);

  // Only the last entry is rewritten.
  LineFile<Entry> updated(text);
  std::size_t seen = 0;
  updated.update([&](Entry&) { return ++seen == entries.size(); });
  std::vector<std::string> expected = lines;
  const auto last = std::find_if(expected.rbegin(), expected.rend(), is_entry<Entry>);
  if (last != expected.rend()) *last = to_line(entries.back());
  require(updated.to_text() == joined(expected) && updated.entries() == entries);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  try_as<EnrolledClient>(text);
  try_as<KnownServer>(text);
  try_as<Invite>(text);
  return 0;
}
