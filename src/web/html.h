// Building blocks of HTML. Every text goes through text() or escape_html(), and so none can become
// markup. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace topnet::web {

// `text` as the contents of an element or of a quoted attribute.
std::string escape_html(std::string_view text);

// Markup, as it will stand in a page.
struct Html {
  std::string markup;
};
Html text(std::string_view text);

// A column of a table. Numbers are aligned to the right: assets/page.css says so of the cells,
// which are many.
struct Column {
  std::string_view title;
  bool is_number = false;
};

struct Table {
  std::string_view name;  // the class of the table, and the id of its section
  std::string_view caption;
  std::vector<Column> columns;
  std::vector<std::vector<Html>> rows;  // as many cells as there are columns
  std::string_view nothing;             // what is said if there are no rows
};

// Rows beyond this number are in a second table that the reader unfolds.
inline constexpr std::size_t kMostRows = 25;

std::string to_html(const Table& table);

}  // namespace topnet::web
