//! Scripts over real servers, and scripts that misbehave.

mod hostile;
mod lazy;
mod methods;
mod migrations;
mod reference;
mod server;
mod values;
