//! Libraries of functions, as FUNCTION DUMP and RDB files have them: the text of each behind a mark.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::{FOOTER_BYTES, Reader, Refusal, VERSION_ORDINARY, Writer, seal, verify};
use crate::base::error::Error;
use crate::base::memory::Memory;

/// The mark before a library.
const LIBRARY: u8 = 0xf5;

/// Libraries as FUNCTION DUMP replies them.
pub fn dump_libraries<'a>(texts: impl Iterator<Item = &'a [u8]>, is_compressed: bool) -> Vec<u8> {
    let mut writer = Writer::new(is_compressed);
    for text in texts {
        writer.bytes.push(LIBRARY);
        writer.string(text);
    }
    seal(writer.into_bytes(), VERSION_ORDINARY)
}

/// The texts of the libraries in a payload of FUNCTION DUMP, handed over one by one.
pub fn restore_libraries(
    payload: &[u8],
    memory: Memory,
    string_bytes_max: usize,
    mut add: impl FnMut(Cow<'_, [u8]>) -> Result<(), Error>,
) -> Result<(), Error> {
    verify(payload)?;
    let mut reader = Reader::new(&payload[..payload.len() - FOOTER_BYTES], memory, string_bytes_max);
    while !reader.is_done() {
        if reader.byte() != Ok(LIBRARY) {
            return Err(Error::Text("ERR given type is not a function"));
        }
        let text = reader.string().map_err(|fault| match Refusal::from(fault) {
            Refusal::OutOfMemory => Error::OutOfMemory,
            _ => Error::Text("ERR Failed loading library code"),
        })?;
        add(text)?;
    }
    Ok(())
}
