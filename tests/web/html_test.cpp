#include "web/html.h"

#include "support/catch.h"

using namespace topnet::web;

TEST_CASE("Html: exactly the special characters of HTML are escaped", "[html]") {
  CHECK(escape_html("<script>alert(\"a\" + 'b' && 1 > 0)</script>") ==
        "&lt;script&gt;alert(&quot;a&quot; + &#39;b&#39; &amp;&amp; 1 &gt; 0)&lt;/script&gt;");
  CHECK(escape_html("&lt;") == "&amp;lt;");
  CHECK(escape_html("").empty());
  CHECK(escape_html("kworker/0:1H-ksoftirqd é – 日本 \\x1b[0m") ==
        "kworker/0:1H-ksoftirqd é – 日本 \\x1b[0m");
}

TEST_CASE("Html: the texts of a table are escaped", "[html]") {
  const std::string table =
      to_html(Table{.name = "things",
                    .caption = "A & B",
                    .columns = {{"Name <1>"}, {"Count", true}},
                    .rows = {{text("<b>"), text("1")}, {text("\""), text("<2>")}},
                    .empty_text = "none"});
  CHECK_THAT(table, Catch::StartsWith("<section id=\"things\">\n"
                                      "<table class=\"things\">\n"
                                      "<caption>A &amp; B</caption>\n"
                                      "<thead><tr><th scope=\"col\">Name &lt;1&gt;</th>"
                                      "<th scope=\"col\" class=\"number\">Count</th></tr></thead>\n"
                                      "<tbody>\n"
                                      "<tr><td>&lt;b&gt;</td><td>1</td></tr>\n"
                                      "<tr><td>&quot;</td><td>&lt;2&gt;</td></tr>\n"
                                      "</tbody>\n"
                                      "</table>\n"
                                      "</section>\n"));
}

TEST_CASE("Html: a table without rows shows a text over all columns", "[html]") {
  CHECK_THAT(to_html(Table{.name = "things",
                           .caption = "T",
                           .columns = {{"A"}, {"B"}},
                           .rows = {},
                           .empty_text = "There is <nothing> here."}),
             Catch::Contains("<tr><td colspan=\"2\" class=\"nothing\">"
                             "There is &lt;nothing&gt; here.</td></tr>"));
}

TEST_CASE("Html: further rows are folded, with their count", "[html]") {
  Table table{.name = "things", .caption = "T", .columns = {{"A"}}, .rows = {}, .empty_text = ""};
  for (std::size_t i = 0; i < kMaxUnfoldedRows; ++i) table.rows.push_back({text("first")});
  CHECK_THAT(to_html(table), !Catch::Contains("<details"));
  for (int i = 0; i < 3; ++i) table.rows.push_back({text("rest")});
  const std::string page = to_html(table);
  CHECK_THAT(page, Catch::Contains("<details>\n<summary>3 more</summary>\n"));
  const auto fold = page.find("<details");
  CHECK(page.find("rest<") > fold);
  CHECK(page.rfind("first<") < fold);
}
