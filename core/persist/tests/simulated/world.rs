//! One run: lives of a server that appends batches, between crashes.

use sanderling_persist::{
    BaseForm, Checksum, Disk, Failure, Kind, Log, Names, Options, Policy, Recovered, Sync, crc32c, recover,
};

use crate::disk::{Planted, SimulatedDisk};
use crate::random::Random;

const LIVES: usize = 4;
const STEPS_MAX: usize = 60;
const TICK_MICROS: u64 = 400_000;

/// Runs a seed; an error says what went wrong.
pub(crate) fn run(seed: u64, planted: Planted, is_told: bool) -> Result<(), String> {
    let mut random = Random::new(seed);
    let disk = SimulatedDisk::new(random.fork(), planted);
    let mut world = World {
        disk,
        random,
        expected: Vec::new(),
        given_up: Vec::new(),
        promised: 0,
        durable: 0,
        next: 1,
        now: 0,
        is_told,
        planted,
        has_lines: true,
    };
    for _ in 0..LIVES {
        world.live()?;
    }
    // The last life only looks.
    world.disk.failing = 0;
    world.disk.capacity = usize::MAX;
    world.recover().map(|_| ())
}

struct World {
    disk: SimulatedDisk,
    random: Random,
    /// All batches that may be there, in order.
    expected: Vec<u64>,
    /// What else may be there instead: batches that were given up, of which a disk may have kept some.
    given_up: Vec<Vec<u64>>,
    /// So many of them must be.
    promised: usize,
    /// So many if power is lost.
    durable: usize,
    /// Number of the next batch.
    next: u64,
    now: u64,
    is_told: bool,
    planted: Planted,
    /// Whether this life writes lines.
    has_lines: bool,
}

macro_rules! tell {
    ($world:expr, $($part:tt)*) => {
        if $world.is_told {
            println!($($part)*);
        }
    };
}

impl World {
    fn options(&self) -> Options {
        let checksum: Checksum = match self.planted {
            Planted::NoChecksum => |_, _| 0,
            Planted::UnchainedChecksum => |_, bytes| crc32c(0, bytes),
            _ => crc32c,
        };
        Options { names: Names { prefix: "appendonly.aof".into() }, checksum, load_truncated: true }
    }

    /// Recovers, perhaps with crashes and failures in its midst, until it is done.
    fn recover(&mut self) -> Result<Recovered, String> {
        for attempt in 0.. {
            let options = self.options();
            self.disk.operations_left =
                if attempt < 3 && self.random.is(300) { 1 + self.random.below(12) } else { usize::MAX };
            if attempt > 3 {
                self.disk.failing = 0;
                self.disk.capacity = usize::MAX;
            }
            let recovered = recover(&mut self.disk, &options);
            self.disk.operations_left = usize::MAX;
            match recovered {
                Ok(recovered) if !self.disk.is_dead => {
                    tell!(self, "recovered: {recovered:?}");
                    self.compare(&recovered)?;
                    return Ok(recovered);
                }
                Ok(_) => {}
                Err(sanderling_persist::Refusal::Disk { .. }) => {}
                Err(refusal) if !self.disk.is_dead => return Err(format!("refused: {refusal}")),
                Err(_) => {}
            }
            let has_lost_power = self.has_lines && self.random.is(500);
            tell!(self, "crash in recovery, power lost: {has_lost_power}");
            if has_lost_power {
                self.promised = self.durable;
            }
            self.disk.restart(has_lost_power);
        }
        unreachable!("attempts do not end")
    }

    /// What is loaded must be what was expected, as far as it goes, and go as far as was promised.
    fn compare(&mut self, recovered: &Recovered) -> Result<(), String> {
        let mut loaded = Vec::new();
        for segment in &recovered.segments {
            let content = self.disk.content(&segment.name).ok_or("a segment is not there")?;
            let content = content.get(..segment.len as usize).ok_or("a segment is too short")?;
            match segment.kind {
                Kind::Base if segment.name.ends_with(".rdb") => loaded = read_base(content)?,
                _ => read_commands(content, &mut loaded).inspect_err(|_| {
                    tell!(self, "{}: {}", segment.name, String::from_utf8_lossy(content));
                })?,
            }
        }
        let is_possible = self.expected.starts_with(&loaded)
            || loaded.starts_with(&self.expected[..self.promised])
                && self.given_up.iter().any(|other| other.starts_with(&loaded));
        if loaded.len() < self.promised || !is_possible {
            return Err(format!(
                "loaded {loaded:?}, but {} of {:?} were promised",
                self.promised, self.expected
            ));
        }
        self.expected = loaded;
        self.given_up.clear();
        // Recovery has made durable what it found.
        self.promised = self.expected.len();
        self.durable = self.promised;
        Ok(())
    }

