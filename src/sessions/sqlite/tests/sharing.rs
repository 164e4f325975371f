//! The line before a session, over processes.

use super::*;

fn claimant(holder: &str) -> lease::Claimant {
    lease::Claimant {
        session: session("one"),
        holder: holder.to_owned(),
    }
}

#[test]
fn a_process_that_waits_is_not_overtaken_by_one_that_comes_back() {
    let folder = folder();
    let connection =
        schema::open_for_writing(&folder.path().join(FILE_NAME), schema::BUSY_TIMEOUT).unwrap();
    let timing = Timing::default();
    let claim = |name| lease::claim(&connection, &claimant(name), timing).unwrap();
    assert!(claim("first").is_some());
    assert_eq!(claim("second"), None);
    assert_eq!(claim("third"), None);
    lease::release(&connection, &claimant("first")).unwrap();
    assert_eq!(claim("first"), None);
    assert_eq!(claim("third"), None);
    assert!(claim("second").is_some());
    lease::release(&connection, &claimant("second")).unwrap();
    lease::release(&connection, &claimant("third")).unwrap();
    assert!(claim("first").is_some());
}
