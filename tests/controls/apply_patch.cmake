# Copies FILES, which are under ROOT, to INTO and applies PATCH to them there. It has to fit exactly.
foreach(file IN LISTS FILES)
  configure_file("${ROOT}/${file}" "${INTO}/${file}" COPYONLY)
endforeach()
execute_process(
  COMMAND "${PROGRAM}" --strip=1 --fuzz=0 --force --no-backup-if-mismatch "--directory=${INTO}"
          "--input=${PATCH}"
  RESULT_VARIABLE status
  OUTPUT_VARIABLE said
  ERROR_VARIABLE said)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PATCH} does not fit any more: make it anew.\n${said}")
endif()
