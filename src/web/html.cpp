#include "web/html.h"

#include <fmt/format.h>

namespace topnet::web {
namespace {

std::string cell(const Column& column, std::string_view text) {
  return fmt::format("<td{}>{}</td>", column.is_number ? " class=\"number\"" : "",
                     escape_html(text));
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

std::string table(std::string_view caption, const std::vector<Column>& columns,
                  const std::vector<std::vector<std::string>>& rows, std::string_view nothing) {
  std::string out =
      fmt::format("<table>\n<caption>{}</caption>\n<thead><tr>", escape_html(caption));
  for (const Column& column : columns) {
    out += fmt::format("<th scope=\"col\"{}>{}</th>", column.is_number ? " class=\"number\"" : "",
                       escape_html(column.title));
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < columns.size(); ++i) out += cell(columns[i], row.at(i));
    out += "</tr>\n";
  }
  if (rows.empty()) {
    out += fmt::format("<tr><td colspan=\"{}\" class=\"nothing\">{}</td></tr>\n", columns.size(),
                       escape_html(nothing));
  }
  return out + "</tbody>\n</table>\n";
}

}  // namespace topnet::web
