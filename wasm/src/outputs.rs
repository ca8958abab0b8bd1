//! The outputs of the engine, described for a host that reads linear memory from outside.

use sanderling_core::abi::{OutputDescriptor, OutputKind, encode};
use sanderling_core::{Engine, number};
use std::borrow::Cow;

/// The outputs of the last call.
pub(crate) struct Outputs {
    descriptors: Vec<OutputDescriptor>,
    /// Texts that descriptors point at and that the engine does not hold.
    texts: Vec<Box<[u8]>>,
    /// Outputs are left in the engine because memory for their descriptors ran out.
    pub(crate) undrained: bool,
}

impl Outputs {
    pub(crate) const fn new() -> Outputs {
        Outputs { descriptors: Vec::new(), texts: Vec::new(), undrained: false }
    }

    /// Describes all outputs of the engine and returns the number of outputs. The bytes stay in the engine,
    /// which leaves them where they are until it is next called.
    pub(crate) fn drain(&mut self, engine: &mut Engine) -> usize {
        self.clear();
        loop {
            // Room first: an output that has been taken cannot be put back.
            let is_full = self.descriptors.len() == self.descriptors.capacity()
                || self.texts.len() == self.texts.capacity();
            self.undrained =
                is_full && (self.descriptors.try_reserve(1).is_err() || self.texts.try_reserve(1).is_err());
            if self.undrained {
                break;
            }
            let Some(output) = engine.poll_output() else { break };
            match encode(output) {
                (kind, conn, Cow::Borrowed(bytes)) => self.descriptors.push(describe(kind, conn, bytes)),
                (kind, _, Cow::Owned(text)) => self.push_text(kind, text),
            }
        }
        self.descriptors.len()
    }

    pub(crate) fn clear(&mut self) {
        self.descriptors.clear();
        self.texts.clear();
    }

    pub(crate) fn push_text(&mut self, kind: OutputKind, text: Vec<u8>) {
        let text = text.into_boxed_slice();
        self.descriptors.push(describe(kind, 0, &text));
        self.texts.push(text);
    }

    pub(crate) fn descriptors(&self) -> &[OutputDescriptor] {
        &self.descriptors
    }
}

/// Describes one output.
pub(crate) fn describe(kind: OutputKind, conn: u32, bytes: &[u8]) -> OutputDescriptor {
    OutputDescriptor {
        kind: kind as u32,
        conn,
        start: bytes.as_ptr() as u32,
        len: number::short(bytes.len()),
    }
}
