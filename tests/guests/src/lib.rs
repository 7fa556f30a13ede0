//! Plugins for the tests, one example each: third parties that take a hook, and guests that misbehave.
