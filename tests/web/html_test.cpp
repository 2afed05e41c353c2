#include "web/html.h"

#include "support/catch.h"

using namespace topnet::web;

TEST_CASE("what means something in HTML is escaped, in contents and in attributes") {
  CHECK(escape_html("<script>alert(\"a\" + 'b' && 1 > 0)</script>") ==
        "&lt;script&gt;alert(&quot;a&quot; + &#39;b&#39; &amp;&amp; 1 &gt; 0)&lt;/script&gt;");
  CHECK(escape_html("&lt;") == "&amp;lt;");
}

TEST_CASE("everything else stays as it is") {
  CHECK(escape_html("").empty());
  CHECK(escape_html("kworker/0:1H-ksoftirqd é – 日本 \\x1b[0m") ==
        "kworker/0:1H-ksoftirqd é – 日本 \\x1b[0m");
}

TEST_CASE("a table holds its texts and nothing but texts") {
  const std::string table =
      to_html(Table{.name = "things",
                    .caption = "A & B",
                    .columns = {{"Name <1>"}, {"Count", true}},
                    .rows = {{text("<b>"), text("1")}, {text("\""), text("<2>")}},
                    .nothing = "none"});
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

TEST_CASE("a table without rows says so, over all its columns") {
  CHECK_THAT(to_html(Table{.name = "things",
                           .caption = "T",
                           .columns = {{"A"}, {"B"}},
                           .rows = {},
                           .nothing = "Nobody <is> here."}),
             Catch::Contains("<tr><td colspan=\"2\" class=\"nothing\">"
                             "Nobody &lt;is&gt; here.</td></tr>"));
}

TEST_CASE("rows beyond so many are folded, with their count") {
  Table table{.name = "things", .caption = "T", .columns = {{"A"}}, .rows = {}, .nothing = ""};
  for (std::size_t i = 0; i < kMostRows; ++i) table.rows.push_back({text("first")});
  CHECK_THAT(to_html(table), !Catch::Contains("<details"));
  for (int i = 0; i < 3; ++i) table.rows.push_back({text("rest")});
  const std::string page = to_html(table);
  CHECK_THAT(page, Catch::Contains("<details>\n<summary>3 more</summary>\n"));
  const auto fold = page.find("<details");
  CHECK(page.find("rest<") > fold);
  CHECK(page.rfind("first<") < fold);
}
