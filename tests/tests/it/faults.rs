//! The fault suite (FAULTS.md section 2): crash points, lost answers, cancellations in the middle, ticks fired by many.

mod cancels;
mod crash_points;
mod drill;
mod lost_answers;
mod proof;
mod schedulers;
