//! `abi.generated.ts` of the npm package: the numbers by which the module and JavaScript understand each other.

use std::fmt::Write;

use sanderling_core::abi::{DESCRIPTOR_BYTES, OutputKind};

const HEADER: &str = "\
// Generated from the engine's interface; `cargo test -p sanderling-tests generated` writes it.

/** Words of 32 bits in an output's descriptor: its kind, its connection, where its bytes begin, how many they are. */
";

/// The whole file.
pub(super) fn abi() -> String {
    let mut text = format!("{HEADER}export const DESCRIPTOR_WORDS = {};\n", DESCRIPTOR_BYTES / 4);
    text += "\n/** What an output is. */\nexport const OutputKind = {\n";
    for kind in OutputKind::ALL {
        let name = format!("{kind:?}");
        let (first, rest) = name.split_at(1);
        writeln!(text, "  {}{rest}: {},", first.to_lowercase(), kind as u32)
            .expect("a string takes any text");
    }
    text + "} as const;\n"
}