    fn live(&mut self) -> Result<(), String> {
        self.disk.failing = if self.random.is(300) { self.random.below(60) } else { 0 };
        let recovered = self.recover()?;
        let policy = [Policy::Always, Policy::EverySecond, Policy::No][self.random.below(3)];
        if self.random.is(150) && self.redis_lives(&recovered) {
            return Ok(());
        }
        let before = self.expected.len();
        self.disk.operations_left = if self.random.is(800) { 1 + self.random.below(80) } else { usize::MAX };
        // Without lines a loss of power may leave what only a person can judge.
        let has_lines = !self.random.is(50);
        self.has_lines = has_lines;
        let options = self.options();
        let is_begun = recovered.is_fresh() && self.random.is(300);
        let log = if is_begun {
            Log::begin(&mut self.disk, &options, policy, has_lines)
        } else {
            Log::open(&mut self.disk, &options, recovered, policy, has_lines)
        };
        let Ok(mut log) = log else {
            let has_lost_power = has_lines && self.random.is(500);
            self.disk.restart(has_lost_power);
            return Ok(());
        };
        let mut life = Life { before, base: None, syncing: None, is_waiting: is_begun };
        if is_begun {
            // The first one may be of either form as well: which it is, is said when it is begun.
            let form = self.form();
            let name = log.rewrite_begin(&mut self.disk, self.now, form).expect("it has begun already");
            life.base = Some(Base { name, form, batches: before });
        }
        for _ in 0..self.random.below(STEPS_MAX) {
            self.step(&mut log, &mut life);
            if self.disk.is_dead {
                break;
            }
        }
        let has_lost_power = has_lines && self.random.is(500);
        self.end_life(&log, &life, policy, has_lost_power);
        Ok(())
    }

    fn end_life(&mut self, log: &Log, life: &Life, policy: Policy, has_lost_power: bool) {
        let committed =
            if has_lost_power && policy != Policy::Always { log.durable() } else { log.committed() };
        // Before its first base is complete a log that was begun promises nothing.
        if !life.is_waiting {
            self.promised = life.before + committed as usize;
            self.durable = life.before + log.durable() as usize;
        }
        tell!(self, "end of life, power lost: {has_lost_power}, promised {}", self.promised);
        self.disk.restart(has_lost_power);
    }

    fn step(&mut self, log: &mut Log, life: &mut Life) {
        self.now += self.random.next() % TICK_MICROS;
        match self.random.below(100) {
            0..60 if log.trouble().is_none() => self.append(log),
            0..70 => log.tick(&mut self.disk, self.now),
            70..80 => self.sync(log, life),
            80..84 if life.syncing.is_none() => {
                let flushed = log.flush(&mut self.disk, self.now);
                tell!(self, "flush: {flushed:?}");
            }
            84..92 if life.syncing.is_none() => self.rewrite(log, life),
            92 if log.trouble().is_some() && life.base.is_none() && life.syncing.is_none() => {
                self.roll_back(log, life);
            }
            92..94 => {
                let sizes = [usize::MAX, 0, 500, 2000];
                self.disk.capacity = sizes[self.random.below(sizes.len())];
            }
            94..96 => self.disk.failing = if self.random.is(500) { 0 } else { self.random.below(100) },
            _ => {}
        }
    }

    /// Gives up what is not committed.
    fn roll_back(&mut self, log: &mut Log, life: &Life) {
        let kept = life.before + log.committed() as usize;
        if log.roll_back(&mut self.disk) {
            tell!(self, "roll back to {kept} batches of {}", self.expected.len());
            self.given_up.push(self.expected.clone());
            self.expected.truncate(kept);
        }
    }

