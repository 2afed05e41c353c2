// The contents of a small text file with one entry per line, which people may edit. Empty lines,
// comments (#) and lines that cannot be parsed are kept as they are. A plain value; the caller
// reads and writes the file.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/string_scan.h"

namespace topnet::base {

// Needs `std::string to_line(const Entry&)` and `bool parse_line(std::string_view, Entry&)`; a line
// has no newline.
template <typename Entry>
class LineFile {
 public:
  explicit LineFile(std::string_view text) {
    while (!text.empty()) add_line(take_until(text, "\n"));
  }

  std::vector<Entry> entries() const {
    std::vector<Entry> found;
    for (const Line& line : lines_) {
      if (line.entry) found.push_back(*line.entry);
    }
    return found;
  }

  // The numbers, from 1, of the lines that cannot be parsed.
  const std::vector<std::size_t>& broken_lines() const { return broken_lines_; }

  void add(Entry entry) {
    std::string text = to_line(entry);
    lines_.push_back({.text = std::move(text), .entry = std::move(entry)});
  }

  // Returns the number of removed entries.
  std::size_t remove_if(const std::function<bool(const Entry&)>& matches) {
    return std::erase_if(lines_,
                         [&](const Line& line) { return line.entry && matches(*line.entry); });
  }

  // Calls `change` for each entry. `change` returns true if it has changed the entry.
  void update(const std::function<bool(Entry&)>& change) {
    for (Line& line : lines_) {
      if (line.entry && change(*line.entry)) line.text = to_line(*line.entry);
    }
  }

  std::string to_text() const {
    std::string text;
    for (const Line& line : lines_) text += line.text + '\n';
    return text;
  }

 private:
  struct Line {
    std::string text;
    std::optional<Entry> entry;
  };

  void add_line(std::string_view text) {
    Line line{.text = std::string(text), .entry = {}};
    const bool is_entry =
        text.find_first_not_of(" \t") != std::string_view::npos && !text.starts_with('#');
    if (is_entry) {
      Entry entry;
      if (parse_line(text, entry)) {
        line.entry = std::move(entry);
      } else {
        broken_lines_.push_back(lines_.size() + 1);
      }
    }
    lines_.push_back(std::move(line));
  }

  std::vector<Line> lines_;
  std::vector<std::size_t> broken_lines_;
};

}  // namespace topnet::base
