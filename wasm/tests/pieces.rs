//! An engine on the guest's allocator, in memory that ends: what has gone serves other sizes.
//!
//! Where values come to lie depends on the sizes of what is received and on the seed, so that what happens once in a
//! hundred runs of a server happens here in each.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use sanderling_core::{
    Compaction, ConnId, Engine, LoadFormat, Options, Output, Peer, Room, SaveFormat, SaveOptions,
};
use sanderling_wasm::allocator::{Pages, SizeClasses};

/// Of the tests one runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Where the engine's memory ends.
const MEMORY_BYTES: usize = 60 << 20;
/// The smallest part of it that is asked for.
const PAGE_BYTES: usize = 64 << 10;
const NOW: u64 = 1_700_000_000_000_000;

/// What the allocator cuts up; the first page is not used.
#[repr(align(65536))]
struct Memory(UnsafeCell<[u8; MEMORY_BYTES]>);

// SAFETY: only the thread that runs the engine touches it.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new([0; MEMORY_BYTES]));

/// The pages of [`MEMORY`], and where those end that were asked for.
struct Region {
    end: usize,
}

// SAFETY: it hands out each part of one aligned static once, from the second page upwards.
unsafe impl Pages for Region {
    fn at(&self, offset: usize) -> *mut u8 {
        MEMORY.0.get().cast::<u8>().wrapping_add(offset)
    }

    fn offset(&self, block: NonNull<u8>) -> usize {
        block.addr().get() - MEMORY.0.get().addr()
    }

    fn grow(&mut self, bytes: usize) -> Option<usize> {
        let start = self.end;
        self.end = start.checked_add(bytes).filter(|&end| end <= MEMORY_BYTES)?;
        Some(start)
    }
}

/// The allocator of the engine, and the system's for the test itself.
struct Divided(UnsafeCell<SizeClasses<Region>>);

// SAFETY: only the thread that runs the engine reaches what is within.
unsafe impl Sync for Divided {}

#[global_allocator]
static ALLOCATOR: Divided = Divided(UnsafeCell::new(SizeClasses::new(Region { end: PAGE_BYTES })));

thread_local! {
    /// Whether this thread is within the engine.
    static IS_WITHIN: Cell<bool> = const { Cell::new(false) };
}

fn heap<T>(work: impl FnOnce(&mut SizeClasses<Region>) -> T) -> T {
    // SAFETY: one thread, and nothing that is called with it allocates.
    work(unsafe { &mut *ALLOCATOR.0.get() })
}

/// Runs something whose allocations are the engine's.
fn within<T>(work: impl FnOnce() -> T) -> T {
    IS_WITHIN.set(true);
    let result = work();
    IS_WITHIN.set(false);
    result
}

fn is_ours(block: *mut u8) -> bool {
    (MEMORY.0.get().addr()..MEMORY.0.get().addr() + MEMORY_BYTES).contains(&block.addr())
}

// SAFETY: both allocators keep the contract, and a block goes back to where it came from.
unsafe impl GlobalAlloc for Divided {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IS_WITHIN.get() {
            heap(|heap| heap.allocate(layout))
        } else {
            // SAFETY: the contract is the same.
            unsafe { System.alloc(layout) }
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match NonNull::new(block).filter(|_| is_ours(block)) {
            // SAFETY: the caller gives back a live block of this layout.
            Some(ours) => heap(|heap| unsafe { heap.deallocate(ours, layout) }),
            // SAFETY: as above, and it came from the system.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match NonNull::new(block).filter(|_| is_ours(block)) {
            // SAFETY: the caller names a live block and a valid size.
            Some(ours) => heap(|heap| unsafe { heap.reallocate(ours, layout, size) }),
            // SAFETY: as above, and it came from the system.
            None => unsafe { System.realloc(block, layout, size) },
        }
    }
}

/// Begins with memory of which nothing was asked for, as a program does. Which test has run before makes no difference then.
fn begin_anew() {
    heap(|heap| {
        assert_eq!(heap.used_bytes(), 0);
        *heap = SizeClasses::new(Region { end: PAGE_BYTES });
    });
}

fn growth() -> u64 {
    (MEMORY_BYTES - PAGE_BYTES - heap(|heap| heap.committed_bytes())) as u64
}

