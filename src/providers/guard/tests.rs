//! Where a fetch may lead, and where it may not, however that is written.

mod fetches;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;

use futures_util::future::{BoxFuture, FutureExt};

use super::gate::covers;
use super::*;

/// Names and what they lead to, look-up by look-up; the last answer stays. Keeps what it was asked.
#[derive(Default)]
struct Names {
    answers: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    fn new(names: &[(&str, &[&str])]) -> Arc<Self> {
        let answers = |(name, answers): &(&str, &[&str])| {
            let addresses =
                |answer: &&str| answer.split(' ').map(|ip| ip.parse().unwrap()).collect();
            ((*name).to_owned(), answers.iter().map(addresses).collect())
        };
        Arc::new(Self {
            answers: Mutex::new(names.iter().map(answers).collect()),
            asked: Mutex::default(),
        })
    }
}

impl Lookup for Names {
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut names = self.answers.lock().unwrap();
        let answer = names.get_mut(&host).map(|answers| match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap(),
        });
        self.asked.lock().unwrap().push(host);
        async move { answer.ok_or(io::ErrorKind::NotFound.into()) }.boxed()
    }
}

fn rules() -> FetchRules {
    FetchRules {
        allow: Vec::new(),
        max_bytes: 1000,
        max_redirects: 3,
        timeout: Duration::from_secs(10),
    }
}

fn refused(host: &str) -> Result<Fetched, FetchError> {
    Err(FetchError::Refused {
        host: host.to_owned(),
        reason: NOT_PUBLIC,
    })
}

#[test]
fn only_addresses_of_the_public_internet_are_public() {
    for address in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::8.8.8.8",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(address.parse().unwrap()), "{address}");
    }
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.0.0.1",
        "128.0.0.1",
        "169.253.0.1",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.0.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "2001:200::1",
        "2606:4700::1111",
        "2a00:1450::1",
    ] {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
}

#[tokio::test]
async fn no_spelling_of_a_local_address_is_fetched() {
    let names = Names::new(&[]);
    let fetcher = Fetcher::new(Arc::clone(&names) as Arc<dyn Lookup>);
    for url in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.0.0.1./",
        "http://127.0.0.1:8080/",
        "http://0/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0xa9fea9fe/",
        "http://2852039166/",
        "http://[fd00:ec2::254]/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://172.16.0.1/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://localhost/",
        "http://LOCALHOST/",
        "http://localhost./",
        "http://a.localhost/",
        "http://printer.local/",
        "http://a.internal/",
        "http://metadata.google.internal/",
        "http://１２７.０.０.１/",
        "http://①②⑦.0.0.1/",
        "http:\\\\127.0.0.1\\",
        "http:127.0.0.1",
        "https:///127.0.0.1/",
        " http://127.0.0.1/ ",
        "http://ⓛocalhost/",
        "http://127.0.0.1%2f/",
        "http://user@example.com/",
        "http://:password@example.com/",
        "http://example.com@127.0.0.1/",
        "http://127.0.0.1#@example.com/",
        "http://127.0.0.1\\@example.com/",
        "http://a:b@127.0.0.1/",
        "http://%31%32%37.0.0.1/",
        "http://127%2e0%2e0%2e1/",
        "http://%6c%6f%63%61%6c%68%6f%73%74/",
        "http://localhost%00.example.com/",
        "http://%30x7f.1/",
        "http://0x7F.1/",
        "http://0177.1/",
        "http://00000177.0.0.1/",
        "http://127.0.0x0.1/",
        "http://127.0.0.1../",
        "http://1\n2\t7.0.0.1/",
        "http://127。0。0。1/",
        "http://[::ffff:0:127.0.0.1]/",
        "http://[0:0:0:0:0:ffff:127.0.0.1]/",
        "http://[64:ff9b:1::127.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
        "http://[fe80::1%25eth0]/",
        "http://localhost../",
        "http://localhost。/",
        "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
        "http://metadata。google。internal/",
        "http://service.lan./",
    ] {
        let answer = fetcher.fetch(url, &rules()).await;
        let is_refused = matches!(
            answer,
            Err(FetchError::Refused { .. } | FetchError::Invalid(_))
        );
        assert!(is_refused, "{url}: {answer:?}");
    }
    assert_eq!(*names.asked.lock().unwrap(), [""; 0]);
}

#[tokio::test]
async fn what_is_no_web_address_is_invalid() {
    let fetcher = Fetcher::new(Names::new(&[]));
    let long = format!("http://example.com/{}", "x".repeat(MAX_URL_BYTES));
    for url in [
        "",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "data:,x",
        "javascript:1",
        "http://",
        "http://[::1",
        "http://a b/",
        "http://256.256.256.256/",
        &long,
    ] {
        let answer = fetcher.fetch(url, &rules()).await;
        assert!(
            matches!(answer, Err(FetchError::Invalid(_))),
            "{url}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_name_that_leads_to_any_local_address_is_refused() {
    let names = Names::new(&[
        ("loopback.test", &["127.0.0.1"]),
        ("private.test", &["10.1.2.3"]),
        ("mapped.test", &["::ffff:10.1.2.3"]),
        ("metadata.test", &["169.254.169.254"]),
        ("mixed.test", &["93.184.216.34 127.0.0.1"]),
        ("nat64.test", &["64:ff9b::a9fe:a9fe"]),
    ]);
    let fetcher = Fetcher::new(names);
    for name in [
        "loopback", "private", "mapped", "metadata", "mixed", "nat64",
    ] {
        let host = format!("{name}.test");
        let answer = fetcher.fetch(&format!("http://{host}/"), &rules()).await;
        assert_eq!(answer, refused(&host));
    }
    let host = "missing.test".to_owned();
    let missing = fetcher.fetch("http://missing.test/", &rules()).await;
    assert_eq!(missing, Err(FetchError::Unreachable { host }));
}

#[test]
fn an_allow_list_covers_exact_names_and_what_is_below_a_star() {
    for (pattern, host) in [
        ("example.com", "example.com"),
        ("Example.COM.", "example.com"),
        ("*.example.com", "a.example.com"),
        ("*.example.com", "a.b.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("*.Bücher.example", "a.xn--bcher-kva.example"),
    ] {
        assert!(covers(pattern, host), "{pattern} {host}");
    }
    for (pattern, host) in [
        ("example.com", "a.example.com"),
        ("*.example.com", "example.com"),
        ("*.example.com", ".example.com"),
        ("*.example.com", "badexample.com"),
        ("example.com", "example.com.evil.test"),
        ("*", "example.com"),
        ("", "example.com"),
    ] {
        assert!(!covers(pattern, host), "{pattern} {host}");
    }
}
