// Building blocks of HTML. Every text goes through these functions, and so none can become markup.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace topnet::web {

// `text` as the contents of an element or of a quoted attribute.
std::string escape_html(std::string_view text);

// A column of a table; numbers are aligned to the right.
struct Column {
  std::string_view title;
  bool is_number = false;
};

// A table with a caption; `rows` hold plain texts, as many as there are columns. Without rows it
// says `nothing` in their place.
std::string table(std::string_view caption, const std::vector<Column>& columns,
                  const std::vector<std::vector<std::string>>& rows, std::string_view nothing);

}  // namespace topnet::web