fn room(bytes: usize) -> Room {
    heap(|heap| heap.provide_room(bytes, growth()));
    heap(|heap| heap.room(growth(), MEMORY_BYTES as u64))
}

fn options() -> Options {
    let compaction = Compaction {
        open: |bytes| heap(|heap| heap.open_window(bytes)),
        is_within: |block| heap(|heap| heap.is_in_window(block)),
        close: |was_asked| heap(|heap| heap.close_window(was_asked)),
    };
    let mut options = Options {
        memory_available: room,
        memory_used: || heap(|heap| heap.used_bytes()),
        compaction: Some(compaction),
        ..Options::default()
    };
    options.config.memory_bytes_max = MEMORY_BYTES;
    options
}

/// A client of an engine, whose requests come in pieces of random sizes.
struct Talk {
    engine: Engine,
    conn: ConnId,
    random: u64,
}

impl Talk {
    fn new(seed: u64) -> Talk {
        within(|| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&seed.to_le_bytes());
            let mut engine = Engine::new(options(), bytes, NOW);
            let peer = Peer { addr: "127.0.0.1:50000", laddr: "127.0.0.1:6379", unix: false, trusted: false };
            let conn = engine.connect(NOW, peer);
            Talk { engine, conn, random: seed * 7919 + 1 }
        })
    }

    fn below(&mut self, end: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as usize % end
    }

    /// Sends some requests and returns how many were refused; their replies are lines.
    fn refused(&mut self, requests: impl Iterator<Item = Vec<u8>>) -> usize {
        let (mut input, mut count) = (Vec::new(), 0);
        for request in requests {
            input.extend_from_slice(&request);
            count += 1;
        }
        let (mut rest, mut replies) = (&input[..], Vec::with_capacity(count * 80));
        while !rest.is_empty() {
            // Servers read so much at a time when there is as much.
            let most = [1, 100, 3_000, 20_000, PAGE_BYTES][self.below(5)];
            let bytes = if most == PAGE_BYTES { most } else { 1 + self.below(most) };
            let (piece, more) = rest.split_at(bytes.min(rest.len()));
            rest = more;
            within(|| {
                self.engine.handle_input(NOW, self.conn, piece);
                loop {
                    while let Some(output) = self.engine.poll_output() {
                        if let Output::Write { bytes, .. } = output {
                            assert!(replies.len() + bytes.len() <= replies.capacity());
                            replies.extend_from_slice(bytes);
                        }
                    }
                    if self.engine.poll_timeout().is_none_or(|at| at > NOW) {
                        break;
                    }
                    self.engine.handle_timeout(NOW);
                }
            });
        }
        let lines = || replies.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        assert_eq!(lines().count(), count, "{}", String::from_utf8_lossy(&replies));
        lines().filter(|line| line[0] == b'-').count()
    }
}

fn request(words: &[&[u8]]) -> Vec<u8> {
    let mut request = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        request.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        request.extend_from_slice(word);
        request.extend_from_slice(b"\r\n");
    }
    request
}

/// Fills memory with small values, deletes all but every twentieth, and returns how many large ones are stored then.
fn stored_afterwards(seed: u64, small: usize, large: usize) -> usize {
    begin_anew();
    let mut talk = Talk::new(seed);
    let value = vec![b'v'; small];
    let set = |index| request(&[b"SET", format!("k{index}").as_bytes(), &value]);
    let (mut sent, mut refused) = (0, 0);
    // Those behind the first that is refused have memory put together while there is hardly any.
    while refused < 300 {
        refused += talk.refused((sent..sent + 100).map(set));
        sent += 100;
    }
    let doomed = (0..sent).filter(|index| index % 20 != 0);
    let delete = |index| request(&[b"DEL", format!("k{index}").as_bytes()]);
    assert_eq!(talk.refused(doomed.map(delete)), 0);
    let value = vec![b'w'; large];
    let set = |index| request(&[b"SET", format!("large{index}").as_bytes(), &value]);
    let stored =
        (0..MEMORY_BYTES / large).take_while(|&index| talk.refused(std::iter::once(set(index))) == 0).count();
    within(|| drop(talk));
    assert_eq!(heap(|heap| heap.used_bytes()), 0);
    stored
}