    fn append(&mut self, log: &mut Log) {
        let number = self.next;
        self.next += 1;
        self.expected.push(number);
        let batch = self.batch(number);
        let db = [None, Some(0), Some(11)][self.random.below(3)];
        if self.random.is(50) {
            // A call that traps.
            log.push(db, &batch[..batch.len() / 2]);
            log.abandon();
        }
        let (first, rest) = batch.split_at(self.random.below(batch.len() + 1));
        log.push(db, first);
        if self.random.is(50) {
            // Nothing of it is written before it is complete.
            log.tick(&mut self.disk, self.now);
        }
        log.push(None, rest);
        log.append(&mut self.disk, self.now);
        tell!(self, "append {number}: {} bytes, {:?}", batch.len(), log.trouble());
    }

    /// Commands that all have the batch's number, some of them in a transaction.
    fn batch(&mut self, number: u64) -> Vec<u8> {
        let count = 1 + self.random.below(3);
        // Without a line only a transaction is whole or not there.
        let is_transaction = count > 1 && (!self.has_lines || self.random.is(500));
        let mut batch = Vec::new();
        if is_transaction {
            batch.extend_from_slice(b"*1\r\n$5\r\nMULTI\r\n");
        }
        for index in 0..count {
            let mut filler = vec![b'x'; self.random.below(150)];
            if self.random.is(100) {
                // What looks like a line, or like nothing at all.
                filler.extend_from_slice(b"\r\n#:5:ff:01234567\r\n");
                filler.resize(filler.len() + self.random.below(200), 0);
            }
            let words = [b"SET".to_vec(), format!("{number} {index} {count}").into_bytes(), filler];
            command(&mut batch, &words);
        }
        if is_transaction {
            batch.extend_from_slice(b"*1\r\n$4\r\nEXEC\r\n");
        }
        batch
    }

    fn form(&self) -> BaseForm {
        // Not by chance, so that seeds which have found something still do.
        if self.next.is_multiple_of(3) { BaseForm::Commands } else { BaseForm::Rdb }
    }

    /// A sync beside everything else begins, or ends.
    fn sync(&mut self, log: &mut Log, life: &mut Life) {
        match life.syncing.take() {
            Some(sync) => {
                let result = self.disk.sync(&sync.name);
                tell!(self, "synced: {result:?}");
                log.synced(&mut self.disk, self.now, &sync, result);
            }
            None => life.syncing = log.sync_wanted(self.now),
        }
    }

    fn rewrite(&mut self, log: &mut Log, life: &mut Life) {
        match life.base.take() {
            None => {
                let form = self.form();
                if let Ok(name) = log.rewrite_begin(&mut self.disk, self.now, form) {
                    tell!(self, "rewrite begins with {} batches", self.expected.len());
                    life.base = Some(Base { name, form, batches: self.expected.len() });
                } else {
                    log.rewrite_abort(&mut self.disk);
                }
            }
            Some(base) => {
                let content = base.content(&self.expected);
                let written = write_base(&mut self.disk, &base.name, &content);
                if written.is_err() || (!life.is_waiting && self.random.is(100)) {
                    tell!(self, "rewrite is given up: {written:?}");
                    if life.is_waiting {
                        life.base = Some(base);
                    } else {
                        log.rewrite_abort(&mut self.disk);
                    }
                    return;
                }
                let sealed = (content.len() as u64, (self.options().checksum)(0, &content));
                let ended = log.rewrite_end(&mut self.disk, self.now, Some(sealed));
                tell!(self, "rewrite ends: {ended:?}");
                life.is_waiting &= ended.is_err();
            }
        }
    }

    /// Another server loads the files and appends to them, as Redis does: without lines. Whether it could.
    fn redis_lives(&mut self, recovered: &Recovered) -> bool {
        let Some(last) = recovered.segments.last().filter(|segment| segment.kind == Kind::Incr) else {
            return false;
        };
        self.has_lines = false;
        let mut commands = Vec::new();
        for _ in 0..1 + self.random.below(4) {
            let number = self.next;
            self.next += 1;
            self.expected.push(number);
            let batch = self.batch(number);
            commands.extend_from_slice(&batch);
        }
        self.disk.failing = 0;
        self.disk.capacity = usize::MAX;
        let written = self.disk.write(&last.name, last.len, &commands);
        assert_eq!(written, Ok(commands.len()));
        self.disk.sync(&last.name).expect("nothing fails now");
        self.promised = self.expected.len();
        self.durable = self.promised;
        tell!(self, "another server has appended up to {}", self.next - 1);
        true
    }
}

