#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| crowsnest_fuzz::run("templates", data));
