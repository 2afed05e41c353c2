// Building blocks of HTML. All texts go through text() or escape_html(), so none can become markup.
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace topnet::web {

// Escapes `text` for the contents of an element or of a quoted attribute.
std::string escape_html(std::string_view text);

// Markup that is inserted into a page unchanged.
struct Html {
  std::string markup;
};
Html text(std::string_view text);

// A column of a table. Only the header cell of a number column has a class. assets/page.css aligns
// the other cells by position, which keeps large tables small.
struct Column {
  std::string_view title;
  bool is_number = false;
};

struct Table {
  std::string_view name;  // the class of the table, and the id of its section
  std::string_view caption;
  std::vector<Column> columns;
  std::vector<std::vector<Html>> rows;  // as many cells as there are columns
  std::string_view empty_text;          // shown if there are no rows
};

// Further rows are in a second table, in a <details> element.
inline constexpr std::size_t kMaxUnfoldedRows = 25;

std::string to_html(const Table& table);

}  // namespace topnet::web
