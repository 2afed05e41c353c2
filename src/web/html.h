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
  std::string_view id;  // of the element; the script finds it by that
  std::string_view caption;
  std::vector<Column> columns;
  std::vector<std::vector<Html>> rows;  // as many cells as there are columns
  std::string_view nothing;             // what is said where there are no rows
};

// So many rows are shown; those beyond are in a second table that the reader unfolds.
inline constexpr std::size_t kMostRows = 25;

std::string to_html(const Table& table);

}  // namespace topnet::web
