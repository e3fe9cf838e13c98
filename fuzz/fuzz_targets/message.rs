//! Messages in Discord and on a terminal.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    locktender::discord::fuzz::message(bytes);
    locktender::console::fuzz::message(bytes);
});
