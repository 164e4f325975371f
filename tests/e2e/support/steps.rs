//! Compiles an answer into the steps that play it. Pure: no sockets, no clock.

use std::time::Duration;

use bytes::Bytes;

use super::answer::{Answer, Cut, Place, Source};
use super::recorded::Recorded;
use super::waiting::Gate;

const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// What to do next on the connection; it is kept alive when the steps run out.
#[derive(Clone)]
pub enum Step {
    Sleep(Duration),
    Wait(Gate),
    Write(Bytes),
    /// Ends the connection with a FIN.
    Close,
    /// Ends the connection with a RST.
    Reset,
    /// Goes on when the client has left.
    Hang,
}

impl Answer {
    /// The steps that answer `request`.
    ///
    /// # Panics
    /// As [`Answer::check`], and when a computing function does.
    pub fn compile(&self, request: &Recorded) -> Vec<Step> {
        if let Source::Computed(compute) = &self.source {
            return self.laid_over(compute(request)).compile(request);
        }
        self.check();
        let mut steps: Vec<Step> = self.delay.map(Step::Sleep).into_iter().collect();
        steps.extend(self.waits_at(Place::Head));
        steps.extend(self.head().map(Step::Write));
        let pieces = self.pieces();
        for (at, piece) in pieces.iter().enumerate() {
            steps.extend(self.waits_at(Place::Piece(at)));
            steps.push(Step::Write(self.framed(piece)));
        }
        steps.extend(self.waits_at(Place::Piece(pieces.len())));
        self.finish(&mut steps);
        steps
    }

    /// Finds what could never be played, before it is needed.
    ///
    /// # Panics
    /// When a gate or a cut names a piece that the answer does not have.
    #[track_caller]
    pub fn check(&self) {
        if let Source::Computed(_) = self.source {
            return;
        }
        if let Some(Cut::After(kept)) = self.cut {
            let whole = self.all_pieces().len();
            assert!(kept <= whole, "a cut after {kept} pieces of {whole}");
        }
        let count = self.pieces().len();
        for (place, _) in &self.gates {
            assert!(
                *place <= Place::Piece(count),
                "a gate at {place:?} of an answer of {count} pieces"
            );
        }
    }

    fn laid_over(&self, mut computed: Self) -> Self {
        for (name, value) in &self.headers {
            computed = computed.header(name, value);
        }
        computed.gates.extend(self.gates.iter().cloned());
        computed.delay = self.delay.or(computed.delay);
        computed.split = self.split.or(computed.split);
        computed.cut = self.cut.or(computed.cut);
        computed
    }

    fn waits_at(&self, place: Place) -> impl Iterator<Item = Step> {
        self.gates
            .iter()
            .filter(move |(at, _)| *at == place)
            .map(|(_, gate)| Step::Wait(gate.clone()))
    }

    fn head(&self) -> Option<Bytes> {
        let (status, framing) = match &self.source {
            Source::Whole { status, body } => (*status, format!("content-length: {}", body.len())),
            Source::Chunked(_) => (200, "transfer-encoding: chunked".to_owned()),
            Source::Verbatim(_) | Source::Silent(_) | Source::Computed(_) => return None,
        };
        let headers: String = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        Some(format!("HTTP/1.1 {status} Scripted\r\n{framing}\r\n{headers}\r\n").into())
    }

    fn pieces(&self) -> Vec<Bytes> {
        let mut pieces = self.all_pieces();
        match (self.cut, &self.source) {
            (Some(Cut::After(kept)), _) => pieces.truncate(kept),
            (Some(Cut::BeforeTheEnd), Source::Whole { body, .. }) => {
                pieces = self.split(&[body.slice(..body.len() / 2)])
            }
            _ => {}
        }
        pieces
    }

    fn all_pieces(&self) -> Vec<Bytes> {
        match &self.source {
            Source::Whole { body: bytes, .. } | Source::Verbatim(bytes) => {
                self.split(std::slice::from_ref(bytes))
            }
            Source::Chunked(pieces) => self.split(pieces),
            Source::Silent(_) | Source::Computed(_) => Vec::new(),
        }
    }

    fn split(&self, pieces: &[Bytes]) -> Vec<Bytes> {
        match self.split {
            Some(bytes) => pieces
                .concat()
                .chunks(bytes)
                .map(Bytes::copy_from_slice)
                .collect(),
            None => pieces.to_vec(),
        }
    }

    fn framed(&self, piece: &Bytes) -> Bytes {
        match self.source {
            Source::Chunked(_) => [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"]
                .concat()
                .into(),
            _ => piece.clone(),
        }
    }

    fn finish(&self, steps: &mut Vec<Step>) {
        match &self.source {
            Source::Silent(step) => steps.push(step.clone()),
            Source::Verbatim(_) => steps.push(Step::Close),
            _ if self.cut.is_some() => steps.push(Step::Close),
            // In one write with what it ends: a client that leaves at `[DONE]` has the whole answer by then.
            Source::Chunked(_) => match steps.last_mut() {
                Some(Step::Write(last)) => *last = [last, LAST_CHUNK].concat().into(),
                _ => steps.push(Step::Write(Bytes::from_static(LAST_CHUNK))),
            },
            Source::Whole { .. } | Source::Computed(_) => {}
        }
    }
}
