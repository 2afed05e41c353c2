#include "web/html.h"

#include "support/catch.h"

using topnet::web::escape_html;
using topnet::web::table;

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
  CHECK(table("A & B", {{"Name <1>"}, {"Count", true}}, {{"<b>", "1"}, {"\"", "<2>"}}, "none") ==
        "<table>\n"
        "<caption>A &amp; B</caption>\n"
        "<thead><tr><th scope=\"col\">Name &lt;1&gt;</th>"
        "<th scope=\"col\" class=\"number\">Count</th></tr></thead>\n"
        "<tbody>\n"
        "<tr><td>&lt;b&gt;</td><td class=\"number\">1</td></tr>\n"
        "<tr><td>&quot;</td><td class=\"number\">&lt;2&gt;</td></tr>\n"
        "</tbody>\n"
        "</table>\n");
}

TEST_CASE("a table without rows says so, over all its columns") {
  CHECK_THAT(table("T", {{"A"}, {"B"}}, {}, "Nobody <is> here."),
             Catch::Contains("<tr><td colspan=\"2\" class=\"nothing\">"
                             "Nobody &lt;is&gt; here.</td></tr>"));
}
