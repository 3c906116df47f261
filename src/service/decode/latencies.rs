//! Reading `Ticket.latencies`.

use bytes::Bytes;

use super::fault::{DecodeFault, Decoded};
use super::field::{bytes, wire_type};
use super::known::Known;
use crate::matching::Text;
use crate::proto::wire::{Content, Fields};

/// A ticket's latencies while they are read. The list may begin with those of another ticket:
/// tickets of a pool name the same regions, so usually only the numbers have to be replaced.
pub(super) struct Latencies<'t> {
    list: &'t mut Vec<(Text, i64)>,
    /// Which entries are the other ticket's: a bit for each, the first entry's the lowest.
    old: u64,
}

/// Regions of a ticket that are worth keeping for the next one; a bit of `old` for each.
pub(super) const MAX_KEPT: usize = 32;

/// Up to this many regions are searched one by one; among more of them the search is binary.
const FEW: usize = 8;

impl<'t> Latencies<'t> {
    /// Latencies to be read into this list, whose entries are those of another ticket.
    pub(super) fn over(list: &'t mut Vec<(Text, i64)>) -> Self {
        list.truncate(MAX_KEPT);
        let old = (1 << list.len()) - 1;
        Latencies { list, old }
    }

    /// How many regions the ticket has named.
    pub(super) fn len(&self) -> usize {
        self.list.len() - self.old.count_ones() as usize
    }

    /// Reads an entry of the map; the last entry of a region counts.
    #[inline]
    pub(super) fn read(&mut self, body: &Bytes, entry: &[u8], known: &mut Known) -> Decoded<()> {
        // The region's place in the list, or else its name.
        let mut region = Err(Text::new());
        let mut ms = 0;
        for field in Fields::of(entry) {
            match field.map_err(DecodeFault::malformed(""))? {
                (1, content) => {
                    region = match self.find(bytes(content, "key")?) {
                        Some(at) => Ok(at),
                        None => Err(known.text(body, content, "key")?),
                    }
                }
                // An int64 is sent in two's complement.
                (2, Content::Varint(number)) => ms = number.cast_signed(),
                (2, _) => return Err(wire_type("value", "a varint")),
                _ => {}
            }
        }
        match region {
            Ok(at) => {
                self.list[at].1 = ms;
                if at < MAX_KEPT {
                    self.old &= !(1 << at);
                }
            }
            Err(region) => self.insert(region, ms),
        }
        Ok(())
    }

    #[inline]
    fn find(&self, region: &[u8]) -> Option<usize> {
        if self.list.len() <= FEW {
            let mut names = self.list.iter().map(|(name, _)| name.as_bytes());
            return names.position(|name| name == region);
        }
        self.list
            .binary_search_by(|(name, _)| (**name.as_bytes()).cmp(region))
            .ok()
    }

    /// Keeps the order of the regions' names.
    fn insert(&mut self, region: Text, ms: i64) {
        self.drop_old();
        match self.list.binary_search_by(|(name, _)| name.cmp(&region)) {
            Ok(at) => self.list[at].1 = ms,
            Err(at) => {
                if self.list.is_empty() {
                    // Games have a handful of regions: one allocation for all of them.
                    self.list.reserve(4);
                }
                self.list.insert(at, (region, ms));
            }
        }
    }

    /// The ticket has no more latencies.
    pub(super) fn end(mut self) {
        self.drop_old();
    }

    fn drop_old(&mut self) {
        let mut old = std::mem::take(&mut self.old);
        if old != 0 {
            self.list.retain(|_| {
                let keep = old & 1 == 0;
                old >>= 1;
                keep
            });
        }
    }
}
