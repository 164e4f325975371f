#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| openclaw::fuzzing::run("json_schema", input));
