//! `table.sort`, step by step.

use super::table::{get, put};
use crate::api::{Call, Host};
use crate::error::Raise;
use crate::steps::{Next, Work};
use crate::table::Table;
use crate::value::{Gc, Val};
use alloc::vec::Vec;

/// The quicksort of Lua 5.1: elements that are equal end in the same order as there.
pub(super) struct Sort {
    table: Gc<Table>,
    /// The part that is being sorted, and those that follow. The smaller part comes first, so these are few.
    low: i64,
    high: i64,
    left_over: Vec<(i64, i64)>,
    /// How far the search for elements that lie on the wrong side has come.
    left: i64,
    right: i64,
    question: Question,
    /// Two places on the stack for the elements that are compared.
    place: usize,
    /// Whether the function was called to answer the question.
    has_called: bool,
}

/// What is compared next.
#[derive(Clone, Copy)]
enum Question {
    /// Nothing: a part begins.
    None,
    /// Whether these two elements are in the wrong order; the first one is `low`, or else the second is `high`.
    Ends,
    LowMiddle,
    MiddleHigh,
    /// Whether the element at `left` is before the pivot.
    Left,
    /// Whether the element at `right` is behind it.
    Right,
}

impl Work for Sort {
    fn go_on(&mut self, call: &mut Call<'_>, _: &mut dyn Host) -> Result<Next, Raise> {
        let mut thread = call.vm.current;
        if core::mem::take(&mut self.has_called) {
            let place = self.place + 2;
            let answer = thread.top > place && !thread.at(place).is_falsy();
            thread.top = place;
            self.answered(call, answer)?;
        }
        let order = call.arg(1);
        loop {
            call.vm.check_slice()?;
            if let Question::None = self.question
                && !self.begin_part()
            {
                return Ok(Next::Done(0));
            }
            if order.is_nil() && self.pass_numbers(call)? {
                continue;
            }
            let (one, other) = self.pose(call);
            call.vm.charge(1)?;
            let function = match order {
                Val::Nil => {
                    if let (Val::Str(one), Val::Str(other)) = (one, other) {
                        call.vm.charge(one.len.min(other.len) as usize / 8)?;
                    }
                    match call.vm.less_or_method(&one, &other)? {
                        Ok(answer) => {
                            self.answered(call, answer)?;
                            continue;
                        }
                        Err(method) => method,
                    }
                }
                function => function,
            };
            for value in [function, one, other] {
                call.vm.push(value)?;
            }
            self.has_called = true;
            return Ok(Next::Call(self.place + 2));
        }
    }
}

impl Sort {
    /// Sorts the first `len` elements; two places on the stack are its own.
    pub(super) fn new(table: Gc<Table>, len: i64, place: usize) -> Sort {
        let (left_over, question) = (Vec::new(), Question::None);
        Sort { table, low: 1, high: len, left_over, left: 0, right: 0, question, place, has_called: false }
    }

    /// Begins with the part at hand, or with the next one if there is nothing to sort in it.
    fn begin_part(&mut self) -> bool {
        while self.low >= self.high {
            let Some(part) = self.left_over.pop() else { return false };
            (self.low, self.high) = part;
        }
        self.question = Question::Ends;
        true
    }

    fn middle(&self) -> i64 {
        i64::midpoint(self.low, self.high)
    }

    /// The elements of which it is asked whether the first is less than the second.
    #[inline(always)]
    fn pose(&self, call: &mut Call<'_>) -> (Val, Val) {
        let thread = call.vm.current;
        let (index, pivot) = match self.question {
            Question::Left => (self.left, thread.at(self.place)),
            Question::Right => (self.right, thread.at(self.place)),
            _ => {
                let (first, second) = self.pair();
                let (first, second) = (get(self.table, first), get(self.table, second));
                thread.put(self.place, first);
                thread.put(self.place + 1, second);
                return (second, first);
            }
        };
        let value = get(self.table, index);
        thread.put(self.place + 1, value);
        if let Question::Left = self.question { (value, pivot) } else { (pivot, value) }
    }

