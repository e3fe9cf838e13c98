//! Items of the bot's own tables.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    locktender::aws::fuzz::stored_item(bytes);
});
