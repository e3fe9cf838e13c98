//! Typed and pasted names of states, and key templates.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    locktender::lock::fuzz::typed_name(bytes);
});