#[test]
fn what_was_deleted_serves_other_sizes() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (small, large, least) in
        [(2_000, 1 << 20, 36), (5_000, 2 << 20, 14), (10_000, 2 << 20, 14), (20_000, 2 << 20, 14)]
    {
        for seed in 1..=10 {
            let stored = stored_afterwards(seed, small, large);
            assert!(stored >= least, "{stored} of {large} bytes after {small}, seed {seed}");
        }
    }
}

/// The next request of a kind that fills memory.
fn filling(kind: &str, index: usize) -> Vec<u8> {
    let (name, number) = (format!("m{index}"), index.to_string());
    let (name, number) = (name.as_bytes(), number.as_bytes());
    let wide = &[b'w'; 900][..index * 37 % 900];
    match kind {
        "strings" => request(&[b"SET", name, number]),
        "wide strings" => request(&[b"SET", name, wide]),
        "a hash" => request(&[b"HSET", b"key", name, &wide[..wide.len() / 9]]),
        "a set" => request(&[b"SADD", b"key", name]),
        "a sorted set" => {
            request(&[b"ZADD", b"key", (index * 7919 % 1_000_003).to_string().as_bytes(), name])
        }
        // What is added in order lies as densely as it can.
        "a sorted set in order" => request(&[b"ZADD", b"key", number, name]),
        "a list" => request(&[b"RPUSH", b"key", wide]),
        // Its own reply has two lines.
        "a stream" => {
            let script = b"redis.call('xadd', KEYS[1], ARGV[1], 'field', ARGV[2]) return 1";
            request(&[b"EVAL", script, b"1", b"key", number, wide])
        }
        "lists" => request(&[b"RPUSH", format!("m{}", index / 20).as_bytes(), wide]),
        "sorted sets" => request(&[b"ZADD", format!("m{}", index / 300).as_bytes(), number, name]),
        _ => unreachable!("these are the kinds"),
    }
}

/// Fills memory to the brim, saves it, and loads that into an engine of the same size.
fn saved_and_loaded(kind: &str) {
    begin_anew();
    let mut talk = Talk::new(7);
    let (mut sent, mut refused) = (0, 0);
    while refused < 300 {
        refused += talk.refused((sent + 1..=sent + 1000).map(|index| filling(kind, index)));
        sent += 1000;
    }
    let mut file = Vec::with_capacity(MEMORY_BYTES);
    let options = SaveOptions {
        format: SaveFormat::Dump,
        is_compressed: false,
        compress_min_bytes: 0,
        has_checksum: true,
    };
    let mut is_whole = false;
    within(|| {
        talk.engine.save_begin(NOW, options).expect("no other is under way");
        while talk.engine.is_saving() {
            talk.engine.save_step(NOW, PAGE_BYTES);
            while let Some(output) = talk.engine.poll_output() {
                match output {
                    Output::Snapshot { bytes, .. } => {
                        assert!(file.len() + bytes.len() <= file.capacity());
                        file.extend_from_slice(bytes);
                    }
                    Output::SnapshotEnd { .. } => is_whole = true,
                    _ => {}
                }
            }
        }
        drop(talk);
    });
    assert!(is_whole, "{kind} cannot be saved");
    let mut talk = Talk::new(8);
    let loaded = within(|| {
        let format = LoadFormat::Rdb { keeps_expired: false, skips_modules: false };
        talk.engine.load_begin(NOW, format, Some(file.len() as u64));
        file.chunks(256 << 10).try_for_each(|piece| talk.engine.load(NOW, piece))?;
        talk.engine.load_end(NOW).map(|_| ())
    });
    assert_eq!(loaded, Ok(()), "{kind}");
    assert_eq!(talk.refused([request(&[b"DEL", b"key", b"m1", b"m2"])].into_iter()), 0, "{kind}");
    within(|| drop(talk));
    assert_eq!(heap(|heap| heap.used_bytes()), 0);
}

#[test]
fn what_fills_memory_is_saved_and_loaded() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for kind in [
        "strings",
        "wide strings",
        "a hash",
        "a set",
        "a sorted set",
        "a sorted set in order",
        "a list",
        "a stream",
        "lists",
        "sorted sets",
    ] {
        saved_and_loaded(kind);
    }
}
