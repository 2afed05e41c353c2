# topnet_build_flags: the flags of all our targets. The presets set TOPNET_SANITIZE and TOPNET_FUZZ.
set(TOPNET_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them; empty for none")
option(TOPNET_FUZZ "Build the fuzz targets for libFuzzer (clang only)" OFF)
option(TOPNET_HARDEN "Compile and link with the hardening flags" OFF)

set(CMAKE_CXX_EXTENSIONS OFF)
# Exporting no symbols makes the program smaller and its start faster.
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_library(topnet_build_flags INTERFACE)
target_compile_features(topnet_build_flags INTERFACE cxx_std_20)
# Libraries that a program does not use must not slow down its start.
target_link_options(topnet_build_flags INTERFACE -Wl,--as-needed)
target_include_directories(topnet_build_flags INTERFACE "${PROJECT_SOURCE_DIR}/src")
target_compile_options(topnet_build_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wredundant-decls -Wzero-as-null-pointer-constant
  -Wno-missing-field-initializers)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(topnet_build_flags INTERFACE -Wreserved-identifier)
endif()

if(TOPNET_HARDEN)
  target_compile_options(topnet_build_flags INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS
    -fstack-protector-strong -fstack-clash-protection)
  target_link_options(topnet_build_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

if(TOPNET_FUZZ)
  target_compile_options(topnet_build_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(TOPNET_SANITIZE)
  # The vptr check probes memory through a pipe. Without it, tests that use up all descriptors would
  # fail with false reports.
  target_compile_options(topnet_build_flags INTERFACE
    -fsanitize=${TOPNET_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(topnet_build_flags INTERFACE -fsanitize=${TOPNET_SANITIZE})
endif()

# GCC 12's ThreadSanitizer aborts if the kernel randomises more than 28 bits of an address. CMake
# prefixes all tests and test discovery with this command, which switches randomisation off.
if(TOPNET_SANITIZE STREQUAL "thread" AND EXISTS /proc/sys/vm/mmap_rnd_bits)
  file(READ /proc/sys/vm/mmap_rnd_bits topnet_random_bits)
  if(topnet_random_bits GREATER 28)
    set(CMAKE_CROSSCOMPILING_EMULATOR setarch -R)
  endif()
endif()
