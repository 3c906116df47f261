//! The strategy as a whole, held against two other readings of its rules.

mod crews;
mod explained;
mod extremes;
mod oracle;
mod reference;
mod worked;
