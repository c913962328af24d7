//! Key files as they are lost, shared, rotated and linked to.

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_key_file_that_others_can_read_is_refused_with_the_way_out() {
    let folder = folder();
    let path = folder.path().join("key");
    new_file(&path).expect("made");
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    Ring::file(&path).expect("read");
    for mode in [0o644, 0o640, 0o602] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("changed");
        let error = Ring::file(&path).expect_err("refused").to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
}

#[test]
fn a_second_start_keeps_the_key() {
    let folder = folder();
    let path = folder.path().join("key");
    new_file(&path).expect("made");
    let before = fs::read_to_string(&path).expect("text");
    new_file(&path).expect("there already");
    assert_eq!(fs::read_to_string(&path).expect("text"), before);
}

#[test]
fn after_a_rotation_a_running_process_opens_and_seals_with_the_new_key() {
    let folder = folder();
    let path = folder.path().join("key");
    new_file(&path).expect("made");
    let running = Ring::file(&path).expect("read");
    let old = running.seal("p", &Secret::new("old")).expect("sealed");
    let mut keys = vec![Key::random()];
    keys.extend(running.keys());
    rotated(&path, &keys).expect("rotated");
    let other = Ring::file(&path).expect("read");
    let new = other.seal("p", &Secret::new("new")).expect("sealed");
    assert_ne!(key_of(&old), key_of(&new));
    assert_eq!(running.open("p", &new), Ok(Secret::new("new")));
    assert_eq!(other.open("p", &old), Ok(Secret::new("old")));
    let again = running.seal("p", &Secret::new("x")).expect("sealed");
    assert_eq!(key_of(&again), key_of(&new));
}

#[test]
fn a_process_that_only_checks_marks_learns_of_a_rotation() {
    let folder = folder();
    let path = folder.path().join("key");
    new_file(&path).expect("made");
    let running = Ring::file(&path).expect("read");
    assert!(!running.is_mark("text", "no mark"));
    let mut keys = vec![Key::random()];
    keys.extend(running.keys());
    rotated(&path, &keys).expect("rotated");
    let mark = Ring::file(&path).expect("read").mark("text");
    let mark = mark.expect("a mark");
    assert!(!running.is_mark("text", &mark), "not twice in a second");
    let earlier = Instant::now().checked_sub(AGAIN);
    *running.looked.lock().expect("a lock") = earlier;
    assert!(running.is_mark("text", &mark));
    assert!(!running.is_mark("another", &mark));
}

#[test]
fn a_rotation_through_a_link_writes_what_it_leads_to() {
    let folder = folder();
    let (file, link) = (folder.path().join("real"), folder.path().join("key"));
    new_file(&file).expect("made");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    let keys = [Key::random()];
    rotated(&link, &keys).expect("rotated");
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    assert_eq!(Ring::file(&file).expect("read").keys(), keys);
}

#[test]
fn a_lost_key_is_named_and_no_key_says_how_to_make_one() {
    let one = Ring::text(&Key::new([1; 32]).text()).expect("a key");
    let two = Ring::text(&Key::new([2; 32]).text()).expect("a key");
    let sealed = one.seal("p", &Secret::new("x")).expect("sealed");
    let id = Key::new([1; 32]).id().to_owned();
    assert_eq!(two.open("p", &sealed), Err(SealError::Lost(id)));
    assert_eq!(Ring::none().open("p", &sealed), Err(SealError::NoKey));
    let none = Ring::none().seal("p", &Secret::new("x"));
    assert_eq!(none, Err(SealError::NoKey));
}

#[test]
fn a_text_that_is_no_key_is_refused_without_repeating_it() {
    for text in ["", "canary", "# only a comment", "AAAA"] {
        let error = Ring::text(text).expect_err("refused").to_string();
        assert!(error.contains("ingot keys new"), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
    let both = format!("{},{}", Key::new([1; 32]).text(), Key::new([2; 32]).text());
    assert_eq!(Ring::text(&both).expect("two").keys().len(), 2);
}
