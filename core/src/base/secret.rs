//! What is made of the seed. Each purpose has a digest of its own, so that nothing which can be seen of one, such as
//! the run's name or a random member, tells of another, such as where keys lie or the next password.

use crate::base::sha256::sha256;

/// What the generator of random choices begins with.
pub(crate) const CHOICES: &[u8] = b"choices";
/// What tables hash with.
pub(crate) const HASHES: &[u8] = b"hashes";
/// What passwords are made of.
const PASSWORDS: &[u8] = b"passwords";

/// Secret bytes for a purpose.
pub(crate) fn derive(seed: [u8; 16], purpose: &[u8]) -> [u8; 32] {
    sha256(&[&seed, purpose].concat())
}

/// Digests of a secret and a counter, for ACL GENPASS. They are as hard to guess as the seed, which therefore has to
/// come from the operating system's randomness.
pub(crate) struct Passwords {
    secret: [u8; 32],
    drawn: u64,
}

impl Passwords {
    pub(crate) fn new(seed: [u8; 16]) -> Passwords {
        Passwords { secret: derive(seed, PASSWORDS), drawn: 0 }
    }

    /// The next bytes.
    pub(crate) fn draw(&mut self) -> [u8; 32] {
        self.drawn += 1;
        sha256(&[self.secret.as_slice(), &self.drawn.to_le_bytes()].concat())
    }
}
