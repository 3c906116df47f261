//! Reading `Ticket.latencies`.

use bytes::Bytes;

use super::fault::{DecodeFault, Decoded};
use super::field::{bytes, wire_type};
use super::known::Known;
use crate::matching::{Text, last_of_each};
use crate::proto::wire::{Content, Fields};

/// A ticket's latencies while they are read. The list may begin with those of another ticket:
/// tickets of a pool name the same regions, so usually only the numbers have to be replaced. Regions
/// that are not among them come behind, in the order in which they are read.
pub(super) struct Latencies<'t> {
    list: &'t mut Vec<(Text, i64)>,
    /// How many entries are the other ticket's.
    kept: usize,
    /// Which of those this ticket has not named: a bit for each, the first entry's the lowest.
    old: u64,
    /// How many entries were read.
    read: usize,
}

/// Regions of a ticket that are worth keeping for the next one; a bit of `old` for each.
pub(super) const MAX_KEPT: usize = 32;

/// Up to this many regions are searched one by one; among more of them the search is binary.
const FEW: usize = 8;

impl<'t> Latencies<'t> {
    /// Latencies to be read into this list, whose entries are those of another ticket.
    pub(super) fn over(list: &'t mut Vec<(Text, i64)>) -> Self {
        list.truncate(MAX_KEPT);
        let kept = list.len();
        Latencies {
            list,
            kept,
            old: (1 << kept) - 1,
            read: 0,
        }
    }

    /// How many entries were read, those of one region each counted.
    pub(super) fn len(&self) -> usize {
        self.read
    }

    /// Reads an entry of the map; the last entry of a region counts.
    #[inline]
    pub(super) fn read(&mut self, body: &Bytes, entry: &[u8], known: &mut Known) -> Decoded<()> {
        self.read += 1;
        // The region's place among the kept ones, or else its name. An entry may have no key.
        let mut region = None;
        let mut ms = 0;
        for field in Fields::of(entry) {
            match field.map_err(DecodeFault::malformed(""))? {
                (1, content) => {
                    region = Some(match self.find(bytes(content, "key")?) {
                        Some(at) => Ok(at),
                        None => Err(known.text(body, content, "key")?),
                    });
                }
                // An int64 is sent in two's complement.
                (2, Content::Varint(number)) => ms = number.cast_signed(),
                (2, _) => return Err(wire_type("value", "a varint")),
                _ => {}
            }
        }
        match region.unwrap_or_else(|| self.find(&[]).ok_or_else(Text::new)) {
            Ok(at) => {
                self.list[at].1 = ms;
                self.old &= !(1 << at);
            }
            Err(region) => {
                if self.list.capacity() == 0 {
                    // Games have a handful of regions: one allocation for all of them.
                    self.list.reserve(4);
                }
                self.list.push((region, ms));
            }
        }
        Ok(())
    }

    /// The place of a region among the kept ones.
    #[inline]
    fn find(&self, region: &[u8]) -> Option<usize> {
        let kept = &self.list[..self.kept];
        if kept.len() <= FEW {
            return kept.iter().position(|(name, _)| name.as_bytes() == region);
        }
        kept.binary_search_by(|(name, _)| (**name.as_bytes()).cmp(region))
            .ok()
    }

    /// The ticket has no more latencies: drops those of the other ticket, and sorts.
    pub(super) fn end(self) {
        let more = self.list.len() > self.kept;
        let mut old = self.old;
        if old != 0 {
            // There are no bits for what comes behind the kept ones: it stays.
            self.list.retain(|_| {
                let keep = old & 1 == 0;
                old >>= 1;
                keep
            });
        }
        if more {
            last_of_each(self.list, 0);
        }
    }
}
