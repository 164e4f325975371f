//! What blocks say is what a look at each number says, and what serde_json says.

use proptest::prelude::*;

use super::*;

fn one_by_one(json: &[u8]) -> Option<(usize, usize)> {
    scan_by(json, |_, _| (0, 0))
}

fn by_serde_json(json: &[u8]) -> Option<(usize, usize)> {
    let mut lists = serde_json::Deserializer::from_slice(json).into_iter::<Vec<f32>>();
    let numbers = lists.next()?.ok()?;
    let is_finite = numbers.iter().all(|number| number.is_finite());
    is_finite.then(|| (lists.byte_offset(), numbers.len()))
}

/// A list of numbers of the usual form, whose blocks begin behind a first number of so many bytes.
fn usual_list(first: usize, gap: &str) -> Vec<u8> {
    let others = ["-0.0123", "0.5", "1.25", "-9.000000001", "0.0"];
    let numbers = others.iter().cycle().take(70);
    let mut list = format!("[0.{}", "1".repeat(first));
    for number in numbers {
        list.extend([",", gap, number]);
    }
    list.push(']');
    list.into_bytes()
}

#[test]
fn nearly_all_of_a_usual_list_is_passed_in_blocks() {
    for gap in ["", " ", "\n        "] {
        let list = usual_list(1, gap);
        let start = 5 + gap.len();
        let (passed, commas) = block::usual(&list, start);
        assert!(passed > list.len() - start - BLOCK, "{passed}");
        let wanted = list[start..start + passed].iter().filter(|b| **b == b',');
        assert_eq!(commas, wanted.count());
    }
}

#[test]
fn every_change_of_one_byte_is_seen_as_one_by_one() {
    let list = usual_list(1, "\n ");
    let mut changed = list.clone();
    for at in 0..list.len() {
        // Every byte in two numbers, and in all others those that a list may hold and their neighbours.
        let bytes = (0..=u8::MAX).filter(|byte| {
            (300..320).contains(&at) || b"\t\n\r +,-./0129:Ee[]".contains(byte) || *byte > 0xfd
        });
        for byte in bytes {
            changed[at] = byte;
            let text = || String::from_utf8_lossy(&changed).into_owned();
            assert_eq!(scan(&changed), one_by_one(&changed), "{}", text());
        }
        changed[at] = list[at];
    }
}

#[test]
fn every_byte_that_is_taken_out_or_put_in_is_seen_as_by_serde_json() {
    for first in [1, 16] {
        let list = usual_list(first, "");
        for at in 1..list.len() {
            let mut without = list.clone();
            without.remove(at);
            assert_eq!(scan(&without), by_serde_json(&without), "{at}");
            assert_eq!(scan(&list[..at]), None, "cut at {at}");
            for byte in *b"0-.,] e[" {
                let mut with = list.clone();
                with.insert(at, byte);
                let text = || String::from_utf8_lossy(&with).into_owned();
                assert_eq!(scan(&with), by_serde_json(&with), "{}", text());
            }
        }
    }
}

proptest! {
    #[test]
    fn lists_of_any_form_and_their_ruins_are_seen_as_by_serde_json(
        start in "[ \n]{0,3}-?[0-9]\\.[0-9]{1,140}",
        numbers in prop::collection::vec(
            prop_oneof![
                20 => "[ \n]{0,2}-?[0-9]\\.[0-9]{1,12}",
                1 => "[ \t\r\n]{0,2}-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?[ \t\r\n]{0,2}",
            ],
            0..120,
        ),
        ruins in prop::collection::vec((any::<prop::sample::Index>(), "[0-9,.\\-eE \n\\]]"), 0..2),
    ) {
        let mut json = format!("[{start}");
        for number in numbers {
            json.extend([",", &number]);
        }
        json.push(']');
        for (at, ruin) in ruins {
            let at = at.index(json.len());
            json.replace_range(at..=at, &ruin);
        }
        let found = scan(json.as_bytes());
        prop_assert_eq!(found, by_serde_json(json.as_bytes()));
        prop_assert_eq!(found, one_by_one(json.as_bytes()));
    }
}
