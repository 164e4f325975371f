//! What a caller may do: a closed set of scopes. Pure.

use std::fmt;

/// One thing that a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Admin,
    Approvals,
    Pairing,
    Read,
    TalkSecrets,
    Write,
}

impl Scope {
    const ALL: [Self; 6] = [
        Self::Admin,
        Self::Approvals,
        Self::Pairing,
        Self::Read,
        Self::TalkSecrets,
        Self::Write,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "operator.admin",
            Self::Approvals => "operator.approvals",
            Self::Pairing => "operator.pairing",
            Self::Read => "operator.read",
            Self::TalkSecrets => "operator.talk.secrets",
            Self::Write => "operator.write",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes, with everything that they imply: `operator.admin` implies all, `operator.write` implies
/// `operator.read`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// What a caller has unless something narrows it.
    pub const ALL: Self = Self((1 << Scope::ALL.len()) - 1);
    pub const NONE: Self = Self(0);

    /// The scopes of a list, separated by commas or white space. Names that are no scope grant nothing.
    pub fn parse(list: &str) -> Self {
        let names = list.split(|c: char| c == ',' || c.is_ascii_whitespace());
        let scopes =
            names.filter_map(|name| Scope::ALL.into_iter().find(|scope| scope.as_str() == name));
        scopes.fold(Self::NONE, |set, scope| {
            Self(set.0 | Self::implied(scope).0)
        })
    }

    /// Whether the scope is in the set.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// What is in both sets: no request can widen what its caller has.
    #[must_use]
    pub fn narrowed_to(self, wanted: Self) -> Self {
        Self(self.0 & wanted.0)
    }

    fn implied(scope: Scope) -> Self {
        match scope {
            Scope::Admin => Self::ALL,
            Scope::Write => Self(Scope::Write.bit() | Scope::Read.bit()),
            Scope::Approvals | Scope::Pairing | Scope::Read | Scope::TalkSecrets => {
                Self(scope.bit())
            }
        }
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = Scope::ALL.into_iter().filter(|scope| self.has(*scope));
        f.debug_set().entries(held.map(Scope::as_str)).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn held(scopes: Scopes) -> Vec<Scope> {
        Scope::ALL
            .into_iter()
            .filter(|scope| scopes.has(*scope))
            .collect()
    }

    #[test]
    fn admin_implies_everything_and_write_implies_read() {
        assert_eq!(Scopes::parse("operator.admin"), Scopes::ALL);
        assert_eq!(
            held(Scopes::parse("operator.write")),
            [Scope::Read, Scope::Write]
        );
        assert_eq!(held(Scopes::parse("operator.read")), [Scope::Read]);
    }

    #[test]
    fn a_list_is_separated_by_commas_or_spaces_and_unknown_names_grant_nothing() {
        let scopes =
            Scopes::parse(" operator.read,operator.pairing\toperator.root, OPERATOR.ADMIN");
        assert_eq!(held(scopes), [Scope::Pairing, Scope::Read]);
        assert_eq!(Scopes::parse(""), Scopes::NONE);
    }

    #[test]
    fn narrowing_never_widens_and_keeps_what_a_scope_implies() {
        let writer = Scopes::parse("operator.write");
        assert_eq!(writer.narrowed_to(Scopes::ALL), writer);
        assert_eq!(
            held(writer.narrowed_to(Scopes::parse("operator.read"))),
            [Scope::Read]
        );
        assert_eq!(writer.narrowed_to(Scopes::NONE), Scopes::NONE);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_nothing_is_gained(
            list in "(operator\\.(admin|approvals|pairing|read|talk\\.secrets|write)|[ -~]|,){0,6}",
            held in 0..1u8 << Scope::ALL.len(),
        ) {
            let (held, asked) = (Scopes(held), Scopes::parse(&list));
            let left = held.narrowed_to(asked);
            for scope in Scope::ALL {
                prop_assert_eq!(left.has(scope), held.has(scope) && asked.has(scope));
                // Granted is only what is spelt out, or implied by what is.
                let named = |scope: Scope| list.contains(scope.as_str());
                let implied = named(Scope::Admin) || scope == Scope::Read && named(Scope::Write);
                prop_assert!(!asked.has(scope) || named(scope) || implied);
            }
        }

        #[test]
        fn a_list_means_the_same_however_it_is_separated(names in proptest::collection::vec(0..6usize, 0..6)) {
            let names: Vec<&str> = names.into_iter().map(|at| Scope::ALL[at].as_str()).collect();
            let all = Scopes::parse(&names.join(","));
            for separator in [" ", ", ", ",,", "\t"] {
                prop_assert_eq!(Scopes::parse(&names.join(separator)), all);
            }
        }
    }
}
