"""A Protocol for everything outside: stores, engine, mail, chat, language model."""
