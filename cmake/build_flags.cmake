# topnet_build_flags: what every target of ours is compiled with. TOPNET_SANITIZE and TOPNET_FUZZ are set
# by the presets.
set(TOPNET_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them; empty for none")
option(TOPNET_FUZZ "Build the fuzz targets for libFuzzer (clang only)" OFF)
option(TOPNET_HARDEN "Compile and link with the hardening flags" OFF)

set(CMAKE_CXX_EXTENSIONS OFF)
# The program exports nothing, which makes it smaller and its start-up shorter.
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_library(topnet_build_flags INTERFACE)
target_compile_features(topnet_build_flags INTERFACE cxx_std_20)
# What a program links but does not use must not cost it start-up time.
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
  # The vptr check probes memory through a pipe, and so reports nonsense where a test has taken all
  # descriptors away.
  target_compile_options(topnet_build_flags INTERFACE
    -fsanitize=${TOPNET_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(topnet_build_flags INTERFACE -fsanitize=${TOPNET_SANITIZE})
endif()

# GCC 12's ThreadSanitizer aborts where the kernel randomises more than 28 bits of an address; then
# its programs run without. CMake puts this in front of every test of ours, test discovery included.
if(TOPNET_SANITIZE STREQUAL "thread" AND EXISTS /proc/sys/vm/mmap_rnd_bits)
  file(READ /proc/sys/vm/mmap_rnd_bits topnet_random_bits)
  if(topnet_random_bits GREATER 28)
    set(CMAKE_CROSSCOMPILING_EMULATOR setarch -R)
  endif()
endif()
