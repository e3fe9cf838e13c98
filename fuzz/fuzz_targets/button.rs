//! Ids of buttons and forms.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    locktender::discord::fuzz::button(bytes);
});
