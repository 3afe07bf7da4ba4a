"""A Protocol for everything that does I/O: stores, engine, mail, chat, language model."""
