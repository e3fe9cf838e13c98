//! The configuration file.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    locktender::settings::fuzz::settings_file(bytes);
});
