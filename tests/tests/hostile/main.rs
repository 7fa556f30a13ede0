//! Guests that mean no good, components that are none, and the promise that old plugins go on working.

mod components;
mod contract;
mod corpus;
mod guests;
mod scene;
