// Catch2, version 2 (Debian 12) or 3. Assertions only in a test's own thread.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
