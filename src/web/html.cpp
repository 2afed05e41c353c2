#include "web/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

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

std::string body(const Table& table, std::span<const std::vector<Html>> rows) {
  std::string out = "<tbody>\n";
  if (rows.empty()) {
    out += fmt::format("<tr><td colspan=\"{}\" class=\"nothing\">{}</td></tr>\n",
                       table.columns.size(), escape_html(table.empty_text));
  }
  for (const std::vector<Html>& row : rows) {
    out += "<tr>";
    for (const Html& cell : row) out += fmt::format("<td>{}</td>", cell.markup);
    out += "</tr>\n";
  }
  return out + "</tbody>\n";
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
  const std::span rows(table.rows);
  const std::span shown = rows.first(std::min(rows.size(), kMaxUnfoldedRows));
  const std::span folded = rows.subspan(shown.size());
  std::string out = fmt::format(
      "<section id=\"{0}\">\n<table class=\"{0}\">\n<caption>{1}</caption>\n{2}{3}</table>\n",
      table.name, escape_html(table.caption), head(table), body(table, shown));
  if (!folded.empty()) {
    out += fmt::format(
        "<details>\n<summary>{1} more</summary>\n"
        "<table class=\"{0}\" aria-label=\"{2}, the rest\">\n{3}{4}</table>\n</details>\n",
        table.name, folded.size(), escape_html(table.caption), head(table), body(table, folded));
  }
  return out + "</section>\n";
}

}  // namespace topnet::web