    /// Passes elements that lie on the right side, as long as these and the pivot are numbers; whether a question was
    /// answered by that. It costs as much as one by one.
    fn pass_numbers(&mut self, call: &mut Call<'_>) -> Result<bool, Raise> {
        let is_left = match self.question {
            Question::Left => true,
            Question::Right => false,
            _ => return Ok(false),
        };
        let Val::Number(pivot) = call.vm.current.at(self.place) else { return Ok(false) };
        loop {
            let at = if is_left { self.left } else { self.right };
            let Val::Number(value) = get(self.table, at) else { return Ok(false) };
            call.vm.charge(1)?;
            let is_passed = if is_left { value < pivot } else { pivot < value };
            if is_left {
                self.left_answered(call, is_passed)?;
            } else {
                self.right_answered(call, is_passed)?;
            }
            if !is_passed {
                return Ok(true);
            }
            call.vm.check_slice()?;
        }
    }

    fn pair(&self) -> (i64, i64) {
        match self.question {
            Question::LowMiddle => (self.low, self.middle()),
            Question::MiddleHigh => (self.middle(), self.high),
            _ => (self.low, self.high),
        }
    }

    /// Goes on by the answer.
    #[inline(always)]
    fn answered(&mut self, call: &mut Call<'_>, answer: bool) -> Result<(), Raise> {
        match self.question {
            Question::None => Ok(()),
            Question::Left => self.left_answered(call, answer),
            Question::Right => self.right_answered(call, answer),
            Question::Ends | Question::LowMiddle | Question::MiddleHigh => self.pair_answered(call, answer),
        }
    }

    /// Brings two elements into order.
    fn pair_answered(&mut self, call: &mut Call<'_>, is_wrong: bool) -> Result<(), Raise> {
        if is_wrong {
            let ((first, second), thread) = (self.pair(), call.vm.current);
            put(call.vm, self.table, first, thread.at(self.place + 1))?;
            put(call.vm, self.table, second, thread.at(self.place))?;
        }
        match self.question {
            Question::Ends if self.high - self.low > 1 => self.question = Question::LowMiddle,
            Question::LowMiddle if !is_wrong => self.question = Question::MiddleHigh,
            Question::LowMiddle | Question::MiddleHigh if self.high - self.low > 2 => {
                return self.begin_partition(call);
            }
            _ => self.end_part((self.high, self.high)),
        }
        Ok(())
    }

    fn end_part(&mut self, next: (i64, i64)) {
        (self.low, self.high) = next;
        self.question = Question::None;
    }

    /// What is smaller than the middle element shall lie before it, and the rest behind.
    fn begin_partition(&mut self, call: &mut Call<'_>) -> Result<(), Raise> {
        let middle = self.middle();
        call.vm.current.put(self.place, get(self.table, middle));
        self.swap(call, middle, self.high - 1)?;
        (self.left, self.right) = (self.low + 1, self.high - 1);
        self.question = Question::Left;
        Ok(())
    }

    #[inline(always)]
    fn left_answered(&mut self, call: &mut Call<'_>, is_less: bool) -> Result<(), Raise> {
        if !is_less {
            self.right -= 1;
            self.question = Question::Right;
            return Ok(());
        }
        if self.left > self.high {
            return Err(call.fail(b"invalid order function for sorting"));
        }
        self.left += 1;
        Ok(())
    }

    #[inline(always)]
    fn right_answered(&mut self, call: &mut Call<'_>, is_greater: bool) -> Result<(), Raise> {
        if is_greater {
            if self.right < self.low {
                return Err(call.fail(b"invalid order function for sorting"));
            }
            self.right -= 1;
            return Ok(());
        }
        if self.right < self.left {
            return self.end_partition(call);
        }
        self.swap(call, self.left, self.right)?;
        self.left += 1;
        self.question = Question::Left;
        Ok(())
    }

    fn end_partition(&mut self, call: &mut Call<'_>) -> Result<(), Raise> {
        self.swap(call, self.high - 1, self.left)?;
        let (before, behind) = ((self.low, self.left - 1), (self.left + 1, self.high));
        let (smaller, larger) =
            if self.left - self.low < self.high - self.left { (before, behind) } else { (behind, before) };
        self.left_over.push(larger);
        self.end_part(smaller);
        Ok(())
    }

    fn swap(&mut self, call: &mut Call<'_>, one: i64, other: i64) -> Result<(), Raise> {
        let (x, y) = (get(self.table, one), get(self.table, other));
        put(call.vm, self.table, one, y)?;
        put(call.vm, self.table, other, x)
    }
}
