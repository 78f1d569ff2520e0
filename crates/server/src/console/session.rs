//! Who is signed in: sessions in memory, known by the hash of their id, bounded in number and in time.
//!
//! Their time is the machine's monotonic one. The engine's clock may stand still or jump in a trial, which is no reason to
//! sign anybody out, nor to keep them in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use scrip_ledger::event::SecretHash;

use crate::auth::Principal;

/// How long a session lasts that nobody uses.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// How long any session lasts.
const WHOLE: Duration = Duration::from_secs(12 * 60 * 60);
/// Sessions at the same time; one more ends the one that was not used for the longest time.
const MOST: usize = 1_024;

/// Everybody who is signed in.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<SecretHash, Session>>);

/// Somebody who is signed in.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) principal: Arc<Principal>,
    /// The word that every form of this session carries.
    pub(super) word: Arc<str>,
    began: Instant,
    used: Instant,
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) >= IDLE || now.saturating_duration_since(self.began) >= WHOLE
    }
}

/// 256 random bits in hex; nothing if the system has none to give.
pub(super) fn secret() -> Option<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(digit).collect())
}

fn digit(half: u8) -> Option<char> {
    char::from_digit(u32::from(half), 16)
}

impl Sessions {
    /// Begins one; answers its id, which is kept nowhere.
    pub(super) fn begin(&self, principal: Arc<Principal>, now: Instant) -> Option<String> {
        let (id, word) = (secret()?, secret()?);
        let mut sessions = self.lock();
        sessions.retain(|_, session| !session.is_over(now));
        if sessions.len() >= MOST {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.used).map(|(id, _)| *id);
            oldest.and_then(|oldest| sessions.remove(&oldest));
        }
        let session = Session { principal, word: word.into(), began: now, used: now };
        sessions.insert(SecretHash::of(&id), session);
        Some(id)
    }

    /// The session with this id, which is thereby used.
    pub(super) fn find(&self, id: &str, now: Instant) -> Option<Session> {
        let hash = SecretHash::of(id);
        let mut sessions = self.lock();
        if sessions.get(&hash)?.is_over(now) {
            sessions.remove(&hash);
            return None;
        }
        let session = sessions.get_mut(&hash)?;
        session.used = now;
        Some(session.clone())
    }

    /// Ends one.
    pub(super) fn end(&self, id: &str) {
        self.lock().remove(&SecretHash::of(id));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SecretHash, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use scrip_engine::BookScope;
    use scrip_ledger::Token;

    use super::*;
    use crate::rights::{Rights, Scope};

    fn somebody() -> Arc<Principal> {
        let rights = Rights::of_scope(Scope::Auditor);
        Arc::new(Principal {
            subject: Token::new("auditor").unwrap(),
            rights,
            books: BookScope::All,
            own: None,
        })
    }

    #[test]
    fn a_session_ends_when_it_is_idle_when_it_is_old_and_when_it_is_ended() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let begin = || sessions.begin(somebody(), start).unwrap();
        let (idle, old, ended) = (begin(), begin(), begin());
        assert_eq!(idle.len(), 64);
        assert!(sessions.find(&idle, start + IDLE - Duration::from_secs(1)).is_some());
        assert!(sessions.find(&idle, start + IDLE * 2).is_none());
        let mut now = start;
        while now + IDLE / 2 < start + WHOLE {
            now += IDLE / 2;
            assert!(sessions.find(&old, now).is_some(), "it is used");
        }
        assert!(sessions.find(&old, start + WHOLE).is_none());
        assert!(sessions.find(&ended, start).is_some());
        sessions.end(&ended);
        assert!(sessions.find(&ended, start).is_none());
        assert!(sessions.find("", start).is_none());
    }

    #[test]
    fn one_session_too_many_ends_the_one_that_was_not_used_for_the_longest_time() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let ids: Vec<String> = (0..MOST).map(|_| sessions.begin(somebody(), start).unwrap()).collect();
        let later = start + Duration::from_secs(1);
        for id in &ids[1..] {
            sessions.find(id, later).unwrap();
        }
        sessions.begin(somebody(), later).unwrap();
        assert!(sessions.find(&ids[0], later).is_none());
        assert!(ids[1..].iter().all(|id| sessions.find(id, later).is_some()));
    }
}
