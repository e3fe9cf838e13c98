//! Lock records: rows and lockfiles.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    locktender::lock::fuzz::lock_record(bytes);
    locktender::aws::fuzz::lock_row(bytes);
});
