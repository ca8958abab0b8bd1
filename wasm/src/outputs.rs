//! What the engine has to say, described for whoever reads linear memory from outside.

use sanderling_core::{Class, ConnId, Engine, Errand, Output, number};

/// One output; 16 bytes.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct OutputDesc {
    pub(crate) kind: u32,
    pub(crate) conn: ConnId,
    pub(crate) ptr: u32,
    pub(crate) len: u32,
}

const WRITE_NORMAL: u32 = 0;
const WRITE_PUBSUB: u32 = 1;
const CLOSE: u32 = 2;
const APPEND: u32 = 3;
const SETTING: u32 = 4;
#[cfg(feature = "guest")]
pub(crate) const ERROR: u32 = 5;
const SHUTDOWN: u32 = 6;
const ERRAND: u32 = 7;

const _: () = assert!(size_of::<OutputDesc>() == 16 && core::mem::offset_of!(OutputDesc, len) == 12);

/// The outputs of the last call.
pub(crate) struct Outputs {
    descs: Vec<OutputDesc>,
    /// Texts that descriptors point at and that the engine does not hold.
    texts: Vec<Box<str>>,
    /// Outputs are left in the engine because memory for their descriptors ran out.
    pub(crate) undrained: bool,
}

impl Outputs {
    pub(crate) const fn new() -> Outputs {
        Outputs { descs: Vec::new(), texts: Vec::new(), undrained: false }
    }

    /// Describes all that the engine has to say and returns the number of outputs. The bytes stay in the engine,
    /// which leaves them where they are until it is next called.
    pub(crate) fn drain(&mut self, engine: &mut Engine) -> usize {
        self.clear();
        loop {
            // Room first: an output that has been taken cannot be put back.
            self.undrained = self.descs.try_reserve(1).is_err() || self.texts.try_reserve(1).is_err();
            if self.undrained {
                break;
            }
            let Some(output) = engine.poll_output() else { break };
            let (kind, conn, bytes) = match output {
                Output::Write { conn, bytes, class: Class::Normal } => (WRITE_NORMAL, conn, bytes),
                Output::Write { conn, bytes, class: Class::Pubsub } => (WRITE_PUBSUB, conn, bytes),
                Output::Close { conn } => (CLOSE, conn, &[][..]),
                Output::Append { bytes } => (APPEND, 0, bytes),
                Output::Shutdown => (SHUTDOWN, 0, &[][..]),
                Output::Errand { errand, text } => (ERRAND, code(errand), text),
                Output::Setting { name, value } => {
                    let text = format!("{name} {value}");
                    self.push_text(SETTING, text);
                    continue;
                }
            };
            self.descs.push(describe(kind, conn, bytes));
        }
        self.descs.len()
    }

    pub(crate) fn clear(&mut self) {
        self.descs.clear();
        self.texts.clear();
    }

    pub(crate) fn push_text(&mut self, kind: u32, text: String) {
        let text = text.into_boxed_str();
        self.descs.push(describe(kind, 0, text.as_bytes()));
        self.texts.push(text);
    }

    pub(crate) fn descs(&self) -> &[OutputDesc] {
        &self.descs
    }
}

/// What stands in place of a connection's name.
fn code(errand: Errand) -> u32 {
    match errand {
        Errand::LoadUsers => 0,
        Errand::SaveUsers => 1,
        Errand::RewriteSettings => 2,
    }
}

fn describe(kind: u32, conn: ConnId, bytes: &[u8]) -> OutputDesc {
    OutputDesc { kind, conn, ptr: bytes.as_ptr() as u32, len: number::short(bytes.len()) }
}
