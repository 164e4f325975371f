//! Who may come in, once command line, environment and file have spoken. The rules are `auth`'s; here is the token that
//! a run without a secret gets.

use std::net::IpAddr;

use uuid::Uuid;

use crate::auth::{AuthMode, AuthSetupError};
use crate::config::{GatewayConfig, Secret};

/// How callers prove who they are in this run.
#[derive(Debug, PartialEq, Eq)]
pub struct Access {
    pub mode: AuthMode,
    /// The token, where it was made for this run.
    pub fresh: Option<Secret>,
}

impl Access {
    /// With a token for this run where no secret is set and only this machine can call.
    ///
    /// # Errors
    /// A mode that cannot be, or that would open `bind` to anyone.
    pub fn settle(gateway: &GatewayConfig, bind: IpAddr) -> Result<Self, AuthSetupError> {
        if let Some(mode) = AuthMode::choose(gateway, bind)? {
            return Ok(Self { mode, fresh: None });
        }
        // Two random ids: 244 random bits from the operating system.
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        Ok(Self::of(Secret::new(token)))
    }

    /// The same, with the token that was made earlier in this run where one is needed.
    #[must_use]
    pub fn with_fresh(self, earlier: Option<&Secret>) -> Self {
        match (&self.fresh, earlier) {
            (Some(_), Some(earlier)) => Self::of(earlier.clone()),
            _ => self,
        }
    }

    fn of(fresh: Secret) -> Self {
        Self {
            mode: AuthMode::Token(fresh.clone()),
            fresh: Some(fresh),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn without_a_secret_only_loopback_gets_one_for_this_run() {
        let none = GatewayConfig::default();
        let access = Access::settle(&none, Ipv4Addr::LOCALHOST.into()).unwrap();
        let fresh = access.fresh.unwrap();
        assert_eq!(fresh.expose().len(), 64);
        assert_eq!(access.mode, AuthMode::Token(fresh));
        let lan = Access::settle(&none, Ipv4Addr::UNSPECIFIED.into());
        assert_eq!(lan, Err(AuthSetupError::NoSecret));
    }

    #[test]
    fn a_token_of_this_run_is_made_once() {
        let settled =
            |gateway: &GatewayConfig| Access::settle(gateway, Ipv4Addr::LOCALHOST.into()).unwrap();
        let none = GatewayConfig::default();
        let earlier = settled(&none).fresh;
        assert_eq!(settled(&none).with_fresh(earlier.as_ref()).fresh, earlier);
        let mut set = GatewayConfig::default();
        set.auth.token = Some(Secret::new("t"));
        assert_eq!(settled(&set).with_fresh(earlier.as_ref()), settled(&set));
    }

    #[test]
    fn a_secret_that_is_set_is_the_one_that_counts() {
        let mut gateway = GatewayConfig::default();
        gateway.auth.token = Some(Secret::new("t"));
        let access = Access::settle(&gateway, Ipv4Addr::UNSPECIFIED.into()).unwrap();
        let mode = AuthMode::Token(Secret::new("t"));
        assert_eq!(access, Access { mode, fresh: None });
    }
}
