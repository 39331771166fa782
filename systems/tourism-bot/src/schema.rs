//! The tourism bot's schema: travellers and their conversations, what there is to see in Sri Lanka, and what
//! travellers make of it.
//!
//! Positions are GeoJSON points, longitude first. Prices are in Sri Lankan rupees.

pub mod community;
pub mod journeys;
pub mod people;
pub mod places;
