#include "web/html.h"

#include <fmt/format.h>

#include <algorithm>

namespace topnet::web {
namespace {

const char* class_of(const Column& column) { return column.is_number ? " class=\"number\"" : ""; }

std::string head(const Table& table) {
  std::string out = "<thead><tr>";
  for (const Column& column : table.columns) {
    out += fmt::format("<th scope=\"col\"{}>{}</th>", class_of(column), escape_html(column.title));
  }
  return out + "</tr></thead>\n";
}

std::string body(const Table& table, std::size_t first, std::size_t count) {
  if (count == 0) {
    return fmt::format("<tr><td colspan=\"{}\" class=\"nothing\">{}</td></tr>\n",
                       table.columns.size(), escape_html(table.nothing));
  }
  std::string out;
  for (std::size_t row = first; row < first + count; ++row) {
    out += "<tr>";
    for (const Html& cell : table.rows[row]) out += fmt::format("<td>{}</td>", cell.markup);
    out += "</tr>\n";
  }
  return out;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Html text(std::string_view text) { return {escape_html(text)}; }

std::string to_html(const Table& table) {
  const std::size_t shown = std::min(table.rows.size(), kMostRows);
  const std::size_t folded = table.rows.size() - shown;
  return fmt::format(
      "<section>\n"
      "<table id=\"{0}\" "
      "class=\"{0}\">\n<caption>{1}</caption>\n{2}<tbody>\n{3}</tbody>\n</table>\n"
      "<details{4}>\n<summary>{5} more</summary>\n"
      "<table class=\"{0}\" aria-label=\"{1}, the "
      "rest\">\n{2}<tbody>\n{6}</tbody>\n</table>\n</details>\n"
      "</section>\n",
      table.id, escape_html(table.caption), head(table), body(table, 0, shown),
      folded == 0 ? " hidden" : "", folded, folded == 0 ? "" : body(table, shown, folded));
}

}  // namespace topnet::web
