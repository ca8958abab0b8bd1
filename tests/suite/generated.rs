use sanderling_tests::generated;

#[test]
fn generated_files_are_fresh() {
    let stale: Vec<_> = generated::all().iter().filter(|file| file.refresh()).map(|file| file.path).collect();
    assert!(stale.is_empty(), "these were stale and have been rewritten; commit them: {stale:?}");
}
