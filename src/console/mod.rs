//! Everything the operator sees: state, update, view.