struct Life {
    /// Batches before this life.
    before: usize,
    /// The base that is being made.
    base: Option<Base>,
    syncing: Option<Sync>,
    /// The log has no base yet.
    is_waiting: bool,
}

struct Base {
    name: String,
    form: BaseForm,
    /// How many batches it has.
    batches: usize,
}

impl Base {
    fn content(&self, batches: &[u64]) -> Vec<u8> {
        let batches = &batches[..self.batches];
        match self.form {
            BaseForm::Rdb => base(batches),
            BaseForm::Commands => {
                let mut content = Vec::new();
                for number in batches {
                    command(&mut content, &[b"SET".to_vec(), format!("{number} 0 1").into(), Vec::new()]);
                }
                content
            }
        }
    }
}

fn write_base(disk: &mut SimulatedDisk, name: &str, content: &[u8]) -> Result<(), Failure> {
    disk.create(name)?;
    let mut at = 0;
    while at < content.len() {
        at += disk.write(name, at as u64, &content[at..])?;
    }
    disk.sync(name)
}

/// A base: the numbers of its batches, whose first bytes are no command's, and a checksum.
fn base(numbers: &[u64]) -> Vec<u8> {
    let mut content: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
    content.extend_from_slice(&crc32c(0, &content).to_le_bytes());
    content
}

fn read_base(content: &[u8]) -> Result<Vec<u64>, String> {
    let (numbers, checksum) = content.split_last_chunk::<4>().ok_or("a base is cut off")?;
    if crc32c(0, numbers) != u32::from_le_bytes(*checksum) || numbers.len() % 8 != 0 {
        return Err("a base is spoiled".into());
    }
    Ok(numbers.chunks(8).map(|word| u64::from_be_bytes(word.try_into().expect("eight bytes"))).collect())
}

fn command(out: &mut Vec<u8>, words: &[Vec<u8>]) {
    out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

/// Reads commands as a server does, and adds the numbers of their batches, each of which must be whole.
fn read_commands(mut content: &[u8], numbers: &mut Vec<u64>) -> Result<(), String> {
    let mut wanted: Option<(u64, usize, usize)> = None;
    while !content.is_empty() {
        let line = take_line(&mut content)?;
        let count = match line.split_first() {
            Some((b'#', _)) => continue,
            Some((b'*', count)) => number_of(count)?,
            _ => return Err(format!("{:?} is no command", String::from_utf8_lossy(line))),
        };
        let mut words = Vec::new();
        for _ in 0..count {
            let line = take_line(&mut content)?;
            let len = number_of(line.strip_prefix(b"$").ok_or("no length")?)?;
            let word = content.get(..len + 2).ok_or("a word is cut off")?;
            if !word.ends_with(b"\r\n") {
                return Err("a word does not end".into());
            }
            words.push(&word[..len]);
            content = &content[len + 2..];
        }
        if words[0] == b"MULTI" || words[0] == b"EXEC" || words[0] == b"SELECT" {
            continue;
        }
        if !words[2]
            .iter()
            .all(|&byte| byte == b'x' || words[2].windows(2).any(|pair| pair == b"#:") && byte != 1)
        {
            return Err("a value is spoiled".into());
        }
        let key = String::from_utf8_lossy(words[1]).into_owned();
        let parts: Vec<u64> = key.split(' ').filter_map(|part| part.parse().ok()).collect();
        let [number, index, count] = parts[..] else { return Err(format!("{key:?} is no key")) };
        let (index, count) = (index as usize, count as usize);
        if wanted.unwrap_or((number, 0, count)) != (number, index, count) {
            return Err(format!("{number} {index} of {count} comes where {wanted:?} should"));
        }
        wanted = (index + 1 < count).then_some((number, index + 1, count));
        if wanted.is_none() {
            numbers.push(number);
        }
    }
    if wanted.is_some() { Err("a batch is not whole".into()) } else { Ok(()) }
}

fn take_line<'a>(content: &mut &'a [u8]) -> Result<&'a [u8], String> {
    let end = content.windows(2).position(|pair| pair == b"\r\n").ok_or("a line does not end")?;
    let line = &content[..end];
    *content = &content[end + 2..];
    Ok(line)
}

fn number_of(digits: &[u8]) -> Result<usize, String> {
    std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).ok_or_else(|| "no number".into())
}
